#include <sluice/detail/delivery.hpp>

#include "history.hpp"

#include <sluice/batching/aggregate.hpp>

#include <doctest/doctest.h>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using sluice::error;
using sluice::error_code;
using sluice::Options;
using sluice::Ordering;
using sluice::Record;
using sluice::steady_time;

using Data = std::vector<std::string>;

Options options_with(std::size_t request_records, std::size_t requests_in_flight = 4) {
    Options options("s");
    options.request_records = request_records;
    options.requests_in_flight = requests_in_flight;
    return options;
}

Options sending_at_once() {
    Options options("s");
    options.linger = 0ms;
    return options;
}

Record named(const std::string& key, const std::string& data, std::chrono::milliseconds time_to_live = 0ms) {
    Record record(key, data);
    if (time_to_live > 0ms) record.time_to_live = time_to_live;
    return record;
}

sluice::kinesis::ShardMap whole_stream(const std::string& shard_id = "shardId-000000000000") {
    return *sluice::kinesis::ShardMap::from(
        {sluice::ShardRange(shard_id, "0", sluice::kinesis::HashKey::max().to_string())});
}

// --- when it goes ----------------------------------------------------------------------------------------------

TEST_CASE("a record waits for company until it has lingered, and then goes alone") {
    History history;
    history.put(1);
    CHECK(history.sends.empty());
    CHECK(history.delivery.wakes_at() == chunks::start + 100ms);
    history.advance(99ms);
    CHECK(history.sends.empty());
    history.advance(1ms);
    CHECK(history.request().members.size() == 1);
    history.take();
    history.check_end();
}

TEST_CASE("lingering counts from the put, so that company does not prolong it") {
    History history;
    history.put(1);
    history.advance(60ms);
    history.put(1);
    CHECK(history.delivery.wakes_at() == chunks::start + 100ms);
    history.advance(40ms);
    CHECK(history.request().members.size() == 2);
}

TEST_CASE("a full batch goes at once, and what is left over lingers") {
    History history(options_with(10));
    history.put(25);
    REQUIRE(history.sends.size() == 2);
    CHECK(history.sends[0].entries() == 10);
    CHECK(history.sends[1].entries() == 10);
    CHECK(History::data(history.sends[1]).front() == "data10");
    history.advance(100ms);
    CHECK(history.sends.size() == 3);
    history.take_all();
    history.check_end();
}

TEST_CASE("a batch is full of bytes, too, and one record that exceeds them goes alone") {
    Options options("s");
    options.request_bytes = 1'000;
    History history(options);
    std::vector<Record> records;
    for (const std::size_t size : {400U, 400U, 400U, 5'000U, 10U}) records.emplace_back("k", std::string(size, 'x'));
    history.put(records);
    REQUIRE_FALSE(history.sends.empty());
    history.advance(100ms);
    std::vector<std::size_t> sizes;
    for (const auto& order : history.sends) sizes.push_back(order.entries());
    CHECK(sizes == std::vector<std::size_t>{2, 1, 1, 1});
    history.take_all();
    history.check_end();
}

TEST_CASE("without auto_flush nothing leaves and nothing wakes but for a flush") {
    Options options("s");
    options.auto_flush = false;
    options.request_records = 2;
    History history(options);
    history.put(5);
    history.advance(24h);
    CHECK(history.sends.empty());
    CHECK(history.delivery.wakes_at() == steady_time::max());
    history.flush(1);
    CHECK(history.sends.size() == 3);
    history.take_all();
    CHECK(history.flushed.at(1).delivered == 5);
    history.put(5);
    CHECK(history.sends.empty());
    CHECK_FALSE(history.sleep());
    history.flush(2);
    history.take_all();
    history.check_end();
}

TEST_CASE("no more requests are in flight than allowed, and each answer lets the next one go") {
    History history(options_with(1, 2));
    history.put(5);
    CHECK(history.sends.size() == 2);
    CHECK(history.delivery.wakes_at() == steady_time::max());
    history.take();
    CHECK(history.sends.size() == 2);
    CHECK(History::data(history.sends[1]) == Data{"data2"});
    history.take_all();
    history.check_end();
}

TEST_CASE("streams take turns") {
    History history(options_with(1, 1));
    for (const auto* stream : {"a", "b", "c"}) history.put(stream, chunks::records(3, stream));
    std::string turns;
    while (!history.sends.empty()) {
        turns += history.request().stream;
        history.take();
    }
    CHECK(turns == "abcabcabc");
    history.check_end();
}

TEST_CASE("a stream that is missing delays no other") {
    History history(options_with(1));
    history.put("missing", chunks::records(3));
    while (!history.sends.empty()) history.fail(error::stream_not_found);
    for (int i = 0; i < 50; ++i) {
        const auto first = history.put("s", chunks::records(1));
        REQUIRE(history.sends.size() == 1);
        CHECK(history.request().stream == "s");
        history.take();
        CHECK_FALSE(history.outcome(first));
    }
    CHECK(history.stats("missing").paused_by == error::stream_not_found);
    CHECK_FALSE(history.stats("s").paused_by);
}

TEST_CASE("a stream that is throttled delays no other") {
    History history(options_with(1));
    history.put("slow", chunks::records(300));
    while (!history.sends.empty()) history.answer({error::throttled});
    const auto first = history.put("s", chunks::records(1));
    REQUIRE(history.sends.size() == 1);
    history.take();
    CHECK_FALSE(history.outcome(first));
}

// --- what an answer means --------------------------------------------------------------------------------------

TEST_CASE("a delivered record is told with shard, sequence number and its attempt, and is counted") {
    History history(sending_at_once());
    const auto first = history.put({named("a", "1"), named("b", "22")});
    history.advance(1ms);
    history.take();
    CHECK_FALSE(history.outcome(first));
    const auto& receipt = history.told.at(first + 1).receipt;
    CHECK(receipt.shard_id() == "shardId-000000000000");
    CHECK(receipt.sequence_number() == "49");
    REQUIRE(receipt.attempts().size() == 1);
    CHECK_FALSE(receipt.attempts().front().error);
    CHECK(receipt.attempts().front().duration == 1ms);
    REQUIRE(history.tallies.size() == 1);
    CHECK(history.tallies.front().records == 2);
    CHECK(history.tallies.front().bytes == 34 + 35);
    const auto stats = history.stats();
    CHECK(stats.delivered == 2);
    CHECK(stats.requests == 1);
    CHECK(stats.delivered_by_shard.at("shardId-000000000000") == 2);
    history.check_end();
}

TEST_CASE("records that nobody waits for are delivered without being told") {
    History history(sending_at_once());
    history.put("s", chunks::records(3), false);
    history.take_all();
    CHECK(history.told.empty());
    CHECK(history.count({}) == 3);
    history.check_end();
}

TEST_CASE("only the entries that failed are sent again, and after a rest") {
    History history(sending_at_once());
    history.put(4);
    history.answer({error_code{}, error::record_failed, error_code{}, error::record_failed});
    CHECK(history.sends.empty());
    CHECK(history.told.size() == 2);
    Data again;
    while (history.sleep()) {
        for (const auto& data : history.sends.empty() ? Data{} : History::data(history.request())) again.push_back(data);
        history.take_all();
    }
    std::sort(again.begin(), again.end());
    CHECK(again == Data{"data1", "data3"});
    CHECK(history.stats().retried == 2);
    history.check_end();
}

TEST_CASE("a record's own failures spend its attempts, and the last one is a dead letter with the service's words") {
    auto options = sending_at_once();
    options.attempts = 4;
    History history(options);
    const auto first = history.put(1);
    for (int failures = 1; failures < 4; ++failures) {
        history.answer({error::record_failed});
        CHECK(history.bury() == 0);
        CHECK(history.stored.at("s").at(first).attempts == std::vector<std::uint8_t>{std::uint8_t(failures)});
        REQUIRE(history.sleep());
        REQUIRE(history.sends.size() == 1);
    }
    history.answer({error::record_failed});
    CHECK(history.told.empty()); // not before the dead letters have it
    CHECK(history.bury() == 1);
    CHECK(history.outcome(first) == error::gave_up);
    const auto& letter = history.letters.at(first);
    CHECK(letter.reason == error::gave_up);
    CHECK(letter.record.data == "data0");
    CHECK(letter.record.stream == "s");
    REQUIRE(letter.attempts.size() == 4);
    CHECK(letter.attempts.back().error == error::record_failed);
    CHECK(letter.attempts.back().code == "Failure");
    CHECK(letter.attempts.back().message == "The service said so.");
    CHECK(history.stats().failed == 1);
    history.check_end();
}

TEST_CASE("attempts that a record spent before a restart are spent") {
    auto options = sending_at_once();
    options.attempts = 4;
    History history(options);
    auto chunk = chunks::make("s", 1, chunks::records(2));
    chunk.attempts = {3, 0};
    history.admit(std::move(chunk));
    history.answer({error::record_failed});
    history.bury();
    CHECK(history.outcome(1) == error::gave_up);
    CHECK_FALSE(history.told.contains(2));
}

TEST_CASE("a record whose attempts were all spent before a restart is a dead letter, and not sent again") {
    auto options = sending_at_once();
    options.attempts = 3;
    History history(options);
    auto chunk = chunks::make("s", 1, chunks::records(3));
    chunk.attempts = {3, 2, 255};
    history.admit(std::move(chunk));
    CHECK(History::data(history.request()) == Data{"data1"});
    history.bury();
    CHECK(history.outcome(1) == error::gave_up);
    CHECK(history.outcome(3) == error::gave_up);
    history.take();
    history.check_end();
}

TEST_CASE("with no limit of attempts a record is tried for ever, and with more than can be counted not") {
    for (const unsigned attempts : {0U, 1'000U}) {
        auto options = sending_at_once();
        options.attempts = attempts;
        History history(options);
        history.put(1);
        int tries = 0;
        for (; tries < 400 && !history.sends.empty(); ++tries) {
            history.answer({error::record_failed});
            if (history.bury() == 0) REQUIRE(history.sleep());
        }
        CHECK(tries == (attempts == 0 ? 400 : 255));
    }
}

TEST_CASE("an attempt too many for a receipt pushes the oldest out") {
    auto options = sending_at_once();
    options.attempts = 0;
    History history(options);
    const auto first = history.put(1);
    for (int i = 0; i < 30; ++i) {
        history.answer({error::record_failed});
        REQUIRE(history.sleep());
    }
    history.take();
    const auto& attempts = history.told.at(first).receipt.attempts();
    REQUIRE(attempts.size() == 16);
    CHECK_FALSE(attempts.back().error);
    CHECK(attempts.front().error == error::record_failed);
}

TEST_CASE("throttles spend no attempts, unless an option says so") {
    for (const bool spend : {false, true}) {
        auto options = sending_at_once();
        options.attempts = 3;
        options.throttles_spend_attempts = spend;
        History history(options);
        const auto first = history.put(1);
        int tries = 0;
        while (tries < 50 && history.bury() == 0) {
            if (history.sends.empty()) {
                REQUIRE(history.sleep());
                continue;
            }
            history.answer({error::throttled});
            ++tries;
        }
        CHECK(tries == (spend ? 3 : 50));
        if (spend) CHECK(history.outcome(first) == error::gave_up);
        if (!spend) CHECK(history.stored.at("s").at(first).attempts.empty());
        CHECK(history.stats().throttled == static_cast<std::uint64_t>(tries));
    }
}

TEST_CASE("a request that is throttled as a whole slows its records, and pauses nothing") {
    History history(sending_at_once());
    history.put(3);
    history.fail(error::throttled);
    CHECK(history.sends.empty());
    CHECK(history.pauses.empty());
    CHECK(history.stats().throttled == 3);
    while (history.sleep()) history.take_all();
    history.check_end();
}

TEST_CASE("a record that can never be sent is a dead letter at once, and delays nobody") {
    for (const auto refusal : {error::record_too_large, error::request_refused, error::not_utf8}) {
        History history(sending_at_once());
        const auto first = history.put(3);
        history.answer({error_code{}, refusal, error_code{}});
        CHECK(history.bury() == 1);
        CHECK(history.outcome(first + 1) == refusal);
        CHECK(history.letters.at(first + 1).attempts.size() == 1);
        history.check_end();
    }
}

TEST_CASE("the rest after a failure is jittered, doubles, and has a longest") {
    auto options = sending_at_once();
    options.attempts = 0;
    for (int failures = 1; failures <= 12; ++failures) {
        const auto most = std::min<std::chrono::nanoseconds>(100ms * (1 << (failures - 1)), 20s);
        std::chrono::nanoseconds longest{};
        std::chrono::nanoseconds shortest = 1h;
        for (std::uint64_t seed = 1; seed <= 60; ++seed) {
            History history(options, seed);
            history.put(1);
            for (int i = 1; i < failures; ++i) {
                history.answer({error::record_failed});
                REQUIRE(history.sleep());
            }
            history.answer({error::record_failed});
            const auto rest = history.delivery.wakes_at() - history.now.steady;
            longest = std::max<std::chrono::nanoseconds>(longest, rest);
            shortest = std::min<std::chrono::nanoseconds>(shortest, rest);
        }
        CAPTURE(failures);
        CHECK(longest <= most);
        CHECK(longest > most / 2);
        CHECK(shortest < most / 2);
    }
}

TEST_CASE("one seed replays one history, another seed another") {
    const auto rest = [](std::uint64_t seed) {
        History history(sending_at_once(), seed);
        history.put(1);
        history.answer({error::record_failed});
        return history.delivery.wakes_at();
    };
    CHECK(rest(5) == rest(5));
    CHECK(rest(5) != rest(6));
}

TEST_CASE("an answer to a request that nobody knows is ignored, and so is a second answer") {
    History history(sending_at_once());
    history.put(2);
    const auto id = history.request().id;
    history.reply(id + 77, sluice::Answer(error::connection_failed, {}, {}));
    CHECK(history.sends.size() == 1);
    CHECK(history.pauses.empty());
    history.take();
    history.reply(id, sluice::Answer(error::connection_failed, {}, {}));
    history.reply(id, sluice::Answer());
    CHECK(history.pauses.empty());
    history.check_end();
}

TEST_CASE("an answer with too few or too many entries counts as none") {
    for (const std::size_t entries : {0U, 1U, 3U, 500U}) {
        History history(sending_at_once());
        history.put(2);
        sluice::Answer answer;
        answer.entries.resize(entries);
        history.reply(history.request().id, answer);
        CHECK(history.told.empty());
        CHECK(history.stats().paused_by == error::response_invalid);
        CHECK(history.stats().failed_requests == 1);
        REQUIRE(history.sleep());
        history.take_all();
        history.check_end();
    }
}

TEST_CASE("deliveries are counted for the first 1,024 shards that were seen, whichever comes next") {
    History history(sending_at_once());
    for (int round = 0; round < 2; ++round) {
        for (int shard = 0; shard < 1'030; ++shard) {
            history.shard_id = "shard" + std::to_string(shard);
            history.put(1);
            history.take();
        }
    }
    const auto shards = history.stats().delivered_by_shard;
    CHECK(shards.size() == 1'024);
    CHECK(shards.at("shard0") == 2);
    CHECK(shards.at("shard1023") == 2);
    CHECK_FALSE(shards.contains("shard1024"));
}

// --- a stream that does not move -------------------------------------------------------------------------------

TEST_CASE("a stream failure spends nothing, and is tried again by one probe at a time") {
    auto options = options_with(10);
    options.attempts = 1;
    History history(options);
    const auto first = history.put(30);
    REQUIRE(history.sends.size() == 3);
    for (int i = 0; i < 3; ++i) history.fail(error::connection_failed);
    for (int probes = 0; probes < 30; ++probes) {
        CHECK(history.sends.empty());
        REQUIRE(history.sleep());
        REQUIRE(history.sends.size() == 1);
        CHECK(history.delivery.wakes_at() == steady_time::max());
        history.fail(error::connection_failed);
    }
    CHECK(history.pauses.size() == 1);
    REQUIRE(history.sleep());
    history.take();
    CHECK(history.sends.size() == 2);
    history.take_all();
    REQUIRE(history.pauses.size() == 2);
    CHECK(history.pauses.front().reason == error::connection_failed);
    CHECK(history.pauses.front().message == "The service said so.");
    CHECK_FALSE(history.pauses.back().reason);
    CHECK_FALSE(history.outcome(first));
    history.check_end();
}

TEST_CASE("the notes of a pause tell every change of its reason, once") {
    History history(sending_at_once());
    history.put(1);
    for (const auto why : {error::timed_out, error::timed_out, error::credentials_expired, error::timed_out}) {
        history.fail(why);
        CHECK(history.delivery.paused_by() == why);
        REQUIRE(history.sleep());
    }
    history.take();
    std::vector<error_code> reasons;
    for (const auto& note : history.pauses) reasons.push_back(note.reason);
    CHECK(reasons == std::vector<error_code>{error::timed_out, error::credentials_expired, error::timed_out, error_code{}});
    CHECK_FALSE(history.delivery.paused_by());
}

TEST_CASE("of requests that fail together only the first lengthens the pause") {
    History history(options_with(1));
    history.put(4);
    history.fail(error::timed_out);
    const auto until = history.delivery.wakes_at();
    while (!history.sends.empty()) history.fail(error::timed_out);
    CHECK(history.delivery.wakes_at() == until);
}

TEST_CASE("the rest between probes grows, and is at most as long as the options say") {
    History history(sending_at_once());
    history.put(1);
    std::chrono::nanoseconds longest{};
    for (int probes = 0; probes < 100; ++probes) {
        history.fail(error::connection_failed);
        const auto rest = history.delivery.wakes_at() - history.now.steady;
        CHECK(rest <= 20s);
        longest = std::max<std::chrono::nanoseconds>(longest, rest);
        REQUIRE(history.sleep());
    }
    CHECK(longest > 10s);
}

TEST_CASE("the service's wish for a pause is granted, but not for ever") {
    History history(sending_at_once());
    history.put(1);
    history.fail(error::service_failed, 3s);
    CHECK(history.delivery.wakes_at() == history.now.steady + 3s);
    REQUIRE(history.sleep());
    history.fail(error::service_failed, std::chrono::hours(24 * 40));
    CHECK(history.delivery.wakes_at() <= history.now.steady + 6s);
}

TEST_CASE("a request from before the pause that succeeds ends it") {
    History history(options_with(1));
    history.put(3);
    history.fail(error::timed_out);
    CHECK(history.delivery.paused_by());
    history.take();
    CHECK_FALSE(history.delivery.paused_by());
    CHECK(history.sends.size() == 2);
    history.take_all();
    history.check_end();
}

TEST_CASE("the probe of a pause that is over is none of the next pause's") {
    History history(options_with(1, 2));
    history.put(6);
    history.fail(error::timed_out);
    const auto old = history.request().id;
    REQUIRE(history.sleep()); // the probe leaves beside the old request
    const auto probe = history.sends.back().id;
    REQUIRE(probe != old);
    sluice::Answer taken;
    taken.entries.resize(1);
    history.reply(old, taken); // the pause is over
    REQUIRE(history.sends.size() == 2);
    history.reply(history.sends.back().id, sluice::Answer(error::timed_out, {}, {})); // the next pause
    REQUIRE(history.sleep());
    REQUIRE(history.sends.size() == 2); // its probe, and still the old one
    history.reply(probe, sluice::Answer(error::timed_out, {}, {}));
    CHECK(history.sends.size() == 1);
    history.advance(1h);
    CHECK(history.sends.size() == 1);
}

TEST_CASE("a pause with nothing to probe but what rests ends when that has rested") {
    History history(options_with(1, 2));
    history.put({named("a", "resting"), named("b", "expiring", 50ms)});
    history.answer({error::record_failed});
    history.fail(error::timed_out);
    history.advance(60ms); // nothing was sent before, and the record that was given back expires
    for (int i = 0; i < 20 && (history.bury() > 0 || !history.sends.empty() || history.sleep()); ++i) history.take_all();
    CHECK(history.told.size() == 2);
    history.check_end();
}

TEST_CASE("a stream that was throttled when it was paused is probed as soon as its limiter allows") {
    Options options("s");
    options.request_records = 100;
    History history(options);
    history.put(1'000);
    for (int i = 0; i < 4; ++i) history.answer({error::throttled});
    for (int i = 0; i < 40; ++i) {
        while (!history.sends.empty()) history.fail(error::connection_failed);
        REQUIRE(history.sleep());
    }
    for (int i = 0; i < 1'000 && history.delivery.unsettled() > 0; ++i) {
        history.take_all();
        if (history.delivery.unsettled() > 0) REQUIRE(history.sleep());
    }
    history.check_end();
}

TEST_CASE("a stream whose records are all gone is not paused any more") {
    History history(sending_at_once());
    history.put({named("a", "1", 10ms)});
    history.fail(error::timed_out);
    history.advance(10ms);
    history.bury();
    CHECK(history.told.size() == 1);
    while (history.sleep()) CHECK(history.sends.empty());
    CHECK_FALSE(history.delivery.paused_by());
    CHECK(history.pauses.size() == 2);
    history.check_end();
}

// --- a request that is refused ---------------------------------------------------------------------------------

TEST_CASE("of a request that is refused exactly the poisoned records are dead letters") {
    for (const auto refusal : {error::request_refused, error::request_too_large, error::not_utf8}) {
        for (const std::vector<std::size_t>& poisoned :
             {std::vector<std::size_t>{0}, {499}, {17}, {249, 250}, {3, 4, 5, 300}, {}}) {
            auto options = sending_at_once();
            options.attempts = 1;
            History history(options);
            const auto first = history.put(500);
            int requests = 0;
            for (; !history.sends.empty(); ++requests) {
                const auto& order = history.request();
                const bool refused = std::any_of(poisoned.begin(), poisoned.end(), [&](std::size_t index) {
                    return std::count(order.sequences.begin(), order.sequences.end(), first + index) > 0;
                });
                if (refused) {
                    history.fail(refusal);
                } else {
                    history.take();
                }
            }
            CHECK(requests <= 1 + 2 * 9 * static_cast<int>(poisoned.size()));
            CHECK(history.bury() == poisoned.size());
            for (const auto index : poisoned) {
                CHECK(history.outcome(first + index) == refusal);
                CHECK(history.letters.at(first + index).attempts.size() == 1);
            }
            CHECK(history.pauses.empty());
            history.check_end();
        }
    }
}

TEST_CASE("halves are sent with no others, and a pause in between loses nobody") {
    History history(options_with(8));
    history.put(8);
    history.fail(error::request_refused);
    REQUIRE(history.sends.size() == 2);
    CHECK(history.sends[0].entries() == 4);
    history.put(3);
    CHECK(history.sends.size() == 2);
    history.fail(error::timed_out);
    history.take();
    while (history.delivery.unsettled() > 0) {
        history.take_all();
        if (history.delivery.unsettled() > 0) REQUIRE(history.sleep());
    }
    history.check_end();
}

TEST_CASE("suspects that expire before their turn are not sent") {
    auto options = options_with(8, 1);
    History history(options);
    std::vector<Record> records;
    for (int i = 0; i < 8; ++i) records.push_back(named("k", "d", 50ms));
    history.put(records);
    history.fail(error::request_refused);
    REQUIRE(history.sends.size() == 1);
    history.advance(60ms);
    CHECK(history.bury() == 4);
    history.take();
    CHECK(history.sends.empty());
    history.check_end();
}

// --- time-to-live ----------------------------------------------------------------------------------------------

TEST_CASE("a record expires while it lingers") {
    Options options("s");
    options.linger = 1h;
    History history(options);
    const auto first = history.put({named("a", "1", 5s), named("b", "2")});
    CHECK(history.delivery.wakes_at() == chunks::start + 5s);
    history.advance(4'999ms);
    CHECK(history.delivery.next_loss() == 0);
    history.advance(1ms);
    CHECK(history.bury() == 1);
    CHECK(history.outcome(first) == error::expired);
    CHECK(history.stats().expired == 1);
    CHECK(history.stats().failed == 0);
    CHECK(history.letters.at(first).record.time_to_live == 5s);
}

TEST_CASE("a record expires while its stream is paused, at its time") {
    History history(sending_at_once());
    const auto first = history.put({named("a", "1", 90s), named("b", "2")});
    while (history.now.steady < chunks::start + 85s) {
        if (!history.sends.empty()) history.fail(error::connection_failed);
        REQUIRE(history.sleep());
    }
    if (!history.sends.empty()) history.fail(error::connection_failed);
    while (history.bury() == 0) {
        REQUIRE(history.sleep());
        if (!history.sends.empty()) history.fail(error::connection_failed);
    }
    CHECK(history.outcome(first) == error::expired);
    CHECK(history.now.steady == chunks::start + 90s);
}

TEST_CASE("a record that expires in flight is delivered if it is taken, and else expired at once") {
    const std::vector<error_code> failures{error::record_failed, error::throttled, error::connection_failed};
    for (const bool whole : {false, true}) {
        for (const auto& failure : failures) {
            History history(sending_at_once());
            const auto first = history.put({named("a", "1", 1s), named("b", "2", 1s)});
            history.advance(2s);
            CHECK(history.delivery.next_loss() == 0);
            if (whole) {
                history.fail(failure);
            } else if (failure == error::connection_failed) {
                continue;
            } else {
                history.answer({failure, error_code{}});
                CHECK_FALSE(history.outcome(first + 1));
            }
            CHECK(history.bury() == (whole ? 2 : 1));
            CHECK(history.outcome(first) == error::expired);
            CHECK(history.sends.empty());
            history.check_end();
        }
    }
}

TEST_CASE("a record that was in flight when others of its chunk expired still expires at its own time") {
    History history(options_with(1, 1));
    const auto first = history.put({named("a", "flying", 10s), named("b", "short", 1s)});
    history.advance(1s);
    CHECK(history.bury() == 1);
    history.fail(error::connection_failed);
    for (int i = 0; i < 1'000 && history.delivery.next_loss() == 0; ++i) {
        if (!history.sends.empty()) history.fail(error::connection_failed);
        REQUIRE(history.sleep());
    }
    if (!history.sends.empty()) history.fail(error::connection_failed);
    history.bury();
    CHECK(history.outcome(first) == error::expired);
    CHECK(history.now.steady == chunks::start + 10s);
    history.check_end();
}

TEST_CASE("records expire while they rest, while a shard's limit holds them, and while their lane is busy") {
    auto options = sending_at_once();
    options.ordering = Ordering::per_key;
    History history(options);
    history.put({named("a", "1", 3s), named("a", "2", 2s), named("b", "3", 3s)});
    REQUIRE(history.sends.size() == 1);
    history.answer({error::record_failed, error::throttled});
    for (int i = 0; i < 10'000 && history.delivery.unsettled() > 0; ++i) {
        if (!history.sends.empty()) history.answer({error::throttled});
        history.bury();
        if (history.delivery.unsettled() > 0) REQUIRE(history.sleep());
    }
    CHECK(history.stats().expired == 3);
    CHECK(history.now.steady <= chunks::start + 3s);
    history.check_end();
}

TEST_CASE("what was found in the storage expires by the wall clock") {
    History history(sending_at_once());
    history.now.wall += 1h;
    auto old = chunks::make("s", 1, {named("a", "1", 59min), named("b", "2", 61min)}, chunks::today);
    history.admit(std::move(old));
    CHECK(history.bury() == 1);
    CHECK(history.outcome(1) == error::expired);
    history.take_all();
    CHECK_FALSE(history.outcome(2));
}

// --- dropping, clearing, giving up everything ------------------------------------------------------------------

TEST_CASE("the oldest chunk with nothing in flight is dropped, whichever stream it is of") {
    Options options("s");
    options.linger = 1h;
    History history(options);
    const auto oldest = history.put("old", chunks::records(2));
    history.advance(1s);
    const auto newer = history.put("new", chunks::records(1));
    CHECK(history.drop_oldest());
    CHECK(history.bury() == 2);
    CHECK(history.outcome(oldest) == error::dropped);
    CHECK(history.drop_oldest());
    CHECK(history.bury() == 1);
    CHECK(history.outcome(newer) == error::dropped);
    CHECK_FALSE(history.drop_oldest());
    history.check_end();
}

TEST_CASE("a chunk with a record in flight is not dropped, and none is dropped twice") {
    History history(options_with(2, 1));
    const auto first = history.put(3);
    const auto second = history.put(2);
    CHECK(history.drop_oldest());
    CHECK_FALSE(history.drop_oldest());
    CHECK(history.bury() == 2);
    CHECK(history.outcome(second) == error::dropped);
    history.take();
    history.advance(100ms);
    history.take();
    CHECK_FALSE(history.outcome(first + 2));
    history.check_end();
}

TEST_CASE("a clear gives every record its outcome, in flight or not, and no letter") {
    auto options = options_with(2, 2);
    options.ordering = Ordering::per_key;
    options.attempts = 1;
    History history(options);
    std::vector<Record> records;
    for (int i = 0; i < 12; ++i) records.push_back(named("k" + std::to_string(i % 4), "d"));
    history.put(records);
    history.answer({error_code{}, error::record_failed}); // one delivered, one on its way to the dead letters
    history.put("other", records);
    REQUIRE(history.sends.size() == 2);
    CHECK(history.clear() == 23);
    CHECK(history.delivery.next_loss() == 0);
    CHECK(history.count(error::cleared) == 0);
    history.fail(error::timed_out);
    history.answer({error_code{}, error::record_failed});
    history.bury();
    CHECK_FALSE(history.sleep());
    history.check_end();
    history.put(2);
    history.advance(100ms);
    history.take_all();
    history.check_end();
}

TEST_CASE("a clear ends a pause, and the notes tell it") {
    History history(sending_at_once());
    history.put(1);
    history.fail(error::timed_out);
    history.clear();
    REQUIRE(history.pauses.size() == 2);
    CHECK_FALSE(history.pauses.back().reason);
    history.check_end();
}

TEST_CASE("without auto_flush a clear frees the memory, too") {
    Options options("s");
    options.auto_flush = false;
    History history(options);
    history.put(5);
    CHECK(history.clear() == 5);
    history.check_end();
}

TEST_CASE("a clear while the dead letters are at work is not undone by them") {
    auto options = sending_at_once();
    options.attempts = 1;
    History history(options);
    const auto first = history.put(1);
    history.answer({error::record_failed});
    CHECK(history.delivery.next_loss() == first);
    history.clear();
    history.delivery.buried(first);
    history.act();
    CHECK(history.outcome(first) == error::cleared);
    CHECK(history.tallies.empty());
    history.check_end();
}

TEST_CASE("abandoning hands everything that is left to the dead letters") {
    auto options = options_with(2, 1);
    options.ordering = Ordering::per_key;
    History history(options);
    const auto first = history.put({named("a", "1"), named("a", "2"), named("b", "3"), named("c", "4"), named("c", "5")});
    history.fail(error::timed_out);
    history.delivery.halt();
    history.delivery.abandon(error::closed);
    CHECK(history.bury() == 5);
    for (std::uint64_t i = 0; i < 5; ++i) CHECK(history.outcome(first + i) == error::closed);
    CHECK(history.delivery.unsettled() == 0);
}

TEST_CASE("after a halt nothing leaves, but answers still count") {
    History history(options_with(1, 2));
    const auto first = history.put(4);
    history.delivery.halt();
    history.take();
    CHECK(history.sends.size() == 1);
    CHECK_FALSE(history.outcome(first));
    history.advance(1h);
    CHECK(history.sends.size() == 1);
}

TEST_CASE("who still waits at the end is told so") {
    History history;
    const auto first = history.put(2);
    history.delivery.tell_all(error::kept);
    history.act();
    CHECK(history.outcome(first) == error::kept);
    CHECK(history.outcome(first + 1) == error::kept);
}

TEST_CASE("a chunk that the storage did not take goes to the dead letters") {
    History history;
    history.delivery.admit_lost(chunks::make("s", 1, chunks::records(2)), error::storage_failed, history.now);
    CHECK(history.delivery.unsettled() == 2);
    CHECK(history.delivery.next_loss() == 1);
    history.delivery.buried(1);
    history.delivery.buried(2);
    history.act();
    CHECK(history.count(error::storage_failed) == 2);
    CHECK(history.delivery.unsettled() == 0);
}

// --- flushes ---------------------------------------------------------------------------------------------------

TEST_CASE("a flush ends lingering, and reports every outcome") {
    auto options = options_with(4, 1);
    options.attempts = 1;
    options.linger = 1h;
    History history(options);
    history.put({named("a", "1"), named("b", "2"), named("c", "3"), named("d", "4"), named("e", "5", 10ms)});
    history.flush(1);
    history.answer({error_code{}, error::record_failed, error_code{}, error::record_too_large});
    history.fail(error::connection_failed);
    history.advance(10ms);
    CHECK(history.flushed.empty());
    CHECK(history.bury() == 3);
    REQUIRE(history.flushed.contains(1));
    const auto report = history.flushed.at(1);
    CHECK(report.delivered == 2);
    CHECK(report.failed == 2);
    CHECK(report.expired == 1);
    CHECK(report.left == 0);
    CHECK_FALSE(report.paused_by);
}

TEST_CASE("a flush of nothing ends at once") {
    History history;
    history.flush(1);
    CHECK(history.flushed.contains(1));
    history.flush(2, 0ns);
    CHECK(history.flushed.contains(2));
}

TEST_CASE("a flush does not wait for what was put after it, though that leaves, too") {
    History history(options_with(1, 1));
    history.put(1);
    history.flush(1);
    history.put(1);
    history.take();
    REQUIRE(history.flushed.contains(1));
    CHECK(history.flushed.at(1).delivered == 1);
    history.flush(2);
    history.take();
    CHECK(history.flushed.at(2).delivered == 1);
}

TEST_CASE("a flush whose time is over tells what is left, and why") {
    History history(sending_at_once());
    history.put(3);
    history.flush(1, 5s);
    history.fail(error::credentials_expired);
    while (history.flushed.empty()) {
        if (!history.sends.empty()) history.fail(error::credentials_expired);
        REQUIRE(history.sleep());
        REQUIRE(history.now.steady <= chunks::start + 5s);
    }
    CHECK(history.now.steady == chunks::start + 5s);
    CHECK(history.flushed.at(1).left == 3);
    CHECK(history.flushed.at(1).paused_by == error::credentials_expired);
}

TEST_CASE("flushes that run together share the work, and each reports what was before it") {
    Options options("s");
    options.linger = 1h;
    History history(options);
    history.put(1);
    history.flush(1);
    history.put(2);
    history.flush(2, 1s);
    history.flush(3);
    history.take_all();
    CHECK(history.flushed.at(1).delivered == 1);
    CHECK(history.flushed.at(2).delivered == 3);
    CHECK(history.flushed.at(3).delivered == 3);
    CHECK(history.stats().requests == 2);
}

TEST_CASE("a flush without a timeout is one try") {
    History history(sending_at_once());
    history.put(2);
    history.advance(1ms);
    history.flush(1, 0ns);
    CHECK(history.flushed.empty());
    history.answer({error_code{}, error::record_failed});
    REQUIRE(history.flushed.contains(1));
    CHECK(history.flushed.at(1).delivered == 1);
    CHECK(history.flushed.at(1).left == 1);
}

TEST_CASE("a flush without a timeout sends all that can be sent, however many requests that takes") {
    auto options = options_with(1, 2);
    options.auto_flush = false;
    History history(options);
    history.put(7);
    history.flush(1, 0ns);
    for (int i = 0; i < 7; ++i) {
        CHECK(history.flushed.empty());
        history.take();
    }
    CHECK(history.flushed.at(1).delivered == 7);
}

TEST_CASE("a flush without a timeout ends though another stream never rests") {
    History history(options_with(1, 2));
    history.put("offline", chunks::records(1));
    history.fail(error::connection_failed);
    history.put("busy", chunks::records(1));
    history.flush(1, 0ns);
    for (int i = 0; i < 10'000 && history.flushed.empty(); ++i) {
        history.put("busy", chunks::records(1));
        REQUIRE_FALSE(history.sends.empty());
        if (history.sends.back().stream == "offline") {
            history.reply(history.sends.back().id, sluice::Answer(error::connection_failed, {}, {}));
        } else {
            history.take();
        }
        history.advance(100ms);
    }
    REQUIRE(history.flushed.contains(1));
    CHECK(history.flushed.at(1).left == 1);
    CHECK(history.now.steady <= chunks::start + history.options.request_timeout + 1s);
}

TEST_CASE("a flush probes each paused stream at once, once") {
    History history(sending_at_once());
    history.put("a", chunks::records(1));
    history.put("b", chunks::records(1));
    for (int i = 0; i < 10; ++i) {
        while (!history.sends.empty()) history.fail(error::connection_failed);
        history.sleep();
    }
    while (!history.sends.empty()) history.fail(error::connection_failed);
    history.flush(1, 0ns);
    CHECK(history.sends.size() == 2);
    history.fail(error::connection_failed);
    CHECK(history.flushed.empty());
    history.fail(error::connection_failed);
    CHECK(history.sends.empty());
    REQUIRE(history.flushed.contains(1));
    CHECK(history.flushed.at(1).left == 2);
    CHECK(history.flushed.at(1).paused_by == error::connection_failed);
}

TEST_CASE("a flush of a stream that is being probed does not probe it twice") {
    History history(sending_at_once());
    history.put(1);
    history.fail(error::connection_failed);
    REQUIRE(history.sleep());
    history.put(1);
    CHECK(history.sends.size() == 1);
    history.flush(1, 0ns);
    CHECK(history.sends.size() == 1);
}

TEST_CASE("a flush may last as long as it takes") {
    History history(sending_at_once());
    history.put(1);
    history.flush(1, std::chrono::nanoseconds::max());
    CHECK(history.flushed.empty());
    history.fail(error::connection_failed);
    history.advance(1h);
    CHECK(history.flushed.empty());
    history.take_all();
    CHECK(history.flushed.at(1).delivered == 1);
}

TEST_CASE("a clear ends the flushes, with nothing left") {
    History history(sending_at_once());
    history.put(3);
    history.flush(1);
    history.clear();
    CHECK(history.flushed.at(1).left == 0);
    CHECK(history.flushed.at(1).failed == 0);
}

// --- what does not fit into memory -----------------------------------------------------------------------------

TEST_CASE("what the storage held at the start is loaded, counted and delivered") {
    History history(sending_at_once());
    history.delivery.recover({"s", "t"}, 3, 100);
    history.next_sequence = 100;
    CHECK(history.delivery.unsettled() == 3);
    history.act();
    REQUIRE(history.loads.size() == 2);
    CHECK(history.loads[0].after == 0);
    history.loaded(std::vector{chunks::make("s", 5, chunks::records(2))});
    CHECK(history.request().members.size() == 2);
    history.loaded(std::vector{chunks::make("t", 50, chunks::records(1))});
    history.take_all();
    CHECK(history.count({}) == 3);
    CHECK(history.delivery.unsettled() == 0);
    // It asks until there is no more.
    REQUIRE(history.loads.size() == 2);
    CHECK(history.loads[0].after == 5);
    history.load();
    history.load();
    CHECK(history.loads.empty());
    CHECK_FALSE(history.sleep());
}

TEST_CASE("a flush waits for what was recovered, but a single try not for a storage that fails") {
    History history(sending_at_once());
    history.delivery.recover({"s"}, 2, 100);
    history.act();
    history.flush(1, 0ns);
    history.flush(2);
    CHECK(history.flushed.empty());
    history.loaded(error::storage_failed);
    CHECK(history.flushed.at(1).left == 2);
    CHECK_FALSE(history.flushed.contains(2));
    CHECK(history.delivery.wakes_at() <= history.now.steady + 1s);
    REQUIRE(history.sleep());
    REQUIRE(history.loads.size() == 1);
    history.loaded(std::vector{chunks::make("s", 5, chunks::records(2))});
    history.take_all();
    CHECK(history.flushed.at(2).delivered == 2);
}

TEST_CASE("what is put while the backlog is read comes after it, in order") {
    auto options = options_with(1, 1);
    History history(options);
    history.delivery.recover({"s"}, 2, 100);
    history.stored["s"].emplace(5, chunks::make("s", 5, {named("k", "one"), named("k", "two")}));
    history.next_sequence = 100;
    history.act();
    history.put({named("k", "three")});
    CHECK(history.sends.empty());
    history.load();
    history.put({named("k", "four")});
    Data arrived;
    for (int i = 0; i < 20; ++i) {
        if (!history.loads.empty()) history.load();
        if (history.sends.empty()) continue;
        arrived.push_back(History::data(history.request()).front());
        history.take();
    }
    CHECK(arrived == Data{"one", "two", "three", "four"});
    CHECK(history.loads.empty());
    CHECK(history.delivery.unsettled() == 0);
}

TEST_CASE("a record that was loaded and is then admitted is there once") {
    History history(sending_at_once());
    history.delivery.recover({"s"}, 0, 1);
    history.act();
    auto chunk = chunks::make("s", 1, chunks::records(1));
    history.loaded(std::vector{chunk});
    REQUIRE(history.sends.size() == 1);
    history.admit(std::move(chunk));
    CHECK(history.sends.size() == 1);
    CHECK(history.delivery.unsettled() == 1);
    history.take_all();
    while (!history.loads.empty()) history.load();
    CHECK(history.sends.empty());
    history.check_end();
}

TEST_CASE("beyond the window only the storage has what was put, and it is read when there is room") {
    auto options = options_with(10, 1);
    History history(options);
    history.delivery.set_window(4'000);
    const std::string large(1'000, 'x');
    std::vector<std::uint64_t> firsts;
    for (int i = 0; i < 12; ++i) firsts.push_back(history.put({named("k", large + std::to_string(i))}));
    std::size_t arrived = 0;
    for (int i = 0; i < 200 && history.delivery.unsettled() > 0; ++i) {
        while (!history.loads.empty()) history.load();
        while (!history.sends.empty()) {
            for (const auto& data : History::data(history.request())) CHECK(data == large + std::to_string(arrived++));
            history.take();
        }
        if (history.loads.empty() && history.delivery.unsettled() > 0) REQUIRE(history.sleep());
    }
    CHECK(arrived == 12);
    while (!history.loads.empty()) history.load();
    history.check_end();
}

TEST_CASE("what was withdrawn while it was stored is not sent when the storage gives it back") {
    auto options = sending_at_once();
    options.requests_in_flight = 1;
    History history(options);
    history.delivery.set_window(100);
    history.put({named("k", std::string(1'000, 'x'))});
    const auto stored = chunks::make("s", history.next_sequence, chunks::records(3));
    auto chunk = stored;
    CHECK(sluice::detail::withdraw(chunk, 1, 1) == 1);
    history.admit(std::move(chunk));
    history.stored["s"].insert_or_assign(stored.first, stored);
    history.take();
    while (!history.loads.empty()) history.load();
    CHECK(History::data(history.request()) == Data{"data0", "data2"});
    history.take();
    CHECK(history.delivery.unsettled() == 0);
    CHECK(history.stats().delivered == 3);
}

TEST_CASE("a damaged chunk is reported, written off and left where it is") {
    History history(sending_at_once());
    history.delivery.recover({"s"}, 5, 100);
    history.act();
    history.flush(1);
    auto damaged = chunks::make("s", 5, chunks::records(3));
    damaged.body = std::make_shared<const std::string>(damaged.body->substr(0, damaged.body->size() - 1));
    history.loaded(std::vector{damaged, chunks::make("s", 8, chunks::records(2))});
    REQUIRE(history.unreadable.size() == 1);
    CHECK(history.unreadable.front().first == 5);
    CHECK(history.unreadable.front().records == 3);
    history.take_all();
    CHECK(history.flushed.at(1).delivered == 2);
    CHECK(history.flushed.at(1).left == 0);
    CHECK(history.delivery.unsettled() == 0);
}

TEST_CASE("a damaged chunk that was put after a flush began is none of the flush's") {
    auto options = options_with(1, 1);
    options.auto_flush = false;
    History history(options);
    history.delivery.set_window(1);
    history.put({named("k", "one")});
    history.flush(1);
    history.put({named("k", "two")}); // does not fit the window
    REQUIRE(history.loads.empty());
    auto damaged = history.stored["s"].at(2);
    damaged.body = std::make_shared<const std::string>("nonsense");
    history.fail(error::connection_failed);
    history.delivery.loaded(sluice::detail::LoadOrder("s", 1, 1, 0), std::vector{damaged}, history.now);
    history.act();
    CHECK(history.flushed.empty());
}

TEST_CASE("what a load brings that began before a clear is not taken in") {
    History history(sending_at_once());
    history.delivery.recover({"s"}, 2, 100);
    history.act();
    CHECK(history.delivery.clear() == 2);
    history.act();
    history.loaded(std::vector{chunks::make("s", 5, chunks::records(2))});
    CHECK(history.sends.empty());
    CHECK_FALSE(history.sleep());
    history.next_sequence = 100;
    const auto first = history.put(1);
    history.take();
    CHECK_FALSE(history.outcome(first));
}

TEST_CASE("a storage that holds more than it said does no harm") {
    History history(sending_at_once());
    history.delivery.recover({"s"}, 1, 100);
    history.act();
    history.loaded(std::vector{chunks::make("s", 5, chunks::records(3))});
    history.take_all();
    CHECK(history.delivery.unsettled() == 0);
    history.flush(1);
    CHECK(history.flushed.contains(1));
}

TEST_CASE("settlements are given once, and tell exactly what is settled") {
    History history(options_with(2, 1));
    history.settles = false;
    const auto first = history.put({named("a", "1"), named("b", "22"), named("c", "333")});
    CHECK_FALSE(history.delivery.has_settlements());
    history.take();
    REQUIRE(history.delivery.has_settlements());
    const auto changes = history.delivery.take_settlements();
    REQUIRE(changes.size() == 1);
    CHECK(changes.front().stream == "s");
    CHECK(changes.front().first == first);
    CHECK(changes.front().live == 1);
    CHECK(changes.front().live_bytes == 3 + 1 + 32);
    CHECK(changes.front().settled.test(0));
    CHECK(changes.front().settled.test(1));
    CHECK_FALSE(changes.front().settled.test(2));
    CHECK_FALSE(history.delivery.has_settlements());
    CHECK(history.delivery.take_settlements().empty());
}

// --- shards ----------------------------------------------------------------------------------------------------

TEST_CASE("nobody asks for the shards before somebody is throttled, and then once") {
    History history(sending_at_once());
    history.put(3);
    history.take();
    CHECK(history.maps.empty());
    history.put(3);
    history.answer({error::throttled});
    CHECK(history.maps == Data{"s"});
    history.advance(1s);
    CHECK(history.maps.size() == 1);
}

TEST_CASE("a stream whose shards may not be listed is paced as a whole, and asks again later") {
    History history(sending_at_once());
    history.put(3);
    history.answer({error::throttled});
    history.list_shards(error::access_denied);
    for (int i = 0; i < 1'000 && history.delivery.unsettled() > 0; ++i) {
        history.take_all();
        if (history.delivery.unsettled() > 0) REQUIRE(history.sleep());
    }
    history.check_end();
    int waits = 0;
    for (; history.maps.empty() && waits < 100; ++waits) REQUIRE(history.sleep());
    history.list_shards(sluice::kinesis::ShardMap());
    CHECK(history.maps.empty());
}

TEST_CASE("an answer from a shard that the map does not know asks for a new map, but not incessantly") {
    History history(sending_at_once());
    history.put(3);
    history.answer({error::throttled});
    history.list_shards(whole_stream("shardId-000000000001"));
    int answered = 0;
    while (history.now.steady < chunks::start + 4s) {
        history.put(1);
        for (; !history.sends.empty(); ++answered) history.take();
        history.advance(50ms);
    }
    CHECK(answered > 10);
    CHECK(history.maps.empty());
    history.advance(2s);
    CHECK(history.maps.size() == 1);
}

TEST_CASE("a throttled stream delivers at the pace of its shard, and one without trouble has no limit") {
    auto options = sending_at_once();
    History history(options);
    for (int i = 0; i < 4; ++i) history.put(500);
    for (int i = 0; i < 4; ++i) history.answer({error::throttled});
    history.list_shards(whole_stream());
    int wakes = 0;
    for (; history.delivery.unsettled() > 0; ++wakes) {
        REQUIRE(wakes < 10'000);
        history.take_all();
        if (history.delivery.unsettled() > 0) REQUIRE(history.sleep());
    }
    const auto took = history.now.steady - chunks::start;
    CHECK(took > 1s);
    CHECK(took < 6s);
    history.check_end();
}

// --- aggregates ------------------------------------------------------------------------------------------------

using Aggregates = BasicHistory<sluice::Aggregate>;

Record placed(const std::string& hash_key) {
    Record record("key", "data at " + hash_key);
    record.explicit_hash_key = hash_key;
    return record;
}

sluice::kinesis::ShardMap split_stream() {
    const auto last = sluice::kinesis::HashKey::max().to_string();
    return *sluice::kinesis::ShardMap::from({{"low", "0", "99"}, {"high", "100", last}});
}

TEST_CASE("who aggregates asks for the shards with the first record, which waits for them") {
    Aggregates history(sending_at_once());
    history.put({placed("1"), placed("2"), placed("200")});
    CHECK(history.maps == Data{"s"});
    CHECK(history.sends.empty());
    CHECK(history.delivery.wakes_at() == chunks::start + 1s);
    history.list_shards(split_stream());
    CHECK(history.request().entries() == 2);
    CHECK(history.maps.empty());
}

TEST_CASE("shards that are slow to come are waited for a second, and those that cannot be listed no longer") {
    Aggregates slow(sending_at_once());
    slow.put({placed("1"), placed("2")});
    REQUIRE(slow.sleep());
    CHECK(slow.now.steady == chunks::start + 1s);
    CHECK(slow.request().entries() == 2);
    CHECK(slow.delivery.wakes_at() > slow.now.steady); // it has nothing to do until the shards come
    slow.take();
    slow.list_shards(split_stream());
    slow.put({placed("1"), placed("200"), placed("2")});
    CHECK(slow.request().entries() == 2);

    Aggregates failing(sending_at_once());
    failing.put({placed("1"), placed("2")});
    failing.list_shards(error::connection_failed);
    CHECK(failing.now.steady == chunks::start);
    CHECK(failing.request().entries() == 2);
}

TEST_CASE("records that wait for shards that do not come go after a second, whatever else would keep them") {
    auto options = sending_at_once();
    options.linger = 60s;
    Aggregates full(options);
    std::vector<Record> many;
    for (int i = 0; i < 5'000; ++i) many.push_back(placed(std::to_string(i % 300)));
    full.put(std::move(many));
    CHECK(full.sends.empty());
    REQUIRE(full.sleep());
    CHECK(full.now.steady == chunks::start + 1s);
    CHECK_FALSE(full.sends.empty());

    for (const auto timeout : {0s, 5s}) {
        Aggregates flushed(options);
        flushed.put({placed("1"), placed("2")});
        flushed.flush(7, timeout);
        REQUIRE(flushed.sleep());
        CHECK(flushed.now.steady == chunks::start + 1s);
        CHECK(flushed.sends.size() == 1);
        CHECK(flushed.flushed.empty());
    }
}

TEST_CASE("a flush lets records wait for their shards half of its time, and no longer") {
    Aggregates history(sending_at_once());
    history.put({placed("1"), placed("2")});
    history.flush(7, 500ms);
    CHECK(history.sends.empty());
    REQUIRE(history.sleep());
    CHECK(history.now.steady == chunks::start + 250ms);
    CHECK(history.sends.size() == 1);
}

TEST_CASE("what comes back while shards are awaited goes when they do not come") {
    Aggregates history(sending_at_once());
    history.shard_id = "low";
    history.put({placed("1")});
    history.list_shards(split_stream());
    history.take();
    history.advance(10s);
    history.put({placed("1"), placed("2")});
    history.put({placed("3")});
    REQUIRE(history.sends.size() == 2);
    history.fail(error::stream_not_found);
    history.take(); // the pause is over, and the shards of what may be another stream are being listed
    CHECK(history.sends.empty());
    CHECK(history.delivery.wakes_at() <= history.now.steady + 1s);
    REQUIRE(history.sleep());
    CHECK_FALSE(history.sends.empty());
}

TEST_CASE("a flush waits for the shards that records wait for") {
    Aggregates history(sending_at_once());
    history.put({placed("1"), placed("2")});
    history.flush(7, 0s);
    CHECK(history.flushed.empty());
    history.list_shards(split_stream());
    history.shard_id = "low";
    history.take();
    REQUIRE(history.flushed.size() == 1);
    CHECK(history.flushed.at(7).left == 0);
}

TEST_CASE("an aggregate that a shard took which does not hold all of it is sent again, spends nothing, and is told") {
    auto options = sending_at_once();
    options.attempts = 1;
    Aggregates history(options);
    history.put({placed("1")});
    history.list_shards(split_stream());
    history.shard_id = "low";
    history.take();
    const auto first = history.put({placed("1"), placed("2")});
    REQUIRE(history.request().entries() == 1);
    history.shard_id = "child";
    history.take();
    CHECK(history.sends.empty()); // after a rest
    CHECK_FALSE(history.told.contains(first));
    while (history.sends.empty()) REQUIRE(history.sleep());
    history.shard_id = "low";
    for (int i = 0; history.delivery.unsettled() > 0; ++i) {
        REQUIRE(i < 100);
        history.take_all();
        if (history.delivery.unsettled() > 0) REQUIRE(history.sleep());
    }
    CHECK_FALSE(history.outcome(first));
    const auto& attempts = history.told.at(first).receipt.attempts();
    REQUIRE(attempts.size() == 2);
    CHECK(attempts[0].error == error::wrong_shard);
    CHECK_FALSE(attempts[1].error);
    CHECK(history.keyless.empty());
}

TEST_CASE("a stream that is gone may come back with other shards: they are listed again") {
    Aggregates history(sending_at_once());
    history.shard_id = "low";
    history.put({placed("1")});
    history.list_shards(split_stream());
    history.take();
    history.put({placed("1"), placed("2")});
    REQUIRE(history.request().entries() == 1);
    history.fail(error::stream_not_found);
    for (int i = 0; history.maps.empty(); ++i) {
        REQUIRE(i < 100);
        REQUIRE(history.sleep());
    }
    while (history.sends.empty()) REQUIRE(history.sleep());
    CHECK(history.request().entries() == 2);
}

TEST_CASE("a service that does not go by keys is noticed once") {
    Aggregates history(sending_at_once());
    history.put({placed("1")});
    history.list_shards(split_stream());
    history.shard_id = "low";
    history.take();
    history.shard_id = "high";
    history.put({placed("1"), placed("2")});
    history.take();
    CHECK(history.keyless == Data{"s"});
    while (history.sends.empty()) REQUIRE(history.sleep());
    CHECK(history.request().members.size() == history.request().entries());
    history.take_all();
    CHECK(history.keyless.size() == 1);
}

} // namespace
