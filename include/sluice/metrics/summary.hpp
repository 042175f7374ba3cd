#pragma once

#include <sluice/metrics/accepted_record.hpp>
#include <sluice/metrics/event_type.hpp>
#include <sluice/metrics/metrics.hpp>
#include <sluice/metrics/summary_book.hpp>
#include <sluice/world.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

/// What happened in the last hour.
class Summary {
public:
    std::uint64_t total_events = 0; ///< Records that were put.
    std::uint64_t total_size = 0;   ///< Of these, data, headers, keys and 32 B each.
    std::map<std::string, std::uint64_t, std::less<>> events_by_type; ///< `unknown`: without one.
    std::uint64_t succeeded = 0;       ///< Records that were delivered.
    std::uint64_t failed = 0;          ///< Records that never will be, for any reason but their time-to-live.
    std::uint64_t expired = 0;         ///< Records that outlived their time-to-live.
    std::uint64_t requests = 0;        ///< That were answered, or failed.
    std::uint64_t failed_requests = 0; ///< As a whole.
    std::chrono::nanoseconds mean_duration{};    ///< Of the requests.
    std::chrono::nanoseconds max_duration{};     ///< Of the requests.
};

/// Keeps a summary of the last hour, which `read` gives on any thread.
///
///     sluice::SummaryMetrics summary;
///     auto producer = sluice::make_producer(executor, options, summary);
///     ...
///     summary.read().events_by_type
///
/// A recipe and its copies are one summary, of all producers that have it. It slides by minutes: it holds the minute
/// that it is, and the 59 before. After the end of the last producer it stays as it is.
///
/// The type of a record is its header `event-type`, or what a function says, which is called for each record on the
/// producer's strand; each producer has a copy of it. So many types are told apart in a minute, in the order in which
/// they come; the others are `other`, and so are names of more than 128 bytes.
class SummaryMetrics {
public:
    using policy_kind = kind::metrics;

    /// Gives the type of a record; it may lie anywhere, so long as it is there until the next call. If it is empty, or
    /// this throws, the type is `unknown`.
    using TypeOf = std::function<std::string_view(const AcceptedRecord& record)>;

    explicit SummaryMetrics(std::size_t types = 64) : SummaryMetrics(type_in_headers, types) {}

    /// Throws `std::invalid_argument` for a function that is none.
    explicit SummaryMetrics(TypeOf type_of, std::size_t types = 64)
        : type_of_(std::make_shared<const TypeOf>(std::move(type_of))),
          book_(std::make_shared<detail::SummaryBook>(types)) {
        if (!*type_of_) throw std::invalid_argument("sluice: SummaryMetrics needs a function that can be called");
    }

    [[nodiscard]] Summary read() const {
        Summary sum;
        std::chrono::nanoseconds duration{};
        book_->each([&](const detail::SummaryMinute& minute) {
            sum.total_events += minute.events;
            sum.total_size += minute.size;
            minute.types.each([&](const std::string& type, std::uint64_t records) {
                sum.events_by_type[type] += records;
            });
            sum.succeeded += minute.succeeded;
            sum.failed += minute.failed;
            sum.expired += minute.expired;
            sum.requests += minute.requests;
            sum.failed_requests += minute.failed_requests;
            sum.max_duration = std::max(sum.max_duration, minute.max_duration);
            duration += minute.duration;
        });
        if (sum.requests > 0) sum.mean_duration = duration / static_cast<std::int64_t>(sum.requests);
        return sum;
    }

    class Running {
    public:
        static constexpr auto exchange_detail = ExchangeDetail::request;

        Running(TypeOf type_of, std::unique_ptr<detail::SummaryEntry> entry)
            : type_of_(std::move(type_of)), entry_(std::move(entry)) {}

        void record(const AcceptedRecord& record) { entry_->record(type_of(record)); }
        void accepted(std::string_view, std::uint64_t records, std::uint64_t bytes) {
            entry_->accepted(records, bytes);
        }
        void exchanged(std::string_view, const Exchange& exchange) { entry_->exchanged(exchange); }
        void settled(std::string_view, error_code outcome, std::uint64_t records) {
            entry_->settled(outcome, records);
        }
        void observed(const Stats&) {}

    private:
        [[nodiscard]] std::string_view type_of(const AcceptedRecord& record) const noexcept {
            try {
                return type_of_(record);
            } catch (...) {
                return {};
            }
        }

        TypeOf type_of_; // its own: others are called on other strands
        std::unique_ptr<detail::SummaryEntry> entry_;
    };

    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) const {
        co_return Running(*type_of_, std::make_unique<detail::SummaryEntry>(book_, world.clock()));
    }

private:
    [[nodiscard]] static std::string_view type_in_headers(const AcceptedRecord& record) {
        return record.header(event_type_header);
    }

    std::shared_ptr<const TypeOf> type_of_;
    std::shared_ptr<detail::SummaryBook> book_;
};

static_assert(Metrics<SummaryMetrics>);

} // namespace sluice
