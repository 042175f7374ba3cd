#include <sluice/kinesis/hash_key.hpp>

#include <doctest/doctest.h>

#include <compare>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace {

using sluice::kinesis::after;
using sluice::kinesis::before;
using sluice::kinesis::hash_of;
using sluice::kinesis::hashes_of;
using sluice::kinesis::HashKey;

static_assert(sizeof(HashKey) == 16);
static_assert(std::is_trivially_copyable_v<HashKey>);
static_assert(HashKey(0, ~std::uint64_t{0}) < HashKey(1, 0));
static_assert(HashKey(1, 0) > HashKey(0, 5));
static_assert(HashKey(7, 7) == HashKey(7, 7));
static_assert(HashKey::max() == HashKey(~std::uint64_t{0}, ~std::uint64_t{0}));

bool refused(const std::string& text) {
    const auto key = HashKey::parse(text);
    return key.has_error() && key.error() == sluice::error::hash_key_invalid;
}

} // namespace

TEST_CASE("a hash key is read and printed as a decimal number up to 2^128-1") {
    for (const std::string text :
         {"0", "1", "9", "10", "4294967295", "4294967296", "18446744073709551615", "18446744073709551616",
          "170141183460469231731687303715884105727", "170141183460469231731687303715884105728",
          "340282366920938463463374607431768211454", "340282366920938463463374607431768211455"}) {
        const auto key = HashKey::parse(text);
        REQUIRE(key.has_value());
        CHECK(key->to_string() == text);
    }
    CHECK(*HashKey::parse("18446744073709551616") == HashKey(1, 0));
    CHECK(*HashKey::parse("340282366920938463463374607431768211455") == HashKey::max());
}

TEST_CASE("what is no hash key is refused") {
    for (const std::string text :
         {"", " ", "-1", "+1", "00", "01", "ff", "0x1", "1 ", " 1", "1.0", "1e5",
          "340282366920938463463374607431768211456",
          "340282366920938463463374607431768211465", "999999999999999999999999999999999999999",
          "1111111111111111111111111111111111111111", "\xd9\xa1"}) {
        CHECK_MESSAGE(refused(text), text);
    }
    CHECK(refused(std::string("1\0", 2)));
    CHECK(refused(std::string(1'000'000, '1')));
}

TEST_CASE("a partition key hashes to its MD5 as a big-endian number") {
    // RFC 1321's digests of "a" and of nothing; the rest are what the Kinesis Producer Library computes.
    CHECK(hash_of("a").to_string() == "16955237001963240173058271559858726497");
    CHECK(hash_of("b").to_string() == "195289424170611159128911017612795795343");
    CHECK(hash_of("").to_string() == "281949768489412648962353822266799178366");
    CHECK(hash_of("partition-1").to_string() == "198019941650871988756153596255032211816");
    CHECK(hash_of("user-123").to_string() == "250018372642977770877286195909578633128");
    CHECK(hash_of("k\xc3\xa4se").to_string() == "95189837125608443796744040316706001682");
}

TEST_CASE("keys that differ compare as numbers and not as texts") {
    const auto small = HashKey::parse("9").value();
    const auto large = HashKey::parse("10").value();
    CHECK(small < large);
    CHECK((large <=> small) == std::strong_ordering::greater);
}

TEST_CASE("the lane is the key modulo the number of lanes") {
    const auto key = HashKey::parse("170141183460469231731687303715884105727").value(); // 2^127-1, a prime
    CHECK(key.lane(1) == 0);
    CHECK(key.lane(2) == 1);
    CHECK(key.lane(1024) == 1023);
    CHECK(key.lane(1000) == 727);
    CHECK(key.lane(65'535) == 32'767);
    CHECK(HashKey::max().lane(4'294'967'295) == 0);
    CHECK(HashKey::max().lane(4'294'967'291) == 624);
    CHECK(HashKey().lane(7) == 0);
}

TEST_CASE("lanes agree with printing and reading, whatever the key") {
    std::mt19937_64 dice(7);
    for (int i = 0; i < 2'000; ++i) {
        const HashKey key(dice(), i % 3 == 0 ? 0 : dice());
        const auto text = key.to_string();
        REQUIRE(HashKey::parse(text).value() == key);
        REQUIRE(key.lane(10) == static_cast<std::size_t>(text.back() - '0'));
        const auto tail = text.size() > 4 ? text.substr(text.size() - 4) : text;
        REQUIRE(key.lane(10'000) == std::stoul(tail));
    }
}

TEST_CASE("before and after step over the middle of the key and around its ends") {
    CHECK(before(HashKey(1, 0)) == HashKey(0, ~std::uint64_t{0}));
    CHECK(after(HashKey(0, ~std::uint64_t{0})) == HashKey(1, 0));
    CHECK(before(HashKey(3, 9)) == HashKey(3, 8));
    CHECK(after(HashKey(3, 9)) == HashKey(3, 10));
    CHECK(after(HashKey::max()) == HashKey());
    CHECK(before(HashKey()) == HashKey::max());
}

TEST_CASE("division rounds down and leaves the remainder") {
    auto key = HashKey::max();
    CHECK(key.divide(3) == 0);
    CHECK(key.to_string() == "113427455640312821154458202477256070485");
    CHECK(key.divide(10) == 5);
    CHECK(key.to_string() == "11342745564031282115445820247725607048");
}

TEST_CASE("many partition keys are hashed as each alone") {
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < 100; ++i) keys.push_back(std::string(i, 'k') + std::to_string(i));
    const std::vector<std::string_view> views(keys.begin(), keys.end());
    const auto hashes = hashes_of(views);
    REQUIRE(hashes.size() == keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) CHECK(hashes[i] == hash_of(keys[i]));
    CHECK(hashes_of({}).empty());
}
