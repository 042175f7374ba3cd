#include <sluice/partitioning/random.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <set>
#include <string>

namespace {

std::string key_of(std::uint64_t random) {
    std::string key;
    REQUIRE_FALSE(sluice::RandomKey{}.key(sluice::RecordView("data"), random, key));
    return key;
}

} // namespace

TEST_CASE("a random key is sixteen hexadecimal digits, whatever the dice show") {
    for (const std::uint64_t random : {std::uint64_t{0}, std::uint64_t{1}, std::numeric_limits<std::uint64_t>::max()}) {
        const auto key = key_of(random);
        CHECK(key.size() == 16);
        CHECK(key.find_first_not_of("0123456789abcdef") == std::string::npos);
    }
    CHECK(key_of(0) == "0000000000000000");
    CHECK(key_of(std::numeric_limits<std::uint64_t>::max()) == "ffffffffffffffff");
}

TEST_CASE("every bit of the dice is in the key") {
    std::set<std::string> keys{key_of(0)};
    for (unsigned bit = 0; bit < 64; ++bit) keys.insert(key_of(std::uint64_t{1} << bit));
    CHECK(keys.size() == 65);
}

TEST_CASE("the same dice give the same key, whatever the record") {
    std::string key;
    CHECK_FALSE(sluice::RandomKey{}.key(sluice::RecordView("key", "other data"), 42, key));
    CHECK(key == key_of(42));
}
