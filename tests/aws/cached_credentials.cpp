#include <sluice/aws/cached_credentials.hpp>

#include <sluice/credentials/static.hpp>

#include <aws/fakes.hpp>
#include <run.hpp>

#include <doctest/doctest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

using namespace sluice;
using namespace std::chrono_literals;
using detail::Freshness;
using detail::freshness;

namespace {

/// What a `FakeSource` does, seen from outside.
class Script {
public:
    result<Secrets> next = Secrets("AKID", Secret("key"));
    Gate* gate = nullptr;
    bool throws = false;
    bool deaf = false; ///< Whether it does not notice that it is cancelled.
    int asked = 0;
    bool cancelled = false;
    std::shared_ptr<void> farewell; ///< For one source, which keeps it as long as it lives.
};

class FakeSource {
public:
    explicit FakeSource(Script& script) : script_(&script), farewell_(std::move(script.farewell)) {}

    asio::awaitable<result<Secrets>> fetch() {
        ++script_->asked;
        if (script_->deaf) co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        if (script_->gate != nullptr) {
            const auto failure = co_await script_->gate->wait();
            script_->cancelled = failure.failed();
            if (failure) co_return failure;
        }
        if (script_->throws) throw std::runtime_error("SECRET-IN-TEXT");
        co_return script_->next;
    }

private:
    Script* script_;
    std::shared_ptr<void> farewell_;
};

using Cache = CachedCredentials<FakeSource>;

static_assert(RunningCredentials<FakeSource>);
static_assert(std::derived_from<Cache, AnyCredentials>);
static_assert(!std::copy_constructible<Cache>);

class Bench {
public:
    explicit Bench(const asio::any_io_executor& executor) : fake(executor) {
        cache.emplace(fake.world, FakeSource(script));
    }

    [[nodiscard]] Secrets secrets(std::string id, std::chrono::seconds life) {
        return Secrets(std::move(id), Secret("key"), Secret(), fake.clock.wall() + life);
    }

    FakeWorld fake;
    Script script;
    std::optional<Cache> cache;
};

asio::awaitable<void> fetch_into(AnyCredentials& credentials, std::optional<result<Secrets>>& there) {
    there = co_await credentials.fetch();
}

/// Lets everything run that can.
asio::awaitable<void> settle() {
    for (int i = 0; i < 20; ++i) {
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    }
}

} // namespace

TEST_CASE("freshness is a matter of 15 and 10 minutes") {
    const wall_time arrival{};
    const auto end = arrival + 1h;
    CHECK(freshness(arrival, end, arrival) == Freshness::good);
    CHECK(freshness(arrival, end, end - 15min - 1ns) == Freshness::good);
    CHECK(freshness(arrival, end, end - 15min) == Freshness::ageing);
    CHECK(freshness(arrival, end, end - 10min - 1ns) == Freshness::ageing);
    CHECK(freshness(arrival, end, end - 10min) == Freshness::stale);
    CHECK(freshness(arrival, end, end) == Freshness::stale);
    CHECK(freshness(arrival, end, end + 24h) == Freshness::stale);
}

TEST_CASE("short-lived credentials age in the second half of their life") {
    const wall_time arrival{};
    const auto end = arrival + 15min;
    CHECK(freshness(arrival, end, arrival) == Freshness::good);
    CHECK(freshness(arrival, end, arrival + 449s) == Freshness::good);
    CHECK(freshness(arrival, end, arrival + 450s) == Freshness::ageing);
    CHECK(freshness(arrival, end, arrival + 674s) == Freshness::ageing);
    CHECK(freshness(arrival, end, arrival + 675s) == Freshness::stale);
}

TEST_CASE("credentials without an end stay good") {
    CHECK(freshness(wall_time{}, std::nullopt, wall_time::max()) == Freshness::good);
}

TEST_CASE("good credentials are fetched once") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        for (int times = 0; times < 3; ++times) {
            auto secrets = co_await bench.cache->fetch();
            REQUIRE(secrets.has_value());
            CHECK(secrets->access_key_id == "AKID");
            bench.fake.clock.advance(24h * 365);
        }
        CHECK(bench.script.asked == 1);
    });
}

TEST_CASE("nothing is fetched before it is needed") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        co_await settle();
        CHECK(bench.script.asked == 0);
    });
}

TEST_CASE("many callers share one question") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        Gate gate(context.get_executor());
        bench.script.gate = &gate;
        std::deque<std::optional<result<Secrets>>> answers(5);
        for (auto& answer : answers) asio::co_spawn(context, fetch_into(*bench.cache, answer), asio::detached);
        co_await settle();
        CHECK(bench.script.asked == 1);
        for (const auto& answer : answers) CHECK_FALSE(answer.has_value());
        gate.open();
        co_await settle();
        for (const auto& answer : answers) {
            REQUIRE(answer.has_value());
            CHECK(answer->has_value());
        }
        CHECK(bench.script.asked == 1);
    });
}

TEST_CASE("an error is shared by those who waited, and not kept") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        Gate gate(context.get_executor());
        bench.script.gate = &gate;
        bench.script.next = error_code(error::credentials_missing);
        std::deque<std::optional<result<Secrets>>> answers(3);
        for (auto& answer : answers) asio::co_spawn(context, fetch_into(*bench.cache, answer), asio::detached);
        co_await settle();
        gate.open();
        co_await settle();
        for (const auto& answer : answers) {
            REQUIRE(answer.has_value());
            CHECK(answer->error() == error::credentials_missing);
        }
        CHECK(bench.script.asked == 1);
        bench.script.next = Secrets("AKID", Secret("key"));
        auto later = co_await bench.cache->fetch();
        CHECK(later.has_value());
        CHECK(bench.script.asked == 2);
    });
}

TEST_CASE("ageing credentials are given at once while they are refreshed") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.script.next = bench.secrets("old", 1h);
        auto first = co_await bench.cache->fetch();
        bench.fake.clock.advance(46min);
        Gate gate(context.get_executor());
        bench.script.gate = &gate;
        bench.script.next = bench.secrets("new", 1h);
        for (int times = 0; times < 3; ++times) {
            auto meanwhile = co_await bench.cache->fetch();
            REQUIRE(meanwhile.has_value());
            CHECK(meanwhile->access_key_id == "old");
            co_await settle();
        }
        CHECK(bench.script.asked == 2);
        gate.open();
        co_await settle();
        auto after = co_await bench.cache->fetch();
        CHECK(after->access_key_id == "new");
        CHECK(bench.script.asked == 2);
    });
}

TEST_CASE("a source that fails while credentials age is left alone for a minute") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.script.next = bench.secrets("old", 1h);
        auto first = co_await bench.cache->fetch();
        bench.fake.clock.advance(46min);
        bench.script.next = error_code(error::timed_out);
        for (int times = 0; times < 5; ++times) {
            auto meanwhile = co_await bench.cache->fetch();
            REQUIRE(meanwhile.has_value());
            CHECK(meanwhile->access_key_id == "old");
            co_await settle();
        }
        CHECK(bench.script.asked == 2);
        bench.fake.clock.advance(59s);
        auto early = co_await bench.cache->fetch();
        co_await settle();
        CHECK(bench.script.asked == 2);
        bench.fake.clock.advance(1s);
        bench.script.next = bench.secrets("new", 1h);
        auto due = co_await bench.cache->fetch();
        CHECK(due.has_value());
        co_await settle();
        CHECK(bench.script.asked == 3);
        auto after = co_await bench.cache->fetch();
        CHECK(after->access_key_id == "new");
    });
}

TEST_CASE("stale credentials make everybody wait, and are given if the source fails, until they expire") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.script.next = bench.secrets("old", 1h);
        auto first = co_await bench.cache->fetch();
        bench.fake.clock.advance(51min);
        bench.script.next = error_code(error::timed_out);
        for (int times = 0; times < 5; ++times) {
            auto kept = co_await bench.cache->fetch();
            REQUIRE(kept.has_value());
            CHECK(kept->access_key_id == "old");
        }
        CHECK(bench.script.asked == 2); // then it is left alone for a minute
        bench.fake.clock.advance(60s);
        auto again = co_await bench.cache->fetch();
        CHECK(again->access_key_id == "old");
        CHECK(bench.script.asked == 3);
        bench.fake.clock.advance(8min);
        auto failed = co_await bench.cache->fetch();
        CHECK(failed.error() == error::timed_out);
        failed = co_await bench.cache->fetch();
        CHECK(failed.error() == error::timed_out);
        CHECK(bench.script.asked == 5);
        bench.script.next = bench.secrets("new", 1h);
        auto after = co_await bench.cache->fetch();
        REQUIRE(after.has_value());
        CHECK(after->access_key_id == "new");
    });
}

TEST_CASE("stale credentials are not given while the source may still have better ones") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.script.next = bench.secrets("old", 1h);
        auto first = co_await bench.cache->fetch();
        bench.fake.clock.advance(51min);
        bench.script.next = bench.secrets("new", 1h);
        auto waited = co_await bench.cache->fetch();
        CHECK(waited->access_key_id == "new");
    });
}

TEST_CASE("credentials end by the services' clock, however wrong this machine's is") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.script.next = bench.secrets("hour", 1h);
        bench.fake.clock.set_wall(bench.fake.clock.wall() + 2h); // ahead of everybody
        auto refused = co_await bench.cache->fetch();
        CHECK(refused.error() == error::credentials_expired);
        bench.fake.world.correct_clock(-2h);
        auto taken = co_await bench.cache->fetch();
        REQUIRE(taken.has_value());
        CHECK(taken->access_key_id == "hour");
        bench.fake.clock.advance(61min);
        bench.script.next = error_code(error::timed_out);
        taken = co_await bench.cache->fetch();
        CHECK(taken.error() == error::timed_out);
    });
}

TEST_CASE("a refresh that began while credentials aged serves those who wait when they are stale") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.script.next = bench.secrets("old", 1h);
        auto first = co_await bench.cache->fetch();
        bench.fake.clock.advance(46min);
        Gate gate(context.get_executor());
        bench.script.gate = &gate;
        auto meanwhile = co_await bench.cache->fetch();
        bench.fake.clock.advance(5min);
        bench.script.next = bench.secrets("new", 1h);
        std::optional<result<Secrets>> answer;
        asio::co_spawn(context, fetch_into(*bench.cache, answer), asio::detached);
        co_await settle();
        CHECK_FALSE(answer.has_value());
        gate.open();
        co_await settle();
        REQUIRE(answer.has_value());
        CHECK((*answer)->access_key_id == "new");
        CHECK(bench.script.asked == 2);
    });
}

TEST_CASE("short-lived credentials are not asked for at every fetch") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        for (int minute = 0; minute < 60; ++minute) {
            bench.script.next = bench.secrets(std::to_string(minute), 5min);
            for (int times = 0; times < 10; ++times) {
                auto secrets = co_await bench.cache->fetch();
                CHECK(secrets.has_value());
            }
            bench.fake.clock.advance(1min);
        }
        CHECK(bench.script.asked <= 21);
    });
}

TEST_CASE("rejected credentials are fetched anew, others are kept") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        auto first = co_await bench.cache->fetch();
        bench.script.next = Secrets("second", Secret("key"));
        bench.cache->reject(Secrets("somebody else's", Secret("key")));
        auto same = co_await bench.cache->fetch();
        CHECK(same->access_key_id == "AKID");
        bench.cache->reject(*first);
        auto second = co_await bench.cache->fetch();
        CHECK(second->access_key_id == "second");
        bench.cache->reject(*first);
        auto kept = co_await bench.cache->fetch();
        CHECK(kept->access_key_id == "second");
        CHECK(bench.script.asked == 2);
    });
}

TEST_CASE("credentials that have expired on arrival are an error") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        for (const auto life : {0s, -1s, -86400s}) {
            bench.script.next = bench.secrets("old", life);
            auto secrets = co_await bench.cache->fetch();
            CHECK(secrets.error() == error::credentials_expired);
        }
        bench.script.next = bench.secrets("new", 1s);
        auto secrets = co_await bench.cache->fetch();
        CHECK(secrets.has_value());
    });
}

TEST_CASE("credentials that no header may carry are an error, and the log does not quote them") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        std::vector<Secrets> bad;
        bad.push_back(Secrets("", Secret("KEY-TEXT")));
        bad.push_back(Secrets("AKID", Secret("")));
        bad.push_back(Secrets("AKID\r\nX-Evil: 1", Secret("KEY-TEXT")));
        bad.push_back(Secrets("AKID", Secret("KEY-TEXT"), Secret("TOKEN-TEXT\n")));
        bad.push_back(Secrets("AK ID", Secret("KEY-TEXT")));
        bad.push_back(Secrets("AKID", Secret("KEY-TEXT"), Secret(std::string("TOKEN-TEXT\0", 11))));
        for (const auto& secrets : bad) {
            bench.script.next = secrets;
            auto answer = co_await bench.cache->fetch();
            CHECK(answer.error() == error::credentials_failed);
        }
        CHECK_FALSE(bench.fake.log.empty());
        CHECK(bench.fake.log.find("TEXT") == std::string::npos);
        CHECK(bench.fake.log.find("Evil") == std::string::npos);
    });
}

TEST_CASE("a source that throws has failed, and the log does not quote it") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.script.throws = true;
        auto failed = co_await bench.cache->fetch();
        CHECK(failed.error() == error::credentials_failed);
        CHECK_FALSE(bench.fake.log.empty());
        CHECK(bench.fake.log.find("SECRET") == std::string::npos);
        bench.script.throws = false;
        auto secrets = co_await bench.cache->fetch();
        CHECK(secrets.has_value());
    });
}

TEST_CASE("a failure is logged once, until it changes") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.script.next = error_code(error::credentials_missing);
        for (int times = 0; times < 3; ++times) {
            auto failed = co_await bench.cache->fetch();
        }
        const auto once = bench.fake.log;
        CHECK(once == "credentials: " + make_error_code(error::credentials_missing).message() + "\n");
        bench.script.next = error_code(error::timed_out);
        auto failed = co_await bench.cache->fetch();
        CHECK(bench.fake.log.size() > once.size());
    });
}

TEST_CASE("a caller that is cancelled leaves the question and the others alone") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        Gate gate(context.get_executor());
        bench.script.gate = &gate;
        std::optional<result<Secrets>> starter;
        std::optional<result<Secrets>> other;
        asio::cancellation_signal signal;
        bool ended = false;
        asio::co_spawn(context, fetch_into(*bench.cache, starter),
                       asio::bind_cancellation_slot(signal.slot(), [&ended](std::exception_ptr) { ended = true; }));
        asio::co_spawn(context, fetch_into(*bench.cache, other), asio::detached);
        co_await settle();
        CHECK(bench.script.asked == 1);
        signal.emit(asio::cancellation_type::terminal);
        co_await settle();
        CHECK(ended);
        CHECK_FALSE((starter.has_value() && starter->has_value()));
        CHECK_FALSE(other.has_value());
        CHECK_FALSE(bench.script.cancelled);
        gate.open();
        co_await settle();
        REQUIRE(other.has_value());
        CHECK(other->has_value());
        auto later = co_await bench.cache->fetch();
        CHECK(later.has_value());
        CHECK(bench.script.asked == 1);
    });
}

TEST_CASE("the stop cancels the source, and the cache may go") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        Gate gate(context.get_executor());
        bench.script.gate = &gate;
        std::optional<result<Secrets>> answer;
        asio::co_spawn(context, fetch_into(*bench.cache, answer), asio::detached);
        co_await settle();
        bench.cache->stop();
        bench.cache.reset();
        co_await settle();
        CHECK(bench.script.cancelled);
        REQUIRE(answer.has_value());
        CHECK(answer->error() == asio::error::operation_aborted);
    });
}

TEST_CASE("a stop before the source was asked leaves nobody waiting") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        Gate gate(context.get_executor());
        bench.script.gate = &gate;
        std::optional<result<Secrets>> answer;
        asio::co_spawn(context, fetch_into(*bench.cache, answer), asio::detached);
        asio::post(context, [&bench] {
            bench.cache->stop();
            bench.cache.reset();
        });
        co_await settle();
        REQUIRE(answer.has_value());
        CHECK(answer->error() == asio::error::operation_aborted);
    });
}

TEST_CASE("a source that was stopped is asked no more, and what it says too late is not heard") {
    for (const bool failing : {false, true}) {
        CAPTURE(failing);
        run([&](asio::io_context& context) -> asio::awaitable<void> {
            Bench bench(context.get_executor());
            Gate gate(context.get_executor());
            bench.script.gate = &gate;
            bench.script.deaf = true;
            if (failing) bench.script.next = error_code(error::credentials_missing);
            std::optional<result<Secrets>> answer;
            asio::co_spawn(context, fetch_into(*bench.cache, answer), asio::detached);
            co_await settle();
            CHECK(bench.script.asked == 1);
            bench.cache->stop();
            const auto at_once = co_await bench.cache->fetch();
            CHECK(at_once.error() == asio::error::operation_aborted);
            gate.open();
            co_await settle();
            CHECK_FALSE(bench.script.cancelled);
            REQUIRE(answer.has_value());
            REQUIRE(answer->has_error());
            CHECK(answer->error() == asio::error::operation_aborted);
            const auto later = co_await bench.cache->fetch();
            CHECK(later.error() == asio::error::operation_aborted);
            CHECK(bench.script.asked == 1);
            CHECK(bench.fake.log.empty());
        });
    }
}

TEST_CASE("after the stop credentials are given until they expire, and not refreshed") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.script.next = bench.secrets("old", 1h);
        auto first = co_await bench.cache->fetch();
        CHECK(first.has_value());
        bench.cache->stop();
        bench.fake.clock.advance(46min);
        auto ageing = co_await bench.cache->fetch();
        REQUIRE(ageing.has_value());
        CHECK(ageing->access_key_id == "old");
        co_await settle();
        CHECK(bench.script.asked == 1);
        bench.fake.clock.advance(14min - 1s);
        auto stale = co_await bench.cache->fetch();
        REQUIRE(stale.has_value());
        CHECK(stale->access_key_id == "old");
        bench.fake.clock.advance(1s);
        auto expired = co_await bench.cache->fetch();
        CHECK(expired.error() == asio::error::operation_aborted);
        CHECK(bench.script.asked == 1);
        CHECK(bench.fake.log.empty());
    });
}

TEST_CASE("credentials that were rejected are not given after the stop") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        const auto first = co_await bench.cache->fetch();
        bench.cache->stop();
        bench.cache->reject(*first);
        const auto none = co_await bench.cache->fetch();
        CHECK(none.error() == asio::error::operation_aborted);
        CHECK(bench.script.asked == 1);
    });
}

TEST_CASE("whoever waits for better credentials at the stop is given those that there are, unless they have expired") {
    for (const bool deaf : {false, true}) {
        for (const bool expired : {false, true}) {
            CAPTURE(deaf);
            CAPTURE(expired);
            run([&](asio::io_context& context) -> asio::awaitable<void> {
                Bench bench(context.get_executor());
                bench.script.next = bench.secrets("old", 1h);
                const auto first = co_await bench.cache->fetch();
                CHECK(first.has_value());
                bench.fake.clock.advance(expired ? 60min : 51min);
                Gate gate(context.get_executor());
                bench.script.gate = &gate;
                bench.script.deaf = deaf;
                bench.script.next = bench.secrets("new", 1h);
                std::optional<result<Secrets>> answer;
                asio::co_spawn(context, fetch_into(*bench.cache, answer), asio::detached);
                co_await settle();
                CHECK(bench.script.asked == 2);
                CHECK_FALSE(answer.has_value());
                bench.cache->stop();
                const auto later = co_await bench.cache->fetch(); // does not wait, however long the source takes
                gate.open();
                co_await settle();
                REQUIRE(answer.has_value());
                for (const auto& given : {*answer, later}) {
                    if (expired) {
                        REQUIRE(given.has_error());
                        CHECK(given.error() == asio::error::operation_aborted);
                    } else {
                        REQUIRE(given.has_value());
                        CHECK(given->access_key_id == "old");
                    }
                }
                CHECK(bench.script.asked == 2);
            });
        }
    }
}

TEST_CASE("whoever owns the world is held until the source has ended, and no longer") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        auto bench = std::make_shared<Bench>(context.get_executor());
        bench->fake.world.belong_to(bench);
        Script script;
        Gate gate(context.get_executor());
        script.gate = &gate;
        script.deaf = true;
        const std::weak_ptr<Bench> watch = bench;
        bench->cache.emplace(bench->fake.world, FakeSource(script));
        std::optional<result<Secrets>> answer;
        asio::co_spawn(context, fetch_into(*bench->cache, answer), asio::detached);
        co_await settle();
        CHECK(script.asked == 1);
        bench->cache->stop();
        bench->cache.reset();
        bench.reset();
        co_await settle();
        CHECK_FALSE(watch.expired());
        gate.open();
        co_await settle();
        CHECK(watch.expired());
        CHECK(answer.has_value());
    });
}

TEST_CASE("a source that ends after its cache goes before its world") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        auto bench = std::make_shared<Bench>(context.get_executor());
        bench->fake.world.belong_to(bench);
        const std::weak_ptr<Bench> watch = bench;
        bool source_went_first = false;
        Script script;
        script.next = bench->secrets("old", 1h);
        script.deaf = true;
        script.farewell = std::shared_ptr<void>(nullptr, [&](void*) { source_went_first = !watch.expired(); });
        bench->cache.emplace(bench->fake.world, FakeSource(script));
        co_await bench->cache->fetch();
        Gate gate(context.get_executor());
        script.gate = &gate;
        bench->fake.clock.advance(46min);
        co_await bench->cache->fetch(); // ageing: refreshed in the background
        co_await settle();
        CHECK(script.asked == 2);
        bench->cache->stop();
        bench->cache.reset();
        bench.reset();
        co_await settle();
        CHECK_FALSE(watch.expired());
        gate.open();
        co_await settle();
        CHECK(watch.expired());
        CHECK(source_went_first);
    });
}

TEST_CASE("destruction without anything under way is quiet") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        auto secrets = co_await bench.cache->fetch();
        bench.cache.reset();
        co_await settle();
        CHECK(bench.fake.log.empty());
    });
}

TEST_CASE("an executor that ends first takes the question with it") {
    Script script;
    std::optional<Cache> cache;
    std::optional<FakeWorld> fake;
    std::optional<Gate> gate;
    std::optional<result<Secrets>> answer;
    {
        asio::io_context context;
        fake.emplace(context.get_executor());
        gate.emplace(context.get_executor());
        script.gate = &*gate;
        cache.emplace(fake->world, FakeSource(script));
        asio::co_spawn(context, fetch_into(*cache, answer), asio::detached);
        context.poll();
        CHECK(script.asked == 1);
        gate.reset();
        cache.reset();
    }
    CHECK_FALSE(answer.has_value());
}

TEST_CASE("any running source can be cached") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor());
        StaticCredentials recipe("AKID", Secret("key"));
        auto opened = co_await recipe.open(fake.world);
        CachedCredentials cache(fake.world, *opened);
        auto secrets = co_await cache.fetch();
        CHECK(secrets->access_key_id == "AKID");
    });
}
