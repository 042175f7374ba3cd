#pragma once

#include <sluice/dead_letters/boxed_letter.hpp>
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

namespace sluice::detail {

/// What boxes of letters are made of: a file of `SqliteDeadLetters`, on a thread of its own.
class LetterShelf {
public:
    using Page = std::vector<BoxedLetter>;

    /// Whoever awaits runs on the strand, too.
    LetterShelf(asio::any_io_executor strand, const std::filesystem::path& path, Log log)
        : strand_(std::move(strand)), log_(std::make_shared<const Log>(std::move(log))),
          commits_(strand_, asio::any_io_executor(), log_, place_of(path)) {}

    [[nodiscard]] const asio::any_io_executor& strand() const noexcept { return strand_; }

    /// Of the numbers after `after` up to `last`.
    template <class...>
    [[nodiscard]] asio::awaitable<result<Page>> read(LetterFilter filter, std::int64_t after,
                                                     std::int64_t last = std::numeric_limits<std::int64_t>::max()) {
        LetterRange range;
        range.after = after;
        range.last = last;
        range.stream = std::move(filter.stream);
        range.reason = std::move(filter.reason);
        range.most = static_cast<std::size_t>(std::min<std::uint64_t>(filter.most, 1'000));
        range.most_bytes = std::size_t{4} << 20U;
        auto work = [range = std::move(range)](SqliteLetterStore& store) -> result<Page> {
            const auto rows = store.letters().read(range);
            if (!rows) return rows.error();
            Page found;
            for (const auto& row : *rows) found.emplace_back(row.number, read_letter(row.text));
            return found;
        };
        return perform<Page>(std::move(work));
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<std::int64_t>> count(LetterFilter filter) {
        auto work = [filter = std::move(filter)](SqliteLetterStore& store) {
            return store.letters().count(filter.stream, filter.reason);
        };
        return perform<std::int64_t>(std::move(work));
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<std::int64_t>> last() {
        auto work = [](SqliteLetterStore& store) { return store.letters().last(); };
        return perform<std::int64_t>(std::move(work));
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<std::uint64_t>> remove(std::vector<std::int64_t> numbers) {
        auto work = [numbers = std::move(numbers)](SqliteLetterStore& store) {
            return store.letters().remove(numbers);
        };
        return perform<std::uint64_t>(std::move(work));
    }

private:
    template <class T, class Work>
    [[nodiscard]] asio::awaitable<result<T>> perform(Work work) {
        return commits_.template perform<T>(std::chrono::system_clock::now(), std::move(work));
    }

    static LetterPlace place_of(const std::filesystem::path& path) {
        LetterPlace place;
        std::error_code failure;
        place.file.path = std::filesystem::absolute(path, failure).string();
        place.create = false;
        return place;
    }

    asio::any_io_executor strand_;
    std::shared_ptr<const Log> log_;
    GroupCommit<SqliteLetterStore> commits_;
};

} // namespace sluice::detail
