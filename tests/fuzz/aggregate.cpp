#include "fuzz.hpp"

#include <sluice/kinesis/aggregate_writer.hpp>
#include <sluice/kinesis/deaggregate.hpp>
#include <sluice/kinesis/packing.hpp>

#include <cstddef>
#include <cstdint>
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

/// However it is packed, no more is in it than was given, in the same order.
void check_packing(const std::vector<UserRecord>& records, std::size_t most) {
    std::vector<UserRecord> together;
    const auto all = pack(records, most);
    for (const auto& packed : all) {
        auto found = deaggregate(packed.data, packed.partition_key);
        if (!found.aggregated) found.records.front().explicit_hash_key = packed.explicit_hash_key;
        demand(packed.records == found.records.size());
        demand(packed.records == 1 || packed.data.size() <= most);
        together.insert(together.end(), found.records.begin(), found.records.end());
    }
    demand(together == records);
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
    check_packing(found.records, size % 97);
    return 0;
}
