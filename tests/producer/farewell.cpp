#include "fixture.hpp"
#include "../run.hpp"

#include <sluice/clock/system.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using asio::awaitable;
using namespace std::chrono_literals;

namespace {

/// A day passes in a minute and a half.
class HurriedClock : public sluice::SystemClock {
public:
    [[nodiscard]] sluice::steady_time steady() const { return start_ + 1'000 * (SystemClock().steady() - start_); }
    [[nodiscard]] awaitable<sluice::error_code> async_wait_until(sluice::steady_time when) {
        return SystemClock::async_wait_until(start_ + (when - start_) / 1'000);
    }

private:
    sluice::steady_time start_ = SystemClock().steady();
};

enum class Manners { quick, slow, deaf, throws };

class Diary {
public:
    std::vector<std::string> log;
    bool ended = false;      ///< The policy has come to its end.
    bool is_closing = false; ///< The storage is at it.
    int storages = 0;
};

/// A second, or an hour unless that is cut short, which some do not heed: whether it was.
awaitable<bool> linger(sluice::World& world, Manners manners) {
    const auto time = manners == Manners::quick ? 1s : 1h;
    if (manners == Manners::deaf) {
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    }
    const auto cut = co_await world.clock().async_wait_until(world.clock().steady() + time);
    co_return cut.failed();
}

/// Metrics that take their time.
class Lingering {
public:
    using policy_kind = sluice::kind::metrics;

    Lingering(Manners manners, std::shared_ptr<Diary> diary) : manners_(manners), diary_(std::move(diary)) {}

    class Running : public sluice::NoMetrics::Running {
    public:
        Running(sluice::World& world, Manners manners, std::shared_ptr<Diary> diary)
            : world_(&world), manners_(manners), diary_(std::move(diary)) {}

        awaitable<void> finish() {
            const bool cut = co_await linger(*world_, manners_);
            diary_->ended = true;
            world_->log().info("the metrics end");
            if (cut && manners_ == Manners::throws) throw std::runtime_error("cut short");
        }

    private:
        sluice::World* world_;
        Manners manners_;
        std::shared_ptr<Diary> diary_;
    };

    awaitable<sluice::result<Running>> open(sluice::World& world) const { co_return Running(world, manners_, diary_); }

private:
    Manners manners_;
    std::shared_ptr<Diary> diary_;
};

/// A storage that takes its time at its end.
class SlowToClose {
public:
    using policy_kind = sluice::kind::storage;

    SlowToClose(Manners manners, std::shared_ptr<Diary> diary) : manners_(manners), diary_(std::move(diary)) {}

    class Running : public sluice::MemoryStorage::Running {
    public:
        Running(sluice::MemoryStorage::Running inner, sluice::World& world, Manners manners,
                std::shared_ptr<Diary> diary)
            : sluice::MemoryStorage::Running(std::move(inner)), world_(&world), manners_(manners),
              diary_(std::move(diary)) {
            ++diary_->storages;
        }
        Running(Running&&) = default;
        ~Running() {
            if (!diary_) return;
            CHECK_FALSE(diary_->is_closing);
            --diary_->storages;
        }

        awaitable<void> close() {
            diary_->is_closing = true;
            const bool cut = co_await linger(*world_, manners_);
            diary_->is_closing = false;
            diary_->ended = true;
            if (cut && manners_ == Manners::throws) throw std::runtime_error("cut short");
        }

    private:
        sluice::World* world_;
        Manners manners_;
        std::shared_ptr<Diary> diary_;
    };

    awaitable<sluice::result<Running>> open(sluice::World& world) const {
        auto inner = co_await sluice::MemoryStorage().open(world);
        if (!inner) co_return inner.error();
        co_return Running(*std::move(inner), world, manners_, diary_);
    }

private:
    Manners manners_;
    std::shared_ptr<Diary> diary_;
};

/// Metrics that do not come to life.
class Stillborn {
public:
    using policy_kind = sluice::kind::metrics;
    using Running = sluice::NoMetrics::Running;

    awaitable<sluice::result<Running>> open(sluice::World&) const { co_return sluice::error::region_missing; }
};

std::ptrdiff_t logged(const Diary& diary, std::string_view word) {
    return std::count_if(diary.log.begin(), diary.log.end(),
                         [&](const auto& line) { return line.find(word) != std::string::npos; });
}

/// The end of a producer waits for that of a policy, `who` in the log, but not for ever.
template <class Policy>
void check_farewell(const std::string& who) {
    for (const auto manners : {Manners::quick, Manners::slow, Manners::throws, Manners::deaf}) {
        CAPTURE(int(manners));
        const auto diary = std::make_shared<Diary>();
        run([&](asio::io_context& context) -> awaitable<void> {
            auto options = quick();
            options.log = sluice::Log([diary](auto, std::string_view line) { diary->log.emplace_back(line); });
            auto producer = sluice::make_producer(context.get_executor(), options, ScriptedDestination{},
                                                  NobodySigns{}, NoTransport{}, HurriedClock{},
                                                  Policy{manners, diary});
            co_await producer.async_put({"key", "data"}, asio::use_awaitable);
            const HurriedClock clock;
            const auto begin = clock.steady();
            const auto report = co_await producer.async_close(asio::use_awaitable);
            const auto time = clock.steady() - begin;
            CHECK(report.left == 0);
            CHECK(time >= (manners == Manners::quick ? 1s : 5s));
            CHECK(time < 1h);
            CHECK(logged(*diary, who + " did not come to an end in 5 s") == (manners != Manners::quick));
            for (int i = 0; i < 10; ++i) co_await asio::post(asio::use_awaitable);
            CHECK(diary->ended == (manners != Manners::deaf));
            CHECK(diary->storages == (diary->is_closing ? 1 : 0)); // it is let go when its end is over
        });
        CHECK(diary->ended); // what cannot be cancelled has all that it needs to go on
        CHECK(logged(*diary, "threw an exception") == 0);
        CHECK(logged(*diary, "please report") == 0);
    }
}

} // namespace

TEST_CASE("the end waits for metrics, but not for ever") { check_farewell<Lingering>("the metrics"); }

TEST_CASE("the end waits for a storage that has to be closed, but not for ever") {
    check_farewell<SlowToClose>("the storage");
}

TEST_CASE("a storage is closed if the producer could not be opened because of something else, too") {
    const auto diary = std::make_shared<Diary>();
    run([&](asio::io_context& context) -> awaitable<void> {
        auto producer = sluice::make_producer(context.get_executor(), quick(), ScriptedDestination{}, NobodySigns{},
                                              NoTransport{}, HurriedClock{}, Stillborn{},
                                              SlowToClose{Manners::quick, diary});
        const auto opened = co_await producer.async_open(quietly);
        CHECK(std::get<0>(opened) == sluice::error::metrics_failed);
        CHECK_FALSE(diary->ended);
        co_await producer.async_close(asio::use_awaitable);
        CHECK(diary->ended);
        CHECK(diary->storages == 0);
    });
}

TEST_CASE("what a storage throws at its end is told in the log") {
    class Rude : public sluice::MemoryStorage {
    public:
        class Running : public sluice::MemoryStorage::Running {
        public:
            explicit Running(sluice::MemoryStorage::Running inner)
                : sluice::MemoryStorage::Running(std::move(inner)) {}
            awaitable<void> close() { throw std::runtime_error("no"); }
        };
        awaitable<sluice::result<Running>> open(sluice::World& world) const {
            auto inner = co_await sluice::MemoryStorage().open(world);
            co_return Running(*std::move(inner));
        }
    };
    const auto diary = std::make_shared<Diary>();
    run([&](asio::io_context& context) -> awaitable<void> {
        auto options = quick();
        options.log = sluice::Log([diary](auto, std::string_view line) { diary->log.emplace_back(line); });
        auto producer = sluice::make_producer(context.get_executor(), options, ScriptedDestination{}, NobodySigns{},
                                              NoTransport{}, Rude{});
        co_await producer.async_put({"key", "data"}, asio::use_awaitable);
        const auto report = co_await producer.async_close(asio::use_awaitable);
        CHECK(report.left == 0);
        CHECK(logged(*diary, "the storage threw an exception at the end") == 1);
    });
}

TEST_CASE("a context that is destroyed while the end waits for metrics leaves nothing behind") {
    const auto diary = std::make_shared<Diary>();
    {
        asio::io_context context;
        auto producer = sluice::make_producer(context.get_executor(), quick(), ScriptedDestination{}, NobodySigns{},
                                              NoTransport{}, Lingering{Manners::deaf, diary});
        CHECK_FALSE(producer.try_put({"key", "data"}));
        producer.async_close([](auto, auto) {});
        context.run_for(50ms);
    }
    CHECK_FALSE(diary->ended);
    CHECK(diary.use_count() == 1);
}
