#pragma once

#include <sluice/local/failure.hpp>
#include <sluice/local/moment.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::local {

/// What can go wrong, one class each; a `Fault` says where, when and how often.
namespace fault {

/// A shard, or every shard, takes and gives nothing: `ProvisionedThroughputExceededException`, for each entry where the
/// call has entries. Calls that know no shard answer `LimitExceededException`.
class Throttle {
public:
    explicit Throttle(std::string shard = {}) : shard_id(std::move(shard)) {}

    std::string shard_id; ///< Empty: all.
};

/// Some entries of PutRecords fail, the others are taken. PutRecord counts as one entry.
class FailEntries {
public:
    /// Each entry fails with this probability, by dice that the seed determines.
    explicit FailEntries(double its_fraction, std::uint64_t its_seed = 1) : fraction(its_fraction), seed(its_seed) {}

    /// Entry i fails if `pattern[i % pattern.size()]`.
    explicit FailEntries(std::vector<bool> its_pattern) : pattern(std::move(its_pattern)) {}

    /// Whether the entry at `index` fails.
    [[nodiscard]] bool hits(std::size_t index) const {
        if (!pattern.empty()) return pattern[index % pattern.size()];
        return static_cast<double>(dice(seed + index) >> 11U) < fraction * 0x1p53;
    }

    double fraction = 0;
    std::uint64_t seed = 1;
    std::vector<bool> pattern;
    Failure failure{"InternalFailure", "Internal Service Failure"}; ///< Of each; the status is not used.

private:
    /// SplitMix64, one throw for each number.
    static std::uint64_t dice(std::uint64_t number) {
        number *= 0x9E3779B97F4A7C15U;
        number = (number ^ (number >> 30U)) * 0xBF58476D1CE4E5B9U;
        number = (number ^ (number >> 27U)) * 0x94D049BB133111EBU;
        return number ^ (number >> 31U);
    }
};

/// The whole call is refused, in the request's own wire format, and changes nothing.
class Refuse {
public:
    explicit Refuse(Failure its_failure) : failure(std::move(its_failure)) {}

    [[nodiscard]] static Refuse internal_failure() { return failing("InternalFailure", "", 500); }
    [[nodiscard]] static Refuse service_unavailable() { return failing("ServiceUnavailable", "", 503); }
    [[nodiscard]] static Refuse expired_credentials() {
        return failing("ExpiredTokenException", "The security token included in the request is expired", 400);
    }
    [[nodiscard]] static Refuse unknown_credentials() {
        return failing("UnrecognizedClientException", "The security token included in the request is invalid.", 400);
    }
    [[nodiscard]] static Refuse access_denied() {
        return failing("AccessDeniedException", "User is not authorized to perform this action.", 400);
    }

    Failure failure;

private:
    static Refuse failing(const char* code, const char* message, int status) {
        return Refuse(Failure(code, message, status));
    }
};

/// Something between client and service answers with a page of its own.
class Page {
public:
    explicit Page(int its_status = 503, std::string html = "<html><body><h1>Service Unavailable</h1></body></html>",
                  std::string type = "text/html")
        : status(its_status), body(std::move(html)), content_type(std::move(type)) {}

    int status;
    std::string body;
    std::string content_type;
};

/// The connection breaks.
class Cut {
public:
    enum class Where : std::uint8_t {
        before_reading, ///< Before the request was read: nothing is applied.
        mid_response,   ///< It is applied, and half of the answer arrives.
        after_applying, ///< It is applied, and nothing arrives: an unanswered request.
    };

    explicit Cut(Where its_place) : where(its_place) {}

    Where where;
};

/// Entries are taken as they should be, but the answer names another shard for each.
class WrongShard {
public:
    explicit WrongShard(std::string shard = {}) : shard_id(std::move(shard)) {}

    std::string shard_id; ///< Empty: the next open shard after the right one.
};

/// The answer is not HTTP.
class Garbage {
public:
    Garbage() = default;
};

/// All entries are taken, but the answer of PutRecords holds fewer than were sent.
class FewerEntries {
public:
    explicit FewerEntries(std::size_t how_many = 1) : missing(how_many) {}

    std::size_t missing;
};

/// Nobody answers: the connection is refused. A server, whose port stays open, resets it; for a closed port there is
/// `Server::stop`.
class Unavailable {
public:
    Unavailable() = default;
};

/// The request is applied at once and answered late.
class Delay {
public:
    explicit Delay(std::chrono::milliseconds how_long) : duration(how_long) {}

    std::chrono::milliseconds duration;
};

/// The service's calendar is off: signatures are judged by it, and `Date` and arrival times show it.
class Skew {
public:
    explicit Skew(std::chrono::milliseconds how_far) : ahead(how_far) {}

    std::chrono::milliseconds ahead; ///< Negative: behind.
};

} // namespace fault

/// One entry of the fault script: what goes wrong, for which operation, when, and how often.
///
///     script.add(Fault(fault::Refuse::internal_failure()).on("PutRecords").times(3));
///     script.add(Fault(fault::Throttle("shardId-000000000001")).until(now + 5s));
class Fault {
public:
    using Act =
        std::variant<fault::Throttle, fault::FailEntries, fault::Refuse, fault::Page, fault::Cut, fault::WrongShard,
                     fault::Garbage, fault::FewerEntries, fault::Unavailable, fault::Delay, fault::Skew>;

    explicit Fault(Act its_act) : act(std::move(its_act)) {}

    /// Only for calls of this operation, `PutRecords` for instance; without it, for all.
    [[nodiscard]] Fault on(std::string its_operation) const {
        Fault changed = *this;
        changed.operation = std::move(its_operation);
        return changed;
    }

    /// For that many matching calls, then no more.
    [[nodiscard]] Fault times(std::uint64_t count) const {
        Fault changed = *this;
        changed.left = count;
        return changed;
    }

    /// Not before that time.
    [[nodiscard]] Fault from(steady_time when) const {
        Fault changed = *this;
        changed.start = when;
        return changed;
    }

    /// Not at or after that time.
    [[nodiscard]] Fault until(steady_time when) const {
        Fault changed = *this;
        changed.end = when;
        return changed;
    }

    Act act;
    std::string operation;
    std::uint64_t left = std::numeric_limits<std::uint64_t>::max();
    steady_time start = steady_time::min();
    steady_time end = steady_time::max();
};

/// What one call meets.
class Met {
public:
    Met() = default;

    std::chrono::milliseconds delay{0};
    std::chrono::milliseconds skew{0};
    std::optional<Fault::Act> act; ///< Neither a delay nor a skew.

    /// The act, if it is of that kind.
    template <class Kind>
    [[nodiscard]] const Kind* as() const {
        return act ? std::get_if<Kind>(&*act) : nullptr;
    }
};

/// The faults that are to come, in their order: a queue, and with `from` and `until` a timeline.
///
/// Delays and skews add up, and accompany whatever else happens. Of the other faults the first that matches a call is
/// the only one that it meets; the next waits for the next call.
class FaultScript {
public:
    void add(Fault fault) { faults_.push_back(std::move(fault)); }

    void clear() { faults_.clear(); }

    [[nodiscard]] bool empty() const { return faults_.empty(); }

    /// What a call of `operation` meets at `now`; counts it against each fault that it meets.
    [[nodiscard]] Met meet(std::string_view operation, steady_time now) {
        tidy(now);
        Met met;
        for (auto& fault : faults_) {
            const bool matches = fault.start <= now && (fault.operation.empty() || fault.operation == operation);
            if (matches && apply(fault.act, met)) --fault.left;
        }
        return met;
    }

    /// Whether a connection is refused before anything is known of the call: if the next fault is `Unavailable`, for
    /// all operations. It counts as a call.
    [[nodiscard]] bool refuse_connection(steady_time now) {
        tidy(now);
        for (auto& fault : faults_) {
            if (fault.start > now || accompanies(fault.act)) continue;
            if (!fault.operation.empty() || !std::holds_alternative<fault::Unavailable>(fault.act)) return false;
            --fault.left;
            return true;
        }
        return false;
    }

private:
    void tidy(steady_time now) {
        std::erase_if(faults_, [now](const Fault& fault) { return fault.left == 0 || fault.end <= now; });
    }

    static bool accompanies(const Fault::Act& act) {
        return std::holds_alternative<fault::Delay>(act) || std::holds_alternative<fault::Skew>(act);
    }

    /// Whether the call meets the act. Dice are thrown anew for each call.
    static bool apply(Fault::Act& act, Met& met) {
        if (!accompanies(act)) {
            if (met.act) return false;
            met.act = act;
        }
        if (const auto* delay = std::get_if<fault::Delay>(&act)) met.delay += delay->duration;
        if (const auto* skew = std::get_if<fault::Skew>(&act)) met.skew += skew->ahead;
        if (auto* entries = std::get_if<fault::FailEntries>(&act)) entries->seed += 1'000'003U;
        return true;
    }

    std::vector<Fault> faults_;
};

} // namespace sluice::local
