#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What Firehose answers. Each reply has `read(in)`, which takes it from an `aws::ReplyReader`, and is false if the
/// answer lacks what the service always tells. Unknown members are skipped.
namespace sluice::firehose {

/// Whether one record was taken.
class PutRecordReply {
public:
    PutRecordReply() = default;

    std::string record_id;

    template <class In>
    bool read(In& in) {
        const bool well = in.whole([&](std::string_view name) {
            return name == "RecordId" ? in.text(record_id) : in.skip();
        });
        return well && !record_id.empty();
    }
};

/// What became of one record of many.
class RecordResult {
public:
    RecordResult() = default;

    std::string record_id;
    std::string error_code; ///< `ServiceUnavailableException` and `InternalFailure` are worth another try.
    std::string error_message;

    [[nodiscard]] bool taken() const noexcept { return error_code.empty() && !record_id.empty(); }

    template <class In>
    bool read(In& in) {
        return in.map([&](std::string_view name) {
            if (name == "RecordId") return in.text(record_id);
            if (name == "ErrorCode") return in.text(error_code);
            if (name == "ErrorMessage") return in.text(error_message);
            return in.skip();
        });
    }
};

/// What became of the records of one request, in their order. Those that were not taken are to be sent again.
class PutRecordBatchReply {
public:
    PutRecordBatchReply() = default;

    std::int64_t failed = 0; ///< As the service counts; `records` decides.
    std::vector<RecordResult> records;

    template <class In>
    bool read(In& in) {
        std::optional<std::int64_t> count;
        const bool well = in.whole([&](std::string_view name) {
            if (name == "FailedPutCount") return in.integer(count);
            if (name == "RequestResponses") return in.list([&] { return records.emplace_back().read(in); });
            return in.skip();
        });
        failed = count.value_or(0);
        return well && !records.empty();
    }
};

} // namespace sluice::firehose
