#pragma once

#include <sluice/aws/members.hpp>
#include <sluice/firehose/replies.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What Firehose is asked (Amazon Data Firehose API reference, 2015-08-04). Each request names its operation and its
/// reply, and has `write(out)`, which puts its members into an `aws::JsonWriter`.
namespace sluice::firehose {

/// The `Content-Type` of requests and answers.
inline constexpr std::string_view content_type = "application/x-amz-json-1.1";

/// The `X-Amz-Target` of an operation.
[[nodiscard]] inline std::string target(std::string_view operation) {
    return std::string("Firehose_20150804.").append(operation);
}

namespace detail {

template <class Out>
void write_record(Out& out, std::string_view data) {
    out.begin_map();
    out.key("Data");
    out.bytes(data);
    out.end_map();
}

} // namespace detail

/// One record by itself. Firehose puts nothing between records: a line ends with its own newline.
class PutRecord {
public:
    static constexpr std::string_view operation = "PutRecord";
    using Reply = PutRecordReply;

    PutRecord() = default;
    PutRecord(std::string name, std::string bytes) : stream(std::move(name)), data(std::move(bytes)) {}

    std::string stream;
    std::string data;

    template <class Out>
    void write(Out& out) const {
        aws::write_text(out, "DeliveryStreamName", stream);
        out.key("Record");
        detail::write_record(out, data);
    }
};

/// Many records at once. The answer is good even if some of them, or all, were not taken.
class PutRecordBatch {
public:
    static constexpr std::string_view operation = "PutRecordBatch";
    using Reply = PutRecordBatchReply;

    PutRecordBatch() = default;
    PutRecordBatch(std::string name, std::vector<std::string_view> bytes)
        : stream(std::move(name)), records(std::move(bytes)) {}

    std::string stream;
    std::vector<std::string_view> records; ///< Data, which is somebody else's.

    template <class Out>
    void write(Out& out) const {
        aws::write_text(out, "DeliveryStreamName", stream);
        out.key("Records");
        out.begin_array();
        for (const auto data : records) detail::write_record(out, data);
        out.end_array();
    }
};

} // namespace sluice::firehose
