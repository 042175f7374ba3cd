#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/dead_letters/letter_line.hpp>
#include <sluice/detail/group_commit.hpp>
#include <sluice/detail/sqlite_letter_store.hpp>
#include <sluice/error.hpp>
#include <sluice/log.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace sluice {

/// Which dead letters are meant.
class LetterFilter {
public:
    LetterFilter() = default;
    explicit LetterFilter(std::string its_stream, std::string its_code = {})
        : stream(std::move(its_stream)), code(std::move(its_code)) {}

    std::string stream; ///< Empty: any.
    std::string code;   ///< The reason as a word, as `gave_up`; empty: any.
    std::uint64_t most = std::numeric_limits<std::uint64_t>::max(); ///< So many, the oldest ones.
};

/// A dead letter in its box.
class BoxedLetter {
public:
    BoxedLetter() = default;
    BoxedLetter(std::int64_t its_number, result<KeptLetter> its_letter)
        : number(its_number), letter(std::move(its_letter)) {}

    std::int64_t number = 0; ///< Its place in the box, from 1; grows with every letter.
    result<KeptLetter> letter = error_code(error::malformed); ///< `malformed` if somebody wrote something else there.
};

/// A file of `SqliteDeadLetters`, for whoever looks at its letters, takes some out or puts them again; producers may
/// have it open at the same time.
///
/// Each call is an awaitable that gives its value or an error: `storage_unwritable` (as of a file that is not there),
/// `storage_locked`, `storage_foreign`, `storage_corrupt` (the file was set aside), `storage_full`, `storage_failed`.
/// One call at a time; the box outlives it. The disk is used on a thread of its own.
class LetterBox {
public:
    /// Works on `executor`. No I/O yet.
    LetterBox(asio::any_io_executor executor, const std::filesystem::path& path, Log log = Log())
        : log_(std::make_shared<const Log>(std::move(log))),
          commits_(std::move(executor), asio::any_io_executor(), log_, place_of(path)) {}

    /// The next letters after a number, the oldest first: at most `filter.most`, a thousand, or a few megabytes of
    /// them; one at least, if there is one.
    template <class...>
    [[nodiscard]] asio::awaitable<result<std::vector<BoxedLetter>>> read(LetterFilter filter, std::int64_t after = 0) {
        return read(std::move(filter), after, std::numeric_limits<std::int64_t>::max());
    }

    /// The same, up to a number.
    template <class...>
    [[nodiscard]] asio::awaitable<result<std::vector<BoxedLetter>>> read(LetterFilter filter, std::int64_t after,
                                                                         std::int64_t last) {
        detail::LetterRange range;
        range.after = after;
        range.last = last;
        range.stream = std::move(filter.stream);
        range.reason = std::move(filter.code);
        range.most = static_cast<std::size_t>(std::min<std::uint64_t>(filter.most, 1'000));
        range.most_bytes = std::size_t{4} << 20U;
        auto work = [range = std::move(range)](detail::SqliteLetterStore& store) -> result<std::vector<BoxedLetter>> {
            const auto rows = store.letters().read(range);
            if (!rows) return rows.error();
            std::vector<BoxedLetter> found;
            for (const auto& row : *rows) found.emplace_back(row.number, read_letter(row.text));
            return found;
        };
        return perform<std::vector<BoxedLetter>>(std::move(work));
    }

    /// How many letters there are, `filter.most` aside.
    template <class...>
    [[nodiscard]] asio::awaitable<result<std::int64_t>> count(LetterFilter filter = LetterFilter()) {
        auto work = [filter = std::move(filter)](detail::SqliteLetterStore& store) {
            return store.letters().count(filter.stream, filter.code);
        };
        return perform<std::int64_t>(std::move(work));
    }

    /// The number of the youngest letter; zero: there is none.
    template <class...>
    [[nodiscard]] asio::awaitable<result<std::int64_t>> last() {
        auto work = [](detail::SqliteLetterStore& store) { return store.letters().last(); };
        return perform<std::int64_t>(std::move(work));
    }

    /// Takes letters out, all of them or none; how many were there.
    template <class...>
    [[nodiscard]] asio::awaitable<result<std::uint64_t>> remove(std::vector<std::int64_t> numbers) {
        auto work = [numbers = std::move(numbers)](detail::SqliteLetterStore& store) {
            return store.letters().remove(numbers);
        };
        return perform<std::uint64_t>(std::move(work));
    }

private:
    template <class T, class Work>
    [[nodiscard]] asio::awaitable<result<T>> perform(Work work) {
        return commits_.template perform<T>(std::chrono::system_clock::now(), std::move(work));
    }

    static detail::LetterPlace place_of(const std::filesystem::path& path) {
        detail::LetterPlace place;
        std::error_code failure;
        place.file.path = std::filesystem::absolute(path, failure).string();
        place.create = false;
        return place;
    }

    std::shared_ptr<const Log> log_;
    detail::GroupCommit<detail::SqliteLetterStore> commits_;
};

} // namespace sluice
