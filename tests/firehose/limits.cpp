#include <sluice/firehose/limits.hpp>

#include <doctest/doctest.h>

namespace limits = sluice::firehose::limits;

TEST_CASE("the limits of Firehose are the documented ones") {
    CHECK(limits::stream_name_characters == 64);
    CHECK(limits::record_bytes == 1'000 * 1'024);
    CHECK(limits::request_records == 500);
    CHECK(limits::request_bytes == 4'194'304);
}
