#pragma once

#include <sluice/dead_letters/boxed_letter.hpp>
#include <sluice/dead_letters/letter_shelf.hpp>
#include <sluice/detail/initiate.hpp>
#include <sluice/error.hpp>
#include <sluice/log.hpp>
#include <sluice/receipt.hpp>
#include <sluice/record.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <tuple>
#include <utility>
#include <vector>

namespace sluice {

/// What became of the letters that were put again.
class Redriven {
public:
    std::uint64_t accepted = 0; ///< Put again, and taken out of the box.
    std::uint64_t refused = 0;  ///< Not accepted, or no letters any more: they stay.
    error_code refusal;         ///< Why the first one was refused.
};

namespace detail {

/// Whether a refusal says something about the record and nothing about the producer.
[[nodiscard]] inline bool is_of_the_record(error_code refusal) noexcept {
    const bool ours = refusal.category() == error_category();
    const auto value = static_cast<error>(refusal.value());
    return ours && value != error::too_many_streams && value >= error::record_too_large &&
           value <= error::key_field_missing;
}

template <class Producer>
concept BlockingPuts = requires(Producer& producer, const std::vector<Record>& records, error_code failure) {
    { producer.put_all(records, failure) } -> std::same_as<PutReport>;
};

using PutAnswer = std::tuple<error_code, PutReport>;

/// On a thread that may block, if the producer does.
template <class Producer>
[[nodiscard]] asio::awaitable<PutAnswer> put_again(Producer& producer, const std::vector<Record>& records) {
    if constexpr (BlockingPuts<Producer>) {
        error_code failure;
        auto report = producer.put_all(records, failure);
        co_return PutAnswer(failure, std::move(report));
    } else {
        auto token = asio::as_tuple(asio::use_awaitable);
        co_return co_await producer.async_put_all(records, token);
    }
}

/// Puts the letters of a box again, page by page.
template <class Producer>
class Redrive {
public:
    Redrive(LetterShelf& shelf, Producer& producer, LetterFilter filter)
        : shelf_(shelf), producer_(producer), filter_(std::move(filter)) {}

    /// The error tells why it ended early.
    [[nodiscard]] asio::awaitable<Outcome<Redriven>> run() {
        // Letters that come back meanwhile are for another time.
        const auto last = co_await shelf_.last();
        if (!last) failure_ = last.error();
        while (!failure_ && filter_.most > 0) {
            const auto state = co_await asio::this_coro::cancellation_state;
            if (state.cancelled() != asio::cancellation_type::none) stop(asio::error::operation_aborted);
            if (failure_) break;
            auto page = co_await shelf_.read(filter_, after_, *last);
            if (!page) failure_ = page.error();
            if (!page || page->empty()) break;
            filter_.most -= std::min<std::uint64_t>(filter_.most, page->size());
            after_ = page->back().number;
            co_await put(std::move(*page));
        }
        co_return Outcome<Redriven>(failure_, done_);
    }

private:
    asio::awaitable<void> put(std::vector<BoxedLetter> page) {
        std::vector<std::int64_t> numbers;
        std::vector<Record> records;
        for (auto& [number, letter] : page) {
            const auto flaw = flaw_of(letter);
            if (flaw) refuse(flaw);
            if (flaw) continue;
            numbers.push_back(number);
            records.push_back(std::move(letter->record));
        }
        // A producer that is disabled takes nothing and says that all is well.
        const auto ignored = producer_.stats().ignored;
        const auto answer = co_await put_again(producer_, records);
        if (producer_.stats().ignored != ignored) co_return stop(error::disabled);
        const auto& [failure, report] = answer;
        // Who was cut short does not know.
        if (report.accepted + report.refused.size() != records.size()) co_return stop(failure);
        for (auto refusal = report.refused.rbegin(); refusal != report.refused.rend(); ++refusal) {
            numbers.erase(numbers.begin() + static_cast<std::ptrdiff_t>(refusal->index));
        }
        for (const auto& refusal : report.refused) refuse(refusal.reason);
        const auto accepted = numbers.size();
        const auto removed = co_await shelf_.remove(std::move(numbers));
        if (removed) done_.accepted += accepted;
        else stop(removed.error());
    }

    /// A record whose data is lost is none: its letter is all that is left of it.
    [[nodiscard]] static error_code flaw_of(const result<KeptLetter>& letter) {
        if (!letter) return letter.error();
        const bool lost = letter->reason == error_word(error::storage_corrupt) && letter->record.data.empty();
        return lost ? error_code(error::malformed) : error_code();
    }

    void refuse(error_code why) {
        if (done_.refused++ == 0) done_.refusal = why;
        if (!is_of_the_record(why) && why != error::malformed) stop(why);
    }

    void stop(error_code why) {
        if (!failure_) failure_ = why;
    }

    LetterShelf& shelf_;
    Producer& producer_;
    LetterFilter filter_;
    std::int64_t after_ = 0;
    error_code failure_;
    Redriven done_;
};

template <class Producer>
[[nodiscard]] asio::awaitable<Outcome<Redriven>> redrive(asio::any_io_executor strand, Producer& producer,
                                                         std::filesystem::path path, LetterFilter filter, Log log) {
    co_await asio::this_coro::throw_if_cancelled(false); // what was done until then is told
    LetterShelf shelf(strand, path, std::move(log));
    Redrive<Producer> work(shelf, producer, std::move(filter));
    co_return co_await work.run();
}

} // namespace detail

/// Puts the letters of a file of `SqliteDeadLetters` again, the oldest first: with stream, partition key, explicit hash
/// key, headers and time-to-live, as if they were new.
///
/// Signature `void(error_code, Redriven)`. A letter is taken out once the producer has accepted it: on the disk, if its
/// storage persists. Then a crash makes duplicates and loses nothing; with a storage that does not persist it loses
/// what is not delivered yet. A producer whose buffer is full of records that wait for this very file, which is full,
/// waits for ever: use another. What the producer refuses stays, and so do letters whose record has lost its data
/// (`storage_corrupt`). Letters that come into the file meanwhile, as from
/// this very producer, are left to the next call. It waits for room as `async_put_all` does.
///
/// Errors, which end it early with what was done until then: those of `LetterBox`; refusals that are no fault of the
/// record (`buffer_full`, `closed`, `disabled`, the storage's); cancellation, after which some of what was accepted may
/// still be in the file, and comes again. The producer must outlive it.
template <class Producer, asio::completion_token_for<void(error_code, Redriven)> Token = asio::deferred_t>
[[nodiscard]] auto async_redrive(Producer& producer, std::filesystem::path path, LetterFilter filter, Log log,
                                 Token&& token = Token()) {
    asio::any_io_executor executor = producer.get_executor();
    auto work = detail::redrive(executor, producer, std::move(path), std::move(filter), std::move(log));
    return detail::initiate<Redriven, Token>(std::move(executor), std::move(work), token);
}

/// The same without a log.
template <class Producer, asio::completion_token_for<void(error_code, Redriven)> Token = asio::deferred_t>
[[nodiscard]] auto async_redrive(Producer& producer, std::filesystem::path path, LetterFilter filter,
                                 Token&& token = Token()) {
    return async_redrive(producer, std::move(path), std::move(filter), Log(), std::forward<Token>(token));
}

/// The same for all letters.
template <class Producer, asio::completion_token_for<void(error_code, Redriven)> Token = asio::deferred_t>
[[nodiscard]] auto async_redrive(Producer& producer, std::filesystem::path path, Token&& token = Token()) {
    return async_redrive(producer, std::move(path), LetterFilter(), std::forward<Token>(token));
}

/// The same for a `BlockingProducer`; sets an error instead of throwing one.
template <detail::BlockingPuts Producer>
Redriven redrive(Producer& producer, std::filesystem::path path, LetterFilter filter, Log log, error_code& failure) {
    asio::io_context context(1);
    detail::Outcome<Redriven> outcome;
    auto work = detail::redrive(context.get_executor(), producer, std::move(path), std::move(filter), std::move(log));
    asio::co_spawn(context, std::move(work), [&](const std::exception_ptr& thrown, detail::Outcome<Redriven> told) {
        if (thrown) std::rethrow_exception(thrown);
        outcome = std::move(told);
    });
    context.run();
    failure = outcome.first;
    return outcome.second;
}

/// The same without a log.
template <detail::BlockingPuts Producer>
Redriven redrive(Producer& producer, std::filesystem::path path, LetterFilter filter, error_code& failure) {
    return redrive(producer, std::move(path), std::move(filter), Log(), failure);
}

/// The same; throws `boost::system::system_error`.
template <detail::BlockingPuts Producer>
Redriven redrive(Producer& producer, std::filesystem::path path, LetterFilter filter = LetterFilter(),
                 Log log = Log()) {
    error_code failure;
    const auto done = redrive(producer, std::move(path), std::move(filter), std::move(log), failure);
    if (failure) throw boost::system::system_error(failure);
    return done;
}

} // namespace sluice
