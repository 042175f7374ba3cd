#pragma once

#include "dice.hpp"

#include <sluice/clock/clock.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace simulate {

namespace asio = boost::asio;
using sluice::steady_time;
using sluice::wall_time;
using namespace std::chrono_literals;

/// Virtual time, and everything that waits for it. It moves only when told to, from one wake-up to the next.
class Timeline {
public:
    Timeline() = default;
    Timeline(const Timeline&) = delete;
    Timeline& operator=(const Timeline&) = delete;

    [[nodiscard]] steady_time now() const { return now_; }
    [[nodiscard]] wall_time wall() const {
        return wall_time(1'800'000'000s + std::chrono::duration_cast<wall_time::duration>(offset_ + since_start()));
    }
    [[nodiscard]] std::chrono::nanoseconds since_start() const { return now_ - start_; }

    /// Somebody sets the calendar.
    void step_wall(std::chrono::nanoseconds by) {
        offset_ += by;
        forward_steps_ += std::max(by, std::chrono::nanoseconds(0));
    }

    /// How far the calendar was set forward in all.
    [[nodiscard]] std::chrono::nanoseconds forward_steps() const { return forward_steps_; }

    /// Has `call` called when the time comes.
    void at(steady_time when, std::function<void()> call) { insert(when, std::move(call)); }
    void after(std::chrono::nanoseconds rest, std::function<void()> call) { at(now_ + rest, std::move(call)); }

    /// The next wake-up; none if nobody waits.
    [[nodiscard]] std::optional<steady_time> next() const {
        if (waiting_.empty()) return std::nullopt;
        return std::max(now_, waiting_.begin()->first.first);
    }

    /// Moves to the next wake-up, which is there, and wakes one who waits for it.
    void wake() {
        const auto first = waiting_.begin();
        now_ = std::max(now_, first->first.first);
        const auto call = std::move(first->second);
        waiting_.erase(first);
        call();
    }

    /// Moves on; nobody may wait for an earlier time.
    void pass_until(steady_time when) { now_ = std::max(now_, when); }

    /// Everybody who waits is forgotten.
    void clear() {
        // What a waiter owns may wait itself, or cancel others, when it is destroyed.
        while (!waiting_.empty()) {
            const auto first = waiting_.extract(waiting_.begin());
        }
    }

    /// Completes with false at `when`, and with true if it is cancelled before.
    [[nodiscard]] asio::awaitable<bool> wait_until(steady_time when) {
        auto begin = [this, when](auto handler) { start(when, std::move(handler)); };
        asio::use_awaitable_t<> token;
        return asio::async_initiate<asio::use_awaitable_t<>, void(bool)>(std::move(begin), token);
    }

private:
    /// By time; who comes first waits in front.
    using Key = std::pair<steady_time, std::uint64_t>;

    Key insert(steady_time when, std::function<void()> call) {
        const Key key(when, ++last_);
        waiting_.emplace(key, std::move(call));
        return key;
    }

    template <class Handler>
    void start(steady_time when, Handler handler) {
        const auto slot = asio::get_associated_cancellation_slot(handler);
        const auto parked = std::make_shared<Parked<Handler>>(std::move(handler));
        if (when <= now_) return parked->complete(false);
        const auto key = insert(when, [parked] { parked->complete(false); });
        if (!slot.is_connected()) return;
        auto its_slot = slot;
        its_slot.assign([this, key, weak = std::weak_ptr(parked)](asio::cancellation_type) {
            const auto waiting = weak.lock();
            if (!waiting) return;
            waiting_.erase(key);
            waiting->complete(true);
        });
    }

    template <class Handler>
    class Parked {
    public:
        explicit Parked(Handler handler) : handler_(std::move(handler)) {}

        void complete(bool cancelled) {
            if (!handler_) return;
            auto slot = asio::get_associated_cancellation_slot(*handler_);
            if (slot.is_connected()) slot.clear();
            auto executor = asio::get_associated_executor(*handler_);
            auto call = [handler = std::move(*handler_), cancelled]() mutable { std::move(handler)(cancelled); };
            handler_.reset();
            asio::post(executor, std::move(call));
        }

    private:
        std::optional<Handler> handler_;
    };

    const steady_time start_{1000h};
    steady_time now_ = start_;
    std::chrono::nanoseconds offset_{0};
    std::chrono::nanoseconds forward_steps_{0};
    std::map<Key, std::function<void()>> waiting_;
    std::uint64_t last_ = 0;
};

/// The clock policy of a simulation.
class SimulatedClock {
public:
    using policy_kind = sluice::kind::clock;

    SimulatedClock(Timeline& timeline, std::uint64_t seed) : timeline_(&timeline), dice_(seed) {}

    [[nodiscard]] steady_time steady() const { return timeline_->now(); }
    [[nodiscard]] wall_time wall() const { return timeline_->wall(); }
    [[nodiscard]] asio::awaitable<sluice::error_code> async_wait_until(steady_time when) {
        return wait(*timeline_, when);
    }
    [[nodiscard]] std::uint64_t random() { return dice_.bits(); }

private:
    static asio::awaitable<sluice::error_code> wait(Timeline& timeline, steady_time when) {
        const bool cancelled = co_await timeline.wait_until(when);
        if (cancelled) co_return make_error_code(asio::error::operation_aborted);
        co_return sluice::error_code{};
    }

    Timeline* timeline_;
    Dice dice_;
};

static_assert(sluice::Clock<SimulatedClock>);

} // namespace simulate
