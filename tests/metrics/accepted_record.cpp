#include <sluice/metrics/accepted_record.hpp>

#include <doctest/doctest.h>

#include <type_traits>
#include <vector>

using sluice::AcceptedRecord;

// Three texts in a row would be mixed up.
static_assert(!std::is_constructible_v<AcceptedRecord, const char*, const char*, const char*>);
static_assert(!std::is_aggregate_v<AcceptedRecord>);

TEST_CASE("a record's headers are found by their names, the first of each") {
    const std::vector<sluice::HeaderView> headers{{"a", "1"}, {"b", ""}, {"a", "2"}, {"", "none"}};
    AcceptedRecord record;
    CHECK(record.header("a").empty());
    record.headers = headers;
    CHECK(record.header("a") == "1");
    CHECK(record.header("b").empty());
    CHECK(record.header("A").empty());
    CHECK(record.header("") == "none");
}
