#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/detail/wait_for.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

/// Time that passes when a test says so; whoever waits for it is woken then.
class HandsOnClock final : public sluice::AnyClock {
public:
    explicit HandsOnClock(boost::asio::io_context& context) : context_(context) {}

    [[nodiscard]] sluice::steady_time steady() const override { return now_; }
    [[nodiscard]] sluice::wall_time wall() const override {
        return sluice::wall_time(std::chrono::seconds(1'767'323'045)) +
               std::chrono::duration_cast<sluice::wall_time::duration>(now_.time_since_epoch() - std::chrono::hours(1));
    }
    [[nodiscard]] std::uint64_t random() override { return UINT64_MAX; }

    [[nodiscard]] boost::asio::awaitable<sluice::error_code> async_wait_until(sluice::steady_time when) override {
        const auto timer = std::make_shared<boost::asio::steady_timer>(context_, sluice::steady_time::max());
        const auto place = waiting_.emplace(when, timer);
        if (when > now_) co_await sluice::detail::wait_for(*timer);
        waiting_.erase(place);
        co_return when > now_ ? sluice::error_code(boost::asio::error::operation_aborted) : sluice::error_code();
    }

    /// Has everything happen that is due in this time, in order.
    void pass(std::chrono::nanoseconds time) {
        const auto end = now_ + time;
        settle();
        while (!waiting_.empty() && waiting_.begin()->first <= end) {
            now_ = std::max(now_, waiting_.begin()->first);
            waiting_.begin()->second->cancel();
            settle();
        }
        now_ = end;
    }

    void settle() {
        context_.restart();
        context_.poll();
    }

    [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

private:
    boost::asio::io_context& context_;
    sluice::steady_time now_{std::chrono::hours(1)};
    std::multimap<sluice::steady_time, std::shared_ptr<boost::asio::steady_timer>> waiting_;
};
