#include <sluice/detail/intake.hpp>

#include "clock.hpp"

#include <sluice/partitioning/random.hpp>

#include <boost/system/errc.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using chunks::start;
using sluice::Chunk;
using sluice::error;
using sluice::error_code;
using sluice::Options;
using sluice::PutReport;
using sluice::Receipt;
using sluice::Record;
using sluice::RecordView;
using sluice::steady_time;
using sluice::WhenFull;
using sluice::detail::buffer_cost;
using sluice::detail::Intake;
using sluice::detail::Lot;
using sluice::detail::PutOp;
using sluice::detail::PutRules;

/// Keeps what it is told.
template <class... Args>
class Told final : public sluice::detail::Waiter<Args...> {
public:
    void complete(Args... args) override { values.emplace_back(std::move(args)...); }
    void on_cancel(std::function<void()>) override {}
    std::vector<std::tuple<Args...>> values;
};

/// An operation and what its handler is told.
class Op {
public:
    [[nodiscard]] bool ended() const { return errors().size() == 1; }

    [[nodiscard]] error_code error() const {
        REQUIRE(errors().size() == 1);
        return errors().front();
    }

    std::shared_ptr<PutOp> op;
    std::function<std::vector<error_code>()> errors;
    std::function<PutReport()> report;
};

template <class... Args>
Op with_waiter(const std::shared_ptr<Told<error_code, Args...>>& told) {
    Op made;
    made.errors = [told] {
        std::vector<error_code> errors;
        for (const auto& value : told->values) errors.push_back(std::get<0>(value));
        return errors;
    };
    return made;
}

Op put_of(Record record) {
    const auto told = std::make_shared<Told<error_code>>();
    auto made = with_waiter<>(told);
    made.op = std::make_shared<PutOp>(std::move(record), PutOp::Put(told));
    return made;
}

Op deliver_of(Record record) {
    const auto told = std::make_shared<Told<error_code, Receipt>>();
    auto made = with_waiter<Receipt>(told);
    made.op = std::make_shared<PutOp>(std::move(record), PutOp::Deliver(told));
    return made;
}

/// The records must outlive it.
Op put_all_of(const std::vector<Record>& records) {
    const auto told = std::make_shared<Told<error_code, PutReport>>();
    auto made = with_waiter<PutReport>(told);
    made.report = [told] { return std::get<1>(told->values.at(0)); };
    made.op = std::make_shared<PutOp>(std::vector<RecordView>(records.begin(), records.end()), PutOp::PutAll(told));
    return made;
}

/// An intake, and a strand that does with it what the engine does, if it is let.
class Door {
public:
    using Subject = Intake<sluice::RandomKey>;

    explicit Door(Options its_options, bool its_persistent = false)
        : options(std::move(its_options)), persistent(its_persistent), intake(options, rules(options), {}, clock) {}

    static PutRules rules(const Options& options) {
        PutRules rules;
        rules.max_record = options.max_payload;
        return rules;
    }

    void open(sluice::StoreUsage usage = {}) { complete(intake.opened(persistent, usage)); }

    error_code try_put(const RecordView& record) {
        bool wake = false;
        const auto failure = intake.try_put(record, wake);
        woken = woken || wake;
        return failure;
    }

    Op begin(Op op) {
        bool wake = false;
        const auto ended = intake.start(op.op, wake);
        woken = woken || wake;
        complete(ended);
        return op;
    }

    void cancel(const Op& op) {
        bool wake = false;
        const auto ended = intake.cancel(op.op, wake);
        woken = woken || wake;
        complete(ended);
    }

    /// The strand looks: takes what is due. With `all`, everything.
    std::size_t take(bool all = false) {
        woken = false;
        auto lots = intake.take(clock.steady(), all, due);
        for (auto& lot : lots) {
            CHECK(lot.count > 0);
            auto claims = lot.claims;
            auto chunk = lot.seal(next_sequence);
            next_sequence += chunk.count;
            CHECK(chunks::live(chunk) != nullptr);
            withdrawn += intake.withdraw_cancelled(claims, chunk);
            pending.emplace_back(std::move(chunk), std::move(claims));
        }
        return lots.size();
    }

    /// The storage has what was taken, or fails.
    void commit(error_code failure = {}) {
        for (auto& [chunk, claims] : std::exchange(pending, {})) {
            if (!failure) withdrawn += intake.withdraw_cancelled(claims, chunk);
            if (failure) reject(chunk, claims);
            complete(intake.committed(claims, failure));
            if (!failure && chunk.live > 0) kept.push_back(std::move(chunk));
        }
        woken = true; // as the engine does at the end of a commit
    }

    void take_and_commit(error_code failure = {}) {
        take(true);
        commit(failure);
    }

    /// Every record that was kept has its outcome.
    void settle() {
        for (const auto& chunk : std::exchange(kept, {})) release(chunk.stream, chunk.live, chunk.live_bytes);
    }

    void release(const std::string& stream, std::uint64_t records, std::uint64_t bytes) {
        bool wake = false;
        const auto ended = intake.release(stream, records, bytes, wake);
        woken = woken || wake;
        complete(ended);
    }

    [[nodiscard]] sluice::Stats stats() const {
        sluice::Stats stats;
        intake.stats_into(stats);
        return stats;
    }

    static void complete(const Subject::Ops& ended) {
        for (const auto& op : ended) op->complete();
    }

    /// The data of what was kept, in order.
    [[nodiscard]] std::vector<std::string> data() const {
        std::vector<std::string> all;
        for (const auto& chunk : kept) {
            const auto live = chunks::live(chunk);
            for (std::uint32_t i = 0; i < chunk.count; ++i) {
                if (!chunk.settled.test(i)) all.emplace_back(live->frame(i).data);
            }
        }
        return all;
    }

    Options options;
    bool persistent;
    HandClock clock;
    Subject intake;
    bool woken = false;            ///< The strand will look.
    steady_time due = steady_time::max();
    std::uint64_t next_sequence = 1;
    std::uint32_t withdrawn = 0;
    std::vector<std::pair<Chunk, std::vector<Lot::Claim>>> pending;
    std::vector<Chunk> kept;

private:
    void reject(Chunk& chunk, const std::vector<Lot::Claim>& claims) {
        const auto bytes = chunk.live_bytes;
        std::uint32_t told = 0;
        for (const auto& claim : claims) told += sluice::detail::withdraw(chunk, claim.first, claim.count);
        release(chunk.stream, told, bytes - chunk.live_bytes);
        if (chunk.live > 0) release(chunk.stream, chunk.live, chunk.live_bytes);
    }
};

Options room_for(std::size_t records, WhenFull when_full = WhenFull::wait) {
    Options options("s");
    options.buffer_records = records;
    options.when_full = when_full;
    return options;
}

Options bytes_for(std::size_t bytes, WhenFull when_full = WhenFull::wait) {
    Options options("s");
    options.buffer_bytes = bytes;
    options.when_full = when_full;
    return options;
}

using Data = std::vector<std::string>;

/// Gives everybody the same key, or throws.
class MayThrow {
public:
    using policy_kind = sluice::kind::partitioning;

    explicit MayThrow(std::shared_ptr<bool> throwing) : throwing_(std::move(throwing)) {}

    error_code key(const RecordView&, std::uint64_t, std::string& key) const {
        if (*throwing_) throw std::runtime_error("no key");
        key = "chosen";
        return {};
    }

private:
    std::shared_ptr<bool> throwing_;
};

// --- what may be put -------------------------------------------------------------------------------------------

TEST_CASE("a record that can never be sent is refused at once, by try_put and by the awaited puts") {
    Record headers("k", "d");
    headers.headers.emplace_back("name", "value");
    Record hash("k", "d");
    hash.explicit_hash_key = "340282366920938463463374607431768211456";
    Record stream("k", "d");
    stream.stream = "no such stream!";
    Record arn("k", "d");
    arn.stream = "arn:aws:kinesis:us-east-1:12:stream/x";
    Options small("s");
    small.max_payload = 100;
    const std::vector<std::pair<Record, error>> hopeless{
        {Record("", "d"), error::partition_key_empty},
        {Record(std::string(257, 'k'), ""), error::partition_key_too_long},
        {Record("\xFF", "d"), error::not_utf8},
        {Record("k", std::string(100, 'd')), error::record_too_large},
        {Record(std::string(85, 'd')), error::record_too_large}, // with the key that it gets
        {hash, error::hash_key_invalid},
        {stream, error::stream_name_invalid},
        {arn, error::stream_name_invalid},
        {headers, error::headers_need_aggregate},
    };
    Door door(small);
    door.open();
    for (const auto& [record, why] : hopeless) {
        CHECK(door.try_put(record) == why);
        CHECK(door.begin(put_of(record)).error() == why);
        CHECK(door.begin(deliver_of(record)).error() == why);
        const std::vector<Record> both{record, Record("k", "d")};
        CHECK(door.begin(put_all_of(both)).error() == why);
    }
    CHECK(door.stats().refused == 4 * hopeless.size());
    CHECK(door.stats().accepted == hopeless.size());
}

TEST_CASE("a stream may be named by its ARN, and is another one then") {
    const std::string arn = "arn:aws:kinesis:us-east-1:123456789012:stream/s";
    Door door{Options("s")};
    door.open();
    Record named("k", "d");
    named.stream = arn;
    CHECK_FALSE(door.try_put(named));
    door.take_and_commit();
    CHECK(door.kept.at(0).stream == arn);
}

TEST_CASE("a stream is the record's, or the options', or missing") {
    Door door{Options()};
    door.open();
    CHECK(door.try_put(RecordView("k", "d")) == error::stream_name_invalid);
    Record named("k", "d");
    named.stream = "t";
    CHECK_FALSE(door.try_put(named));
    door.take_and_commit();
    CHECK(door.kept.at(0).stream == "t");
}

TEST_CASE("who comes without a key gets one, which counts and stays") {
    Door door{Options("s")};
    door.open();
    CHECK_FALSE(door.try_put(RecordView("data")));
    CHECK(door.stats().buffered_bytes == buffer_cost(4, 16));
    door.take_and_commit();
    CHECK(chunks::live(door.kept.at(0))->frame(0).partition_key.size() == 16);
}

TEST_CASE("at most so many streams hold records, and one that is empty makes place for another") {
    for (const bool named : {false, true}) {
        Options options;
        if (named) options.stream = "default";
        options.max_streams = named ? 3 : 2;
        Door door(options);
        door.open();
        Record record("k", "d");
        for (const auto* stream : {"a", "b"}) {
            record.stream = stream;
            CHECK_FALSE(door.try_put(record));
        }
        record.stream = "c";
        CHECK(door.try_put(record) == error::too_many_streams);
        CHECK(door.begin(put_of(record)).error() == error::too_many_streams);
        door.take_and_commit();
        CHECK(door.try_put(record) == error::too_many_streams);
        door.settle();
        CHECK_FALSE(door.try_put(record));
        if (named) CHECK_FALSE(door.try_put(RecordView("k", "d")));
    }
}

TEST_CASE("a time-to-live is the record's, or the options', and zero is for ever") {
    Options options("s");
    options.time_to_live = 7s;
    Door door(options);
    door.open();
    Record own("k", "own");
    own.time_to_live = 3s;
    Record none("k", "none");
    none.time_to_live = 0ms;
    Record late("k", "late");
    late.time_to_live = -3s;
    CHECK_FALSE(door.try_put(Record("k", "default")));
    door.clock.advance(5ms);
    CHECK_FALSE(door.try_put(own));
    CHECK_FALSE(door.try_put(none));
    CHECK_FALSE(door.try_put(late));
    door.take_and_commit();
    const auto live = chunks::live(door.kept.at(0));
    CHECK(live->frame(0).time_to_live == 7s);
    CHECK(live->frame(1).time_to_live == 3s);
    CHECK(live->frame(1).put_after == 5ms);
    CHECK(live->frame(2).time_to_live == 0s);
    CHECK(live->frame(3).time_to_live == 1ms);
    CHECK(live->frame(3).put_after == 5ms);
}

TEST_CASE("a partitioning that throws refuses the record, in try_put, in a put, and when it is served") {
    const auto throwing = std::make_shared<bool>(true);
    const auto unknown = make_error_code(boost::system::errc::state_not_recoverable);
    const auto options = room_for(1);
    HandClock clock;
    Intake<MayThrow> intake(options, Door::rules(options), MayThrow(throwing), clock);
    bool wake = false;
    Door::complete(intake.opened(false, {}));
    CHECK(intake.try_put(RecordView("data"), wake) == unknown);
    const auto put = put_of(Record("data"));
    Door::complete(intake.start(put.op, wake));
    CHECK(put.error() == unknown);
    CHECK_FALSE(intake.try_put(RecordView("k", "fills the buffer"), wake));
    *throwing = false;
    const auto waiting = put_of(Record("data"));
    Door::complete(intake.start(waiting.op, wake));
    CHECK_FALSE(waiting.ended());
    *throwing = true;
    steady_time due;
    CHECK(intake.take(clock.steady(), true, due).size() == 1);
    Door::complete(intake.release("s", 1, buffer_cost(16, 1), wake));
    CHECK(waiting.error() == unknown);
    sluice::Stats stats;
    intake.stats_into(stats);
    CHECK(stats.refused == 3);
    CHECK(stats.accepted == 1);
    CHECK(stats.buffered_records == 0);
    *throwing = false;
    CHECK_FALSE(intake.try_put(RecordView("data"), wake));
}

// --- the caps --------------------------------------------------------------------------------------------------

TEST_CASE("both caps count every record without an outcome, wherever it is") {
    Door door(room_for(3, WhenFull::fail));
    door.open();
    CHECK_FALSE(door.try_put(RecordView("k", "1")));
    door.take();
    CHECK_FALSE(door.try_put(RecordView("k", "2")));
    door.take_and_commit();
    CHECK_FALSE(door.try_put(RecordView("k", "3")));
    CHECK(door.try_put(RecordView("k", "4")) == error::buffer_full);
    CHECK(door.stats().buffered_records == 3);
    CHECK(door.stats().buffered_bytes == 3 * buffer_cost(1, 1));
    door.settle();
    CHECK(door.stats().buffered_records == 1);
    CHECK_FALSE(door.try_put(RecordView("k", "5")));

    Door bytes(bytes_for(2 * buffer_cost(10, 1), WhenFull::fail));
    bytes.open();
    CHECK_FALSE(bytes.try_put(RecordView("k", "0123456789")));
    CHECK(bytes.try_put(RecordView("k", "01234567890")) == error::buffer_full);
    CHECK_FALSE(bytes.try_put(RecordView("k", "0123456789")));
}

TEST_CASE("what the storage held at the start counts") {
    Door door(room_for(3, WhenFull::fail), true);
    sluice::StoreUsage usage;
    usage.records = 2;
    usage.bytes = 100;
    door.open(usage);
    CHECK_FALSE(door.try_put(RecordView("k", "1")));
    CHECK(door.try_put(RecordView("k", "2")) == error::buffer_full);
    CHECK(door.stats().buffered_bytes == 100 + buffer_cost(1, 1));
}

TEST_CASE("who waits for room is served first come, first served, and try_put does not overtake") {
    Door door(room_for(1));
    door.open();
    CHECK_FALSE(door.try_put(RecordView("k", "0")));
    std::vector<Op> waiting;
    for (int i = 1; i <= 3; ++i) waiting.push_back(door.begin(put_of(Record("k", std::to_string(i)))));
    CHECK_FALSE(waiting[0].ended());
    CHECK(door.try_put(RecordView("k", "x")) == error::buffer_full);
    for (std::size_t i = 0; i < 3; ++i) {
        door.take_and_commit();
        CHECK(door.data() == Data{std::to_string(i)});
        door.settle();
        CHECK_FALSE(waiting[i].error());
        CHECK(door.try_put(RecordView("k", "x")) == error::buffer_full);
        if (i < 2) CHECK_FALSE(waiting[i + 1].ended());
    }
    door.take_and_commit();
    CHECK(door.data() == Data{"3"});
}

TEST_CASE("with WhenFull::fail nobody waits") {
    Door door(room_for(1, WhenFull::fail));
    door.open();
    CHECK_FALSE(door.try_put(RecordView("k", "0")));
    CHECK(door.begin(put_of(Record("k", "1"))).error() == error::buffer_full);
    CHECK(door.begin(deliver_of(Record("k", "1"))).error() == error::buffer_full);
    const std::vector<Record> records(3, Record("k", "d"));
    CHECK(door.begin(put_all_of(records)).report().refused.size() == 3);
}

TEST_CASE("a record larger than the cap never waits, not even behind others, or with a key that it got") {
    const std::string large(100, 'd');
    Door door(bytes_for(120));
    door.open();
    CHECK(door.begin(put_of(Record("k", large))).error() == error::buffer_full);
    CHECK(door.begin(put_of(Record(std::string(80, 'd')))).error() == error::buffer_full); // 80 + 16 + 32 > 120
    CHECK_FALSE(door.try_put(RecordView("k", "0123456789")));
    const auto waiting = door.begin(put_of(Record("k", std::string(80, 'd'))));
    CHECK_FALSE(waiting.ended());
    CHECK(door.begin(put_of(Record("k", large))).error() == error::buffer_full);
    CHECK_FALSE(waiting.ended());
}

TEST_CASE("who cannot be helped by waiting does not stand behind those who wait") {
    Door door(room_for(1));
    door.open();
    CHECK_FALSE(door.try_put(RecordView("k", "0")));
    const auto waiting = door.begin(put_of(Record("k", "1")));
    CHECK(door.begin(put_of(Record("", "1"))).error() == error::partition_key_empty);
    door.intake.enable(false);
    CHECK_FALSE(door.begin(put_of(Record("k", "1"))).error());
    CHECK(door.begin(deliver_of(Record("k", "1"))).error() == error::disabled);
    CHECK_FALSE(waiting.ended());
    const std::vector<Record> none;
    CHECK_FALSE(door.begin(put_all_of(none)).error());
}

TEST_CASE("a range larger than the buffer passes through it in pieces") {
    Door door(room_for(4), true);
    door.open();
    std::vector<Record> records;
    for (int i = 0; i < 10; ++i) records.emplace_back("k", std::to_string(i));
    const auto all = door.begin(put_all_of(records));
    Data passed;
    for (int i = 0; i < 3; ++i) {
        door.take_and_commit();
        CHECK(door.stats().buffered_records <= 4);
        for (const auto& data : door.data()) passed.push_back(data);
        door.settle();
    }
    CHECK_FALSE(all.error());
    CHECK(all.report().accepted == 10);
    CHECK(passed == Data{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
}

TEST_CASE("with drop_oldest room is wanted before there is none, and by whoever was refused for want of it") {
    Door door(bytes_for(1'000, WhenFull::drop_oldest));
    door.open();
    CHECK_FALSE(door.intake.wants_room());
    CHECK_FALSE(door.try_put(RecordView("k", std::string(500, 'd'))));
    CHECK_FALSE(door.intake.wants_room());
    CHECK(door.take(true) == 1);
    CHECK(door.try_put(RecordView("k", std::string(600, 'd'))) == error::buffer_full);
    CHECK(door.woken);
    CHECK(door.intake.wants_room());
    door.take();
    CHECK(door.try_put(RecordView("k", std::string(600, 'd'))) == error::buffer_full);
    CHECK_FALSE(door.woken); // it knows
    door.commit();
    door.settle();
    CHECK_FALSE(door.intake.wants_room());
    CHECK_FALSE(door.try_put(RecordView("k", std::string(600, 'd'))));
    CHECK(door.try_put(RecordView("k", std::string(2'000, 'd'))) == error::buffer_full);
    CHECK_FALSE(door.intake.wants_room()); // dropping would not help
}

TEST_CASE("with drop_oldest and room for few records the last of them wants room") {
    Door door(room_for(2, WhenFull::drop_oldest));
    door.open();
    CHECK_FALSE(door.try_put(RecordView("k", "1")));
    CHECK_FALSE(door.try_put(RecordView("k", "2")));
    CHECK(door.try_put(RecordView("k", "3")) == error::buffer_full);
    CHECK(door.intake.wants_room());
    const auto waiting = door.begin(put_of(Record("k", "3")));
    CHECK(door.woken);
    door.take_and_commit();
    door.settle();
    CHECK(waiting.ended());
}

TEST_CASE("in every other mode nobody wants old records dropped") {
    for (const auto when_full : {WhenFull::wait, WhenFull::fail}) {
        Door door(room_for(1, when_full));
        door.open();
        CHECK_FALSE(door.try_put(RecordView("k", "1")));
        (void)door.try_put(RecordView("k", "2"));
        door.begin(put_of(Record("k", "2")));
        CHECK_FALSE(door.intake.wants_room());
    }
}

// --- when an operation ends ------------------------------------------------------------------------------------

TEST_CASE("a put is accepted at once by a storage that does not persist, and by the commit of one that does") {
    Door memory{Options("s")};
    memory.open();
    CHECK_FALSE(memory.begin(put_of(Record("k", "d"))).error());
    Door disk(Options("s"), true);
    disk.open();
    const auto put = disk.begin(put_of(Record("k", "d")));
    CHECK(disk.woken);
    CHECK_FALSE(put.ended());
    CHECK(disk.take() == 1); // somebody waits: no interval
    CHECK_FALSE(put.ended());
    disk.commit();
    CHECK_FALSE(put.error());
}

TEST_CASE("all lots of one operation go into one commit, even if the strand read its clock before it") {
    Door disk(Options("s"), true);
    disk.open();
    const std::vector<Record> records(300, Record("k", std::string(2'000, 'd')));
    const auto all = disk.begin(put_all_of(records));
    steady_time due;
    CHECK(disk.intake.take(disk.clock.steady() - 1s, false, due).size() == 3);
    CHECK(disk.intake.empty());
    CHECK_FALSE(all.ended());
}

TEST_CASE("before the opening nobody is told, and then at once if the storage does not persist") {
    for (const bool persistent : {false, true}) {
        Door door(Options("s"), persistent);
        const auto put = door.begin(put_of(Record("k", "1")));
        const std::vector<Record> records(300, Record("k", std::string(2'000, 'd')));
        const auto all = door.begin(put_all_of(records));
        CHECK_FALSE(put.ended());
        CHECK_FALSE(all.ended());
        door.open();
        CHECK(put.ended() != persistent);
        CHECK(all.ended() != persistent);
        door.take_and_commit();
        CHECK_FALSE(put.error());
        CHECK_FALSE(all.error());
        CHECK(all.report().accepted == 300);
    }
}

TEST_CASE("a delivery ends with the outcome and not with the acceptance") {
    for (const bool persistent : {false, true}) {
        Door door(Options("s"), persistent);
        door.open();
        CHECK_FALSE(door.try_put(RecordView("k", "anonymous")));
        const auto delivery = door.begin(deliver_of(Record("k", "d")));
        door.take(true);
        const auto watched = door.intake.watched(door.pending.at(0).second);
        REQUIRE(watched.size() == 1);
        CHECK(watched.front().first == 1);
        door.commit();
        CHECK_FALSE(delivery.ended());
        CHECK(door.intake.end(watched.front().second, error::gave_up));
        watched.front().second->complete();
        CHECK(delivery.error() == error::gave_up);
        CHECK_FALSE(door.intake.end(watched.front().second, {}));
    }
}

TEST_CASE("a storage that fails refuses those who wait, and gives their room back") {
    Door door(Options("s"), true);
    door.open();
    const auto put = door.begin(put_of(Record("k", "d")));
    const auto delivery = door.begin(deliver_of(Record("k", "d")));
    const std::vector<Record> records{Record("k", "0"), Record("", "1"), Record("k", "2"), Record("k", "3")};
    const auto all = door.begin(put_all_of(records));
    door.take_and_commit(error::storage_full);
    CHECK(put.error() == error::storage_full);
    CHECK(delivery.error() == error::storage_full);
    const auto refused = all.report().refused;
    REQUIRE(refused.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(refused[i].index == i);
        CHECK(refused[i].reason == (i == 1 ? error::partition_key_empty : error::storage_full));
    }
    CHECK(all.report().accepted == 0);
    CHECK(all.error() == error::storage_full); // of the first
    CHECK(door.stats().buffered_records == 0);
    CHECK(door.stats().buffered_bytes == 0);
}

TEST_CASE("while disabled puts are ignored quietly, and deliveries are refused") {
    Door door{Options("s")};
    door.open();
    door.intake.enable(false);
    CHECK_FALSE(door.try_put(RecordView("k", "d")));
    CHECK_FALSE(door.try_put(RecordView("", "invalid")));
    CHECK_FALSE(door.begin(put_of(Record("k", "d"))).error());
    const std::vector<Record> records(3, Record("k", "d"));
    CHECK(door.begin(put_all_of(records)).report().accepted == 3);
    CHECK(door.begin(deliver_of(Record("k", "d"))).error() == error::disabled);
    CHECK(door.stats().ignored == 7);
    CHECK(door.stats().accepted == 0);
    CHECK(door.intake.empty());
    door.intake.enable(true);
    CHECK_FALSE(door.try_put(RecordView("k", "d")));
    CHECK(door.stats().accepted == 1);
}

TEST_CASE("after close everybody is refused, who waits for room, too, and what was accepted stays") {
    Door door(room_for(1), true);
    door.open();
    CHECK_FALSE(door.try_put(RecordView("k", "0")));
    const auto put = door.begin(put_of(Record("k", "1")));
    const auto delivery = door.begin(deliver_of(Record("k", "1")));
    Door::complete(door.intake.close());
    CHECK(put.error() == error::closed);
    CHECK(delivery.error() == error::closed);
    CHECK(door.try_put(RecordView("k", "2")) == error::closed);
    CHECK(door.begin(put_of(Record("k", "2"))).error() == error::closed);
    door.intake.enable(false);
    CHECK(door.try_put(RecordView("k", "2")) == error::closed);
    CHECK(door.begin(deliver_of(Record("k", "2"))).error() == error::closed);
    door.take_and_commit();
    CHECK(door.data() == Data{"0"});
}

TEST_CASE("if the storage cannot be opened, who waits is refused for good, and what nobody waits for stays") {
    Door door(room_for(4), true);
    CHECK_FALSE(door.try_put(RecordView("k", "anonymous")));
    const auto put = door.begin(put_of(Record("k", "put")));
    const auto delivery = door.begin(deliver_of(Record("k", "delivery")));
    const std::vector<Record> records(4, Record("k", "all"));
    const auto all = door.begin(put_all_of(records));
    Door::complete(door.intake.open_failed(error::storage_locked));
    CHECK(put.error() == error::storage_locked);
    CHECK(delivery.error() == error::storage_locked);
    CHECK(all.report().refused.size() == 4);
    CHECK(door.stats().buffered_records == 1);
    CHECK(door.stats().buffered_bytes == buffer_cost(9, 1));
    CHECK(door.stats().accepted == 1);
    door.open();
    door.take_and_commit();
    CHECK(door.data() == Data{"anonymous"}); // what was refused is not delivered all the same
}

TEST_CASE("if the storage cannot be opened, lots of which nothing is left are gone") {
    Door door(Options("s"), true);
    const std::vector<Record> records(400, Record("k", std::string(2'000, 'd')));
    const auto all = door.begin(put_all_of(records));
    Door::complete(door.intake.open_failed(error::storage_locked));
    CHECK(all.ended());
    CHECK(door.intake.empty());
    door.open();
    CHECK(door.take(true) == 0);
}

TEST_CASE("what stands in lots when nobody will take it is counted") {
    Door door{Options("s")};
    CHECK(door.intake.abandon() == 0);
    for (int i = 0; i < 300; ++i) CHECK_FALSE(door.try_put(RecordView("k", std::string(2'000, 'd'))));
    CHECK_FALSE(door.intake.empty());
    CHECK(door.intake.abandon() == 300);
    CHECK(door.intake.empty());
}

// --- cancelling ------------------------------------------------------------------------------------------------

TEST_CASE("cancelled while it waits for room, a put was never there") {
    Door door(room_for(1));
    door.open();
    CHECK_FALSE(door.try_put(RecordView("k", "0")));
    const auto put = door.begin(put_of(Record("k", "1")));
    door.cancel(put);
    CHECK(put.error() == boost::asio::error::operation_aborted);
    door.cancel(put);
    CHECK(put.ended());
    door.take_and_commit();
    door.settle();
    door.take_and_commit();
    CHECK(door.kept.empty());
    CHECK_FALSE(door.try_put(RecordView("k", "2")));
}

TEST_CASE("who stood behind a cancelled put finds room at once, and the strand is woken for what it put") {
    Door door(bytes_for(300));
    door.open();
    CHECK_FALSE(door.try_put(RecordView("k", "0")));
    door.take_and_commit();
    const auto large = door.begin(put_of(Record("k", std::string(250, 'd'))));
    const auto small = door.begin(put_of(Record("k", "small")));
    CHECK_FALSE(small.ended());
    door.take();
    door.cancel(large);
    CHECK(small.ended());
    CHECK(door.woken);
}

TEST_CASE("cancelled before its commit a record is withdrawn, and its room serves those who wait") {
    for (const bool committing : {false, true}) {
        Door door(room_for(1), true);
        door.open();
        const auto put = door.begin(put_of(Record("k", "withdrawn")));
        const auto next = door.begin(put_of(Record("k", "next")));
        if (committing) door.take();
        door.cancel(put);
        CHECK(put.error() == boost::asio::error::operation_aborted);
        door.take_and_commit();
        CHECK(door.withdrawn == 1);
        CHECK(door.kept.empty());
        door.take_and_commit();
        CHECK_FALSE(next.error());
        CHECK(door.data() == Data{"next"});
        CHECK(door.stats().accepted == 1);
        CHECK(door.stats().buffered_records == 1);
    }
}

TEST_CASE("cancelled after its acceptance a record goes on, and only the waiting ends") {
    for (const bool persistent : {false, true}) {
        Door door(Options("s"), persistent);
        door.open();
        const auto delivery = door.begin(deliver_of(Record("k", "d")));
        door.take_and_commit();
        door.cancel(delivery);
        CHECK(delivery.error() == boost::asio::error::operation_aborted);
        CHECK(door.data() == Data{"d"});
        CHECK_FALSE(door.intake.end(delivery.op, {}));
    }
}

TEST_CASE("cancelled before the opening a record is withdrawn, whatever the storage") {
    for (const bool persistent : {false, true}) {
        Door door(Options("s"), persistent);
        const auto put = door.begin(put_of(Record("k", "1")));
        const auto delivery = door.begin(deliver_of(Record("k", "2")));
        door.cancel(put);
        door.cancel(delivery);
        door.open();
        door.take_and_commit();
        CHECK(door.kept.empty());
        CHECK(door.withdrawn == 2);
        CHECK(door.stats().buffered_records == 0);
    }
}

TEST_CASE("of a cancelled range what was committed stays, and the rest is withdrawn") {
    Door door(room_for(4), true);
    door.open();
    std::vector<Record> records;
    for (int i = 0; i < 10; ++i) records.emplace_back("k", std::to_string(i));
    const auto all = door.begin(put_all_of(records));
    door.take_and_commit();
    door.settle(); // 4 are through, 4 more stand in a lot, 2 wait
    door.cancel(all);
    CHECK(all.error() == boost::asio::error::operation_aborted);
    CHECK(all.report().accepted == 4);
    door.take_and_commit();
    CHECK(door.kept.empty());
    CHECK(door.withdrawn == 4);
    CHECK(door.stats().accepted == 4);
    CHECK(door.stats().buffered_records == 0);
}

// --- lots and wake-ups -----------------------------------------------------------------------------------------

TEST_CASE("a lot becomes a chunk when it has lingered, or when its records fill a request") {
    Options options("s");
    options.request_records = 3;
    Door door(options);
    door.open();
    CHECK_FALSE(door.try_put(RecordView("k", "1")));
    CHECK(door.woken);
    CHECK(door.take() == 0);
    CHECK(door.due == start + 100ms);
    CHECK_FALSE(door.try_put(RecordView("k", "2")));
    CHECK_FALSE(door.woken);
    CHECK_FALSE(door.try_put(RecordView("k", "3")));
    CHECK(door.woken);
    CHECK(door.take() == 1);
    CHECK_FALSE(door.try_put(RecordView("k", "4")));
    CHECK(door.take() == 0);
    door.clock.advance(100ms);
    CHECK(door.take() == 1);
    CHECK(door.take() == 0);
    CHECK(door.due == steady_time::max());
}

TEST_CASE("a persistent storage commits what nobody waits for after an interval, and else at once") {
    Door door(Options("s"), true);
    door.open();
    CHECK_FALSE(door.try_put(RecordView("k", "1")));
    CHECK(door.take() == 0);
    CHECK(door.due == start + 10ms);
    door.begin(put_of(Record("k", "2")));
    CHECK(door.woken);
    CHECK(door.take() == 1);
}

TEST_CASE("a large payload travels in a chunk of its own, and order is kept") {
    Options options("s");
    options.max_payload = 10U << 20U;
    Door door(options);
    door.open();
    CHECK_FALSE(door.try_put(RecordView("k", "small")));
    CHECK_FALSE(door.try_put(RecordView("k", std::string(5U << 20U, 'x'))));
    CHECK_FALSE(door.try_put(RecordView("k", "after")));
    door.take_and_commit();
    REQUIRE(door.kept.size() == 3);
    CHECK(door.data().front() == "small");
    CHECK(door.data().back() == "after");
}

TEST_CASE("clearing the storage leaves what stands in lots, and serves who waits") {
    Door door(room_for(3));
    door.open();
    CHECK_FALSE(door.try_put(RecordView("k", "1")));
    CHECK_FALSE(door.try_put(RecordView("k", "2")));
    door.take_and_commit();
    CHECK_FALSE(door.try_put(RecordView("k", "3")));
    const auto waiting = door.begin(put_of(Record("k", "4")));
    bool wake = false;
    Door::complete(door.intake.storage_cleared(wake));
    CHECK(waiting.ended());
    CHECK(door.stats().buffered_records == 2);
    CHECK(door.stats().buffered_bytes == 2 * buffer_cost(1, 1));
}

TEST_CASE("clearing the storage ends the shortage") {
    Door door(room_for(2, WhenFull::drop_oldest));
    door.open();
    CHECK_FALSE(door.try_put(RecordView("k", "1")));
    CHECK_FALSE(door.try_put(RecordView("k", "2")));
    door.take_and_commit();
    CHECK(door.try_put(RecordView("k", "3")) == error::buffer_full);
    CHECK(door.intake.wants_room());
    bool wake = false;
    Door::complete(door.intake.storage_cleared(wake));
    CHECK_FALSE(door.intake.wants_room());
    CHECK_FALSE(door.try_put(RecordView("k", "4")));
    CHECK_FALSE(door.intake.wants_room());
}

TEST_CASE("releasing more than there is does not go below nothing") {
    Door door(room_for(3));
    door.open();
    door.release("s", 1'000, 1'000);
    door.release("unheard-of", 1'000, 1'000);
    CHECK(door.stats().buffered_records == 0);
    CHECK(door.stats().buffered_bytes == 0);
}

/// Anybody does anything, and the strand looks only when it was woken or when a lot is due.
class DoorModel {
public:
    explicit DoorModel(std::uint64_t seed) : dice_(seed), door_(some_options(), seed % 2 == 0) {}

    void play(int moves) {
        for (int i = 0; i < moves; ++i) {
            move();
            check_wake();
        }
        finish();
    }

private:
    Options some_options() {
        auto options = bytes_for(dice_() % 2 == 0 ? 400 : 10'000, WhenFull(dice_() % 3));
        options.buffer_records = dice_() % 2 == 0 ? 5 : 100;
        options.request_records = dice_() % 2 == 0 ? 2 : 500;
        options.max_streams = 2;
        return options;
    }

    Record some_record() {
        Record record("k", std::string(dice_() % (dice_() % 10 == 0 ? 500 : 50), 'd'));
        if (dice_() % 4 == 0) record.partition_key.reset();
        if (dice_() % 3 == 0) record.stream = "t";
        if (dice_() % 30 == 0) record.stream = "u";
        return record;
    }

    void move() {
        switch (dice_() % 12) {
        case 0:
        case 1: return (void)door_.try_put(some_record());
        case 2: return start(put_of(some_record()));
        case 3: return start(deliver_of(some_record()));
        case 4: return start_all();
        case 5: return cancel();
        case 6: return door_.clock.advance(std::chrono::milliseconds(dice_() % 60));
        case 7: return look();
        case 8: return door_.commit(dice_() % 5 == 0 ? error_code(error::storage_failed) : error_code{});
        case 9: return door_.settle();
        case 10: return door_.intake.enable(dice_() % 4 != 0);
        default: return open();
        }
    }

    void start(Op op) {
        ops_.push_back(std::move(op));
        door_.begin(ops_.back());
    }

    void start_all() {
        auto& records = ranges_.emplace_back();
        for (auto count = dice_() % 8; count > 0; --count) records.push_back(some_record());
        start(put_all_of(records));
    }

    void cancel() {
        if (!ops_.empty()) door_.cancel(ops_[dice_() % ops_.size()]);
    }

    void look() {
        if (!open_) return;
        if (door_.woken || door_.due <= door_.clock.steady()) door_.take(door_.intake.wants_room());
    }

    void open() {
        if (std::exchange(open_, true)) return;
        door_.open();
        door_.woken = true;
    }

    /// Whoever looks when he was woken or when something is due leaves nothing that is due behind.
    void check_wake() {
        if (!open_ || door_.woken || door_.due <= door_.clock.steady()) return;
        const auto due = door_.due;
        const auto before = door_.pending.size();
        CHECK(door_.take() == 0);
        CHECK(door_.pending.size() == before);
        CHECK(due <= door_.due);
    }

    void finish() {
        open();
        door_.intake.enable(true);
        for (int i = 0; !all_served(); ++i) {
            REQUIRE(i < 1'000);
            look();
            door_.commit();
            deliver();
            door_.settle();
            if (door_.due != steady_time::max() && door_.due > door_.clock.steady()) {
                door_.clock.advance(door_.due - door_.clock.steady());
            }
        }
        for (const auto& op : ops_) CHECK(op.errors().size() <= 1);
        CHECK(door_.stats().buffered_records == 0);
        CHECK(door_.stats().buffered_bytes == 0);
    }

    /// Deliveries end with the outcome, for which the model has no ear: it ends them when they were accepted.
    void deliver() {
        for (const auto& op : ops_) {
            if (op.op->wants_receipt() && op.op->all_placed() && op.op->unaccepted == 0 && !op.ended()) {
                if (door_.intake.end(op.op, {})) op.op->complete();
            }
        }
    }

    [[nodiscard]] bool all_served() const {
        return door_.intake.empty() && door_.pending.empty() && door_.kept.empty() &&
               std::all_of(ops_.begin(), ops_.end(), [](const Op& op) { return op.ended(); });
    }

    std::mt19937_64 dice_;
    Door door_;
    bool open_ = false;
    std::deque<std::vector<Record>> ranges_;
    std::vector<Op> ops_;
};

TEST_CASE("no wake-up is lost and nobody waits for ever, whatever happens") {
    for (std::uint64_t seed = 1; seed <= 3'000; ++seed) {
        CAPTURE(seed);
        DoorModel(seed).play(60);
    }
}

// --- threads ---------------------------------------------------------------------------------------------------

TEST_CASE("many threads put while the strand takes: nothing is lost, doubled or left behind without a wake-up") {
    Options options("s");
    options.buffer_records = 500;
    options.request_records = 20;
    Door door(options);
    door.open();
    constexpr int threads = 4;
    constexpr int each = 3'000;
    std::atomic<int> wakes = 0;
    std::atomic<int> done = 0;
    std::vector<std::thread> putting;
    for (int t = 0; t < threads; ++t) {
        putting.emplace_back([&, t] {
            for (int i = 0; i < each;) {
                bool wake = false;
                const auto text = std::to_string(t) + ":" + std::to_string(i);
                const auto failure = door.intake.try_put(RecordView("k", text), wake);
                if (wake) ++wakes;
                if (failure) {
                    std::this_thread::yield();
                } else {
                    ++i;
                }
            }
            ++done;
        });
    }
    std::map<std::string, int> found;
    const auto strand_looks = [&](bool all) {
        auto lots = door.intake.take(door.clock.steady(), all, door.due);
        for (auto& lot : lots) {
            const auto live = chunks::live(lot.seal(1));
            std::uint64_t bytes = 0;
            for (std::uint32_t i = 0; i < live->chunk.count; ++i) {
                ++found[std::string(live->frame(i).data)];
                bytes += live->cost(i);
            }
            bool wake = false;
            Door::complete(door.intake.release("s", live->chunk.count, bytes, wake));
            if (wake) ++wakes;
        }
    };
    // The strand looks once for each wake-up; 20 records make a lot due, so that none is left behind.
    while (done < threads) {
        if (wakes.exchange(0) > 0) {
            strand_looks(false);
        } else {
            std::this_thread::yield();
        }
    }
    for (auto& thread : putting) thread.join();
    if (wakes.exchange(0) > 0) strand_looks(false);
    CHECK(door.stats().buffered_records < 20);
    strand_looks(true);
    CHECK(found.size() == threads * each);
    CHECK(std::all_of(found.begin(), found.end(), [](const auto& one) { return one.second == 1; }));
    CHECK(door.stats().accepted == threads * each);
    CHECK(door.stats().buffered_records == 0);
}

TEST_CASE("operations that are started, cancelled and committed on several threads are told once each") {
    Options options("s");
    options.buffer_records = 50;
    Door door(options, true);
    door.open();
    const std::vector<Record> records(7, Record("k", "d"));
    std::atomic<int> ended = 0;
    std::atomic<bool> stop = false;
    const auto complete = [&](const Door::Subject::Ops& ops) {
        for (const auto& op : ops) op->complete();
        ended += static_cast<int>(ops.size());
    };
    std::thread strand([&] {
        while (!stop) {
            for (auto& lot : door.intake.take(door.clock.steady(), true, door.due)) {
                auto claims = lot.claims;
                auto chunk = lot.seal(1);
                (void)door.intake.withdraw_cancelled(claims, chunk);
                complete(door.intake.committed(claims, {}));
                bool wake = false;
                complete(door.intake.release("s", chunk.live, chunk.live_bytes, wake));
            }
            std::this_thread::yield();
        }
    });
    constexpr int threads = 2;
    constexpr int each = 400;
    std::vector<std::vector<Op>> ops(threads);
    std::vector<std::thread> putting;
    for (auto& own : ops) {
        putting.emplace_back([&] {
            for (int i = 0; i < each; ++i) {
                own.push_back(put_all_of(records));
                bool wake = false;
                complete(door.intake.start(own.back().op, wake));
                if (i % 3 == 0) std::this_thread::yield();
                if (i % 2 == 0) complete(door.intake.cancel(own.back().op, wake));
            }
        });
    }
    for (auto& thread : putting) thread.join();
    for (int i = 0; ended < threads * each && i < 100'000; ++i) std::this_thread::sleep_for(100us);
    stop = true;
    strand.join();
    CHECK(ended == threads * each);
    for (const auto& own : ops) {
        for (const auto& op : own) CHECK(op.errors().size() == 1);
    }
    CHECK(door.stats().buffered_records == 0);
}

TEST_CASE("threads share arenas, and none sees what another writes") {
    using sluice::detail::Arenas;
    const auto arenas = std::make_shared<Arenas>();
    std::vector<std::thread> threads;
    std::vector<int> wrong(4);
    for (std::size_t i = 0; i < wrong.size(); ++i) {
        threads.emplace_back([&, i] {
            const auto mine = static_cast<char>('a' + i);
            for (int round = 0; round < 200; ++round) {
                auto text = arenas->take(Arenas::least_bytes);
                text.assign(5'000, mine);
                const auto shared = arenas->share(std::move(text));
                if (shared->find_first_not_of(mine) != std::string::npos) ++wrong[i];
            }
        });
    }
    for (auto& thread : threads) thread.join();
    CHECK(wrong == std::vector<int>(4));
}

} // namespace
