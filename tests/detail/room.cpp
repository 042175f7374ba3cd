#include <sluice/detail/room.hpp>

#include <doctest/doctest.h>

#include <cstdint>

using sluice::Options;
using sluice::WhenFull;
using sluice::detail::Room;

namespace {

Options caps(std::size_t bytes, std::size_t records, WhenFull when_full = WhenFull::wait) {
    Options options("stream");
    options.buffer_bytes = bytes;
    options.buffer_records = records;
    options.when_full = when_full;
    return options;
}

} // namespace

TEST_CASE("both caps hold, to the byte and to the record") {
    const auto options = caps(100, 3);
    Room room(options);
    CHECK(room.fits(100));
    CHECK_FALSE(room.fits(101));
    room.take(1, 60);
    CHECK(room.fits(40));
    CHECK_FALSE(room.fits(41));
    room.take(2, 0);
    CHECK_FALSE(room.fits(0));
    room.give(1, 60);
    CHECK(room.fits(100));
    CHECK(room.records() == 2);
    CHECK(room.bytes() == 0);
}

TEST_CASE("giving more than there is leaves nothing, and not less") {
    const auto options = caps(100, 3);
    Room room(options);
    room.take(1, 10);
    room.give(5, 50);
    CHECK(room.records() == 0);
    CHECK(room.bytes() == 0);
    CHECK(room.fits(100));
}

TEST_CASE("waiting helps whom the cap can hold, and only where waiting is allowed") {
    for (const auto when_full : {WhenFull::wait, WhenFull::fail, WhenFull::drop_oldest}) {
        const auto options = caps(100, 3, when_full);
        const Room room(options);
        CHECK(room.may_fit(100) == (when_full != WhenFull::fail));
        CHECK_FALSE(room.may_fit(101));
    }
}

TEST_CASE("only drop_oldest wants old records dropped") {
    for (const auto when_full : {WhenFull::wait, WhenFull::fail}) {
        const auto options = caps(100, 3, when_full);
        Room room(options);
        room.take(3, 100);
        CHECK_FALSE(room.fell_short(1));
        CHECK_FALSE(room.wants_drop(true));
    }
}

TEST_CASE("records are to be dropped when an eighth of the room is left, in bytes or in records") {
    const auto options = caps(800, 80, WhenFull::drop_oldest);
    Room room(options);
    CHECK_FALSE(room.wants_drop(false));
    CHECK(room.wants_drop(true));
    room.take(0, 700);
    CHECK_FALSE(room.wants_drop(false));
    room.take(0, 1);
    CHECK(room.wants_drop(false));
    room.give(0, 701);
    room.take(70, 0);
    CHECK_FALSE(room.wants_drop(false));
    room.take(1, 0);
    CHECK(room.wants_drop(false));
}

TEST_CASE("of a large buffer no more than 1 MiB and 8,192 records are kept free") {
    const auto options = caps(64U << 20U, 10'000'000, WhenFull::drop_oldest);
    Room room(options);
    room.take(10'000'000 - 8'192, 63U << 20U);
    CHECK_FALSE(room.wants_drop(false));
    room.take(1, 0);
    CHECK(room.wants_drop(false));
    room.give(1, 0);
    CHECK_FALSE(room.wants_drop(false));
    room.take(0, 1);
    CHECK(room.wants_drop(false));
}

TEST_CASE("a shortage is told once, until records are gone or all is cleared") {
    const auto options = caps(8'000, 800, WhenFull::drop_oldest);
    Room room(options);
    CHECK_FALSE(room.fell_short(8'001)); // dropping cannot help
    CHECK(room.fell_short(100));
    CHECK_FALSE(room.fell_short(100));
    CHECK(room.wants_drop(false));
    room.give(0, 10);
    CHECK(room.wants_drop(false));
    room.give(1, 0);
    CHECK_FALSE(room.wants_drop(false));
    CHECK(room.fell_short(100));
    room.clear();
    CHECK_FALSE(room.wants_drop(false));
    CHECK(room.fell_short(100));
}
