#include <sluice/kinesis/limits.hpp>

#include <doctest/doctest.h>

// The numbers of the Kinesis Data Streams quotas page, written out.
TEST_CASE("the limits are those of the service") {
    using namespace sluice::kinesis::limits;
    CHECK(record_bytes == 1'048'576);
    CHECK(largest_record_bytes == 10'485'760);
    CHECK(request_bytes == 10'485'760);
    CHECK(request_records == 500);
    CHECK(shard_bytes_per_second == 1'048'576);
    CHECK(shard_records_per_second == 1'000);
    CHECK(read_bytes == 10'485'760);
    CHECK(longest_retention == std::chrono::hours(24 * 365));
}
