#include <sluice/kinesis/packing.hpp>

#include <sluice/kinesis/deaggregate.hpp>

#include "kinesis/aggregates.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <vector>

namespace {

using sluice::kinesis::AggregateKeys;
using sluice::kinesis::deaggregate;
using sluice::kinesis::may_go_raw;
using sluice::kinesis::pack;
using sluice::kinesis::PackedRecord;
using sluice::kinesis::UserRecord;

const std::string hash_of_a = "16955237001963240173058271559858726497";

/// What a reader finds in a Kinesis record; one that goes raw has the keys that the service was told.
std::vector<UserRecord> unpacked(const PackedRecord& packed) {
    auto found = deaggregate(packed.data, packed.partition_key);
    if (!found.aggregated) found.records.front().explicit_hash_key = packed.explicit_hash_key;
    return found.records;
}

} // namespace

TEST_CASE("records of one shard share an aggregate with the container's key") {
    const std::vector<UserRecord> records{{"a", "", "x"}, {"b", "7", "y"}};
    const auto all = pack(records, 1'000);
    REQUIRE(all.size() == 1);
    CHECK(all[0].records == 2);
    CHECK(all[0].partition_key == "a");
    CHECK(all[0].explicit_hash_key == hash_of_a);
    CHECK((all[0].data == aggregates::aggregate(records)));

    const std::vector<UserRecord> other_way{records[1], records[0]};
    CHECK(pack(other_way, 1'000)[0].explicit_hash_key == "7");
    CHECK(pack(other_way, 1'000)[0].partition_key == "a");
}

TEST_CASE("a lone record goes as it is, with its own key") {
    for (const std::string hash_key : {"", "12"}) {
        const std::vector<UserRecord> records{{"key", hash_key, "data"}};
        for (const auto keys : {AggregateKeys::any, AggregateKeys::same}) {
            const auto all = pack(records, 1'000, keys);
            REQUIRE(all.size() == 1);
            CHECK(all[0].records == 1);
            CHECK(all[0].data == "data");
            CHECK(all[0].partition_key == "key");
            CHECK(all[0].explicit_hash_key == hash_key);
        }
    }
    CHECK(pack({}, 1'000).empty());
}

TEST_CASE("a lone record is framed if it has headers, or looks like an aggregate") {
    const auto inner = aggregates::aggregate({{"k", "", "data"}});
    const std::vector<UserRecord> with_headers{{"key", "", "data", {{"name", "value"}}}};
    const std::vector<UserRecord> alike{{"key", "5", inner}};
    for (const auto& records : {with_headers, alike}) {
        const auto all = pack(records, 1'000);
        REQUIRE(all.size() == 1);
        CHECK((all[0].data == aggregates::aggregate(records)));
        CHECK(all[0].partition_key == "key");
        CHECK(all[0].explicit_hash_key == records[0].explicit_hash_key);
        CHECK((unpacked(all[0]) == records));
    }
    CHECK_FALSE(may_go_raw(alike[0]));
    CHECK(may_go_raw({"key", "", inner.substr(1)}));
}

TEST_CASE("without a shard map only records with the same keys share an aggregate") {
    const std::vector<UserRecord> records{{"a", "", "1"},  {"a", "", "2"},  {"b", "", "3"}, {"b", "7", "4"},
                                          {"b", "7", "5"}, {"b", "8", "6"}, {"a", "", "7"}};
    const auto all = pack(records, 1'000, AggregateKeys::same);
    REQUIRE(all.size() == 5);
    CHECK(all[0].partition_key == "a");
    CHECK(all[0].explicit_hash_key.empty());
    CHECK(all[0].records == 2);
    CHECK(all[1].data == "3");
    CHECK(all[2].partition_key == "b");
    CHECK(all[2].explicit_hash_key == "7");
    CHECK(all[2].records == 2);
    CHECK(all[3].explicit_hash_key == "8");
    CHECK(all[4].data == "7");
}

TEST_CASE("packing is greedy to the byte, loses nothing and keeps the order") {
    for (unsigned seed = 2'000; seed < 2'150; ++seed) {
        const aggregates::Records random(seed);
        for (const std::size_t most : {60U, 500U, 5'000U, 51'200U}) {
            CAPTURE(seed);
            CAPTURE(most);
            const auto all = pack(random.records, most);
            std::vector<UserRecord> together;
            bool within = true, greedy = true;
            for (const auto& packed : all) {
                const auto found = unpacked(packed);
                within = within && packed.records == found.size() && (found.size() < 2 || packed.data.size() <= most);
                const auto begin = random.records.begin() + static_cast<std::ptrdiff_t>(together.size());
                const auto end = begin + static_cast<std::ptrdiff_t>(found.size());
                greedy = greedy && (end == random.records.end() ||
                                    aggregates::aggregate({begin, end + 1}).size() > most);
                together.insert(together.end(), found.begin(), found.end());
            }
            CHECK(within);
            CHECK(greedy);
            CHECK((together == random.records));
        }
    }
}

TEST_CASE("a record that is larger than all allowed goes alone") {
    const std::string large(100, 'x');
    const std::vector<UserRecord> records{{"a", "", "1"}, {"a", "", large}, {"a", "", "2"}, {"a", "", "3"}};
    const auto all = pack(records, 50);
    REQUIRE(all.size() == 3);
    CHECK(all[0].data == "1");
    CHECK(all[1].data == large);
    CHECK(all[2].records == 2);
    CHECK(all[2].data.size() <= 50);
}
