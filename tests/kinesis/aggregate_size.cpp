#include <sluice/kinesis/aggregate_size.hpp>

#include "kinesis/aggregates.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <vector>

namespace {

using sluice::HeaderView;
using sluice::kinesis::AggregateSize;
using sluice::kinesis::UserRecord;

} // namespace

TEST_CASE("it says how large an aggregate is with a record, before and after that is added") {
    AggregateSize size;
    CHECK(size.bytes() == 0);
    CHECK(size.records() == 0);
    const UserRecord first("a", "", "x"), second("b", "", "y");
    CHECK(size.fit(first).whole == 30);
    CHECK(size.bytes() == 0);
    size.add(first, size.fit(first));
    CHECK(size.bytes() == 30);
    CHECK(size.fit(second).whole == 40);
    CHECK(size.fit(second).key.index == 1);
    CHECK(size.fit(first).key.index == 0);
    CHECK(size.records() == 1);
    size.clear();
    CHECK(size.bytes() == 0);
    CHECK(size.fit(second).whole == 30);
}

TEST_CASE("it is right to the byte, whatever the records are, and when it is used again") {
    AggregateSize size;
    for (unsigned seed = 5'000; seed < 5'100; ++seed) {
        CAPTURE(seed);
        const aggregates::Records random(seed);
        size.clear();
        for (const auto& record : random.records) size.add(record, size.fit(record));
        CHECK(size.records() == random.records.size());
        CHECK(size.bytes() == aggregates::aggregate(random.records).size());
    }
}

TEST_CASE("a record is anything with keys, data and headers") {
    class Other {
    public:
        std::string_view partition_key = "a";
        std::string_view explicit_hash_key = "7";
        std::string_view data = "x";
        std::vector<sluice::Header> headers{sluice::Header("name", "value")};
    };
    const UserRecord alike("a", "7", "x", {HeaderView("name", "value")});
    CHECK(AggregateSize().fit(Other()).whole == aggregates::aggregate({alike}).size());
}
