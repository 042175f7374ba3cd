#include "run.hpp"

#include <sluice/detail/wait_for.hpp>

#include <doctest/doctest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <exception>

using namespace std::chrono_literals;

namespace {

namespace asio = boost::asio;
using sluice::detail::wait_for;

} // namespace

TEST_CASE("waiting for a timer ends with it") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        asio::steady_timer timer(context, 1ms);
        const auto end = timer.expiry();
        const auto failure = co_await wait_for(timer);
        CHECK_FALSE(failure);
        CHECK(std::chrono::steady_clock::now() >= end);
    });
}

TEST_CASE("waiting for a timer that is cancelled ends at once") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        asio::steady_timer timer(context, asio::steady_timer::time_point::max());
        asio::post(context, [&timer] { timer.cancel(); });
        const auto failure = co_await wait_for(timer);
        CHECK(failure == asio::error::operation_aborted);
    });
}

TEST_CASE("waiting for a timer can be cancelled, and the timer goes on") {
    asio::io_context context;
    asio::steady_timer timer(context, asio::steady_timer::time_point::max());
    asio::cancellation_signal signal;
    bool told = false;
    boost::system::error_code failure;
    asio::co_spawn(context, wait_for(timer),
                   asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr, boost::system::error_code why) {
                       told = true;
                       failure = why;
                   }));
    asio::post(context, [&signal] { signal.emit(asio::cancellation_type::terminal); });
    context.run();
    CHECK(told);
    CHECK(failure == asio::error::operation_aborted);
    CHECK(timer.expiry() == asio::steady_timer::time_point::max());
}
