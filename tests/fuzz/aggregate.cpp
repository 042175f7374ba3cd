#include "fuzz.hpp"

#include <sluice/batching/aggregate.hpp>
#include <sluice/kinesis/aggregate_writer.hpp>
#include <sluice/kinesis/deaggregate.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace sluice::kinesis;

bool lies_in(std::string_view part, std::string_view whole) {
    return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

/// What was found lies in what was read.
void check_bounds(const Deaggregated& found, std::string_view data) {
    if (!found.aggregated) {
        demand(found.records.size() == 1 && found.records.front().data == data);
        return;
    }
    for (const auto& record : found.records) {
        demand(lies_in(record.partition_key, data) && lies_in(record.explicit_hash_key, data) &&
               lies_in(record.data, data));
        for (const auto& header : record.headers) demand(lies_in(header.name, data) && lies_in(header.value, data));
    }
}

/// A shard of half the keys finds what one of all keys finds, or less: nothing, for a record outside drops them all.
void check_half(const Deaggregated& all, std::string_view data) {
    const auto half = deaggregate(data, "outer", HashKey(), HashKey(~std::uint64_t{0} >> 1U, ~std::uint64_t{0}));
    demand(half.aggregated == all.aggregated);
    demand(half.records.empty() || half.records == all.records);
}

/// What was found is written and found again, and takes as many bytes as was told.
void check_round_trip(const std::vector<UserRecord>& records) {
    AggregateWriter writer;
    std::size_t told = 0;
    for (const auto& record : records) {
        told = writer.size_with(record);
        writer.add(record);
    }
    std::string data;
    writer.append_to(data);
    demand(data.size() == told && writer.size() == told);
    if (records.empty()) return;
    demand(looks_aggregated(data));
    const auto again = deaggregate(data, "outer");
    demand(again.aggregated && again.records == records);
}

/// An entry holds what was given for it, in the same order; one that goes raw has the keys that the service is told.
void check_entry(const sluice::Entry& entry, const std::vector<UserRecord>& members, std::size_t most) {
    demand(members.size() == 1 || entry.data.size() <= most);
    auto found = deaggregate(entry.data, entry.partition_key);
    if (!found.aggregated) found.records.front().explicit_hash_key = entry.explicit_hash_key;
    demand(found.records == members);
}

/// However records are batched, each of them is in one entry.
void check_policy(const std::vector<UserRecord>& records, std::size_t most) {
    std::vector<sluice::Candidate> candidates;
    for (const auto& record : records) {
        auto& candidate = candidates.emplace_back(record.partition_key, record.explicit_hash_key, record.data);
        candidate.headers = record.headers;
        candidate.group = 1;
    }
    const sluice::Aggregate batching(most);
    const auto plan = batching.plan(candidates, sluice::RequestLimits(records.size() + 1, 1U << 30U, 10U << 20U));
    std::vector<std::vector<sluice::Candidate>> members(plan.entries());
    for (std::size_t i = 0; i < plan.entries(); ++i) {
        for (const auto member : plan.entry(i)) members[i].push_back(candidates[member]);
    }
    std::deque<std::string> texts;
    const std::vector<std::span<const sluice::Candidate>> views(members.begin(), members.end());
    const auto entries = batching.assemble(views, texts);
    demand(entries.size() == plan.entries());
    std::size_t taken = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        std::vector<UserRecord> given;
        for (const auto member : plan.entry(i)) given.push_back(records[member]);
        check_entry(entries[i], given, most);
        taken += given.size();
    }
    demand(taken == records.size());
}

} // namespace

/// The input as it is, and as the message of an aggregate whose MD5 is right.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
    const auto text = text_of(input, size);
    check_bounds(deaggregate(text, "outer"), text);

    std::string data(aggregate::magic);
    data += text;
    for (const auto byte : sluice::aws::md5(text)) data += static_cast<char>(byte);
    const auto found = deaggregate(data, "outer");
    check_bounds(found, data);
    check_half(found, data);
    if (!found.aggregated) return 0;
    check_round_trip(found.records);
    check_policy(found.records, size % 97 + 1);
    return 0;
}
