#pragma once

#include <doctest/doctest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>

/// Runs `body(io_context&) -> asio::awaitable<void>` to its end on this thread, and everything that it started; fails
/// the test if that takes longer than `limit`.
template <class Body>
void run(Body body, std::chrono::seconds limit = std::chrono::seconds(60)) {
    boost::asio::io_context context;
    std::exception_ptr failure;
    bool ended = false;
    boost::asio::co_spawn(context, body(context), [&](std::exception_ptr thrown) {
        failure = thrown;
        ended = true;
    });
    context.run_for(limit);
    REQUIRE_MESSAGE(ended, "the coroutine did not end in time");
    if (failure) std::rethrow_exception(failure);
}
