#include "adapter.hpp"

#include <sluice/aws/base64.hpp>
#include <sluice/batching/aggregate.hpp>
#include <sluice/kinesis/aggregate_writer.hpp>
#include <sluice/kinesis/deaggregate.hpp>
#include <sluice/kinesis/hash_key.hpp>

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace conform {
namespace {

using namespace sluice;

/// The user records of a case, and the texts that they view.
class UserRecords {
public:
    explicit UserRecords(const json::object& in) {
        const auto keep = [this](std::string text) { return std::string_view(texts_.emplace_back(std::move(text))); };
        for (const auto& record : in.at("records").as_array()) {
            const auto& members = record.as_object();
            const auto key = keep(text(members, "partition_key"));
            const auto hash_key = keep(text(members, "explicit_hash_key"));
            all.emplace_back(key, hash_key, keep(bytes(members, "data_b64")));
        }
    }

    std::vector<kinesis::UserRecord> all;

private:
    std::deque<std::string> texts_; // its elements stay where they are
};

json::object entry(std::string_view key, std::string_view hash_key, std::string_view data) {
    json::object entry;
    entry["partition_key"] = key;
    entry["explicit_hash_key"] = hash_key.empty() ? json::value() : json::value(hash_key);
    entry["data_b64"] = base64(data);
    return entry;
}

json::object aggregate(const json::object& in) {
    kinesis::AggregateWriter writer;
    const UserRecords records(in);
    for (const auto& record : records.all) writer.add(record);
    std::string data;
    writer.append_to(data);
    json::object out;
    out["data_b64"] = base64(data);
    return out;
}

json::object deaggregate(const json::object& in) {
    const auto data = bytes(in, "data_b64");
    const auto key = text(in, "partition_key");
    const auto first = accepted(kinesis::HashKey::parse(text(in, "starting_hash_key")));
    const auto last = accepted(kinesis::HashKey::parse(text(in, "ending_hash_key")));
    const auto found = kinesis::deaggregate(data, key, first, last);
    json::array records;
    for (const auto& record : found.records) {
        auto told = entry(record.partition_key, record.explicit_hash_key, record.data);
        told["sub_sequence"] = records.size();
        told["aggregated"] = found.aggregated;
        records.push_back(std::move(told));
    }
    json::object out;
    out["records"] = std::move(records);
    return out;
}

/// As the producer does it, for records that go to one shard.
json::object pack(const json::object& in) {
    const UserRecords given(in);
    std::vector<Candidate> candidates;
    for (const auto& record : given.all) {
        candidates.emplace_back(record.partition_key, record.explicit_hash_key, record.data).group = 1;
    }
    const Aggregate batching(number<std::size_t>(in, "max_size"));
    const auto plan = batching.plan(candidates, RequestLimits(500, 1U << 30U, 1U << 30U));
    std::vector<std::vector<Candidate>> entries;
    for (std::size_t i = 0; i < plan.entries(); ++i) {
        auto& members = entries.emplace_back();
        for (const auto member : plan.entry(i)) members.push_back(candidates[member]);
    }
    const std::vector<std::span<const Candidate>> views(entries.begin(), entries.end());
    std::deque<std::string> texts;
    json::array records;
    for (const auto& sent : batching.assemble(views, texts)) {
        records.push_back(entry(sent.partition_key, sent.explicit_hash_key, sent.data));
    }
    json::object out;
    out["records"] = std::move(records);
    return out;
}

} // namespace

void add_aggregates(Operations& operations) {
    operations["kpl.aggregate"] = aggregate;
    operations["kpl.deaggregate"] = deaggregate;
    operations["kpl.pack"] = pack;
}

} // namespace conform
