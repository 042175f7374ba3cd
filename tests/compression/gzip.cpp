#include "payloads.hpp"

#include <sluice/compression/gzip.hpp>
#include <sluice/compression/none.hpp>
#include <sluice/detail/libdeflate.hpp>
#include <sluice/detail/zlib.hpp>

#include <doctest/doctest.h>

#include <zlib.h>

#include <malloc.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

using sluice::Scope;

namespace {

using ByZlib = sluice::BasicGzip<sluice::detail::ZlibDeflater>;
using ByLibdeflate = sluice::BasicGzip<sluice::detail::LibdeflateDeflater>;

static_assert(sluice::Compression<ByZlib> && sluice::Compression<ByLibdeflate>);
static_assert(std::is_copy_constructible_v<ByZlib> && std::is_nothrow_move_constructible_v<ByZlib>);
static_assert(!std::is_convertible_v<int, ByZlib>);

/// What zlib's own reader makes of exactly one member; fails the test if anything is wrong, or left.
std::string inflate(std::string_view member) {
    z_stream stream = {};
    REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
    const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, inflateEnd);
    gz_header header = {};
    REQUIRE(inflateGetHeader(&stream, &header) == Z_OK);
    std::string text, room(65'536, '\0');
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(member.data()));
    stream.avail_in = static_cast<uInt>(member.size());
    int status = Z_OK;
    while (status == Z_OK) {
        stream.next_out = reinterpret_cast<Bytef*>(room.data());
        stream.avail_out = static_cast<uInt>(room.size());
        status = inflate(&stream, Z_NO_FLUSH);
        text.append(room, 0, room.size() - stream.avail_out);
    }
    CHECK(status == Z_STREAM_END);
    CHECK(stream.avail_in == 0);
    CHECK(header.done == 1);
    CHECK(header.time == 0);
    CHECK(header.os == 255);
    CHECK(header.name == nullptr);
    return text;
}

/// The bound that the docstring states.
std::size_t most(std::size_t size) { return size + 18 + 5 * std::max<std::size_t>(1, (size + 65'534) / 65'535); }

template <class Gzip>
std::string gzip(Gzip& policy, std::string_view data) {
    std::string scratch = "left over";
    const auto member = policy.compress(data, scratch);
    REQUIRE(member.has_value());
    CHECK(member->data() == scratch.data());
    CHECK(member->size() == scratch.size());
    CHECK(scratch.size() <= most(data.size()));
    return scratch;
}

} // namespace

TEST_CASE_TEMPLATE("a member is its data again, whatever its size and kind", Gzip, ByZlib, ByLibdeflate) {
    const auto check = [](Gzip& policy, std::size_t size) {
        CAPTURE(size);
        for (const auto& data : payloads(size)) {
            const auto member = gzip(policy, data);
            CHECK((inflate(member) == data)); // no words about a million bytes
            CHECK((member == gzip(policy, data)));
        }
    };
    for (const int level : {0, 1, 9}) {
        CAPTURE(level);
        Gzip policy(level);
        for (const auto size : payload_sizes()) check(policy, size);
    }
    Gzip policy;
    for (const auto size : large_payload_sizes()) check(policy, size);
}

TEST_CASE_TEMPLATE("what does not shrink is stored, within the bound to the byte", Gzip, ByZlib, ByLibdeflate) {
    Gzip stored(0), shrunk(9);
    auto sizes = payload_sizes();
    for (const auto size : large_payload_sizes()) sizes.push_back(size);
    for (const auto size : sizes) {
        CAPTURE(size);
        const auto data = random_bytes(size);
        CHECK(gzip(stored, data).size() == most(size));
        // 10000 random bytes do not shrink by chance.
        if (size >= 10'000) CHECK(gzip(shrunk, data).size() >= size);
        CHECK(gzip(shrunk, data).size() <= most(size));
    }
    CHECK(gzip(shrunk, log_lines(100'000)).size() < 30'000);
    CHECK(gzip(shrunk, std::string(1'000'000, 'a')).size() < 2'000);
}

TEST_CASE_TEMPLATE("members carry no time, no name and no system, and so are the same everywhere", Gzip, ByZlib,
                   ByLibdeflate) {
    Gzip one(6), other(6);
    const auto member = gzip(one, "hello, hello, hello");
    CHECK(member.substr(0, 10) == std::string("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10));
    CHECK(gzip(other, "hello, hello, hello") == member);
    auto copy = one;
    CHECK(gzip(copy, "hello, hello, hello") == member);
    Gzip stored(0);
    const std::string abc("\x1f\x8b\x08\0\0\0\0\0\0\xff\x01\x03\0\xfc\xff"
                          "abc\xc2\x41\x24\x35\x03\0\0\0", 26);
    CHECK(gzip(stored, "abc") == abc);
}

TEST_CASE_TEMPLATE("what was compressed before leaves no trace in a member", Gzip, ByZlib, ByLibdeflate) {
    Gzip used;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const auto data = seed % 3 == 0 ? random_bytes(seed * 71, seed) : log_lines(seed * 113, seed);
        Gzip fresh;
        CHECK((gzip(used, data) == gzip(fresh, data)));
    }
}

TEST_CASE_TEMPLATE("levels from 0 to 9 and no others", Gzip, ByZlib, ByLibdeflate) {
    const auto data = log_lines(20'000);
    for (int level = 0; level <= 9; ++level) {
        Gzip policy(level, Scope::aggregate);
        CHECK(policy.scope() == Scope::aggregate);
        CHECK((inflate(gzip(policy, data)) == data));
    }
    for (const int level : {-1, -2, 10, 12, 100, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()}) {
        CHECK_THROWS_AS(Gzip(level, Scope::record), std::invalid_argument);
    }
    CHECK(Gzip().scope() == Scope::record);
}

TEST_CASE_TEMPLATE("more than 1 GiB is refused unread", Gzip, ByZlib, ByLibdeflate) {
    Gzip policy;
    std::string scratch = "kept";
    const std::string_view data(scratch.data(), (std::size_t{1} << 30U) + 1); // nobody looks at what is not there
    CHECK(policy.compress(data, scratch).error() == sluice::error::record_too_large);
    CHECK(scratch == "kept");
    CHECK(inflate(gzip(policy, "still well")) == "still well");
}

TEST_CASE_TEMPLATE("one state serves all calls", Gzip, ByZlib, ByLibdeflate) {
    Gzip policy;
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
    CHECK(after.uordblks + after.hblkhd == before.uordblks + before.hblkhd);

    // Moved, it is the same one, which for zlib must not change its address.
    auto moved = std::move(policy);
    CHECK(inflate(gzip(moved, small)) == small);
    const auto copy = std::make_unique<Gzip>(moved);
    moved = *copy;
    CHECK(inflate(gzip(*copy, small)) == small);
    CHECK(inflate(gzip(moved, small)) == small);
}
