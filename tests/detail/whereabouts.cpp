#include <sluice/detail/whereabouts.hpp>

#include "chunks.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <string>

using sluice::error;
using sluice::detail::Whereabouts;

TEST_CASE("each record's data is found in the chunk that the storage gives back") {
    auto records = chunks::records(3);
    records[1].headers = {{"name", "value"}};
    const auto chunk = chunks::make("s", 10, records);
    for (std::uint32_t i = 0; i < 3; ++i) {
        CHECK(Whereabouts("s", 10, i).data_in(chunk).value() == "data" + std::to_string(i));
    }
}

TEST_CASE("a chunk that is another, damaged or empty has no data") {
    auto chunk = chunks::make("s", 10, chunks::records(3));
    CHECK(Whereabouts("s", 9, 0).data_in(chunk).error() == error::storage_corrupt);
    CHECK(Whereabouts("s", 10, 3).data_in(chunk).error() == error::storage_corrupt);
    chunk.body = std::make_shared<const std::string>(chunk.body->substr(0, chunk.body->size() - 1));
    CHECK(Whereabouts("s", 10, 1).data_in(chunk).has_value());
    CHECK(Whereabouts("s", 10, 2).data_in(chunk).error() == error::storage_corrupt);
    chunk.body = nullptr;
    CHECK(Whereabouts("s", 10, 0).data_in(chunk).error() == error::storage_corrupt);
}
