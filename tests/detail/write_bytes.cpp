#include <sluice/detail/write_bytes.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using sluice::detail::write_bytes;

TEST_CASE("bytes are written one after the other, whatever they are, and nothing else is touched") {
    std::string room = "........";
    char* end = write_bytes(room.data() + 1, std::string_view("a\0b", 3));
    CHECK(end == room.data() + 4);
    end = write_bytes(end, "\xFF");
    CHECK(room == std::string(".a\0b\xFF...", 8));
    CHECK(end == room.data() + 5);
}

TEST_CASE("nothing may be written from and to nowhere") {
    CHECK(write_bytes(nullptr, std::string_view()) == nullptr);
    std::string room = ".";
    CHECK(write_bytes(room.data(), {}) == room.data());
    CHECK(room == ".");
}
