#include "fuzz.hpp"

#include <sluice/aws/json_call.hpp>
#include <sluice/firehose/replies.hpp>
#include <sluice/kinesis/calls.hpp>
#include <sluice/kinesis/put_records.hpp>
#include <sluice/kinesis/replies.hpp>

#include <string>

using namespace sluice;

namespace {

template <class Reply>
void read(std::string_view body, Wire wire) {
    const auto reply = kinesis::decode<Reply>(body, wire);
    demand(reply || reply.error() == error::response_invalid);
}

} // namespace

/// Replies of Kinesis and Firehose, in JSON and in CBOR; the first byte chooses.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto wire = data[0] % 2 == 0 ? Wire::json : Wire::cbor;
    const auto body = text_of(data + 1, size - 1);
    if (wire == Wire::json) {
        const auto batch = aws::decode_json<firehose::PutRecordBatchReply>(body);
        demand(batch || batch.error() == error::response_invalid);
    }
    switch (data[0] / 2 % 6) {
    case 0: read<kinesis::RecordPage>(body, wire); break;
    case 1: read<kinesis::ShardPage>(body, wire); break;
    case 2: read<kinesis::StreamSummary>(body, wire); break;
    case 3: read<kinesis::PutRecordReply>(body, wire); break;
    case 4: read<kinesis::ShardIterator>(body, wire); break;
    default: {
        const std::size_t expected = data[0] / 12;
        const auto answer = kinesis::decode_put_records(std::string(body), expected, wire);
        demand(answer.error ? answer.entries.empty() : answer.entries.size() == expected);
    }
    }
    return 0;
}
