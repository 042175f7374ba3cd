#include <sluice/kinesis/key_table.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using sluice::kinesis::BasicKeyTable;
using sluice::kinesis::KeyTable;

/// What a sender of hostile keys would like: all of them collide.
class Flood {
public:
    std::size_t operator()(std::string_view) const { return 7; }
};

template <class Table>
std::size_t use(Table& table, const std::string& key) {
    const auto place = table.find(key);
    table.use(place, key);
    return place.index;
}

} // namespace

TEST_CASE("keys are numbered in the order of first use") {
    KeyTable table;
    const std::string a = "a", b = "b", nothing;
    CHECK_FALSE(table.find(a).known);
    CHECK(use(table, a) == 0);
    CHECK(use(table, b) == 1);
    CHECK(use(table, a) == 0);
    CHECK(use(table, nothing) == 2);
    CHECK(use(table, nothing) == 2);
    CHECK(use(table, b) == 1);
    REQUIRE(table.size() == 3);
    CHECK(table[0] == "a");
    CHECK(table[1] == "b");
    CHECK(table[2].empty());
    CHECK(table.find(b).known);
    CHECK_FALSE(table.find("c").known);
    CHECK(table.size() == 3);
}

TEST_CASE("a key table forgets what it held, and serves again, large or small") {
    std::mt19937 dice(3);
    KeyTable table;
    for (const std::size_t distinct : {1U, 10U, 50'000U, 3U, 200U, 1U, 2U, 40U, 31U, 32U, 33U, 3'000U}) {
        std::vector<std::string> keys;
        for (std::size_t i = 0; i < distinct; ++i) keys.push_back("key-" + std::to_string(i));
        std::map<std::string, std::size_t> model;
        table.clear();
        bool right = true;
        for (std::size_t i = 0; i < 2 * distinct + 50; ++i) {
            const auto& key = keys[dice() % distinct];
            const auto expected = model.try_emplace(key, model.size());
            const auto place = table.find(key);
            right = right && place.known != expected.second && place.index == expected.first->second;
            table.use(place, key);
        }
        CAPTURE(distinct);
        CHECK(right);
        CHECK(table.size() == model.size());
    }
}

TEST_CASE("keys that collide are told apart, and cost no more than a short search each") {
    BasicKeyTable<Flood> table;
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < 20'000; ++i) keys.push_back("key-" + std::to_string(i));
    bool right = true;
    for (const auto& key : keys) {
        const auto index = use(table, key);
        right = right && table[index] == key;
    }
    for (std::size_t i = keys.size(); i-- > 0;) {
        const auto known = table.find(keys[i]).known;
        right = right && known == (i < table.longest_search || i + 1 == keys.size());
    }
    CHECK(right);
    // What is not found any more is noted again, under another number.
    CHECK(use(table, keys[500]) == keys.size());
    CHECK(table[keys.size()] == keys[500]);
}
