#pragma once

#include <sluice/dead_letters/boxed_letter.hpp>
#include <sluice/dead_letters/letter_shelf.hpp>
#include <sluice/detail/initiate.hpp>
#include <sluice/detail/strand_of.hpp>
#include <sluice/error.hpp>
#include <sluice/log.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>

#include <cstdint>
#include <filesystem>
#include <type_traits>
#include <utility>
#include <vector>

namespace sluice {

/// A file of `SqliteDeadLetters`, for whoever looks at its letters, takes some out or puts them again; producers may
/// have it open at the same time.
///
/// Every `async_*` takes a completion token, `asio::deferred` by default; cancellation ends the waiting with
/// `asio::error::operation_aborted`. Errors: `storage_unwritable` (as of a file that is not there), `storage_locked`,
/// `storage_foreign`, `storage_corrupt` (the file was set aside), `storage_full`, `storage_failed`. One call at a time;
/// the box outlives it. The disk is used on a thread of its own. Without coroutines: `BlockingLetterBox`.
class LetterBox {
public:
    /// Works on `executor`. No I/O yet.
    LetterBox(const asio::any_io_executor& executor, const std::filesystem::path& path, Log log = Log())
        : shelf_(detail::strand_of(executor), path, std::move(log)) {}

    /// The next letters after a number, the oldest first: at most `filter.most`, a thousand, or a few megabytes of
    /// them; one at least, if there is one. Signature `void(error_code, std::vector<BoxedLetter>)`.
    template <asio::completion_token_for<void(error_code, std::vector<BoxedLetter>)> Token = asio::deferred_t>
    [[nodiscard]] auto async_read(LetterFilter filter, std::int64_t after, Token&& token = Token()) {
        return perform<std::vector<BoxedLetter>, Token>(shelf_.read(std::move(filter), after), token);
    }

    /// The same from the first one.
    template <asio::completion_token_for<void(error_code, std::vector<BoxedLetter>)> Token = asio::deferred_t>
    [[nodiscard]] auto async_read(LetterFilter filter, Token&& token = Token()) {
        return async_read(std::move(filter), 0, std::forward<Token>(token));
    }

    /// How many letters there are, `filter.most` aside. Signature `void(error_code, std::int64_t)`.
    template <asio::completion_token_for<void(error_code, std::int64_t)> Token = asio::deferred_t>
    [[nodiscard]] auto async_count(LetterFilter filter, Token&& token = Token()) {
        return perform<std::int64_t, Token>(shelf_.count(std::move(filter)), token);
    }

    template <asio::completion_token_for<void(error_code, std::int64_t)> Token = asio::deferred_t>
    [[nodiscard]] auto async_count(Token&& token = Token()) {
        return async_count(LetterFilter(), std::forward<Token>(token));
    }

    /// The number of the youngest letter; zero: there is none. Signature `void(error_code, std::int64_t)`.
    template <asio::completion_token_for<void(error_code, std::int64_t)> Token = asio::deferred_t>
    [[nodiscard]] auto async_last(Token&& token = Token()) {
        return perform<std::int64_t, Token>(shelf_.last(), token);
    }

    /// Takes letters out, all of them or none; gives how many were there. Signature `void(error_code, std::uint64_t)`.
    template <asio::completion_token_for<void(error_code, std::uint64_t)> Token = asio::deferred_t>
    [[nodiscard]] auto async_remove(std::vector<std::int64_t> numbers, Token&& token = Token()) {
        return perform<std::uint64_t, Token>(shelf_.remove(std::move(numbers)), token);
    }

private:
    template <class T, class Token>
    auto perform(asio::awaitable<result<T>> work, std::remove_reference_t<Token>& token) {
        return detail::initiate<T, Token>(shelf_.strand(), apart(std::move(work)), token);
    }

    template <class T>
    static asio::awaitable<detail::Outcome<T>> apart(asio::awaitable<result<T>> work) {
        auto told = co_await std::move(work);
        detail::Outcome<T> outcome;
        if (told) outcome.second = std::move(*told);
        else outcome.first = told.error();
        co_return outcome;
    }

    detail::LetterShelf shelf_;
};

} // namespace sluice
