#include <sluice/detail/initiate.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <tuple>
#include <utility>

namespace {

namespace asio = boost::asio;
using sluice::error_code;
using sluice::detail::Outcome;

asio::awaitable<Outcome<int>> never() {
    asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    co_await timer.async_wait(asio::use_awaitable);
    co_return Outcome<int>();
}

asio::awaitable<void> wait(asio::any_io_executor strand, std::optional<error_code>& outcome) {
    using Token = const asio::as_tuple_t<asio::use_awaitable_t<>>;
    Token token(asio::use_awaitable);
    auto work = never();
    auto ended = co_await sluice::detail::initiate<int, Token>(std::move(strand), std::move(work), token);
    outcome = std::get<0>(ended);
}

} // namespace

TEST_CASE("work is cut short by whoever waits elsewhere") {
    asio::io_context home;
    asio::io_context elsewhere;
    asio::cancellation_signal signal;
    std::optional<error_code> outcome;
    auto token = asio::bind_cancellation_slot(signal.slot(), asio::detached);
    asio::co_spawn(elsewhere, wait(asio::make_strand(home), outcome), std::move(token));
    elsewhere.poll();
    home.poll();
    CHECK_FALSE(outcome);
    signal.emit(asio::cancellation_type::terminal);
    elsewhere.restart();
    elsewhere.poll(); // where it takes effect
    home.run();
    elsewhere.restart();
    elsewhere.run();
    CHECK(outcome == asio::error::operation_aborted);
}

TEST_CASE("whoever waits elsewhere has nothing of the strand's context once that is gone") {
    for (const bool cancelled : {false, true}) {
        asio::cancellation_signal signal;
        std::optional<error_code> outcome;
        asio::io_context elsewhere;
        {
            asio::io_context home;
            auto token = asio::bind_cancellation_slot(signal.slot(), asio::detached);
            asio::co_spawn(elsewhere, wait(asio::make_strand(home), outcome), std::move(token));
            elsewhere.poll();
            home.poll();
        }
        if (cancelled) signal.emit(asio::cancellation_type::terminal);
        elsewhere.restart(); // the frames of who waits are unwound here, or with their context
        elsewhere.poll();
        CHECK_FALSE(outcome);
    }
}
