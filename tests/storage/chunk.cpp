#include <sluice/storage/chunk.hpp>

#include <doctest/doctest.h>

#include <type_traits>

static_assert(!std::is_aggregate_v<sluice::Chunk>);
static_assert(!std::is_aggregate_v<sluice::Settlement>);
static_assert(!std::is_aggregate_v<sluice::StoreIdentity>);
static_assert(!std::is_aggregate_v<sluice::SettledBits>);

TEST_CASE("no record of a new chunk is settled") {
    const sluice::SettledBits bits(17);
    CHECK(bits.bytes().size() == 3);
    for (std::size_t i = 0; i < 24; ++i) CHECK_FALSE(bits.test(i));
}

TEST_CASE("settling one record settles no other") {
    for (std::size_t chosen = 0; chosen < 20; ++chosen) {
        sluice::SettledBits bits(20);
        bits.set(chosen);
        for (std::size_t i = 0; i < 20; ++i) CHECK(bits.test(i) == (i == chosen));
    }
}

TEST_CASE("the first record is the lowest bit of the first byte") {
    sluice::SettledBits bits(9);
    bits.set(0);
    bits.set(8);
    CHECK(bits.bytes() == std::vector<std::uint8_t>{1, 1});
    bits.set(7);
    CHECK(bits.bytes() == std::vector<std::uint8_t>{0x81, 1});
}

TEST_CASE("asking past the end is answered, and settling past it grows the bits") {
    sluice::SettledBits bits;
    CHECK_FALSE(bits.test(1'000'000));
    bits.set(16);
    CHECK(bits.bytes() == std::vector<std::uint8_t>{0, 0, 1});
    CHECK(bits.test(16));
    CHECK_FALSE(bits.test(15));
}

TEST_CASE("bits come back from their bytes") {
    sluice::SettledBits bits(12);
    bits.set(3);
    bits.set(11);
    bits.set(11);
    CHECK(sluice::SettledBits(bits.bytes()) == bits);
    CHECK(sluice::SettledBits(bits.bytes()) != sluice::SettledBits(12));
}

TEST_CASE("all records of a new chunk are alive") {
    const auto body = std::make_shared<const std::string>("framed");
    const sluice::Chunk chunk("clicks", 5, 9, body);
    CHECK(chunk.stream == "clicks");
    CHECK(chunk.first == 5);
    CHECK(chunk.count == 9);
    CHECK(chunk.live == 9);
    CHECK(chunk.settled == sluice::SettledBits(9));
    CHECK(chunk.attempts.empty());
    CHECK(chunk.body == body);
}

TEST_CASE("a settlement says of a chunk what may change, and which chunk it is") {
    sluice::Chunk chunk("clicks", 5, 9, nullptr);
    chunk.live = 4;
    chunk.live_bytes = 400;
    chunk.settled.set(2);
    chunk.attempts = {0, 1};
    const sluice::Settlement settlement(chunk);
    CHECK(settlement.stream == "clicks");
    CHECK(settlement.first == 5);
    CHECK(settlement.live == 4);
    CHECK(settlement.live_bytes == 400);
    CHECK(settlement.settled.test(2));
    CHECK(settlement.attempts == chunk.attempts);
}

TEST_CASE("an empty store holds nothing, and its oldest record is in no past") {
    const sluice::StoreUsage usage;
    CHECK(usage.records == 0);
    CHECK(usage.bytes == 0);
    CHECK(usage.oldest == sluice::wall_time::max());
    CHECK(sluice::StoreIdentity().next_sequence == 1);
}
