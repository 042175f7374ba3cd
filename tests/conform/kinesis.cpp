#include "adapter.hpp"
#include "cases.hpp"

#include <sluice/aws/json_call.hpp>
#include <sluice/firehose/requests.hpp>
#include <sluice/firehose/validate.hpp>
#include <sluice/kinesis/calls.hpp>
#include <sluice/kinesis/hash_key.hpp>
#include <sluice/kinesis/put_records.hpp>
#include <sluice/kinesis/request_checks.hpp>
#include <sluice/kinesis/shard_map.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace conform {
namespace {

using namespace sluice;

Wire wire_of(const json::object& in) { return text(in, "encoding") == "cbor" ? Wire::cbor : Wire::json; }

bool is_firehose(const json::object& in) { return text(in, "service") == "firehose"; }

/// A text that may be absent from an answer.
json::value told(const std::string& text) { return text.empty() ? json::value() : json::value(text); }

// --- answers -----------------------------------------------------------------------------------------------------

json::object get_records(const kinesis::RecordPage& page) {
    json::object out;
    out["records"] = told_records(page.records);
    out["next_shard_iterator"] = told(page.next_shard_iterator);
    if (page.behind) out["millis_behind_latest"] = page.behind->count();
    return out;
}

json::object put_record(const kinesis::PutRecordReply& reply) {
    json::object out;
    out["shard_id"] = reply.shard_id;
    out["sequence_number"] = reply.sequence_number;
    return out;
}

json::object list_shards(const kinesis::ShardPage& page) {
    json::array shards;
    for (const auto& shard : page.shards) {
        json::object entry;
        entry["shard_id"] = shard.id;
        entry["parent"] = told(shard.parent);
        entry["lo"] = shard.first_hash_key;
        entry["hi"] = shard.last_hash_key;
        entry["closed"] = shard.closed();
        shards.push_back(std::move(entry));
    }
    json::object out;
    out["shards"] = std::move(shards);
    out["next_token"] = told(page.next_token);
    return out;
}

json::object put_record_batch(const firehose::PutRecordBatchReply& reply) {
    json::array records;
    for (const auto& record : reply.records) {
        json::object entry;
        entry["record_id"] = told(record.record_id);
        entry["error_code"] = told(record.error_code);
        entry["error_message"] = told(record.error_message);
        records.push_back(std::move(entry));
    }
    json::object out;
    out["failed_put_count"] = reply.failed;
    out["records"] = std::move(records);
    return out;
}

json::object parse_response(const json::object& in) {
    const auto operation = text(in, "operation");
    const auto body = bytes(in, "body_b64");
    const auto wire = wire_of(in);
    if (is_firehose(in)) {
        if (wire != Wire::json) throw Unsupported();
        if (operation == "PutRecordBatch") {
            return put_record_batch(accepted(aws::decode_json<firehose::PutRecordBatchReply>(body)));
        }
        if (operation != "PutRecord") throw Unsupported();
        json::object out;
        out["record_id"] = accepted(aws::decode_json<firehose::PutRecordReply>(body)).record_id;
        return out;
    }
    if (operation == "GetRecords") return get_records(accepted(kinesis::decode<kinesis::RecordPage>(body, wire)));
    if (operation == "PutRecord") return put_record(accepted(kinesis::decode<kinesis::PutRecordReply>(body, wire)));
    if (operation == "ListShards") return list_shards(accepted(kinesis::decode<kinesis::ShardPage>(body, wire)));
    throw Unsupported();
}

// --- requests ----------------------------------------------------------------------------------------------------

/// The bytes of a member that is a blob, `{"$b64":"…"}`.
std::string blob(const json::object& in, std::string_view name) { return bytes(in.at(name).as_object(), "$b64"); }

kinesis::PutRecord put_record(const json::object& params) {
    kinesis::PutRecord request(text(params, "StreamName"), text(params, "PartitionKey"), blob(params, "Data"));
    request.explicit_hash_key = text(params, "ExplicitHashKey");
    request.sequence_number_for_ordering = text(params, "SequenceNumberForOrdering");
    return request;
}

kinesis::GetShardIterator get_shard_iterator(const json::object& params) {
    const auto type = text(params, "ShardIteratorType");
    const auto sequence = text(params, "StartingSequenceNumber");
    auto position = kinesis::Position::latest();
    if (type == "TRIM_HORIZON") position = kinesis::Position::oldest();
    else if (type == "AT_SEQUENCE_NUMBER") position = kinesis::Position::at(sequence);
    else if (type == "AFTER_SEQUENCE_NUMBER") position = kinesis::Position::after(sequence);
    else if (type == "AT_TIMESTAMP") {
        const std::chrono::milliseconds since(number<std::int64_t>(params.at("Timestamp").as_object(), "$ms"));
        position = kinesis::Position::at(std::chrono::system_clock::time_point(since));
    } else if (type != "LATEST") throw Unsupported();
    return {text(params, "StreamName"), text(params, "ShardId"), position};
}

/// The records of a PutRecords or a PutRecordBatch, and the texts that they view.
class Batch {
public:
    explicit Batch(const json::object& params) {
        for (const auto& record : params.at("Records").as_array()) {
            const auto& members = record.as_object();
            const auto keep = [this](std::string text) { return std::string_view(texts_.emplace_back(std::move(text))); };
            const auto data = keep(blob(members, "Data"));
            const auto key = keep(text(members, "PartitionKey"));
            entries.emplace_back(key, keep(text(members, "ExplicitHashKey")), data);
            data_only.push_back(data);
        }
    }

    std::vector<Entry> entries;
    std::vector<std::string_view> data_only;

private:
    std::deque<std::string> texts_; // its elements stay where they are
};

firehose::PutRecord firehose_put_record(const json::object& params) {
    return {text(params, "DeliveryStreamName"), blob(params.at("Record").as_object(), "Data")};
}

std::string firehose_body(std::string_view operation, const json::object& params) {
    if (operation == "PutRecord") return aws::encode_json(firehose_put_record(params));
    if (operation != "PutRecordBatch") throw Unsupported();
    const Batch batch(params);
    return aws::encode_json(firehose::PutRecordBatch(text(params, "DeliveryStreamName"), batch.data_only));
}

std::string kinesis_body(std::string_view operation, const json::object& params, Wire wire) {
    if (operation == "PutRecord") return kinesis::encode(put_record(params), wire);
    if (operation == "GetShardIterator") return kinesis::encode(get_shard_iterator(params), wire);
    if (operation != "PutRecords") throw Unsupported();
    const Batch batch(params);
    return kinesis::encode_put_records(text(params, "StreamName"), batch.entries, wire);
}

json::object build_request(const json::object& in) {
    const auto operation = text(in, "operation");
    const auto& params = in.at("params").as_object();
    const auto wire = wire_of(in);
    json::object out;
    if (is_firehose(in)) {
        if (wire != Wire::json) throw Unsupported();
        out["target"] = firehose::target(operation);
        out["content_type"] = firehose::content_type;
        out["body_b64"] = base64(firehose_body(operation, params));
    } else {
        out["target"] = kinesis::target(operation);
        out["content_type"] = kinesis::content_type(wire);
        out["body_b64"] = base64(kinesis_body(operation, params, wire));
    }
    return out;
}

// --- limits ------------------------------------------------------------------------------------------------------

error_code check_firehose(std::string_view operation, const json::object& params) {
    if (operation == "PutRecord") return firehose::check_request(firehose_put_record(params));
    if (operation != "PutRecordBatch") throw Unsupported();
    const Batch batch(params);
    return firehose::check_request(firehose::PutRecordBatch(text(params, "DeliveryStreamName"), batch.data_only));
}

/// A stream has a name, an ARN or both.
error_code check_stream(const json::object& params) {
    const bool has_arn = params.contains("StreamARN");
    const auto wrong = has_arn ? kinesis::check_stream_arn(text(params, "StreamARN")) : error_code();
    if (wrong || (has_arn && !params.contains("StreamName"))) return wrong;
    return kinesis::check_stream_name(text(params, "StreamName"));
}

error_code check_kinesis(std::string_view operation, const json::object& params) {
    if (const auto wrong = check_stream(params)) return wrong;
    if (operation == "PutRecord") {
        const auto request = put_record(params);
        return kinesis::check_entry(request.data, request.partition_key, request.explicit_hash_key);
    }
    if (operation != "PutRecords") throw Unsupported();
    return kinesis::check_entries(Batch(params).entries);
}

json::object validate(const json::object& in) {
    const auto operation = text(in, "operation");
    const auto& params = in.at("params").as_object();
    const auto wrong = is_firehose(in) ? check_firehose(operation, params) : check_kinesis(operation, params);
    json::object out;
    out["valid"] = !wrong;
    return out;
}

// --- keys --------------------------------------------------------------------------------------------------------

json::object hash_shard(const json::object& in) {
    const auto given = text(in, "explicit_hash_key");
    const auto key =
        given.empty() ? kinesis::hash_of(text(in, "partition_key")) : accepted(kinesis::HashKey::parse(given));
    std::vector<ShardRange> ranges;
    for (const auto& shard : in.at("shards").as_array()) {
        const auto& members = shard.as_object();
        ranges.emplace_back(text(members, "shard_id"), text(members, "lo"), text(members, "hi"));
    }
    const auto map = accepted(kinesis::ShardMap::from(ranges));
    const auto found = map.find(key);
    json::object out;
    out["hash_key"] = key.to_string();
    out["shard_id"] = found ? json::value(map.id(*found)) : json::value();
    return out;
}

} // namespace

void add_kinesis(Operations& operations) {
    operations["kinesis.parse_response"] = parse_response;
    operations["kinesis.build_request"] = build_request;
    operations["kinesis.validate"] = validate;
    operations["hash.shard"] = hash_shard;
}

} // namespace conform
