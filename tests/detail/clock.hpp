#pragma once

#include "chunks.hpp"

#include <sluice/clock/clock.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>

/// A clock that stands still until it is told otherwise.
class HandClock final : public sluice::AnyClock {
public:
    [[nodiscard]] sluice::steady_time steady() const override { return now.steady; }
    [[nodiscard]] sluice::wall_time wall() const override { return now.wall; }
    [[nodiscard]] boost::asio::awaitable<sluice::error_code> async_wait_until(sluice::steady_time) override {
        co_return sluice::error_code{};
    }
    [[nodiscard]] std::uint64_t random() override { return ++dice; }

    void advance(std::chrono::nanoseconds time) {
        now.steady += time;
        now.wall += std::chrono::duration_cast<sluice::wall_time::duration>(time);
    }

    sluice::detail::Moment now = chunks::moment();
    std::uint64_t dice = 0;
};
