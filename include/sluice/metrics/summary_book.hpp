#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/error.hpp>
#include <sluice/metrics/last_hour.hpp>
#include <sluice/metrics/metrics.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sluice::detail {

/// How many records were of which type, of as many types as there may be; the rest are `other`.
class SummaryTypes {
public:
    SummaryTypes() = default;
    SummaryTypes(SummaryTypes&&) = default; // a copy would look into the other's counts
    SummaryTypes& operator=(SummaryTypes&&) = default;

    void add(std::string_view type, std::uint64_t records, std::size_t most) {
        auto*& guess = guesses_[place_of(type)];
        if (guess == nullptr || guess->first != type) guess = &find(type, most);
        guess->second += records;
    }

    /// How many have a name, `other` aside.
    [[nodiscard]] std::size_t named() const noexcept { return named_; }

    template <class Each>
    void each(Each each) const {
        for (const auto& [type, records] : counts_) {
            if (records > 0) each(type, records);
        }
    }

    /// What is counted goes elsewhere; names stay, since they come again.
    template <class Each>
    void take(Each each) {
        for (auto& [type, records] : counts_) {
            if (records > 0) each(type, std::exchange(records, 0));
        }
    }

private:
    class Hash {
    public:
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
    };
    using Counts = std::unordered_map<std::string, std::uint64_t, Hash, std::equal_to<>>;

    static constexpr std::size_t longest = 128;

    static constexpr std::size_t places = 64;

    /// Odd factors, whose sum is odd: names that differ in one of these, or are one character, have other places.
    [[nodiscard]] static std::size_t place_of(std::string_view type) noexcept {
        if (type.empty()) return 0;
        const auto at = [&](std::size_t i) { return std::size_t{static_cast<unsigned char>(type[i])}; };
        return (type.size() * 7 + at(0) + at(type.size() / 2) * 3 + at(type.size() - 1) * 5) % places;
    }

    [[nodiscard]] Counts::value_type& find(std::string_view type, std::size_t most) {
        const auto found = counts_.find(type);
        if (found != counts_.end()) return *found;
        const bool known = named_ < most && type.size() <= longest;
        const auto [place, fresh] = counts_.try_emplace(std::string(known ? type : "other"));
        if (known) ++named_;
        return *place;
    }

    Counts counts_;
    std::size_t named_ = 0;
    std::array<Counts::value_type*, places> guesses_{}; ///< Where the last type was that looked like this.
};

/// What is counted in a minute.
class SummaryMinute {
public:
    std::uint64_t events = 0;
    std::uint64_t size = 0;
    std::uint64_t succeeded = 0;
    std::uint64_t failed = 0;
    std::uint64_t expired = 0;
    std::uint64_t requests = 0;
    std::uint64_t failed_requests = 0;
    std::chrono::nanoseconds duration{};
    std::chrono::nanoseconds max_duration{};
    SummaryTypes types;
};

/// The last hour of all producers that share a summary; any thread.
class SummaryBook {
public:
    explicit SummaryBook(std::size_t max_types) : max_types_(max_types) {}

    [[nodiscard]] std::size_t max_types() const noexcept { return max_types_; }

    void join(const AnyClock& clock) {
        const std::lock_guard lock(mutex_);
        clocks_.push_back(&clock);
    }

    void leave(const AnyClock& clock) {
        const std::lock_guard lock(mutex_);
        last_ = clock.steady();
        clocks_.erase(std::find(clocks_.begin(), clocks_.end(), &clock));
    }

    template <class Count>
    void at(steady_time now, Count count) {
        const std::lock_guard lock(mutex_);
        count(hour_.at(now));
    }

    /// Shows each minute of the hour that ends now.
    template <class See>
    void each(See see) const {
        const std::lock_guard lock(mutex_);
        hour_.each(clocks_.empty() ? last_ : clocks_.back()->steady(), see);
    }

private:
    const std::size_t max_types_;
    mutable std::mutex mutex_;
    LastHour<SummaryMinute> hour_;
    std::vector<const AnyClock*> clocks_; ///< Of those producers that are there.
    steady_time last_;                    ///< When the last one left.
};

/// What one producer enters into the book; on its strand.
class SummaryEntry {
public:
    SummaryEntry(std::shared_ptr<SummaryBook> book, const AnyClock& clock) : book_(std::move(book)), clock_(clock) {
        book_->join(clock_);
    }

    SummaryEntry(const SummaryEntry&) = delete;
    SummaryEntry& operator=(const SummaryEntry&) = delete;

    ~SummaryEntry() { book_->leave(clock_); }

    /// One of the records that are accepted next.
    void record(std::string_view type) { types_.add(type.empty() ? "unknown" : type, 1, book_->max_types()); }

    void accepted(std::uint64_t records, std::uint64_t bytes) {
        book_->at(clock_.steady(), [&](SummaryMinute& minute) {
            minute.events += records;
            minute.size += bytes;
            types_.take([&](const std::string& type, std::uint64_t count) {
                minute.types.add(type, count, book_->max_types());
            });
        });
        // What comes no more makes room for what comes.
        if (types_.named() >= book_->max_types()) types_ = SummaryTypes();
    }

    void exchanged(const Exchange& exchange) {
        if (exchange.answer.error == boost::asio::error::operation_aborted) return; // our own end, and no answer
        book_->at(clock_.steady(), [&](SummaryMinute& minute) {
            ++minute.requests;
            if (exchange.answer.error) ++minute.failed_requests;
            minute.duration += exchange.duration;
            minute.max_duration = std::max(minute.max_duration, exchange.duration);
        });
    }

    void settled(error_code outcome, std::uint64_t records) {
        book_->at(clock_.steady(), [&](SummaryMinute& minute) {
            auto& its = !outcome ? minute.succeeded : outcome == error::expired ? minute.expired : minute.failed;
            its += records;
        });
    }

private:
    std::shared_ptr<SummaryBook> book_;
    const AnyClock& clock_;
    SummaryTypes types_;
};

} // namespace sluice::detail
