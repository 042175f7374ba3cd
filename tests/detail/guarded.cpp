#include <sluice/detail/guarded.hpp>

#include "run.hpp"

#include <doctest/doctest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <new>
#include <stdexcept>
#include <string>

namespace {

namespace asio = boost::asio;
using sluice::error;
using sluice::result;
using sluice::detail::failure_of;
using sluice::detail::guarded;
using sluice::detail::what_of;

asio::awaitable<result<std::string>> text_or(std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
    co_return std::string("text");
}

asio::awaitable<result<std::string>> no_text() { co_return error::storage_full; }

asio::awaitable<result<void>> nothing_or(std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
    co_return result<void>{};
}

asio::awaitable<result<void>> failing() { co_return error::storage_locked; }

TEST_CASE("a value and an error pass through") {
    run([](asio::io_context&) -> asio::awaitable<void> {
        const auto text = co_await guarded(text_or(nullptr));
        CHECK(text.value() == "text");
        const auto none = co_await guarded(no_text());
        CHECK(none.error() == error::storage_full);
        const auto fine = co_await failure_of(nothing_or(nullptr));
        CHECK_FALSE(fine);
        const auto failure = co_await failure_of(failing());
        CHECK(failure == error::storage_locked);
    });
}

TEST_CASE("an exception becomes the error that it stands for") {
    run([](asio::io_context&) -> asio::awaitable<void> {
        const boost::system::system_error aborted{asio::error::operation_aborted};
        const auto coded = co_await guarded(text_or(std::make_exception_ptr(aborted)));
        CHECK(coded.error() == asio::error::operation_aborted);
        const auto memory = co_await guarded(text_or(std::make_exception_ptr(std::bad_alloc())));
        CHECK(memory.error() == boost::system::errc::not_enough_memory);
        const auto other = co_await guarded(text_or(std::make_exception_ptr(std::runtime_error("what"))));
        CHECK(other.error());
        const auto number = co_await failure_of(nothing_or(std::make_exception_ptr(42)));
        CHECK(number);
    });
}

TEST_CASE("an exception with a code of success is a failure all the same") {
    run([](asio::io_context&) -> asio::awaitable<void> {
        const boost::system::system_error odd{sluice::error_code{}};
        const auto text = co_await guarded(text_or(std::make_exception_ptr(odd)));
        CHECK(text.has_error());
        const auto failure = co_await failure_of(nothing_or(std::make_exception_ptr(odd)));
        CHECK(failure);
    });
}

TEST_CASE("what an exception says is told, and so is that it says nothing") {
    CHECK(what_of(std::make_exception_ptr(std::runtime_error("the disk is gone"))) == "the disk is gone");
    CHECK(what_of(std::make_exception_ptr(42)) == "it is no std::exception");
}

} // namespace
