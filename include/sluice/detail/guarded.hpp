#pragma once

#include <sluice/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <new>
#include <string>
#include <utility>

namespace sluice::detail {

/// The error that an exception of a policy, or of the library under it, stands for. Called while it is handled.
[[nodiscard]] inline error_code error_of_exception() {
    try {
        throw;
    } catch (const boost::system::system_error& thrown) {
        // A code of success cannot be meant.
        return thrown.code() ? thrown.code() : make_error_code(boost::system::errc::state_not_recoverable);
    } catch (const std::bad_alloc&) {
        return make_error_code(boost::system::errc::not_enough_memory);
    } catch (...) {
        return make_error_code(boost::system::errc::state_not_recoverable);
    }
}

/// The words of an exception, for the log.
[[nodiscard]] inline std::string what_of(const std::exception_ptr& thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const std::exception& known) {
        return known.what();
    } catch (...) {
        return "it is no std::exception";
    }
}

/// What a policy gives, or the error that its exception stands for.
template <class Value>
[[nodiscard]] boost::asio::awaitable<result<Value>> guarded(boost::asio::awaitable<result<Value>> work) {
    error_code failure;
    try {
        co_return co_await std::move(work);
    } catch (...) {
        failure = error_of_exception();
    }
    co_return failure;
}

/// The error alone, of something that gives nothing else.
template <class...>
[[nodiscard]] boost::asio::awaitable<error_code> failure_of(boost::asio::awaitable<result<void>> work) {
    const auto done = co_await guarded(std::move(work));
    co_return done ? error_code{} : done.error();
}

} // namespace sluice::detail
