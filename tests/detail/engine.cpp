#include <sluice/detail/engine.hpp>

#include "../doubles.hpp"
#include "../run.hpp"

#include <sluice/producer.hpp>
#include <sluice/storage/memory.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using asio::awaitable;
using namespace std::chrono_literals;
using sluice::error;
using sluice::error_code;
using sluice::FlushReport;

namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

/// What a source of credentials does when it is cancelled.
enum class Manners : std::uint8_t { polite, throws, deaf };

/// What the policies of one producer are asked to do, in order, and how it goes.
class Diary {
public:
    /// Notes a deed, waits as long as it is held, and fails or throws if it is to.
    awaitable<error_code> meet(std::string deed) {
        deeds.push_back(deed);
        if (spared[deed] > 0) {
            --spared[deed];
            co_return error_code{};
        }
        while (held.contains(deed)) co_await asio::post(asio::use_awaitable);
        if (throwing[deed] > 0) {
            --throwing[deed];
            throw std::runtime_error(deed);
        }
        if (failing[deed] > 0) {
            --failing[deed];
            co_return error::storage_full;
        }
        co_return error_code{};
    }

    /// Throws on the spot, before there is anything to await, if it is to.
    void strike(const std::string& deed) {
        if (striking[deed] == 0) return;
        --striking[deed];
        deeds.push_back("struck " + deed);
        throw std::runtime_error(deed);
    }

    [[nodiscard]] std::size_t count(const std::string& deed) const {
        return static_cast<std::size_t>(std::count(deeds.begin(), deeds.end(), deed));
    }

    /// Where a deed came last.
    [[nodiscard]] std::ptrdiff_t place(const std::string& deed) const {
        const auto found = std::find(deeds.rbegin(), deeds.rend(), deed);
        REQUIRE_MESSAGE(found != deeds.rend(), deed);
        return deeds.rend() - found;
    }

    std::vector<std::string> deeds;
    std::set<std::string> held;
    std::map<std::string, int> failing;  ///< How often a deed fails.
    std::map<std::string, int> throwing; ///< How often it throws.
    std::map<std::string, int> spared;   ///< How often it goes well before anything of that.
    std::vector<std::string> records; ///< What metrics saw of those that were accepted.
    std::uint64_t accepted = 0;       ///< How many they were told of.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> retries; ///< How often, and how many records.
    std::map<std::string, int> striking; ///< How often it throws before there is anything to await.
    Manners manners = Manners::polite;
    bool signing = false; ///< Whether the destination asks for credentials.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> buffered; ///< Records and bytes, as the metrics are told.
    bool persistent = true;
    std::uint64_t next = 1;
    sluice::MemoryStorage::Running memory{sluice::StoreIdentity({}, 1)}; ///< Survives the producer, not the test.
    std::vector<sluice::DeadLetter> letters;
    std::vector<std::string> log;
};

using SharedDiary = std::shared_ptr<Diary>;

/// A storage that keeps a diary.
class DiaryStorage {
public:
    using policy_kind = sluice::kind::storage;

    explicit DiaryStorage(SharedDiary diary) : diary_(std::move(diary)) {}

    class Running {
    public:
        explicit Running(SharedDiary diary)
            : diary_(diary), life_(nullptr, [diary](void*) { diary->deeds.emplace_back("let go"); }) {}

        awaitable<sluice::result<void>> append(std::vector<sluice::Chunk> chunks) {
            diary_->strike("append");
            return write(std::move(chunks));
        }

        awaitable<sluice::result<std::vector<sluice::Chunk>>> read(std::string stream, std::uint64_t after,
                                                                   std::size_t max) {
            diary_->strike("read");
            return read_on(std::move(stream), after, max);
        }

        awaitable<sluice::result<void>> settle(std::vector<sluice::Settlement> changes) {
            diary_->strike("settle");
            return change(std::move(changes));
        }

        awaitable<sluice::result<std::vector<std::string>>> streams() {
            diary_->strike("streams");
            return diary_->memory.streams();
        }

        awaitable<sluice::result<sluice::StoreUsage>> usage() {
            diary_->strike("usage");
            return diary_->memory.usage();
        }

        awaitable<sluice::result<void>> clear() {
            diary_->strike("clear");
            return wipe();
        }

        [[nodiscard]] sluice::StoreIdentity identity() const { return {{}, diary_->next}; }
        [[nodiscard]] std::size_t max_chunk_bytes() const { return diary_->memory.max_chunk_bytes(); }
        [[nodiscard]] bool persistent() const { return diary_->persistent; }

    private:
        awaitable<sluice::result<void>> write(std::vector<sluice::Chunk> chunks) {
            if (const auto failure = co_await diary_->meet("append")) co_return failure;
            for (const auto& chunk : chunks) diary_->next = chunk.first + chunk.count;
            co_return co_await diary_->memory.append(std::move(chunks));
        }

        awaitable<sluice::result<std::vector<sluice::Chunk>>> read_on(std::string stream, std::uint64_t after,
                                                                      std::size_t max) {
            if (const auto failure = co_await diary_->meet("read")) co_return failure;
            co_return co_await diary_->memory.read(std::move(stream), after, max);
        }

        awaitable<sluice::result<void>> change(std::vector<sluice::Settlement> changes) {
            if (const auto failure = co_await diary_->meet("settle")) co_return failure;
            co_return co_await diary_->memory.settle(std::move(changes));
        }

        awaitable<sluice::result<void>> wipe() {
            if (const auto failure = co_await diary_->meet("clear")) co_return failure;
            co_return co_await diary_->memory.clear();
        }

        SharedDiary diary_;
        std::shared_ptr<void> life_;
    };

    awaitable<sluice::result<Running>> open(sluice::World&) const {
        if (const auto failure = co_await diary_->meet("open")) co_return failure;
        co_return Running(diary_);
    }

private:
    SharedDiary diary_;
};

/// Dead letters that keep a diary.
class DiaryLetters {
public:
    using policy_kind = sluice::kind::dead_letters;

    explicit DiaryLetters(SharedDiary diary) : diary_(std::move(diary)) {}

    class Running {
    public:
        explicit Running(SharedDiary diary) : diary_(std::move(diary)) {}

        awaitable<sluice::result<void>> take(sluice::DeadLetter letter) {
            diary_->strike("letter");
            return file(std::move(letter));
        }

    private:
        awaitable<sluice::result<void>> file(sluice::DeadLetter letter) {
            if (const auto failure = co_await diary_->meet("letter")) co_return failure;
            diary_->letters.push_back(std::move(letter));
            co_return sluice::result<void>{};
        }

        SharedDiary diary_;
    };

    awaitable<sluice::result<Running>> open(sluice::World&) const {
        if (const auto failure = co_await diary_->meet("open letters")) co_return failure;
        co_return Running(diary_);
    }

private:
    SharedDiary diary_;
};

/// A scripted destination that keeps a diary.
class DiaryDestination {
public:
    using policy_kind = sluice::kind::destination;

    DiaryDestination(std::shared_ptr<Script> script, SharedDiary diary)
        : base_(std::move(script)), diary_(std::move(diary)) {}

    class Running {
    public:
        Running(std::shared_ptr<Script> script, SharedDiary diary, sluice::World& world)
            : base_(std::move(script)), diary_(std::move(diary)), world_(&world) {}

        awaitable<sluice::Answer> send(const std::string& stream, std::span<const sluice::Entry> entries) {
            diary_->strike("send");
            return diary_->signing ? sign_and_send(stream, entries) : base_.send(stream, entries);
        }

        awaitable<sluice::result<std::vector<sluice::ShardRange>>> shards(std::string) {
            diary_->strike("shards");
            return list();
        }

    private:
        awaitable<sluice::Answer> sign_and_send(const std::string& stream, std::span<const sluice::Entry> entries) {
            const auto secrets = co_await world_->credentials().fetch();
            if (!secrets) co_return sluice::Answer(secrets.error(), {}, {});
            co_return co_await base_.send(stream, entries);
        }

        awaitable<sluice::result<std::vector<sluice::ShardRange>>> list() {
            if (const auto failure = co_await diary_->meet("shards")) co_return failure;
            co_return std::vector<sluice::ShardRange>();
        }

        ScriptedDestination::Running base_;
        SharedDiary diary_;
        sluice::World* world_;
    };

    awaitable<sluice::result<Running>> open(sluice::World& world) const {
        co_return Running(base_.script, diary_, world);
    }

    [[nodiscard]] sluice::RequestLimits limits(const sluice::Options& options) const { return base_.limits(options); }

private:
    ScriptedDestination base_;
    SharedDiary diary_;
};

/// A source of credentials that keeps a diary, and uses its world to the last.
class DiarySource {
public:
    using policy_kind = sluice::kind::credentials;

    explicit DiarySource(SharedDiary diary) : diary_(std::move(diary)) {}

    class Running {
    public:
        Running(SharedDiary diary, sluice::World& world) : diary_(std::move(diary)), world_(&world) {}

        awaitable<sluice::result<sluice::Secrets>> fetch() {
            if (diary_->manners == Manners::deaf) {
                co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
            }
            error_code failure;
            try {
                failure = co_await diary_->meet("secrets");
            } catch (const boost::system::system_error& thrown) {
                failure = thrown.code();
            }
            diary_->deeds.emplace_back("source ends");
            world_->log().info("the source ends");
            if (failure && diary_->manners == Manners::throws) throw std::runtime_error("cancelled");
            if (failure) co_return failure;
            co_return sluice::Secrets("nobody", sluice::Secret("nothing"));
        }

    private:
        SharedDiary diary_;
        sluice::World* world_;
    };

    awaitable<sluice::result<Running>> open(sluice::World& world) const { co_return Running(diary_, world); }

private:
    SharedDiary diary_;
};

/// Metrics that keep a diary. They live as long as the engine.
class DiaryMetrics {
public:
    using policy_kind = sluice::kind::metrics;

    explicit DiaryMetrics(SharedDiary diary) : diary_(std::move(diary)) {}

    class Running {
    public:
        explicit Running(SharedDiary diary)
            : diary_(diary), life_(nullptr, [diary](void*) { diary->deeds.emplace_back("engine gone"); }) {}

        void accepted(std::string_view, std::uint64_t records, std::uint64_t) {
            diary_->strike("accepted");
            diary_->accepted += records;
        }
        void exchanged(std::string_view, const sluice::Exchange&) { diary_->strike("answered"); }
        void record(const sluice::AcceptedRecord& its) {
            diary_->records.push_back(std::string(its.stream) + " " + std::string(its.partition_key) + " " +
                                      std::string(its.data));
        }
        void retried(std::string_view, std::uint64_t retries, std::uint64_t records) {
            diary_->retries.emplace_back(retries, records);
        }
        awaitable<void> finish() {
            diary_->deeds.emplace_back("metrics finish");
            diary_->strike("finish");
            co_return;
        }
        void settled(std::string_view, error_code, std::uint64_t) { diary_->strike("settled"); }
        void observed(const sluice::Stats& stats) {
            diary_->strike("buffered");
            diary_->buffered.emplace_back(stats.buffered_records, stats.buffered_bytes);
        }

    private:
        SharedDiary diary_;
        std::shared_ptr<void> life_;
    };

    awaitable<sluice::result<Running>> open(sluice::World&) const { co_return Running(diary_); }

private:
    SharedDiary diary_;
};

/// The same key for everybody, or an exception.
class DiaryKey {
public:
    using policy_kind = sluice::kind::partitioning;

    explicit DiaryKey(SharedDiary diary) : diary_(std::move(diary)) {}

    error_code key(const sluice::RecordView&, std::uint64_t, std::string& key) const {
        diary_->strike("key");
        key = "chosen";
        return {};
    }

private:
    SharedDiary diary_;
};

sluice::Options quick() {
    sluice::Options options{"clicks"};
    options.linger = 1ms;
    options.back_off = 1ms;
    options.longest_back_off = 5ms;
    return options;
}

sluice::Options patient() {
    auto options = quick();
    options.linger = 1h;
    return options;
}

class Fixture {
public:
    using Producer = sluice::Producer<DiaryDestination, DiarySource, NoTransport, DiaryStorage, DiaryLetters,
                                      DiaryMetrics, DiaryKey>;

    explicit Fixture(asio::io_context& context, sluice::Options options = quick(),
                     SharedDiary its_diary = std::make_shared<Diary>())
        : diary(std::move(its_diary)) {
        options.log = sluice::Log([kept = diary](auto, std::string_view line) { kept->log.emplace_back(line); });
        producer.emplace(sluice::make_producer(context.get_executor(), std::move(options),
                                               DiaryDestination(script, diary), DiarySource(diary), NoTransport{},
                                               DiaryStorage(diary), DiaryLetters(diary), DiaryMetrics(diary),
                                               DiaryKey(diary)));
    }

    Producer* operator->() { return &*producer; }

    void put(const std::string& data) { CHECK_FALSE(producer->try_put({"key", data})); }

    /// Starts a delivery; where its outcome will be.
    std::shared_ptr<std::optional<error_code>> deliver(const std::string& data) {
        auto told = std::make_shared<std::optional<error_code>>();
        producer->async_deliver({"key", data}, [told, kept = diary](error_code outcome, const sluice::Receipt&) {
            *told = outcome;
            kept->deeds.emplace_back("told");
        });
        return told;
    }

    /// Starts a close; where its report will be.
    std::shared_ptr<std::optional<FlushReport>> close(std::chrono::nanoseconds timeout) {
        auto told = std::make_shared<std::optional<FlushReport>>();
        producer->async_close(timeout, [told, kept = diary](error_code, FlushReport report) {
            *told = report;
            kept->deeds.emplace_back("closed");
        });
        return told;
    }

    [[nodiscard]] std::vector<std::string> arrived() const {
        std::vector<std::string> data;
        for (const auto& arrival : script->taken) data.push_back(arrival.data);
        return data;
    }

    [[nodiscard]] std::ptrdiff_t logged(std::string_view text) const {
        return std::count_if(diary->log.begin(), diary->log.end(),
                             [&](const auto& line) { return line.find(text) != std::string::npos; });
    }

    SharedDiary diary;
    std::shared_ptr<Script> script = std::make_shared<Script>();
    std::optional<Producer> producer;
};

using Texts = std::vector<std::string>;

/// Lets everything happen that can happen now.
awaitable<void> settle_down() {
    for (int i = 0; i < 100; ++i) co_await asio::post(asio::use_awaitable);
}

/// Waits until a condition holds, and not for ever.
template <class Condition>
awaitable<void> until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (!condition()) {
        REQUIRE(std::chrono::steady_clock::now() < end);
        timer.expires_after(1ms);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

awaitable<void> for_ever() {
    asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
    co_await timer.async_wait(asio::use_awaitable);
}

sluice::Answer offline(const std::string&, std::span<const sluice::Entry>) {
    return {make_error_code(error::connection_failed), {}, {}};
}

sluice::Answer throttled(const std::string&, std::span<const sluice::Entry>) {
    return {make_error_code(error::throttled), {}, {}};
}

sluice::Answer spoiled(const std::string&, std::span<const sluice::Entry> entries) {
    sluice::Answer answer;
    answer.entries.resize(entries.size());
    for (auto& entry : answer.entries) entry.error = make_error_code(error::record_failed);
    return answer;
}

} // namespace

// --- the end -------------------------------------------------------------------------------------------------------

TEST_CASE("at the end letters come first, then who waits for receipts, then the storage, and last who closes") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        its.diary->persistent = false;
        its.script->before = for_ever;
        const auto told = its.deliver("in flight");
        auto ready = until([&] { return its->stats().buffered_records == 1; });
        co_await std::move(ready);
        co_await settle_down();
        const auto closed = its.close(5ms);
        ready = until([&] { return closed->has_value(); });
        co_await std::move(ready);
        CHECK(*told == error::closed);
        CHECK((*closed)->left == 0);
        REQUIRE(its.diary->letters.size() == 1);
        CHECK(its.diary->letters.front().reason == error::closed);
        CHECK(its.diary->letters.front().record.data == "in flight");
        CHECK(its.diary->place("letter") < its.diary->place("let go"));
        CHECK(its.diary->place("let go") < its.diary->place("closed"));
        CHECK(its.diary->place("told") < its.diary->place("closed"));
        CHECK(its->stats().buffered_records == 0);
        CHECK(its->stats().total().failed == 1);
    });
}

TEST_CASE("a storage that persists keeps what is left, in flight or not, and the next producer delivers it once") {
    run([](asio::io_context& context) -> awaitable<void> {
        const auto diary = std::make_shared<Diary>();
        {
            Fixture its(context, quick(), diary);
            its.script->before = for_ever;
            const auto told = its.deliver("in flight");
            its.put("behind");
            auto ready = until([&] { return its->stats().buffered_records == 2; });
            co_await std::move(ready);
            co_await settle_down();
            const auto closed = its.close(5ms);
            ready = until([&] { return closed->has_value(); });
            co_await std::move(ready);
            CHECK(*told == error::kept);
            CHECK((*closed)->left == 2);
            CHECK(diary->letters.empty());
            CHECK(diary->place("let go") < diary->place("closed"));
        }
        Fixture next(context, quick(), diary);
        const auto report = co_await next->async_flush(asio::use_awaitable);
        CHECK(report.delivered == 2);
        CHECK(next.arrived().size() == 2);
        co_await next->async_close(asio::use_awaitable);
    });
}

TEST_CASE("outcomes are in the storage before it is let go") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        its.diary->held.insert("settle");
        co_await its->async_deliver({"key", "data"}, asio::use_awaitable);
        const auto closed = its.close(5ms);
        auto asked = until([&] { return its.diary->count("settle") > 0; });
        co_await std::move(asked);
        asio::steady_timer timer(context, 50ms);
        co_await timer.async_wait(asio::use_awaitable);
        CHECK_FALSE(closed->has_value());
        CHECK(its.diary->count("let go") == 0);
        its.diary->held.clear();
        auto ready = until([&] { return closed->has_value(); });
        co_await std::move(ready);
        CHECK(its.diary->place("settle") < its.diary->place("let go"));
        const auto usage = co_await its.diary->memory.usage();
        CHECK(usage->records == 0);
    });
}

TEST_CASE("a storage that takes no outcomes any more does not stop the end") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        its.diary->failing["settle"] = 1'000'000;
        co_await its->async_deliver({"key", "data"}, asio::use_awaitable);
        auto asked = until([&] { return its.diary->count("settle") > 0; });
        co_await std::move(asked);
        const auto report = co_await its->async_close(1s, asio::use_awaitable);
        CHECK(report.left == 0);
        CHECK(its.diary->count("let go") == 1);
        CHECK(its.logged("did not take outcomes") > 0);
        CHECK(its.diary->count("settle") < 5);
    });
}

TEST_CASE("dead letters that take nothing do not stop the end: what they refuse is kept, or was tried once more") {
    for (const bool persistent : {true, false}) {
        CAPTURE(persistent);
        run([&](asio::io_context& context) -> awaitable<void> {
            auto options = quick();
            options.attempts = 1;
            Fixture its(context, options);
            its.diary->persistent = persistent;
            its.diary->failing["letter"] = 1'000'000;
            its.script->replies.emplace_back(spoiled);
            const auto told = its.deliver("spoiled");
            auto asked = until([&] { return its.diary->count("letter") > 0; });
            co_await std::move(asked);
            const auto report = co_await its->async_close(5ms, asio::use_awaitable);
            co_await settle_down();
            CHECK(its.diary->letters.empty());
            CHECK(its.logged("did not take record") >= (persistent ? 1U : 2U));
            CHECK(report.left == (persistent ? 1 : 0));
            REQUIRE(told->has_value());
            CHECK(*told == (persistent ? error::kept : error::gave_up));
            CHECK(its.diary->count("let go") == 1);
        });
    }
}

TEST_CASE("closes that come together or late all get the report of the first") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        its.script->repeat_last = true;
        its.script->replies.emplace_back(offline);
        its.put("data");
        const auto first = its.close(10ms);
        const auto second = its.close(1h);
        auto ready = until([&] { return first->has_value() && second->has_value(); });
        co_await std::move(ready);
        const auto late = co_await its->async_close(asio::use_awaitable);
        for (const auto& report : {**first, **second, late}) {
            CHECK(report.left == 1);
            CHECK(report.paused_by == error::connection_failed);
        }
    });
}

TEST_CASE("a producer that was never used is closed without being opened") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        const auto report = co_await its->async_close(asio::use_awaitable);
        CHECK(report.left == 0);
        CHECK(its.diary->deeds.empty());
    });
}

TEST_CASE("who flushes when the producer is closed under him is told what is left") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        its.script->repeat_last = true;
        its.script->replies.emplace_back(offline);
        its.put("data");
        std::optional<FlushReport> flushed;
        its->async_flush(1h, [&](error_code failure, FlushReport report) {
            CHECK_FALSE(failure);
            flushed = report;
        });
        auto paused = until([&] { return bool(its->stats().paused_by); });
        co_await std::move(paused);
        const auto report = co_await its->async_close(5ms, asio::use_awaitable);
        co_await settle_down();
        REQUIRE(flushed);
        CHECK(flushed->left == 1);
        CHECK(report.left == 1);
    });
}

TEST_CASE("a producer may end while it opens: what was put is committed, and the opening is not repeated") {
    run([](asio::io_context& context) -> awaitable<void> {
        const auto diary = std::make_shared<Diary>();
        {
            Fixture its(context, patient(), diary);
            diary->held.insert("open");
            its.put("data");
            auto opening = until([&] { return diary->count("open") == 1; });
            co_await std::move(opening);
        }
        co_await settle_down();
        diary->held.clear();
        auto gone = until([&] { return diary->count("let go") == 1; });
        co_await std::move(gone);
        CHECK(diary->count("open") == 1);
        CHECK(diary->count("append") == 1);
        const auto usage = co_await diary->memory.usage();
        CHECK(usage->records == 1);
        CHECK(diary->letters.empty());
    });
}

TEST_CASE("credentials that are being fetched do not hold up the end, and what they need outlives it") {
    for (const auto manners : {Manners::polite, Manners::throws, Manners::deaf}) {
        for (const auto& [sending, closing] : {std::pair(false, false), std::pair(false, true), std::pair(true, false),
                                               std::pair(true, true)}) {
            CAPTURE(static_cast<int>(manners));
            CAPTURE(sending);
            CAPTURE(closing);
            const bool deaf = manners == Manners::deaf;
            run([&](asio::io_context& context) -> awaitable<void> {
                const auto diary = std::make_shared<Diary>();
                diary->manners = manners;
                diary->signing = sending;
                diary->held.insert("secrets");
                std::optional<error_code> opened;
                {
                    Fixture its(context, quick(), diary);
                    if (sending) {
                        its.put("data");
                    } else {
                        its->async_open([&](error_code failure) { opened = failure; });
                    }
                    auto asked = until([&] { return diary->count("secrets") == 1; });
                    co_await std::move(asked);
                    if (closing) co_await its->async_close(0s, asio::use_awaitable);
                }
                auto ended = until([&] { return diary->count("let go") == 1; });
                co_await std::move(ended);
                co_await settle_down();
                CHECK(diary->count("engine gone") == (deaf ? 0 : 1));
                diary->held.clear();
                ended = until([&] { return diary->count("engine gone") == 1; });
                co_await std::move(ended);
                CHECK(diary->place("source ends") < diary->place("engine gone"));
                CHECK(diary->count("secrets") == 1);
                if (!sending) CHECK(opened == error_code(asio::error::operation_aborted));
            });
        }
    }
}

TEST_CASE("an open that meets the end is told, whichever comes first") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        co_await its->async_sync(asio::use_awaitable);
        its.diary->held.insert("secrets");
        int told = 0;
        const auto count = [&](error_code failure) { told += failure ? 1 : 0; };
        its->async_open(count);
        const auto closed = its.close(0s);
        its->async_open(count);
        auto ready = until([&] { return closed->has_value(); });
        co_await std::move(ready);
        its->async_open(count);
        co_await settle_down();
        CHECK(told == 3);
    });
}

TEST_CASE("an open that comes while outcomes are written at the end does not hold it up") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        co_await its->async_sync(asio::use_awaitable);
        its.diary->held = {"secrets", "settle"};
        co_await its->async_deliver({"key", "data"}, asio::use_awaitable);
        const auto closed = its.close(0s);
        auto asked = until([&] { return its.diary->count("settle") == 1; });
        co_await std::move(asked);
        co_await settle_down();
        std::optional<error_code> opened;
        its->async_open([&](error_code failure) { opened = failure; });
        co_await settle_down();
        its.diary->held.erase("settle");
        auto ready = until([&] { return closed->has_value() && opened; });
        co_await std::move(ready);
        CHECK(opened->failed());
    });
}

TEST_CASE("a close waits for no listing of shards") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        its.diary->held.insert("shards");
        its.script->repeat_last = true;
        its.script->replies.emplace_back(throttled);
        its.put("data");
        auto asked = until([&] { return its.diary->count("shards") == 1; });
        co_await std::move(asked);
        const auto closed = its.close(0s);
        auto ready = until([&] { return closed->has_value(); });
        co_await std::move(ready);
        CHECK((*closed)->left == 1);
        CHECK(its.logged("could not be listed") == 0); // that the end cancels it is no news
    });
}

TEST_CASE("an end of no time waits for no answer, and keeps what was put before in a storage that persists") {
    for (const bool closing : {true, false}) {
        CAPTURE(closing);
        run([&](asio::io_context& context) -> awaitable<void> {
            const auto diary = std::make_shared<Diary>();
            bool flying = false;
            {
                auto options = quick();
                options.commit_interval = 1h;
                Fixture its(context, options, diary);
                its.script->before = [&flying]() -> awaitable<void> {
                    flying = true;
                    return for_ever();
                };
                co_await its->async_put({"key", "in flight"}, asio::use_awaitable);
                auto sent = until([&] { return flying; });
                co_await std::move(sent);
                its.put("put before");
                if (closing) {
                    const auto closed = its.close(0s);
                    auto ready = until([&] { return closed->has_value(); });
                    co_await std::move(ready);
                    CHECK((*closed)->left == 2);
                }
            }
            auto gone = until([&] { return diary->count("let go") == 1; });
            co_await std::move(gone);
            const auto usage = co_await diary->memory.usage();
            CHECK(usage->records == 2);
            CHECK(diary->letters.empty());
        });
    }
}

TEST_CASE("a letter that takes for ever does not stop the end if the storage persists, and is written again") {
    run([](asio::io_context& context) -> awaitable<void> {
        auto options = quick();
        options.attempts = 1;
        const auto diary = std::make_shared<Diary>();
        {
            Fixture its(context, options, diary);
            diary->held.insert("letter");
            its.script->replies.emplace_back(spoiled);
            const auto told = its.deliver("spoiled");
            auto asked = until([&] { return diary->count("letter") == 1; });
            co_await std::move(asked);
            const auto closed = its.close(0s);
            auto ready = until([&] { return closed->has_value(); });
            co_await std::move(ready);
            CHECK((*closed)->left == 1);
            CHECK(*told == error::kept);
        }
        diary->held.clear();
        Fixture next(context, options, diary);
        next.script->replies.emplace_back(spoiled);
        const auto report = co_await next->async_flush(asio::use_awaitable);
        CHECK(report.failed == 1);
        CHECK(diary->letters.size() == 1);
    });
}

TEST_CASE("letters of what the storage never took are written at the end, though it persists") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        co_await its->async_open(asio::use_awaitable);
        its.diary->failing["append"] = 1;
        for (int i = 0; i < 200; ++i) its.put("data");
        const auto report = co_await its->async_close(0s, asio::use_awaitable);
        CHECK(report.failed == 200);
        CHECK(report.left == 0);
        CHECK(its->stats().total().failed == 200);
        REQUIRE(its.diary->letters.size() == 200);
        CHECK(its.diary->letters.front().reason == error::storage_full);
    });
}

TEST_CASE("of the letters at the end only those are cut short that are written again after the restart") {
    run([](asio::io_context& context) -> awaitable<void> {
        auto options = quick();
        options.attempts = 1;
        Fixture its(context, options);
        its.diary->held.insert("letter");
        its.script->replies.emplace_back(spoiled);
        const auto stored = its.deliver("stored");
        auto asked = until([&] { return its.diary->count("letter") == 1; });
        co_await std::move(asked);
        its.diary->failing["append"] = 1;
        its.put("refused");
        its.put("refused, too");
        const auto closed = its.close(0s);
        asked = until([&] { return its.diary->count("letter") == 2; });
        co_await std::move(asked);
        co_await settle_down();
        CHECK_FALSE(closed->has_value());
        its.diary->held.clear();
        auto ready = until([&] { return closed->has_value(); });
        co_await std::move(ready);
        CHECK((*closed)->failed == 2);
        CHECK((*closed)->left == 1);
        CHECK(*stored == error::kept);
        CHECK(its.diary->letters.size() == 2);
        CHECK(its.logged("did not take record") == 0); // that the end cuts it short is no news
    });
}

TEST_CASE("who was buried is told, though the next letter takes for ever or fails for ever") {
    for (const bool failing : {true, false}) {
        CAPTURE(failing);
        run([&](asio::io_context& context) -> awaitable<void> {
            auto options = quick();
            options.attempts = 1;
            Fixture its(context, options);
            its.diary->spared["letter"] = 1;
            if (failing) its.diary->failing["letter"] = 1'000'000;
            if (!failing) its.diary->held.insert("letter");
            its.script->repeat_last = true;
            its.script->replies.emplace_back(spoiled);
            const auto first = its.deliver("first");
            const auto second = its.deliver("second");
            auto asked = until([&] { return its.diary->count("letter") == 2; });
            co_await std::move(asked);
            co_await settle_down();
            CHECK(*first == error::gave_up);
            CHECK_FALSE(second->has_value());
            CHECK(its->stats().buffered_records == 1);
            const auto report = co_await its->async_close(0s, asio::use_awaitable);
            CHECK(report.left == 1);
        });
    }
}

// --- opening -------------------------------------------------------------------------------------------------------

TEST_CASE("while the storage cannot be opened every verb says so, and what was put arrives in order when it can") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        its.diary->failing["open"] = 1'000;
        its.put("one");
        const auto [opened] = co_await its->async_open(quietly);
        CHECK(opened == error::storage_full);
        const auto [put] = co_await its->async_put({"key", "refused"}, quietly);
        CHECK(put == error::storage_full);
        const auto [synced] = co_await its->async_sync(quietly);
        CHECK(synced == error::storage_full);
        const auto [flushed, report] = co_await its->async_flush(quietly);
        CHECK(flushed == error::storage_full);
        const auto [cleared, removed] = co_await its->async_clear(quietly);
        CHECK(cleared == error::storage_full);
        its.put("two");
        CHECK(its->stats().buffered_records == 2);
        its.diary->failing.clear();
        const auto online = co_await its->async_flush(asio::use_awaitable);
        CHECK(online.delivered == 2);
        CHECK(its.arrived() == Texts{"one", "two"});
        CHECK(its.diary->letters.empty());
        CHECK(its->stats().accepted == 2);
    });
}

TEST_CASE("verbs that come while the producer opens share the opening") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        its.diary->held.insert("open");
        int opened = 0;
        const auto count = [&](error_code failure, auto...) { opened += failure ? 0 : 1; };
        its->async_open(count);
        its->async_sync(count);
        its->async_flush(1s, count);
        its->async_put({"key", "data"}, count);
        co_await settle_down();
        CHECK(opened == 0);
        its.diary->held.clear();
        auto all = until([&] { return opened == 4; });
        co_await std::move(all);
        CHECK(its.diary->count("open") == 1);
    });
}

TEST_CASE("what no storage ever took becomes dead letters, each with its stream and key") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        its.diary->failing["open"] = 1'000;
        its.diary->failing["letter"] = 1; // one refusal costs one letter, not the others
        sluice::Record other("other key", "other data");
        other.stream = "views";
        its.put("one");
        its.put("two");
        CHECK_FALSE(its->try_put(other));
        const auto told = its.deliver("awaited");
        const auto closed = its.close(1s);
        auto ready = until([&] { return closed->has_value(); });
        co_await std::move(ready);
        CHECK(*told == error::storage_full);
        REQUIRE(its.diary->letters.size() == 2);
        for (const auto& letter : its.diary->letters) CHECK(letter.reason == error::storage_full);
        CHECK(its.diary->letters[0].record.data == "two");
        CHECK(its.diary->letters[0].record.stream == "clicks");
        CHECK(its.diary->letters[1].record.data == "other data");
        CHECK(its.diary->letters[1].record.partition_key == "other key");
        CHECK(its.diary->letters[1].record.stream == "views");
        CHECK(its.diary->letters[0].id.sequence != its.diary->letters[1].id.sequence);
        CHECK(its->stats().buffered_records == 0);
        CHECK(its->stats().total().failed == 3);
        CHECK(its.logged("did not take record") == 1);
    });
}

TEST_CASE("records that neither storage nor dead letters ever took are told in the log, and nobody waits for ever") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        its.diary->failing["open"] = 1'000;
        its.diary->failing["open letters"] = 1'000;
        its.put("one");
        its.put("two");
        const auto closed = its.close(1s);
        auto ready = until([&] { return closed->has_value(); });
        co_await std::move(ready);
        CHECK(its.logged("2 records were lost") == 1);
        CHECK(its.diary->count("open letters") == 1);
    });
}

// --- commits and who waits for them --------------------------------------------------------------------------------

TEST_CASE("a sync waits for the commit that is under way, and for the one after it") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context, patient());
        co_await its->async_open(asio::use_awaitable);
        its.diary->held.insert("append");
        its.put("one");
        auto appending = until([&] { return its.diary->count("append") == 1; });
        co_await std::move(appending);
        its.put("two");
        bool synced = false;
        its->async_sync([&](error_code failure) { synced = !failure; });
        co_await settle_down();
        CHECK_FALSE(synced);
        CHECK(its.diary->count("append") == 1); // one commit at a time
        its.diary->held.clear();
        auto both = until([&] { return synced; });
        co_await std::move(both);
        CHECK(its.diary->count("append") == 2);
        const auto usage = co_await its.diary->memory.usage();
        CHECK(usage->records == 2);
    });
}

TEST_CASE("who syncs learns that the commit failed, and what nobody waited for becomes a dead letter") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context, patient());
        co_await its->async_open(asio::use_awaitable);
        its.diary->failing["append"] = 1;
        its.put("lost");
        const auto [failure] = co_await its->async_sync(quietly);
        CHECK(failure == error::storage_full);
        auto buried = until([&] { return its.diary->letters.size() == 1; });
        co_await std::move(buried);
        CHECK(its.diary->letters.front().reason == error::storage_full);
        CHECK(its.diary->letters.front().record.data == "lost");
        CHECK(its->stats().buffered_records == 0);
        its.put("kept");
        co_await its->async_sync(asio::use_awaitable);
        CHECK(its->stats().buffered_records == 1);
        CHECK(its.logged("did not take what was put") == 1);
    });
}

TEST_CASE("a flush whose commit failed flushes what was committed before") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context, patient());
        co_await its->async_put({"key", "before"}, asio::use_awaitable);
        its.diary->failing["append"] = 1;
        its.put("lost");
        const auto report = co_await its->async_flush(10s, asio::use_awaitable);
        CHECK(report.left == 0);
        CHECK(its.arrived() == Texts{"before"});
        CHECK(its->stats().total().failed == 1);
    });
}

TEST_CASE("a put that is cancelled while it is stored is taken out of the storage before the end") {
    for (const bool closing : {false, true}) {
        CAPTURE(closing);
        run([&](asio::io_context& context) -> awaitable<void> {
            Fixture its(context, patient());
            co_await its->async_open(asio::use_awaitable);
            its.diary->held.insert("append");
            asio::cancellation_signal signal;
            std::optional<error_code> told;
            const auto note = [&](error_code outcome) { told = outcome; };
            its->async_put({"key", "data"}, asio::bind_cancellation_slot(signal.slot(), note));
            auto storing = until([&] { return its.diary->count("append") == 1; });
            co_await std::move(storing);
            signal.emit(asio::cancellation_type::terminal);
            co_await settle_down();
            CHECK(told == error_code(asio::error::operation_aborted));
            if (closing) {
                const auto closed = its.close(0s);
                co_await settle_down();
                its.diary->held.clear();
                auto ready = until([&] { return closed->has_value(); });
                co_await std::move(ready);
                CHECK((*closed)->left == 0);
            } else {
                its.diary->held.clear();
                auto settled = until([&] { return its.diary->count("settle") == 1; });
                co_await std::move(settled);
                co_await settle_down();
            }
            const auto usage = co_await its.diary->memory.usage();
            CHECK(usage->records == 0);
            CHECK(its->stats().accepted == 0);
            CHECK(its->stats().buffered_records == 0);
        });
    }
}

TEST_CASE("what was accepted has an outcome or is buffered, and what was withdrawn is neither") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context, patient());
        co_await its->async_open(asio::use_awaitable);
        its.diary->held.insert("append");
        asio::cancellation_signal storing;
        asio::cancellation_signal waiting;
        const auto ignore = [](error_code) {};
        its->async_put({"key", "withdrawn"}, asio::bind_cancellation_slot(storing.slot(), ignore));
        auto stored = until([&] { return its.diary->count("append") == 1; });
        co_await std::move(stored);
        its->async_put({"key", "withdrawn"}, asio::bind_cancellation_slot(waiting.slot(), ignore));
        its.put("delivered");
        storing.emit(asio::cancellation_type::terminal);
        waiting.emit(asio::cancellation_type::terminal);
        its.diary->held.clear();
        const auto report = co_await its->async_flush(asio::use_awaitable);
        CHECK(report.delivered == 1);
        co_await its->async_put({"key", "cleared"}, asio::use_awaitable);
        const auto cleared = co_await its->async_clear(asio::use_awaitable);
        CHECK(cleared == 1);
        co_await its->async_put({"key", "buffered"}, asio::use_awaitable);
        const auto stats = its->stats();
        CHECK(stats.accepted == 3);
        CHECK(stats.total().delivered == 1);
        CHECK(stats.cleared == 1);
        CHECK(stats.buffered_records == 1);
        CHECK(its.arrived() == Texts{"delivered"});
    });
}

// --- flushing ------------------------------------------------------------------------------------------------------

TEST_CASE("a flush of no time waits for the answer of what is in flight") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        bool answered = false;
        its.script->before = [&]() -> awaitable<void> {
            while (!answered) co_await asio::post(asio::use_awaitable);
        };
        const auto told = its.deliver("in flight");
        auto flying = until([&] { return its.diary->count("append") == 1; });
        co_await std::move(flying);
        asio::steady_timer timer(context, 20ms);
        co_await timer.async_wait(asio::use_awaitable);
        std::optional<FlushReport> flushed;
        its->async_flush(0s, [&](error_code, FlushReport report) { flushed = report; });
        timer.expires_after(20ms);
        co_await timer.async_wait(asio::use_awaitable);
        CHECK_FALSE(flushed);
        answered = true;
        auto done = until([&] { return flushed.has_value(); });
        co_await std::move(done);
        CHECK(flushed->delivered == 1);
        CHECK(flushed->left == 0);
        CHECK(its.script->requests == 1);
    });
}

TEST_CASE("a flush of no time is one try of everything, however many requests that takes") {
    run([](asio::io_context& context) -> awaitable<void> {
        auto options = patient();
        options.request_records = 2;
        options.requests_in_flight = 1;
        Fixture its(context, options);
        for (int i = 0; i < 9; ++i) its.put(std::to_string(i));
        const auto report = co_await its->async_flush(0s, asio::use_awaitable);
        CHECK(report.delivered == 9);
        CHECK(its.script->requests == 5);
        const auto idle = co_await its->async_flush(0s, asio::use_awaitable);
        CHECK(idle.delivered == 0);
        CHECK(its.script->requests == 5);
    });
}

TEST_CASE("a flush tries a storage that could not be read again, and delivers what it holds") {
    run([](asio::io_context& context) -> awaitable<void> {
        const auto diary = std::make_shared<Diary>();
        {
            Fixture its(context, patient(), diary);
            co_await its->async_put({"key", "stored"}, asio::use_awaitable);
            its.script->repeat_last = true;
            its.script->replies.emplace_back(offline);
            const auto report = co_await its->async_close(5ms, asio::use_awaitable);
            CHECK(report.left == 1);
        }
        diary->failing["read"] = 1;
        Fixture next(context, quick(), diary);
        const auto report = co_await next->async_flush(10s, asio::use_awaitable);
        CHECK(report.delivered == 1);
        CHECK(next.arrived() == Texts{"stored"});
        CHECK(next.logged("could not be read") == 1);
        CHECK(next->stats().recovered == 1);
    });
}

// --- clearing ------------------------------------------------------------------------------------------------------

TEST_CASE("a close waits for the clear that is under way, and finds nothing left") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context, patient());
        its.diary->persistent = false;
        its.diary->held.insert("clear");
        for (const auto* data : {"one", "two"}) its.put(data);
        const auto told = its.deliver("three");
        std::optional<std::uint64_t> cleared;
        its->async_clear([&](error_code failure, std::uint64_t records) {
            CHECK_FALSE(failure);
            cleared = records;
        });
        auto clearing = until([&] { return its.diary->count("clear") == 1; });
        co_await std::move(clearing);
        const auto closed = its.close(5ms);
        asio::steady_timer timer(context, 30ms);
        co_await timer.async_wait(asio::use_awaitable);
        CHECK_FALSE(cleared);
        CHECK_FALSE(closed->has_value());
        its.diary->held.clear();
        auto ready = until([&] { return closed->has_value(); });
        co_await std::move(ready);
        CHECK(cleared == 3);
        CHECK(*told == error::cleared);
        CHECK((*closed)->left == 0);
        CHECK(its.diary->letters.empty());
        CHECK(its.script->taken.empty());
        CHECK(its.diary->place("clear") < its.diary->place("let go"));
    });
}

TEST_CASE("a producer that is destroyed while it clears ends when it has cleared") {
    run([](asio::io_context& context) -> awaitable<void> {
        const auto diary = std::make_shared<Diary>();
        std::optional<std::uint64_t> cleared;
        {
            Fixture its(context, patient(), diary);
            diary->persistent = false;
            diary->held.insert("clear");
            its.put("one");
            its->async_clear([&](error_code, std::uint64_t records) { cleared = records; });
            auto clearing = until([&] { return diary->count("clear") == 1; });
            co_await std::move(clearing);
        }
        co_await settle_down();
        CHECK_FALSE(cleared);
        CHECK(diary->count("let go") == 0);
        diary->held.clear();
        auto gone = until([&] { return diary->count("let go") == 1 && cleared; });
        co_await std::move(gone);
        CHECK(cleared == 1);
        CHECK(diary->letters.empty());
    });
}

TEST_CASE("a clear that fails leaves everything as it was") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context, patient());
        its.diary->failing["clear"] = 1;
        const auto told = its.deliver("data");
        const auto [failure, removed] = co_await its->async_clear(quietly);
        CHECK(failure == error::storage_full);
        CHECK(removed == 0);
        CHECK(its->stats().buffered_records == 1);
        CHECK(its->stats().cleared == 0);
        CHECK_FALSE(told->has_value());
        const auto report = co_await its->async_flush(asio::use_awaitable);
        CHECK(report.delivered == 1);
        CHECK(its.arrived() == Texts{"data"});
    });
}

TEST_CASE("what is put while a clear is under way is not stored before its end, and stays") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context, patient());
        co_await its->async_put({"key", "old"}, asio::use_awaitable);
        its.diary->held.insert("clear");
        std::optional<std::uint64_t> cleared;
        its->async_clear([&](error_code, std::uint64_t records) { cleared = records; });
        auto clearing = until([&] { return its.diary->count("clear") == 1; });
        co_await std::move(clearing);
        its.put("new");
        bool synced = false;
        its->async_sync([&](error_code failure) { synced = !failure; });
        co_await settle_down();
        CHECK_FALSE(synced);
        CHECK(its.diary->count("append") == 1);
        its.diary->held.clear();
        auto both = until([&] { return cleared && synced; });
        co_await std::move(both);
        CHECK(cleared == 1);
        CHECK(its.diary->count("append") == 2);
        CHECK(its->stats().buffered_records == 1);
        const auto report = co_await its->async_flush(asio::use_awaitable);
        CHECK(report.delivered == 1);
        CHECK(its.arrived() == Texts{"new"});
    });
}

TEST_CASE("clears that come together clear every record once") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context, patient());
        co_await its->async_put({"key", "one"}, asio::use_awaitable);
        its.put("two");
        std::vector<std::uint64_t> cleared;
        const auto note = [&](error_code failure, std::uint64_t records) {
            CHECK_FALSE(failure);
            cleared.push_back(records);
        };
        for (int i = 0; i < 3; ++i) its->async_clear(note);
        auto all = until([&] { return cleared.size() == 3; });
        co_await std::move(all);
        CHECK(cleared[0] + cleared[1] + cleared[2] == 2);
        CHECK(its->stats().cleared == 2);
        CHECK(its->stats().buffered_records == 0);
        co_await its->async_put({"key", "later"}, asio::use_awaitable);
        const auto report = co_await its->async_close(asio::use_awaitable);
        CHECK(report.delivered == 1);
    });
}

TEST_CASE("of clears that come together none takes what is put after the first") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context, patient());
        co_await its->async_open(asio::use_awaitable);
        its.diary->held = {"append", "clear"};
        its.diary->spared["clear"] = 1;
        its.put("old");
        auto storing = until([&] { return its.diary->count("append") == 1; });
        co_await std::move(storing);
        int cleared = 0;
        const auto count = [&](error_code failure, std::uint64_t) { cleared += failure ? 0 : 1; };
        its->async_clear(count);
        its->async_clear(count);
        co_await settle_down();
        its.diary->held.erase("append");
        auto first = until([&] { return cleared > 0; });
        co_await std::move(first);
        its.put("new");
        co_await its->async_sync(asio::use_awaitable);
        its.diary->held.clear();
        auto both = until([&] { return cleared == 2; });
        co_await std::move(both);
        co_await settle_down();
        CHECK(its->stats().cleared == 1);
        CHECK(its->stats().buffered_records == 1);
        const auto report = co_await its->async_close(10s, asio::use_awaitable);
        CHECK(report.delivered == 1);
        CHECK(its.arrived() == Texts{"new"});
    });
}

TEST_CASE("a clear ends the shortage: what is put after it is not dropped") {
    run([](asio::io_context& context) -> awaitable<void> {
        auto options = quick();
        options.buffer_records = 2;
        options.when_full = sluice::WhenFull::drop_oldest;
        Fixture its(context, options);
        its.diary->persistent = false;
        bool flying = false;
        its.script->before = [&flying]() -> awaitable<void> {
            flying = true;
            return for_ever();
        };
        its.put("one");
        its.put("two");
        auto sent = until([&] { return flying; });
        co_await std::move(sent);
        CHECK(its->try_put({"key", "three"}) == error::buffer_full);
        co_await settle_down();
        const auto removed = co_await its->async_clear(asio::use_awaitable);
        CHECK(removed == 2);
        its.put("four");
        asio::steady_timer timer(context, 30ms);
        co_await timer.async_wait(asio::use_awaitable);
        CHECK(its.diary->letters.empty());
        CHECK(its->stats().buffered_records == 1);
        co_await its->async_clear(asio::use_awaitable);
        co_await its->async_close(0s, asio::use_awaitable);
    });
}

TEST_CASE("an answer that comes after the clear changes nothing any more") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        bool answered = false;
        its.script->before = [&]() -> awaitable<void> {
            while (!answered) co_await asio::post(asio::use_awaitable);
        };
        const auto told = its.deliver("in flight");
        asio::steady_timer timer(context, 30ms);
        co_await timer.async_wait(asio::use_awaitable);
        const auto removed = co_await its->async_clear(asio::use_awaitable);
        CHECK(removed == 1);
        co_await settle_down();
        CHECK(*told == error::cleared);
        answered = true;
        auto arrived = until([&] { return its.script->taken.size() == 1; });
        co_await std::move(arrived);
        co_await settle_down();
        CHECK(its->stats().buffered_records == 0);
        CHECK(its->stats().cleared == 1);
        CHECK(its->stats().total().delivered == 0);
    });
}

// --- what throws ---------------------------------------------------------------------------------------------------

TEST_CASE("a handler that throws harms whoever runs the context, and not the producer") {
    asio::io_context context;
    Fixture its(context, patient());
    const auto thrower = [](auto...) { throw std::logic_error("handler"); };
    int told = 0;
    const auto count = [&](error_code, auto...) { ++told; };
    its->async_open(thrower);
    its->async_put({"key", "one"}, thrower);
    its->async_put({"key", "two"}, count);
    its->async_deliver({"key", "three"}, thrower);
    its->async_deliver({"key", "four"}, count);
    its->async_sync(thrower);
    its->async_flush(10s, thrower);
    its->async_flush(10s, count);
    const auto run_on = [&] {
        int thrown = 0;
        for (bool again = true; again;) {
            try {
                context.restart();
                context.run_for(20s);
                again = false;
            } catch (const std::logic_error&) {
                ++thrown;
            }
        }
        return thrown;
    };
    CHECK(run_on() == 5);
    CHECK(told == 3);
    CHECK(its.arrived() == Texts{"one", "two", "three", "four"});
    its->async_clear(thrower);
    its->async_close(1s, thrower);
    its->async_close(1s, count);
    CHECK(run_on() == 2);
    CHECK(told == 4);
    CHECK(its.diary->count("let go") == 1);
    CHECK(its->stats().buffered_records == 0);
}

TEST_CASE("policies that throw have failed, and the producer goes on") {
    run([](asio::io_context& context) -> awaitable<void> {
        auto options = quick();
        options.attempts = 1;
        Fixture its(context, options);
        for (const auto* deed : {"open", "append", "settle", "clear", "letter"}) its.diary->throwing[deed] = 1;
        const auto unknown = make_error_code(boost::system::errc::state_not_recoverable);
        const auto [opened] = co_await its->async_open(quietly);
        CHECK(opened == unknown);
        const auto [put] = co_await its->async_put({"key", "refused"}, quietly);
        CHECK(put == unknown);
        const auto [cleared, removed] = co_await its->async_clear(quietly);
        CHECK(cleared == unknown);
        its.script->replies.emplace_back(
            [](const std::string&, auto) -> sluice::Answer { throw std::runtime_error("send"); });
        co_await its->async_deliver({"key", "data"}, asio::use_awaitable);
        CHECK(its.script->requests == 2);
        its.script->replies.emplace_back(spoiled);
        const auto [outcome, receipt] = co_await its->async_deliver({"key", "spoiled"}, quietly);
        CHECK(outcome == error::gave_up);
        CHECK(its.diary->letters.size() == 1);
        auto settled = until([&] { return its.diary->count("settle") >= 2; });
        co_await std::move(settled);
        const auto report = co_await its->async_close(asio::use_awaitable);
        CHECK(report.left == 0);
        const auto usage = co_await its.diary->memory.usage();
        CHECK(usage->records == 0);
        CHECK(its.logged("please report this") == 0);
    });
}

TEST_CASE("policies that throw before there is anything to await have failed, and the producer goes on") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        for (const auto* deed : {"streams", "usage", "append", "clear", "send", "shards", "settle"}) {
            its.diary->striking[deed] = 1;
        }
        const auto unknown = make_error_code(boost::system::errc::state_not_recoverable);
        for (const auto* deed : {"struck streams", "struck usage"}) {
            const auto [opened] = co_await its->async_open(quietly);
            CHECK(opened == unknown);
            CHECK(its.diary->count(deed) == 1);
        }
        const auto [put] = co_await its->async_put({"key", "refused"}, quietly);
        CHECK(put == unknown);
        const auto [cleared, removed] = co_await its->async_clear(quietly);
        CHECK(cleared == unknown);
        its.script->replies.emplace_back(throttled);
        const auto [outcome, receipt] = co_await its->async_deliver({"key", "data"}, quietly);
        CHECK_FALSE(outcome);
        auto all = until([&] {
            return its.diary->count("struck settle") == 1 && its.diary->count("struck shards") == 1;
        });
        co_await std::move(all);
        CHECK(its.diary->count("struck send") == 1);
        CHECK(its.script->requests == 2);
        const auto report = co_await its->async_close(asio::use_awaitable);
        CHECK(report.left == 0);
        const auto usage = co_await its.diary->memory.usage();
        CHECK(usage->records == 0);
        CHECK(its.logged("please report this") == 0);
    });
}

TEST_CASE("dead letters that throw before there is anything to await are tried again") {
    run([](asio::io_context& context) -> awaitable<void> {
        auto options = quick();
        options.attempts = 1;
        Fixture its(context, options);
        its.diary->persistent = false;
        its.diary->striking["letter"] = 1;
        its.script->replies.emplace_back(spoiled);
        const auto told = its.deliver("spoiled");
        auto struck = until([&] { return its.diary->count("struck letter") == 1; });
        co_await std::move(struck);
        const auto closed = its.close(0s);
        auto ready = until([&] { return closed->has_value(); });
        co_await std::move(ready);
        CHECK(*told == error::gave_up);
        CHECK(its.diary->letters.size() == 1);
        CHECK(its.logged("please report this") == 0);
    });
}

TEST_CASE("a storage that throws before its reading can be awaited is read again") {
    run([](asio::io_context& context) -> awaitable<void> {
        const auto diary = std::make_shared<Diary>();
        {
            Fixture its(context, patient(), diary);
            co_await its->async_put({"key", "stored"}, asio::use_awaitable);
            co_await its->async_close(0s, asio::use_awaitable);
        }
        diary->striking["read"] = 1;
        Fixture next(context, quick(), diary);
        const auto report = co_await next->async_flush(10s, asio::use_awaitable);
        CHECK(diary->count("struck read") == 1);
        CHECK(report.delivered == 1);
        CHECK(next.arrived() == Texts{"stored"});
    });
}

TEST_CASE("metrics that throw harm no record") {
    for (const auto* deed : {"accepted", "answered", "settled", "buffered"}) {
        CAPTURE(deed);
        run([&](asio::io_context& context) -> awaitable<void> {
            auto options = quick();
            options.attempts = 1;
            Fixture its(context, options);
            its.diary->striking[deed] = 1'000'000;
            const auto delivered = its.deliver("data");
            auto told = until([&] { return delivered->has_value(); });
            co_await std::move(told);
            CHECK_FALSE(**delivered);
            its.script->replies.emplace_back(spoiled);
            const auto lost = its.deliver("spoiled");
            told = until([&] { return lost->has_value(); });
            co_await std::move(told);
            CHECK(**lost == error::gave_up);
            const auto closed = its.close(1s);
            told = until([&] { return closed->has_value(); });
            co_await std::move(told);
            CHECK((*closed)->left == 0);
            CHECK(its->stats().buffered_records == 0);
            CHECK(its->stats().total().delivered == 1);
            CHECK(its->stats().total().failed == 1);
            CHECK(its.logged("the metrics threw") == 1);
            CHECK(its.logged("please report this") == 0);
        });
    }
}

TEST_CASE("a partitioning that throws refuses the record, wherever it is asked") {
    run([](asio::io_context& context) -> awaitable<void> {
        auto options = patient();
        options.buffer_records = 1;
        Fixture its(context, options);
        co_await its->async_open(asio::use_awaitable);
        const auto unknown = make_error_code(boost::system::errc::state_not_recoverable);
        auto& striking = its.diary->striking["key"];
        striking = 1;
        error_code tried;
        CHECK_NOTHROW(tried = its->try_put(sluice::RecordView("data")));
        CHECK(tried == unknown);
        striking = 1;
        const auto [put] = co_await its->async_put(sluice::Record("data"), quietly);
        CHECK(put == unknown);
        its.put("fills the buffer");
        std::optional<error_code> waited;
        its->async_put(sluice::Record("waits for room"), [&](error_code failure) { waited = failure; });
        co_await settle_down();
        CHECK_FALSE(waited);
        striking = 1;
        const auto removed = co_await its->async_clear(asio::use_awaitable); // makes room, on the strand
        CHECK(removed == 1);
        auto told = until([&] { return waited.has_value(); });
        co_await std::move(told);
        CHECK(*waited == unknown);
        CHECK(its->stats().refused == 3);
        CHECK(its->stats().accepted == 1);
        co_await its->async_put(sluice::Record("goes on"), asio::use_awaitable);
        const auto report = co_await its->async_close(10s, asio::use_awaitable);
        CHECK(report.delivered == 1);
    });
}

// --- the loop ------------------------------------------------------------------------------------------------------

TEST_CASE("with drop_oldest the newest find room, and the oldest become dead letters") {
    run([](asio::io_context& context) -> awaitable<void> {
        auto options = patient();
        options.buffer_records = 32;
        options.request_records = 4; // of which a chunk is made, which is dropped whole
        options.when_full = sluice::WhenFull::drop_oldest;
        Fixture its(context, options);
        its.diary->persistent = false;
        its.script->repeat_last = true;
        its.script->replies.emplace_back(offline);
        for (int i = 0; i < 100; ++i) co_await its->async_put({"key", std::to_string(i)}, asio::use_awaitable);
        CHECK(its->stats().buffered_records <= 32);
        auto dropped = until([&] { return its.diary->letters.size() >= 100 - 32; });
        co_await std::move(dropped);
        CHECK(its.diary->letters.size() <= 100 - 20); // no more than was needed
        std::set<std::string> dropped_data;
        for (const auto& letter : its.diary->letters) {
            CHECK(letter.reason == error::dropped);
            CHECK(std::stoi(letter.record.data) < 90); // but for what is in flight, the oldest go first
            dropped_data.insert(letter.record.data);
        }
        CHECK(dropped_data.size() == its.diary->letters.size());
        its.script->replies.clear();
        co_await its->async_flush(asio::use_awaitable);
        const auto arrived = its.arrived();
        CHECK(arrived.size() + its.diary->letters.size() == 100);
        CHECK(std::find(arrived.begin(), arrived.end(), "99") != arrived.end());
    });
}

TEST_CASE("a pause is told once in the log, and so is its end") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        for (int i = 0; i < 4; ++i) its.script->replies.emplace_back(offline);
        co_await its->async_deliver({"key", "data"}, asio::use_awaitable);
        CHECK(its.logged("clicks is paused") == 1);
        CHECK(its.logged("clicks moves again") == 1);
        its.script->before = for_ever;
        its.put("never answered");
        asio::steady_timer timer(context, 30ms);
        co_await timer.async_wait(asio::use_awaitable);
        co_await its->async_close(5ms, asio::use_awaitable);
        CHECK(its.logged("is paused") == 1); // that the end cancels requests is no news
    });
}

TEST_CASE("a chunk that the storage gives back damaged is told and counted, and delays nobody") {
    run([](asio::io_context& context) -> awaitable<void> {
        const auto diary = std::make_shared<Diary>();
        sluice::Chunk damaged("clicks", 1, 3, std::make_shared<const std::string>("no frames"));
        damaged.live_bytes = 99;
        std::vector<sluice::Chunk> chunks(1, damaged);
        const auto stored = co_await diary->memory.append(std::move(chunks));
        CHECK(stored.has_value());
        diary->next = 4;
        Fixture its(context, quick(), diary);
        co_await its->async_put({"key", "whole"}, asio::use_awaitable);
        const auto report = co_await its->async_flush(10s, asio::use_awaitable);
        CHECK(report.left == 0);
        CHECK(its.arrived() == Texts{"whole"});
        CHECK(its->stats().unreadable == 3);
        CHECK(its.logged("damaged chunk of stream clicks, 3 records from sequence 1") == 1);
        CHECK(its.diary->letters.empty());
        co_await its->async_close(asio::use_awaitable);
        const auto usage = co_await diary->memory.usage();
        CHECK(usage->records == 3);
    });
}

TEST_CASE("who syncs while a commit is under way learns that it failed") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context, patient());
        co_await its->async_open(asio::use_awaitable);
        its.diary->held.insert("append");
        its.diary->failing["append"] = 1;
        its.put("lost");
        auto appending = until([&] { return its.diary->count("append") == 1; });
        co_await std::move(appending);
        std::optional<error_code> synced;
        its->async_sync([&](error_code failure) { synced = failure; });
        co_await settle_down();
        CHECK_FALSE(synced);
        its.diary->held.clear();
        auto told = until([&] { return synced.has_value(); });
        co_await std::move(told);
        CHECK(*synced == error::storage_full); // what was put before is not durable
    });
}

TEST_CASE("a producer that is only fed by try_put opens when it can") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        its.diary->failing["open"] = 1;
        its.put("one");
        auto tried = until([&] { return its.diary->count("open") == 1; });
        co_await std::move(tried);
        asio::steady_timer timer(context, 20ms);
        for (int i = 0; i < 100; ++i) {
            its.put(std::to_string(i));
            timer.expires_after(20ms);
            co_await timer.async_wait(asio::use_awaitable);
        }
        CHECK(its.diary->count("open") == 2);
        CHECK(its.arrived().size() > 50);
    });
}

TEST_CASE("records that neither storage nor dead letters took are in the report") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        its.diary->failing["open"] = 1'000;
        its.diary->failing["open letters"] = 1'000;
        its.put("one");
        its.put("two");
        const auto report = co_await its->async_close(1s, asio::use_awaitable);
        CHECK(report.left + report.failed == 2);
        CHECK(its->stats().buffered_records == 0);
    });
}

TEST_CASE("a letter that was lost at the end is in the report") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context, patient());
        its.diary->persistent = false;
        its.script->repeat_last = true;
        its.script->replies.emplace_back(offline);
        its.put("one");
        const auto report = co_await its->async_close(5ms, asio::use_awaitable);
        CHECK(its.diary->letters.size() == 1);
        CHECK(report.delivered + report.failed + report.expired + report.left == 1);
    });
}

TEST_CASE("a context that dies under a coroutine which owns a producer destroys it") {
    const auto witness = std::make_shared<int>();
    {
        asio::io_context context;
        auto sleeper = [](asio::io_context& its_context, std::shared_ptr<int>) -> awaitable<void> {
            Fixture its(its_context, patient());
            co_await its->async_deliver({"key", "data"}, asio::use_awaitable);
        };
        asio::co_spawn(context, sleeper(context, witness), [](std::exception_ptr) {});
        context.run_for(20ms);
        CHECK(witness.use_count() > 1);
    }
    CHECK(witness.use_count() == 1);
}

TEST_CASE("flushing and closing may last for ever") {
    run([](asio::io_context& context) -> awaitable<void> {
        auto options = quick();
        options.flush_timeout = std::chrono::milliseconds::max();
        options.close_timeout = std::chrono::milliseconds::max();
        Fixture its(context, options);
        co_await its->async_put({"key", "data"}, asio::use_awaitable);
        const auto report = co_await its->async_flush(asio::use_awaitable);
        CHECK(report.delivered == 1);
        co_await its->async_close(asio::use_awaitable);
    });
}

TEST_CASE("lingering and living may last for ever") {
    run([](asio::io_context& context) -> awaitable<void> {
        auto options = quick();
        options.linger = std::chrono::milliseconds::max();
        options.time_to_live = std::chrono::milliseconds::max();
        Fixture its(context, options);
        co_await its->async_put({"key", "data"}, asio::use_awaitable);
        const auto report = co_await its->async_flush(asio::use_awaitable);
        CHECK(report.delivered == 1);
    });
}

TEST_CASE("a negative time-to-live expires at once, and zero lasts for ever") {
    run([](asio::io_context& context) -> awaitable<void> {
        auto options = patient();
        options.time_to_live = 1ms;
        Fixture its(context, options);
        sluice::Record lasting("key", "lasting");
        lasting.time_to_live = 0ms;
        co_await its->async_put(lasting, asio::use_awaitable);
        sluice::Record late("key", "late");
        late.time_to_live = -5ms;
        const auto [outcome, receipt] = co_await its->async_deliver(late, quietly);
        CHECK(outcome == error::expired);
        CHECK(its->stats().buffered_records == 1);
        const auto report = co_await its->async_flush(asio::use_awaitable);
        CHECK(report.delivered == 1);
        CHECK(its.arrived() == Texts{"lasting"});
        CHECK(its.diary->letters.size() == 1);
    });
}

TEST_CASE("metrics that want to see each accepted record do") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        co_await its->async_put({"key", "one"}, asio::use_awaitable);
        sluice::Record elsewhere("other", "two");
        elsewhere.stream = "else";
        CHECK_FALSE(its->try_put(elsewhere));
        co_await its->async_flush(asio::use_awaitable);
        CHECK(its.diary->records == std::vector<std::string>{"clicks key one", "else other two"});
    });
}

TEST_CASE("metrics are not told of records that are withdrawn before they are stored, nor while they are") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context, patient());
        co_await its->async_open(asio::use_awaitable);
        its.diary->held.insert("append");
        asio::cancellation_signal storing;
        asio::cancellation_signal waiting;
        const auto ignore = [](error_code) {};
        its->async_put({"key", "withdrawn"}, asio::bind_cancellation_slot(storing.slot(), ignore));
        its.put("first");
        auto stored = until([&] { return its.diary->count("append") == 1; });
        co_await std::move(stored);
        its.put("second");
        its->async_put({"key", "withdrawn"}, asio::bind_cancellation_slot(waiting.slot(), ignore));
        its.put("last");
        storing.emit(asio::cancellation_type::terminal);
        waiting.emit(asio::cancellation_type::terminal);
        its.diary->held.clear();
        co_await its->async_flush(asio::use_awaitable);
        CHECK(its.diary->records == Texts{"clicks key first", "clicks key second", "clicks key last"});
        CHECK(its.diary->accepted == 3);
        CHECK(its->stats().accepted == 3);
    });
}

TEST_CASE("metrics that want to know are told how often records were sent again") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        its.script->replies.emplace_back(spoiled);
        its.script->replies.emplace_back(spoiled);
        const auto delivered = its.deliver("data");
        auto told = until([&] { return delivered->has_value(); });
        co_await std::move(told);
        CHECK_FALSE(**delivered);
        its.script->replies.clear();
        CHECK_FALSE(its->try_put({"key", "at once"}));
        co_await its->async_flush(asio::use_awaitable);
        using Retries = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
        CHECK(its.diary->retries == Retries{{2, 1}, {0, 1}});
    });
}

TEST_CASE("the end waits for metrics that have something to do, and survives what they throw") {
    for (const int throws : {0, 1}) {
        CAPTURE(throws);
        run([&](asio::io_context& context) -> awaitable<void> {
            Fixture its(context);
            its.diary->striking["finish"] = throws;
            co_await its->async_put({"key", "one"}, asio::use_awaitable);
            const auto closed = its.close(1s);
            auto told = until([&] { return closed->has_value(); });
            co_await std::move(told);
            const auto& deeds = its.diary->deeds;
            const auto finish = std::find(deeds.begin(), deeds.end(), "metrics finish");
            REQUIRE(finish != deeds.end());
            CHECK(std::find(finish, deeds.end(), "closed") != deeds.end());
            CHECK(its.logged("the metrics threw an exception at the end") == throws);
        });
    }
}

TEST_CASE("the metrics are told what is buffered") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context, patient());
        const auto told = [&](std::uint64_t records, std::uint64_t bytes) {
            const auto& all = its.diary->buffered;
            return !all.empty() && all.back() == std::pair(records, bytes);
        };
        co_await its->async_put({"key", "data"}, asio::use_awaitable);
        auto one = until([&] { return told(1, 3 + 4 + 32); });
        co_await std::move(one);
        co_await its->async_flush(asio::use_awaitable);
        auto none = until([&] { return told(0, 0); });
        co_await std::move(none);
    });
}
