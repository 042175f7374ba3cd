#include <sluice/kinesis/aggregate_writer.hpp>

#include "kinesis/aggregates.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using aggregates::to_hex;
using sluice::kinesis::AggregateSize;
using sluice::kinesis::AggregateWriter;
using sluice::kinesis::UserRecord;

std::string written(const std::vector<UserRecord>& records) {
    AggregateWriter writer;
    for (const auto& record : records) writer.add(record);
    std::string out;
    writer.append_to(out);
    CHECK(out.size() == writer.size());
    return out;
}

} // namespace

TEST_CASE("an aggregate has the bytes that the Kinesis Producer Library writes") {
    // Checked with protoc against the messages of the KPL.
    CHECK(to_hex(written({{"a", "", "x"}, {"b", "", "y"}})) ==
          "f3899ac20a01610a01621a0508001a01781a0508011a0179b0031909ae75891ca94acec2ecce3125");
    CHECK(to_hex(written({{"a", "", "hello"}, {"b", "", "world"}, {"a", "", "!"}})) ==
          "f3899ac20a01610a01621a0908001a0568656c6c6f1a0908011a05776f726c641a0508001a0121"
          "71c8c0d3a7dd0bd27002a12e99423013");
    CHECK(to_hex(written({{"a", "123", "x"}})) ==
          "f3899ac20a016112033132331a07080010001a017886abefb63372461a4f606dd7d82077eb");
    CHECK(to_hex(written({{"a", "0", "x", {{"k", "v"}}}})) ==
          "f3899ac20a01611201301a0f080010001a017822060a016b120176c5c78e4a3e007d47c3c36afc9b04563d");
}

TEST_CASE("an aggregate of whatever records has exactly the bytes of the format, and the size that was told") {
    AggregateWriter writer;
    std::string out;
    for (unsigned seed = 0; seed < 300; ++seed) {
        CAPTURE(seed);
        const aggregates::Records random(seed);
        writer.clear();
        CHECK(writer.empty());
        CHECK(writer.size() == 0);
        bool exact = true;
        for (const auto& record : random.records) {
            const auto told = writer.size_with(record);
            exact = exact && writer.size_with(record) == told;
            writer.add(record);
            exact = exact && writer.size() == told;
        }
        CHECK(exact);
        CHECK(writer.records() == random.records.size());
        out = "before";
        writer.append_to(out);
        CHECK(out.size() == 6 + writer.size());
        CHECK((out == "before" + aggregates::aggregate(random.records)));
    }
}

TEST_CASE("sizes are exact where a number takes one byte more") {
    for (const std::size_t edge : {127U, 128U, 129U, 16'383U, 16'384U}) {
        for (std::size_t size = edge - 12; size <= edge; ++size) {
            CAPTURE(size);
            const std::string data(size, 'd');
            CHECK((written({{"k", "", data}}) == aggregates::aggregate({{"k", "", data}})));
            CHECK((written({{data, "1", "", {{data, ""}}}}) == aggregates::aggregate({{data, "1", "", {{data, ""}}}})));
        }
    }
    // The 129th key has an index of two bytes.
    std::vector<std::string> keys;
    for (int i = 0; i < 300; ++i) keys.push_back(std::to_string(i));
    AggregateWriter writer;
    std::vector<UserRecord> records;
    for (const auto& key : keys) {
        records.emplace_back(key, key, "");
        const auto told = writer.size_with(records.back());
        writer.add(records.back());
        CHECK(told == aggregates::aggregate(records).size());
    }
}

TEST_CASE("a writer without records writes nothing") {
    AggregateWriter writer;
    std::string out = "before";
    writer.append_to(out);
    CHECK(out == "before");
    writer.add({"key", "1", "data"});
    writer.clear();
    writer.append_to(out);
    CHECK(out == "before");
}

TEST_CASE("keys are told apart by their bytes") {
    using namespace std::string_view_literals;
    const std::vector<UserRecord> records{
        {"a\0b"sv, "", "1"}, {"a"sv, "", "2"}, {"a\0c"sv, "", "3"}, {"a\0b"sv, "", "4"}};
    CHECK((written(records) == aggregates::aggregate(records)));
    const UserRecord nothing;
    CHECK((written({nothing, nothing}) == aggregates::aggregate({nothing, nothing})));
}

TEST_CASE("an unsealed aggregate lacks nothing but its trailer, and may follow what stands there") {
    const std::vector<UserRecord> records{{"a", "1", "x"}, {"b", "", "y", {{"k", "v"}}}};
    AggregateWriter writer;
    std::string out = "before";
    writer.append_unsealed_to(out);
    CHECK(out == "before");
    for (const auto& record : records) writer.add(record);
    writer.append_unsealed_to(out);
    const auto whole = "before" + aggregates::aggregate(records);
    REQUIRE(out.size() == whole.size());
    CHECK(out.substr(0, out.size() - 16) == whole.substr(0, whole.size() - 16));
    CHECK(out.substr(out.size() - 16) != whole.substr(whole.size() - 16));
    sluice::kinesis::seal(std::span(out).subspan(6));
    CHECK((out == whole));
}

TEST_CASE("any number of aggregates sealed at once is as if each had been sealed alone") {
    AggregateWriter writer;
    for (std::size_t count = 0; count <= 20; ++count) {
        CAPTURE(count);
        std::deque<std::string> unsealed;
        std::vector<std::string> expected;
        for (std::size_t i = 0; i < count; ++i) {
            const aggregates::Records random(static_cast<unsigned>(100 * count + i));
            const std::string large((i % 3) * 40'000 + i, 'l');
            writer.clear();
            writer.add({"large", "", large});
            for (const auto& record : random.records) writer.add(record);
            writer.append_unsealed_to(unsealed.emplace_back());
            writer.append_to(expected.emplace_back());
        }
        const std::vector<std::span<char>> spans(unsealed.begin(), unsealed.end());
        sluice::kinesis::seal(spans);
        CHECK((std::vector<std::string>(unsealed.begin(), unsealed.end()) == expected));
    }
}

TEST_CASE("records whose keys are numbered become the same aggregate, without a search") {
    const std::vector<UserRecord> records{{"a", "", "1"}, {"b", "7", "2"}, {"a", "", "3"}, {"c", "", "4"}, {"b", "7", ""}};
    AggregateSize searching;
    AggregateWriter told;
    std::vector<std::uint32_t> numbers;
    for (const auto& record : records) {
        const auto fit = searching.fit(record);
        searching.add(record, fit);
        numbers.push_back(fit.key.index);
        told.add(record, numbers.back());
        CHECK(told.size() == searching.bytes());
    }
    CHECK(numbers == std::vector<std::uint32_t>{0, 1, 0, 2, 1});
    std::string out;
    told.append_to(out);
    CHECK(out == written(records));
}
