#pragma once

#include <sluice/clock/system.hpp>
#include <sluice/error.hpp>
#include <sluice/json.hpp>
#include <sluice/record.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <utility>

namespace sluice {

/// Whether a record that had this outcome might have another if it is put again: nobody decided against it, and it is
/// not wrong in itself.
[[nodiscard]] inline bool worth_another_put(error_code outcome) noexcept {
    if (outcome.category() != error_category()) return false; // cancelled, as a rule
    switch (static_cast<error>(outcome.value())) {
    case error::buffer_full:
    case error::too_many_streams:
    case error::expired:
    case error::dropped:
    case error::gave_up:
    case error::storage_locked:
    case error::storage_full:
    case error::storage_failed: return true;
    default: return false;
    }
}

namespace detail {

/// How long to rest after so many puts that failed.
[[nodiscard]] inline std::chrono::seconds rest_after(unsigned tries) noexcept {
    return std::chrono::seconds(1ULL << std::min(tries, 10U));
}

template <class Producer, class C>
asio::awaitable<bool> publish_record(Producer& producer, Record record, unsigned tries, C clock) {
    for (unsigned tried = 1;; ++tried) {
        auto delivering = producer.async_deliver(record, asio::as_tuple(asio::use_awaitable));
        const auto told = co_await std::move(delivering);
        const auto outcome = std::get<0>(told);
        if (!outcome) co_return true;
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) co_return false;
        if (tried >= tries || !worth_another_put(outcome)) co_return false;
        const auto cancelled = co_await clock.async_wait_until(clock.steady() + rest_after(tried));
        if (cancelled) co_return false;
    }
}

} // namespace detail

/// Publishes a value as JSON and tells whether the service has it: `true`, or `false` after the last of `tries` puts,
/// with 2, 4, 8 ... seconds between them. Throws nothing but what converting the value throws, before anything is put.
///
/// A producer by itself tries on as long as its options say, through outages too: this adds what comes after that, for
/// whoever wants no more than a yes or no. What can never be sent is not tried again, nor what the producer keeps for
/// the next process. Without a key the partitioning policy chooses one. No `tries` count as one.
///
/// Each try that ends with `gave_up`, `expired` or `dropped` has left a dead letter: one that is put again from there
/// is a duplicate. The producer must outlive the operation. Cancelled, it gives `false`, though the record may be
/// delivered yet.
template <class Producer, class T, class C = SystemClock>
[[nodiscard]] asio::awaitable<bool> async_safe_publish(Producer& producer, const T& value,
                                                       std::optional<std::string> key, unsigned tries = 3,
                                                       C clock = C()) {
    return detail::publish_record(producer, json_record(value, std::move(key)), tries, std::move(clock));
}

/// The same for a `BlockingProducer`; `rest` sleeps for so many seconds.
template <class Producer, class T>
[[nodiscard]] bool safe_publish(
    Producer& producer, const T& value, std::optional<std::string> key, unsigned tries = 3,
    const std::function<void(std::chrono::seconds)>& rest = [](auto time) { std::this_thread::sleep_for(time); }) {
    const Record record = json_record(value, std::move(key));
    for (unsigned tried = 1;; ++tried) {
        error_code outcome;
        producer.deliver(record, outcome);
        if (!outcome) return true;
        if (tried >= tries || !worth_another_put(outcome)) return false;
        rest(detail::rest_after(tried));
    }
}

} // namespace sluice
