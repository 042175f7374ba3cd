#include "moments.hpp"

#include <sluice/local/writing.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace sluice::local;

namespace {

/// A stream of two shards; puts go to it as they would from a service.
class Fixture {
public:
    explicit Fixture(std::int64_t max_record_kib = 1'024)
        : stream(spec(max_record_kib), 2, 1, moments.now().wall, moments.now().steady) {
        settings.limits = ShardLimits::none();
    }

    static StreamSpec spec(std::int64_t max_record_kib) {
        StreamSpec made("s", 2);
        made.max_record_kib = max_record_kib;
        return made;
    }

    Reply<std::vector<PutResult>> put(std::vector<PutEntry> entries, const Judge& judge = {}) {
        return Writer(stream, settings).put_all(std::move(entries), moments.now(), judge);
    }

    /// The code of the refusal of one entry among two.
    std::string refusal(PutEntry entry) {
        std::vector<PutEntry> entries{PutEntry("k", "x"), std::move(entry)};
        const auto results = put(std::move(entries));
        if (results.has_value()) return "";
        message = results.error().message;
        return results.error().code;
    }

    Moments moments;
    Settings settings;
    Stream stream;
    std::string message;
};

const std::string low = "0";
const std::string high = "340282366920938463463374607431768211455";

} // namespace

TEST_CASE("a key has 1 to 256 characters, however many bytes they take") {
    Fixture f;
    std::string euros;
    for (int i = 0; i < 256; ++i) euros += "\xe2\x82\xac";
    CHECK(f.refusal(PutEntry(euros, "")) == "");
    CHECK(f.refusal(PutEntry(std::string(256, 'k'), "")) == "");
    CHECK(f.refusal(PutEntry(euros + "k", "")) == "ValidationException");
    CHECK(f.refusal(PutEntry("", "x")) == "ValidationException");
    CHECK(f.message == "1 validation error detected: Value '' at 'records.2.member.partitionKey' failed to satisfy "
                       "constraint: Member must have length greater than or equal to 1");
}

TEST_CASE("the key counts in the size of a record") {
    Fixture f;
    CHECK(f.refusal(PutEntry("key", std::string((1 << 20) - 3, 'x'))) == "");
    CHECK(f.refusal(PutEntry("key", std::string((1 << 20) - 2, 'x'))) == "ValidationException");
    CHECK(f.refusal(PutEntry("k\xc3\xa4", std::string((1 << 20) - 2, 'x'))) == "ValidationException");
}

TEST_CASE("a stream may take larger records") {
    Fixture f(2'048);
    CHECK(f.refusal(PutEntry("key", std::string((2 << 20) - 3, 'x'))) == "");
    CHECK(f.refusal(PutEntry("key", std::string((2 << 20) - 2, 'x'))) == "ValidationException");
}

TEST_CASE("an explicit hash key is a decimal number below 2^128") {
    Fixture f;
    CHECK(f.refusal(PutEntry("k", "", low)) == "");
    CHECK(f.refusal(PutEntry("k", "", high)) == "");
    CHECK(f.refusal(PutEntry("k", "", "340282366920938463463374607431768211456")) == "InvalidArgumentException");
    for (const char* text : {"", "-1", "01", "0x1", "1.0", "3402823669209384634633746074317682114550"}) {
        CAPTURE(text);
        CHECK(f.refusal(PutEntry("k", "", text)) == "ValidationException");
    }
}

TEST_CASE("one bad entry refuses the whole call, and nothing is stored") {
    Fixture f;
    CHECK(f.refusal(PutEntry("", "x")) != "");
    CHECK(f.stream.shards()[0].records().empty());
    CHECK(f.stream.shards()[1].records().empty());
}

TEST_CASE("a call has 1 to 500 entries") {
    Fixture f;
    CHECK(f.put(std::vector<PutEntry>(500, PutEntry("k", "x"))).has_value());
    const auto more = f.put(std::vector<PutEntry>(501, PutEntry("k", "x")));
    CHECK(more.error().code == "ValidationException");
    CHECK(f.put({}).error().code == "ValidationException");
}

TEST_CASE("a call has at most 10 MiB of data and keys") {
    Fixture f;
    const PutEntry full("k", std::string((1 << 20) - 1, 'x'));
    CHECK(f.put(std::vector<PutEntry>(10, full)).has_value());
    std::vector<PutEntry> more(10, full);
    more.emplace_back("k", "");
    const auto refused = f.put(std::move(more));
    REQUIRE(refused.has_error());
    CHECK(refused.error() == Failure("InvalidArgumentException", "Records size exceeds 10 MB limit"));
}

TEST_CASE("results stand in the order of the entries") {
    Fixture f;
    const auto results = *f.put({PutEntry("k", "a", low), PutEntry("k", "b", high), PutEntry("k", "c", low)});
    REQUIRE(results.size() == 3);
    CHECK(results[0].shard_id == "shardId-000000000000");
    CHECK(results[1].shard_id == "shardId-000000000001");
    CHECK(results[2].shard_id == "shardId-000000000000");
    CHECK(results[0].sequence_number < results[2].sequence_number);
}

TEST_CASE("the entries beyond a shard's rate fail, in the documented words; the other shard's do not") {
    Fixture f;
    f.settings.limits = ShardLimits();
    std::vector<PutEntry> entries;
    for (int i = 0; i < 4; ++i) entries.emplace_back("k", std::string(400'000, 'x'), low);
    entries.emplace_back("k", std::string(400'000, 'x'), high);
    const auto results = *f.put(std::move(entries));
    CHECK(results[0].taken());
    CHECK(results[1].taken());
    REQUIRE_FALSE(results[2].taken());
    CHECK_FALSE(results[3].taken());
    CHECK(results[4].taken());
    CHECK(*results[2].failure ==
          Failure("ProvisionedThroughputExceededException",
                  "Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000."));
    f.moments.pass(1s);
    CHECK((*f.put({PutEntry("k", std::string(400'000, 'x'), low)}))[0].taken());
}

TEST_CASE("a thousand records a second, not one more") {
    Fixture f;
    f.settings.limits = ShardLimits();
    std::size_t taken = 0;
    for (int i = 0; i < 4; ++i) {
        for (const auto& result : *f.put(std::vector<PutEntry>(500, PutEntry("k", "x", low))))
            taken += result.taken() ? 1U : 0U;
    }
    CHECK(taken == 1'000);
}

TEST_CASE("PutRecord over the rate is refused as a whole, with status 400") {
    Fixture f;
    f.settings.limits = ShardLimits();
    Writer writer(f.stream, f.settings);
    CHECK(writer.put(PutEntry("k", std::string(1'000'000, 'x')), f.moments.now(), {}).has_value());
    const auto refused = writer.put(PutEntry("k", std::string(1'000'000, 'x')), f.moments.now(), {});
    REQUIRE(refused.has_error());
    CHECK(refused.error().code == "ProvisionedThroughputExceededException");
    CHECK(refused.error().status == 400);
}

TEST_CASE("PutRecord names its members without an index") {
    Fixture f;
    const auto refused = Writer(f.stream, f.settings).put(PutEntry("", "x"), f.moments.now(), {});
    CHECK(refused.error().message.find("at 'partitionKey'") != std::string::npos);
}

TEST_CASE("an entry that a judge fails costs its shard nothing") {
    Fixture f;
    f.settings.limits = ShardLimits();
    const Judge all = [](std::size_t, const Shard&) { return std::optional(Failure("InternalFailure", "")); };
    for (int i = 0; i < 3; ++i) {
        for (const auto& result : *f.put(std::vector<PutEntry>(500, PutEntry("k", "x", low)), all))
            REQUIRE_FALSE(result.taken());
    }
    CHECK((*f.put({PutEntry("k", "x", low)}))[0].taken());
}

TEST_CASE("a shard keeps at most the bytes that it is given, the newest") {
    Fixture f;
    f.settings.retention_bytes = 100;
    for (int i = 0; i < 50; ++i)
        REQUIRE(f.put({PutEntry("k", std::string(9, static_cast<char>('A' + i)), low)}).has_value());
    const auto& shard = f.stream.shards()[0];
    CHECK(shard.records().size() == 10);
    CHECK(shard.bytes() == 100);
    CHECK(shard.records().back().data[0] == 'A' + 49);
    CHECK(shard.next_place() == 51);
}
