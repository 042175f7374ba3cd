#include <sluice/storage/store_rules.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>

namespace {

using namespace sluice;
using namespace sluice::detail;

} // namespace

TEST_CASE("a storage says what storages say, and fails where others do") {
    CHECK(told_by_storage(error::storage_full) == error::storage_full);
    CHECK(told_by_storage(error::storage_locked) == error::storage_locked);
    CHECK(told_by_storage(error::storage_failed) == error::storage_failed);
    CHECK(told_by_storage(error::throttled) == error::storage_failed);
    CHECK(told_by_storage(error::conflict) == error::storage_failed);
}

TEST_CASE("sequences are used once, and come to an end") {
    CHECK(unfit_sequence(Chunk("stream", 7, 3, nullptr), 7).empty());
    CHECK(unfit_sequence(Chunk("stream", 900, 3, nullptr), 7).empty());
    CHECK(unfit_sequence(Chunk("stream", 6, 3, nullptr), 7) == "the sequence of a chunk was used before");
    CHECK(unfit_sequence(Chunk("stream", largest_stored_number - 3, 3, nullptr), 7).empty());
    CHECK(unfit_sequence(Chunk("stream", largest_stored_number - 2, 3, nullptr), 7) == "there are no more sequences");
    const auto most = std::numeric_limits<std::uint64_t>::max();
    CHECK(unfit_sequence(Chunk("stream", most, 3, nullptr), 7) == "there are no more sequences");
}
