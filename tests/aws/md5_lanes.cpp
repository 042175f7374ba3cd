#include <sluice/aws/md5_lanes.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace sluice::aws;

namespace {

std::vector<std::string_view> views(const std::vector<std::string>& texts) { return {texts.begin(), texts.end()}; }

/// What one at a time gives.
std::vector<Md5> expected(const std::vector<std::string>& texts) {
    std::vector<Md5> sums;
    for (const auto& text : texts) sums.push_back(md5(text));
    return sums;
}

/// All ways that this processor has.
std::vector<detail::Md5Many> ways() {
    std::vector<detail::Md5Many> all{detail::md5_four, detail::choose_md5(), md5_all};
#if defined(__x86_64__) || defined(__i386__)
    if (__builtin_cpu_supports("avx2")) all.push_back(detail::md5_eight);
#endif
    return all;
}

void check(const std::vector<std::string>& texts) {
    const auto right = expected(texts);
    const auto given = views(texts);
    for (const auto way : ways()) {
        std::vector<Md5> sums(texts.size());
        way(given, sums);
        CHECK(sums == right);
    }
}

} // namespace

TEST_CASE("many MD5s at once are those of RFC 1321") {
    const std::vector<std::string> texts{
        "", "a", "abc", "message digest", "abcdefghijklmnopqrstuvwxyz",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        "12345678901234567890123456789012345678901234567890123456789012345678901234567890"};
    const std::vector<std::string> digits{
        "d41d8cd98f00b204e9800998ecf8427e", "0cc175b9c0f1b6a831c399e269772661", "900150983cd24fb0d6963f7d28e17f72",
        "f96b697d7cb7938d525a2f31aaf161d0", "c3fcd3d76192e4007dfb496cca67e13b", "d174ab98d277d9f5a5611c2c9f419d9f",
        "57edf4a22be3c955ac49da2e2107b67a"};
    const auto given = views(texts);
    for (const auto way : ways()) {
        std::vector<Md5> sums(texts.size());
        way(given, sums);
        for (std::size_t i = 0; i < texts.size(); ++i) CHECK(hex(sums[i]) == digits[i]);
    }
}

TEST_CASE("texts of every length, on both sides of each block, are digested as one at a time") {
    std::vector<std::string> texts;
    for (std::size_t size = 0; size <= 260; ++size) texts.emplace_back(size, static_cast<char>('a' + size % 26));
    check(texts);
}

TEST_CASE("texts of one block each are digested as one at a time, however many there are") {
    for (std::size_t count = 0; count <= 20; ++count) {
        for (std::size_t longest = 0; longest < 56; longest += 5) {
            std::vector<std::string> texts;
            for (std::size_t i = 0; i < count; ++i) {
                texts.emplace_back(longest - i % (longest + 1), static_cast<char>('a' + i));
            }
            check(texts);
        }
        check(std::vector<std::string>(count, std::string(55, 'x')));
        check(std::vector<std::string>(count, std::string(56, 'x')));
    }
}

TEST_CASE("any number of texts, however different in length, is digested, each in its place") {
    std::mt19937 dice(7);
    for (std::size_t count = 0; count <= 40; ++count) {
        std::vector<std::string> texts;
        for (std::size_t i = 0; i < count; ++i) {
            std::string text(dice() % 3 == 0 ? dice() % 5'000 : dice() % 40, '\0');
            for (auto& c : text) c = static_cast<char>(dice());
            texts.push_back(std::move(text));
        }
        check(texts);
    }
}

TEST_CASE("a long text holds up no others, and a text may stand anywhere in memory") {
    const std::string room(70'000, 'x');
    std::vector<std::string> texts{room};
    for (int i = 0; i < 20; ++i) texts.push_back(std::to_string(i));
    check(texts);
    std::vector<std::string_view> shifted;
    std::vector<Md5> right;
    for (std::size_t i = 0; i < 64; ++i) {
        shifted.push_back(std::string_view(room).substr(i, 100 + i));
        right.push_back(md5(shifted.back()));
    }
    std::vector<Md5> sums(shifted.size());
    md5_all(shifted, sums);
    CHECK(sums == right);
}

TEST_CASE("the last text that is still running ends as it would have beside others") {
    const std::string room(3'000, 'x');
    for (std::size_t size = 0; size < room.size(); size += 61) {
        for (const std::size_t others : {0U, 1U, 3U, 8U, 9U}) {
            std::vector<std::string> texts(others, "short");
            texts.insert(texts.begin() + static_cast<std::ptrdiff_t>(others / 2), room.substr(0, size));
            check(texts);
        }
    }
}
