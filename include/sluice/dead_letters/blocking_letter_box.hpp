#pragma once

#include <sluice/dead_letters/boxed_letter.hpp>
#include <sluice/dead_letters/letter_shelf.hpp>
#include <sluice/error.hpp>
#include <sluice/log.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>

#include <cstdint>
#include <exception>
#include <filesystem>
#include <utility>
#include <vector>

namespace sluice {

/// A `LetterBox` for programs without coroutines.
///
/// Each call blocks, and throws `boost::system::system_error`, or, given an `error_code&` as its last argument, sets
/// that instead: the errors of `LetterBox`. One call at a time.
class BlockingLetterBox {
public:
    /// No I/O yet. The log is written to within the calls.
    explicit BlockingLetterBox(const std::filesystem::path& path, Log log = Log())
        : shelf_(context_.get_executor(), path, std::move(log)) {}

    BlockingLetterBox(const BlockingLetterBox&) = delete;
    BlockingLetterBox& operator=(const BlockingLetterBox&) = delete;

    /// As `LetterBox::async_read`.
    template <class...>
    std::vector<BoxedLetter> read(LetterFilter filter, std::int64_t after, error_code& failure) {
        return wait(shelf_.read(std::move(filter), after), failure);
    }
    template <class...>
    std::vector<BoxedLetter> read(LetterFilter filter = LetterFilter(), std::int64_t after = 0) {
        error_code failure;
        auto found = read(std::move(filter), after, failure);
        throw_if(failure);
        return found;
    }

    /// As `LetterBox::async_count`.
    template <class...>
    std::int64_t count(LetterFilter filter, error_code& failure) {
        return wait(shelf_.count(std::move(filter)), failure);
    }
    template <class...>
    std::int64_t count(LetterFilter filter = LetterFilter()) {
        error_code failure;
        const auto found = count(std::move(filter), failure);
        throw_if(failure);
        return found;
    }

    /// As `LetterBox::async_last`.
    template <class...>
    std::int64_t last(error_code& failure) {
        return wait(shelf_.last(), failure);
    }
    template <class...>
    std::int64_t last() {
        error_code failure;
        const auto found = last(failure);
        throw_if(failure);
        return found;
    }

    /// As `LetterBox::async_remove`.
    template <class...>
    std::uint64_t remove(std::vector<std::int64_t> numbers, error_code& failure) {
        return wait(shelf_.remove(std::move(numbers)), failure);
    }
    template <class...>
    std::uint64_t remove(std::vector<std::int64_t> numbers) {
        error_code failure;
        const auto removed = remove(std::move(numbers), failure);
        throw_if(failure);
        return removed;
    }

private:
    template <class T>
    T wait(asio::awaitable<result<T>> work, error_code& failure) {
        T value{};
        asio::co_spawn(shelf_.strand(), std::move(work), [&](const std::exception_ptr& thrown, result<T> told) {
            if (thrown) std::rethrow_exception(thrown);
            failure = told ? error_code() : told.error();
            if (told) value = std::move(*told);
        });
        context_.restart();
        context_.run();
        return value;
    }

    static void throw_if(error_code failure) {
        if (failure) throw boost::system::system_error(failure);
    }

    asio::io_context context_{1};
    detail::LetterShelf shelf_;
};

} // namespace sluice
