#include "payloads.hpp"

#include <sluice/compression/zstd.hpp>

#include <doctest/doctest.h>

#include <zstd.h>

#include <malloc.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

using sluice::Scope;
using sluice::Zstd;

namespace {

static_assert(std::is_copy_constructible_v<Zstd> && std::is_nothrow_move_constructible_v<Zstd>);
static_assert(!std::is_convertible_v<int, Zstd>);

/// What libzstd's own reader makes of exactly one frame.
std::string decompress(std::string_view frame) {
    const auto size = ZSTD_getFrameContentSize(frame.data(), frame.size());
    REQUIRE(size <= 2'000'000); // neither unknown nor an error, which are large
    CHECK(ZSTD_findFrameCompressedSize(frame.data(), frame.size()) == frame.size());
    std::string text(size + 1, '\0');
    const auto got = ZSTD_decompress(text.data(), text.size(), frame.data(), frame.size());
    REQUIRE_FALSE(ZSTD_isError(got));
    CHECK(got == size);
    text.resize(got);
    return text;
}

/// The bound that the docstring states.
std::size_t most(std::size_t size) { return size + 10 + 3 * std::max<std::size_t>(1, (size + 131'071) / 131'072); }

std::string zstd(Zstd& policy, std::string_view data) {
    std::string scratch = "left over";
    const auto frame = policy.compress(data, scratch);
    REQUIRE(frame.has_value());
    CHECK(frame->data() == scratch.data());
    CHECK(frame->size() == scratch.size());
    return scratch;
}

} // namespace

TEST_CASE("a frame is its data again, whatever its size and kind") {
    const auto check = [](Zstd& policy, std::size_t size) {
        CAPTURE(size);
        for (const auto& data : payloads(size)) {
            const auto frame = zstd(policy, data);
            CHECK((decompress(frame) == data)); // no words about a million bytes
            CHECK((frame == zstd(policy, data)));
            CHECK(frame.size() <= most(size));
        }
    };
    for (const int level : {-5, 1, 12}) {
        CAPTURE(level);
        Zstd policy(level);
        for (const auto size : payload_sizes()) check(policy, size);
    }
    for (const int level : {1, 3}) {
        CAPTURE(level);
        Zstd policy(level);
        for (const auto size : large_payload_sizes()) check(policy, size);
    }
}

TEST_CASE("frames tell their content's size and carry no checksum") {
    Zstd policy;
    const auto frame = zstd(policy, "hello, hello, hello");
    REQUIRE(frame.size() > 5);
    CHECK(frame.substr(0, 4) == "\x28\xb5\x2f\xfd");
    // The frame's descriptor: one segment, one byte for the size, no checksum, no dictionary.
    CHECK(static_cast<unsigned char>(frame[4]) == 0x20);
    CHECK(frame[5] == 19);
    CHECK(zstd(policy, "") == std::string("\x28\xb5\x2f\xfd\x20\0\x01\0\0", 9));
    CHECK(zstd(policy, log_lines(100'000)).size() < 30'000);
    CHECK(zstd(policy, std::string(1'000'000, 'a')).size() < 200);
}

TEST_CASE("what was compressed before leaves no trace in a frame") {
    Zstd used;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const auto data = seed % 3 == 0 ? random_bytes(seed * 71, seed) : log_lines(seed * 113, seed);
        Zstd fresh;
        CHECK((zstd(used, data) == zstd(fresh, data)));
    }
}

TEST_CASE("the levels of libzstd and no others") {
    const auto data = log_lines(20'000);
    for (const int level : {ZSTD_minCLevel(), -7, -1, 0, 1, 2, 6, 19, 22}) {
        CAPTURE(level);
        Zstd policy(level, Scope::aggregate);
        CHECK(policy.scope() == Scope::aggregate);
        CHECK((decompress(zstd(policy, data)) == data));
    }
    for (const int level : {ZSTD_minCLevel() - 1, ZSTD_maxCLevel() + 1, 100, std::numeric_limits<int>::min(),
                            std::numeric_limits<int>::max()}) {
        CHECK_THROWS_AS(Zstd(level, Scope::record), std::invalid_argument);
    }
    CHECK(Zstd().scope() == Scope::record);
    Zstd zero(0), three(3);
    CHECK((zstd(zero, data) == zstd(three, data)));
}

TEST_CASE("a frame of more than 1 GiB is refused unread") {
    Zstd policy;
    std::string scratch = "kept";
    const std::string_view data(scratch.data(), (std::size_t{1} << 30U) + 1); // nobody looks at what is not there
    CHECK(policy.compress(data, scratch).error() == sluice::error::record_too_large);
    CHECK(scratch == "kept");
    CHECK(decompress(zstd(policy, "still well")) == "still well");
}

TEST_CASE("one state serves all frames") {
    Zstd policy;
    const auto small = log_lines(500), large = random_bytes(100'000);
    auto call = [&, scratch = std::string()](std::string_view data) mutable {
        return policy.compress(data, scratch).has_value();
    };
    CHECK(call(large));
    const auto before = mallinfo2();
    bool well = true;
    for (int i = 0; i < 1'000; ++i) well = call(i % 250 == 0 ? large : small) && well;
    CHECK(well);
    const auto after = mallinfo2();
    // Less it may be: libzstd lets go of a state that has long been too large.
    CHECK(after.uordblks + after.hblkhd <= before.uordblks + before.hblkhd);

    auto moved = std::move(policy);
    CHECK(decompress(zstd(moved, small)) == small);
    auto copy = moved;
    moved = copy;
    CHECK(decompress(zstd(copy, small)) == small);
    CHECK(decompress(zstd(moved, small)) == small);
}
