#include <sluice/detail/spawn.hpp>

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace {

namespace asio = boost::asio;

asio::awaitable<void> end_at_once() { co_return; }

asio::awaitable<void> fail() {
    throw std::runtime_error("thrown");
    co_return;
}

asio::awaitable<void> wait(asio::any_io_executor executor) {
    asio::steady_timer timer(executor, std::chrono::hours(1));
    co_await timer.async_wait(asio::use_awaitable);
}

TEST_CASE("the end of a coroutine is told, with what it threw, and not from within the call") {
    asio::io_context context;
    int ended = 0;
    std::exception_ptr thrown;
    const auto end = [&](const std::exception_ptr& what) {
        ++ended;
        thrown = what;
    };
    sluice::detail::spawn(context.get_executor(), end_at_once(), {}, end);
    CHECK(ended == 0);
    context.run();
    CHECK(ended == 1);
    CHECK_FALSE(thrown);
    sluice::detail::spawn(context.get_executor(), fail(), {}, end);
    context.restart();
    context.run();
    CHECK(ended == 2);
    CHECK_THROWS_WITH_AS(std::rethrow_exception(thrown), "thrown", std::runtime_error);
}

TEST_CASE("the slot cuts a coroutine short") {
    asio::io_context context;
    asio::cancellation_signal signal;
    std::exception_ptr thrown;
    sluice::detail::spawn(context.get_executor(), wait(context.get_executor()), signal.slot(),
                          [&](const std::exception_ptr& what) { thrown = what; });
    context.poll();
    CHECK_FALSE(thrown);
    signal.emit(asio::cancellation_type::terminal);
    context.run_for(std::chrono::seconds(10));
    CHECK(thrown);
}

TEST_CASE("what the end holds is let go when the context goes before the coroutine has ended, and nothing is told") {
    std::optional<asio::io_context> context(std::in_place);
    auto held = std::make_shared<bool>(false);
    const std::weak_ptr<bool> watch = held;
    sluice::detail::spawn(context->get_executor(), wait(context->get_executor()), {},
                          [held = std::move(held)](const std::exception_ptr&) { FAIL("nobody was to be told"); });
    context->poll();
    CHECK_FALSE(watch.expired());
    context.reset();
    CHECK(watch.expired());
}

} // namespace
