#pragma once

#include "oracle.hpp"

#include <sluice/destination/kinesis_stream.hpp>
#include <sluice/kinesis/deaggregate.hpp>
#include <sluice/local/service.hpp>
#include <sluice/world.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simulate {

/// The service, and what the oracle was told of its records.
class SimulatedService {
public:
    SimulatedService(const Scenario& scenario, Oracle& its_oracle, Chronicle& its_chronicle)
        : service(std::make_shared<sluice::local::Service>(settings(scenario))), oracle(its_oracle),
          chronicle(its_chronicle) {}

    /// Tells the oracle what the service has taken since the last time, in the order of each key.
    void harvest() {
        for (const auto& [name, stream] : service->kinesis.streams()) {
            // Children come after their parents, and so do their records.
            for (const auto& shard : stream.shards()) {
                auto& seen = seen_.try_emplace(std::pair(name, shard.index), 1).first->second;
                for (; seen < shard.next_place(); ++seen) {
                    const auto& record = shard.records()[seen - shard.first_place()];
                    const auto found = sluice::kinesis::deaggregate(record.data, record.partition_key,
                                                                    shard.range.first, shard.range.last);
                    for (const auto& its : found.records) {
                        oracle.arrived(name, std::string(its.partition_key), its.data);
                    }
                }
            }
        }
    }

    std::shared_ptr<sluice::local::Service> service;
    Oracle& oracle;
    Chronicle& chronicle;
    std::uint64_t requests = 0;
    bool resends_all = false; ///< A mutation: some entries' failure is told as everybody's.

private:
    static sluice::local::Settings settings(const Scenario& scenario) {
        sluice::local::Settings settings;
        if (!scenario.limited) settings.limits = sluice::local::ShardLimits::none();
        return settings;
    }

    std::map<std::pair<std::string, std::uint64_t>, std::uint64_t> seen_; ///< The next place, by stream and shard.
};

/// The real destination, watched.
class WatchedStream {
public:
    using policy_kind = sluice::kind::destination;
    using Inner = sluice::KinesisStream;

    explicit WatchedStream(SimulatedService& service) : service_(&service) {}

    class Running {
    public:
        Running(sluice::running_t<Inner> inner, SimulatedService& service)
            : inner_(std::move(inner)), service_(&service) {}

        asio::awaitable<sluice::Answer> send(const std::string& stream, std::span<const sluice::Entry> entries) {
            Request request(*service_, stream, entries);
            auto answer = co_await inner_.send(stream, entries);
            service_->harvest();
            request.answered(answer);
            if (service_->resends_all && fails_in_part(answer)) {
                co_return sluice::Answer(make_error_code(error::service_failed), "Mutant", "All entries are to blame.");
            }
            co_return std::move(answer);
        }

        asio::awaitable<sluice::result<std::vector<sluice::ShardRange>>> shards(const std::string& stream) {
            service_->chronicle.line("the shards of ", stream, " are asked for");
            return inner_.shards(stream);
        }

    private:
        sluice::running_t<Inner> inner_;
        SimulatedService* service_;
    };

    [[nodiscard]] asio::awaitable<sluice::result<Running>> open(sluice::World& world) const {
        auto inner = co_await inner_.open(world);
        if (!inner) co_return inner.error();
        co_return Running(std::move(*inner), *service_);
    }

    [[nodiscard]] sluice::RequestLimits limits(const sluice::Options& options) const { return inner_.limits(options); }

private:
    static bool fails_in_part(const sluice::Answer& answer) {
        unsigned failed = 0;
        for (const auto& entry : answer.entries) failed += entry.error ? 1U : 0U;
        return failed > 0 && failed < answer.entries.size();
    }

    /// One request, which may never be answered.
    class Request {
    public:
        Request(SimulatedService& service, const std::string& stream, std::span<const sluice::Entry> entries)
            : service_(service), stream_(stream), number_(++service.requests) {
            for (std::size_t i = 0; i < entries.size(); ++i) {
                const auto found = sluice::kinesis::deaggregate(entries[i].data, entries[i].partition_key);
                for (const auto& record : found.records) {
                    records_.emplace_back(record, i).shared = found.records.size() > 1;
                    ids_.push_back(records_.back().id);
                }
            }
            service_.oracle.sending(stream, records_);
            service_.chronicle.line("request ", number_, " to ", stream, " leaves with ", entries.size(), " entries: ",
                                    list(ids_));
        }

        Request(const Request&) = delete;
        Request& operator=(const Request&) = delete;

        ~Request() {
            if (!answered_) service_.oracle.unanswered(records_);
        }

        void answered(const sluice::Answer& answer) {
            answered_ = true;
            std::vector<std::uint64_t> failed;
            for (const auto& record : records_) {
                const bool known = record.entry < answer.entries.size();
                if (known && answer.entries[record.entry].error) failed.push_back(record.id);
            }
            service_.chronicle.line("request ", number_, " is answered: ", answer.error,
                                    failed.empty() ? "" : ", but not for ", list(failed));
            service_.oracle.answered(stream_, records_, answer, resharded() || lied(answer));
        }

    private:
        static std::string list(const std::vector<std::uint64_t>& ids) {
            std::string text;
            for (std::size_t i = 0; i < ids.size(); ++i) {
                auto last = i;
                while (last + 1 < ids.size() && ids[last + 1] == ids[last] + 1) ++last;
                text += (text.empty() ? "" : " ") + std::to_string(ids[i]);
                if (last > i) text += "-" + std::to_string(ids[last]);
                i = last;
            }
            return text;
        }

        [[nodiscard]] bool resharded() const {
            const auto* stream = service_.service->kinesis.find(stream_);
            if (stream == nullptr) return true;
            const auto& shards = stream->shards();
            return std::any_of(shards.begin(), shards.end(), [](const auto& shard) { return !shard.open(); });
        }

        /// Whether a shard is said to have taken what it does not hold.
        [[nodiscard]] bool lied(const sluice::Answer& answer) const {
            const auto* stream = service_.service->kinesis.find(stream_);
            const auto lies = [&](const SentRecord& record) {
                if (stream == nullptr || record.entry >= answer.entries.size()) return false;
                const auto& said = answer.entries[record.entry].shard_id;
                const auto hash = sluice::kinesis::hash_of(record.key);
                const auto& shards = stream->shards();
                return std::any_of(shards.begin(), shards.end(), [&](const auto& shard) {
                    return shard.id() == said && !shard.range.holds(hash);
                });
            };
            return std::any_of(records_.begin(), records_.end(), lies);
        }

        SimulatedService& service_;
        std::string stream_;
        std::uint64_t number_;
        std::vector<SentRecord> records_;
        std::vector<std::uint64_t> ids_;
        bool answered_ = false;
    };

    SimulatedService* service_;
    Inner inner_{sluice::aws::Machine()};
};

/// Dead letters that the oracle reads; at times nobody takes them.
class WatchedLetters {
public:
    using policy_kind = sluice::kind::dead_letters;

    /// Until when none is taken.
    class Box {
    public:
        explicit Box(Oracle& its_oracle) : oracle(its_oracle) {}
        Oracle& oracle;
        steady_time closed_until;
    };

    explicit WatchedLetters(Box& box) : box_(&box) {}

    class Running {
    public:
        Running(Box& box, sluice::AnyClock& clock) : box_(&box), clock_(&clock) {}

        asio::awaitable<sluice::result<void>> take(sluice::DeadLetter letter) {
            if (clock_->steady() < box_->closed_until) {
                box_->oracle.letter_refused(letter);
                co_return error::timed_out;
            }
            box_->oracle.letter(letter);
            co_return sluice::result<void>{};
        }

    private:
        Box* box_;
        sluice::AnyClock* clock_;
    };

    [[nodiscard]] asio::awaitable<sluice::result<Running>> open(sluice::World& world) const {
        co_return Running(*box_, world.clock());
    }

private:
    Box* box_;
};

static_assert(sluice::Destination<WatchedStream>);
static_assert(sluice::DeadLetters<WatchedLetters>);

} // namespace simulate
