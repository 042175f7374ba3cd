#pragma once

#include <sluice/dead_letters/letter_box.hpp>
#include <sluice/error.hpp>
#include <sluice/log.hpp>
#include <sluice/receipt.hpp>
#include <sluice/record.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <tuple>
#include <utility>
#include <vector>

namespace sluice {

/// What became of the letters that `redrive` put again.
class Redriven {
public:
    std::uint64_t accepted = 0; ///< Put again, and taken out of the box.
    std::uint64_t refused = 0;  ///< Not accepted, or no letters any more: they stay.
    error_code failure;         ///< Why it ended early, or else why the first one was refused; empty: neither.
};

namespace detail {

/// Whether a refusal says something about the record and nothing about the producer.
[[nodiscard]] inline bool is_of_the_record(error_code refusal) noexcept {
    const bool ours = refusal.category() == error_category();
    const auto value = static_cast<error>(refusal.value());
    return ours && value != error::too_many_streams && value >= error::record_too_large &&
           value <= error::key_field_missing;
}

/// Puts the letters of a box again, page by page.
template <class Producer>
class Redrive {
public:
    Redrive(LetterBox& box, Producer& producer, LetterFilter filter)
        : box_(box), producer_(producer), filter_(std::move(filter)) {}

    [[nodiscard]] asio::awaitable<Redriven> run() {
        // Letters that come back meanwhile are for another time.
        const auto last = co_await box_.last();
        if (!last) stop(last.error());
        while (!stopped_ && filter_.most > 0) {
            auto page = co_await box_.read(filter_, after_, *last);
            if (!page) stop(page.error());
            if (!page || page->empty()) break;
            filter_.most -= std::min<std::uint64_t>(filter_.most, page->size());
            after_ = page->back().number;
            co_await put(std::move(*page));
        }
        co_return done_;
    }

private:
    asio::awaitable<void> put(std::vector<BoxedLetter> page) {
        std::vector<std::int64_t> numbers;
        std::vector<Record> records;
        for (auto& [number, letter] : page) {
            if (!letter) refuse(letter.error());
            if (!letter) continue;
            numbers.push_back(number);
            records.push_back(std::move(letter->record));
        }
        // A producer that is disabled takes nothing and says that all is well.
        const auto ignored = producer_.stats().ignored;
        auto token = asio::as_tuple(asio::use_awaitable);
        const auto answer = co_await producer_.async_put_all(records, token);
        if (producer_.stats().ignored != ignored) co_return stop(error::disabled);
        const auto& [failure, report] = answer;
        // Who was cut short does not know.
        if (report.accepted + report.refused.size() != records.size()) co_return stop(failure);
        for (auto refusal = report.refused.rbegin(); refusal != report.refused.rend(); ++refusal) {
            numbers.erase(numbers.begin() + static_cast<std::ptrdiff_t>(refusal->index));
        }
        for (const auto& refusal : report.refused) refuse(refusal.reason);
        const auto accepted = numbers.size();
        const auto removed = co_await box_.remove(std::move(numbers));
        if (removed) done_.accepted += accepted;
        else stop(removed.error());
    }

    void refuse(error_code why) {
        ++done_.refused;
        if (!done_.failure) done_.failure = why;
        if (!is_of_the_record(why) && why != error::malformed) stop(why);
    }

    void stop(error_code why) {
        if (!std::exchange(stopped_, true)) done_.failure = why;
    }

    LetterBox& box_;
    Producer& producer_;
    LetterFilter filter_;
    std::int64_t after_ = 0;
    bool stopped_ = false;
    Redriven done_;
};

} // namespace detail

/// Puts the letters of a file of `SqliteDeadLetters` again, the oldest first: with stream, partition key, explicit hash
/// key, headers and time-to-live, as if they were new.
///
/// A letter is taken out once the producer has accepted it: on the disk, if its storage persists. Then a crash makes
/// duplicates and loses nothing; with a storage that does not persist it loses what is not delivered yet. A producer
/// whose buffer is full of records that wait for this very file, which is full, waits for ever: use another. What the
/// producer refuses stays. Letters that come into the file meanwhile, as from this very producer, are left to the next
/// call. It waits for room as `async_put_all` does; refusals that are no fault of the record (`buffer_full`, `closed`,
/// `disabled`, the storage's) end it early, and so does cancellation. The producer must outlive it.
template <class Producer>
[[nodiscard]] asio::awaitable<Redriven> redrive(std::filesystem::path path, Producer& producer,
                                                LetterFilter filter = LetterFilter(), Log log = Log()) {
    auto executor = co_await asio::this_coro::executor;
    LetterBox box(executor, path, std::move(log));
    detail::Redrive<Producer> work(box, producer, std::move(filter));
    co_return co_await work.run();
}

} // namespace sluice
