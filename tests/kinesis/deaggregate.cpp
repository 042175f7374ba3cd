#include <sluice/kinesis/deaggregate.hpp>

#include <sluice/kinesis/aggregate_writer.hpp>

#include "kinesis/aggregates.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::string_literals;
using aggregates::bytes;
using aggregates::framed;
using aggregates::from_hex;
using aggregates::number;
using aggregates::record;
using sluice::kinesis::deaggregate;
using sluice::kinesis::hash_of;
using sluice::kinesis::HashKey;
using sluice::HeaderView;
using sluice::kinesis::UserRecord;

/// Tables of two keys and the hash keys 5 and 2^128-1.
const std::string tables =
    bytes(1, "k") + bytes(1, "l") + bytes(2, "5") + bytes(2, "340282366920938463463374607431768211455");

void check_plain(const std::string& data) {
    const auto found = deaggregate(data, "outer", HashKey(0, 1), HashKey(0, 2));
    CHECK_FALSE(found.aggregated);
    REQUIRE(found.records.size() == 1);
    CHECK(found.records.front() == UserRecord("outer", "", data));
    CHECK(found.records.front().data.data() == data.data());
}

/// The data of the records that a reader of the shard gets, one after another.
std::string given(const std::string& message, HashKey first = HashKey(), HashKey last = HashKey::max()) {
    const auto data = framed(message);
    const auto found = deaggregate(data, "outer", first, last);
    CHECK(found.aggregated);
    std::string all;
    for (const auto& one : found.records) all += one.data;
    return all;
}

} // namespace

TEST_CASE("aggregates of the Kinesis Producer Library are taken apart") {
    const auto two = from_hex("f3899ac20a01610a01621a0508001a01781a0508011a0179b0031909ae75891ca94acec2ecce3125");
    const auto found = deaggregate(two, "a");
    CHECK(found.aggregated);
    CHECK((found.records == std::vector<UserRecord>{{"a", "", "x"}, {"b", "", "y"}}));

    const auto one = from_hex("f3899ac20a01611201301a0f080010001a017822060a016b120176c5c78e4a3e007d47c3c36afc9b04563d");
    CHECK((deaggregate(one, "a").records == std::vector<UserRecord>{{"a", "0", "x", {HeaderView("k", "v")}}}));
}

TEST_CASE("what was written is read again, headers too") {
    for (unsigned seed = 1'000; seed < 1'200; ++seed) {
        CAPTURE(seed);
        const aggregates::Records random(seed);
        sluice::kinesis::AggregateWriter writer;
        for (const auto& one : random.records) writer.add(one);
        std::string data;
        writer.append_to(data);
        const auto found = deaggregate(data, "outer");
        CHECK(found.aggregated);
        CHECK((found.records == random.records));
    }
}

TEST_CASE("what is no intact aggregate is handed through as it was") {
    check_plain("");
    check_plain("\xF3\x89\x9A"s);
    check_plain("\xF3\x89\x9A\xC2"s);
    check_plain("an ordinary record, longer than twenty bytes");
    check_plain(framed(""));
    const auto whole = framed(tables + record(0, {}, "data"));
    for (std::size_t size = 0; size < whole.size(); ++size) check_plain(whole.substr(0, size));
    check_plain(whole + "x");
    check_plain("x" + whole);
    auto other_digest = whole;
    other_digest.back() = static_cast<char>(other_digest.back() + 1);
    check_plain(other_digest);
}

TEST_CASE("a message that is not well-formed, or lacks what is required, makes a plain record") {
    for (const auto& message : {
             tables + record({}, {}, "x"),                      // no key index
             tables + record(0, {}, {}),                        // no data
             tables + bytes(3, ""),                             // neither
             tables + record(0, {}, "x") + record({}, {}, "y"), // the second one
             tables + bytes(3, number(1, 0) + bytes(3, "x") + bytes(4, bytes(2, "value"))), // a tag without a key
             tables + bytes(3, number(1, 0) + bytes(3, "x") + bytes(4, "\x0A\x05k"s)),      // a cut tag
             tables + bytes(3, number(1, 0) + bytes(3, "x") + "\x0C"s),
             tables + bytes(3, number(1, 0) + "\x1A\x02x"s), // data past the end of its record
             tables + bytes(3, "\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"s + bytes(3, "x")),
             tables + bytes(3, bytes(1, "0") + bytes(3, "x")),  // an index that is a text
             tables + bytes(3, number(1, 0) + number(3, 7)),    // data that is a number
             "\x0A\x7Fk"s, "\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"s,
             tables + "\x0F"s, tables + "\x00"s, tables + "\x1B"s,
             tables + std::string(50'000, '\x4B'),
         }) {
        CAPTURE(message);
        check_plain(framed(message));
    }
}

TEST_CASE("what is unknown is read over, and what comes twice counts as it came last") {
    CHECK(given(bytes(9, "zzz") + tables + number(12, 1) + record(0, {}, "a")) == "a");
    CHECK(given(number(1, 4) + number(3, 4) + tables + record(0, {}, "a")) == "a"); // other wire types: unknown too
    CHECK(given(tables + bytes(3, number(1, 9) + number(1, 0) + bytes(3, "b") + bytes(3, "a") + bytes(7, ""))) == "a");
    CHECK(given(record(1, {}, "a") + tables) == "a"); // tables after the records
    CHECK(given(tables) == "");                       // no records at all
    CHECK(given(bytes(1, "k") + bytes(1, "k") + record(0, {}, "a") + record(1, {}, "b")) == "ab");

    const auto data = framed(tables + bytes(3, number(1, 0) + bytes(3, "x") + bytes(4, bytes(1, "name"))));
    const auto found = deaggregate(data, "outer");
    REQUIRE(found.records.size() == 1);
    CHECK((found.records.front().headers == std::vector<HeaderView>{{"name", ""}}));
}

TEST_CASE("an index that no table has ends the aggregate, and keeps what came before") {
    for (const std::uint64_t index : {std::uint64_t{2}, std::uint64_t{3}, std::uint64_t{1} << 32U, UINT64_MAX}) {
        CAPTURE(index);
        CHECK(given(tables + record(0, {}, "a") + record(index, {}, "b") + record(0, {}, "c")) == "a");
        CHECK(given(tables + record(0, {}, "a") + record(1, index, "b") + record(0, {}, "c")) == "a");
    }
    CHECK(given(record(0, {}, "a")) == "");
}

TEST_CASE("a user record outside the shard drops the whole aggregate") {
    const auto inside = record(0, 0, "a"), outside = record(0, 1, "z");
    const HashKey last(0, 9);
    CHECK(given(tables + inside + inside, HashKey(), last) == "aa");
    CHECK(given(tables + inside + outside, HashKey(), last) == "");
    CHECK(given(tables + outside + inside, HashKey(), last) == "");
    CHECK(given(tables + inside + outside + inside) == "aza");
    // Both ends belong to a shard.
    CHECK(given(tables + inside, HashKey(0, 5), HashKey(0, 5)) == "a");
    CHECK(given(tables + inside, HashKey(0, 6), HashKey::max()) == "");
    CHECK(given(tables + inside, HashKey(), HashKey(0, 4)) == "");
    // Without an explicit hash key the MD5 of the partition key counts.
    const auto hash = hash_of("l");
    CHECK(given(tables + record(1, {}, "a"), hash, hash) == "a");
    CHECK(given(tables + record(1, {}, "a"), after(hash), HashKey::max()) == "");
    CHECK(given(tables + record(1, {}, "a"), HashKey(), before(hash)) == "");
    // What comes first decides.
    CHECK(given(tables + inside + record(9, {}, "b") + outside, HashKey(), last) == "a");
    CHECK(given(tables + inside + outside + record(9, {}, "b"), HashKey(), last) == "");
}

TEST_CASE("explicit hash keys are read as the Kinesis Client Library reads them") {
    const auto with = [](std::string_view hash_key) {
        const auto table = bytes(1, "k") + bytes(2, hash_key) + bytes(2, "1");
        return given(table + record(0, 1, "a") + record(0, 0, "b") + record(0, 1, "c"));
    };
    for (const auto* good : {"0", "000", "007", "+7", "-0", "340282366920938463463374607431768211455"}) {
        CHECK_MESSAGE(with(good) == "abc", good);
    }
    CHECK(with(std::string(1'000, '0') + "5") == "abc");
    for (const auto* outside : {"-1", "340282366920938463463374607431768211456"}) {
        CHECK_MESSAGE(with(outside) == "", outside);
    }
    CHECK(with(std::string(100'000, '9')) == "");
    for (const auto* unreadable : {"", " 1", "1 ", "0x1", "+", "-", "--1", "+-1", "1.0", "ff"}) {
        CHECK_MESSAGE(with(unreadable) == "a", unreadable);
    }
}

TEST_CASE("an aggregate inside of an aggregate is data") {
    const auto inner = framed(tables + record(0, {}, "a"));
    CHECK(given(tables + record(0, {}, inner)) == inner);
}

TEST_CASE("whatever the message, all that is given lies in it") {
    std::mt19937 dice(11);
    const auto whole =
        tables + record(0, 0, "some data", {{"name", "value"}}) + record(1, {}, "more") + record(0, 1, "");
    for (int i = 0; i < 30'000; ++i) {
        auto message = whole;
        for (auto changes = dice() % 4 + 1; changes > 0; --changes) {
            const auto at = dice() % message.size();
            switch (dice() % 3) {
            case 0: message[at] = static_cast<char>(dice()); break;
            case 1: message.insert(at, 1, static_cast<char>(dice())); break;
            default: message.erase(at, 1 + dice() % 3); break;
            }
        }
        const auto data = framed(message);
        const auto found = deaggregate(data, "outer");
        std::size_t size = 0;
        for (const auto& one : found.records) size += one.data.size();
        CHECK(size <= data.size());
        if (!found.aggregated) CHECK(found.records.size() == 1);
    }
}
