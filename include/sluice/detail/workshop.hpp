#pragma once

#include <sluice/detail/back_off.hpp>
#include <sluice/detail/bulletin.hpp>
#include <sluice/detail/burial_rounds.hpp>
#include <sluice/detail/company.hpp>
#include <sluice/detail/delivery.hpp>
#include <sluice/detail/guarded.hpp>
#include <sluice/detail/intake.hpp>
#include <sluice/detail/parcel.hpp>
#include <sluice/detail/strand_of.hpp>
#include <sluice/detail/tasks.hpp>
#include <sluice/detail/waiter.hpp>
#include <sluice/detail/whereabouts.hpp>
#include <sluice/options.hpp>
#include <sluice/stats.hpp>
#include <sluice/world.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sluice::detail {

/// What a producer's engine works with, and the work itself: each task uses policies, tells the delivery what came of
/// it, and then has the engine look what is next. On the strand.
///
/// A letter for each kind of policy: destination, storage, batching, partitioning, Z compression, credentials, offload,
/// L dead letters, metrics, transport, K clock.
template <class D, class S, class B, class P, class Z, class C, class O, class L, class M, class T, class K>
class Workshop : public std::enable_shared_from_this<Workshop<D, S, B, P, Z, C, O, L, M, T, K>> {
public:
    using Company = detail::Company<D, S, C, O, L, M, T>;

    Workshop(const Workshop&) = delete;
    Workshop& operator=(const Workshop&) = delete;

protected:
    /// Something that waits for a commit, and is told whether it failed.
    using Rider = std::function<void(error_code)>;

    Workshop(asio::any_io_executor executor, Options options, typename Company::Recipes recipes, B batching,
             P partitioning, Z compression, K clock, RequestLimits limits, PutRules rules)
        : options_(std::move(options)), strand_(strand_of(executor)), clock_(std::move(clock)),
          world_(strand_, clock_, options_), company_(std::move(recipes)), batching_(batching),
          compression_(std::move(compression)), limits_(limits),
          intake_(options_, rules, std::move(partitioning), clock_),
          delivery_(options_, limits_, batching_, clock_.random()), tasks_(strand_, clock_) {}

    virtual ~Workshop() = default;

    /// Looks what is to be done, and has it done.
    virtual void step() = 0;

    /// Called whenever a task has ended.
    virtual void task_ended() = 0;

    /// Has `step` called soon, once for all who ask before it begins; any thread.
    void request_step() {
        if (step_requested_.exchange(true)) return;
        asio::post(strand_, [self = this->shared_from_this()] {
            self->step_requested_ = false;
            self->step();
        });
    }

    [[nodiscard]] Moment moment() const { return {clock_.steady(), clock_.wall()}; }

    // --- what the delivery wants ----------------------------------------------------------------------------------

    void perform(Actions actions) {
        if (!actions.told.empty() || !actions.flushed.empty()) publish(clock_.steady(), true);
        for (auto& told : actions.told) tell(told);
        for (const auto& tally : actions.tallies) count(tally);
        for (auto& order : actions.sends) spawn_cancellable(fly(std::move(order)));
        for (auto& order : actions.stores) spawn_cancellable(store(std::move(order)));
        for (auto& order : actions.loads) spawn(load(std::move(order)));
        for (auto& stream : actions.maps) spawn_cancellable(list_shards(std::move(stream)));
        for (const auto& note : actions.pauses) log(note);
        for (const auto& failure : actions.offload_changes) log_offload(failure);
        for (const auto& stream : actions.keyless) {
            options_.log.info("stream ", stream, " gives records to shards that do not hold their keys: ",
                              "no aggregates are made for a while");
        }
        for (const auto& lost : actions.unreadable) {
            unreadable_ += lost.records;
            options_.log.error("the storage gave back a damaged chunk of stream ", lost.stream, ", ", lost.records,
                               " records from sequence ", lost.first, "; it stays in the storage");
        }
        for (const auto& done : actions.flushed) {
            const auto found = flushes_.find(done.id);
            const auto then = std::move(found->second);
            flushes_.erase(found);
            then({}, done.report);
        }
    }

    void tell(Told& told) {
        const auto found = watchers_.find(told.sequence);
        if (found == watchers_.end()) return;
        const auto op = std::move(found->second);
        watchers_.erase(found);
        if (intake_.end(op, told.outcome)) op->complete(std::move(told.receipt));
    }

    void count(const Tally& tally) {
        if (open_) {
            observe([&](auto& metrics) {
                metrics.settled(tally.stream, tally.outcome, tally.records);
                if constexpr (RetryMetrics<running_t<M>>) metrics.retried(tally.stream, tally.retries, tally.records);
            });
        }
        bool wake = false;
        complete(intake_.release(tally.stream, tally.records, tally.bytes, wake));
        if (wake) request_step();
    }

    void log(const PauseNote& note) {
        if (stopping_) return; // its own cancelling, no news
        if (!note.reason) return options_.log.info("stream ", note.stream, " moves again");
        options_.log.warning("stream ", note.stream, " is paused: ", note.reason,
                             note.message.empty() ? "" : " The service said: ", note.message);
    }

    void log_offload(error_code failure) {
        if (stopping_) return;
        if (!failure) return options_.log.info("payloads are offloaded again");
        options_.log.warning("payloads over the threshold wait, since they cannot be offloaded: ", failure);
    }

    /// Tells the metrics something; records do not suffer from what these throw.
    template <class Tell>
    void observe(Tell tell) {
        try {
            tell(company_.metrics());
        } catch (...) {
            if (std::exchange(metrics_threw_, true)) return;
            options_.log.error("the metrics threw an exception: what they count is not all there is");
        }
    }

    static void complete(const typename Intake<P>::Ops& ended) {
        for (const auto& op : ended) op->complete();
    }

    void publish(steady_time now, bool at_once) {
        if (!at_once && !bulletin_.due(now)) return bulletin_.put_off();
        Stats fresh;
        delivery_.stats_into(fresh.streams);
        fresh.recovered = recovered_;
        fresh.cleared = cleared_;
        fresh.unreadable = unreadable_;
        fresh.paused_by = delivery_.paused_by();
        fresh.offload_fails_by = delivery_.offload_fails_by();
        const auto oldest = delivery_.oldest();
        fresh.oldest_age = Bulletin::age(oldest, now);
        const bool seen = open_ && (now >= observe_due_ || stopping_);
        if (seen) {
            observe_due_ = now + std::chrono::milliseconds(10);
            intake_.stats_into(fresh);
            observe([&](auto& metrics) { metrics.observed(fresh); });
        }
        bulletin_.write(std::move(fresh), oldest, now);
        if (!seen) bulletin_.put_off();
    }

    // --- committing --------------------------------------------------------------------------------------------

    static void run(const std::vector<Rider>& riders, error_code failure) {
        for (const auto& rider : riders) rider(failure);
    }

    /// Makes chunks of lots and stores them, in one commit. `missed` is how the commit before ended, if it failed.
    asio::awaitable<void> commit(std::vector<Lot> lots, std::vector<Rider> riders, error_code missed) {
        std::vector<Chunk> chunks;
        std::vector<std::vector<Lot::Claim>> claims;
        for (auto& lot : lots) {
            auto chunk = lot.seal(next_sequence_);
            next_sequence_ += chunk.count;
            intake_.withdraw_cancelled(lot.claims, chunk);
            if (chunk.live == 0) {
                complete(intake_.committed(lot.claims, {})); // who waited for this room is served
                continue;
            }
            chunks.push_back(std::move(chunk));
            claims.push_back(std::move(lot.claims));
        }
        auto stored = chunks;
        const auto failure = co_await failure_of(company_.append(std::move(stored)));
        if (failure) options_.log.error("the storage did not take what was put: ", failure);
        const auto now = moment();
        for (std::size_t i = 0; i < chunks.size(); ++i) {
            if (failure) {
                reject(std::move(chunks[i]), claims[i], failure, now);
            } else {
                admit(std::move(chunks[i]), claims[i], now);
            }
        }
        committing_ = false;
        missed_ = failure;
        run(riders, failure ? failure : missed);
        step();
    }

    void admit(Chunk chunk, std::vector<Lot::Claim>& claims, Moment now) {
        if (intake_.withdraw_cancelled(claims, chunk) > 0) extra_settlements_.emplace_back(chunk);
        observe([&](auto& metrics) {
            if constexpr (RecordMetrics<running_t<M>>) tell_records(chunk, metrics);
            metrics.accepted(chunk.stream, chunk.live, chunk.live_bytes);
        });
        std::vector<std::uint32_t> watched;
        for (auto& [index, op] : intake_.watched(claims)) {
            watched.push_back(index);
            watchers_.emplace(chunk.first + index, std::move(op));
        }
        delivery_.admit(std::move(chunk), watched, now);
        complete(intake_.committed(claims, {}));
    }

    /// Those that were withdrawn are not told.
    template <class Metrics>
    static void tell_records(const Chunk& chunk, Metrics& metrics) {
        AcceptedRecord record;
        record.stream = chunk.stream;
        std::vector<HeaderView> headers;
        const bool all = chunk.live == chunk.count;
        const std::string_view body(*chunk.body);
        std::size_t offset = 1;
        for (std::uint32_t i = 0; i < chunk.count; ++i) {
            const auto frame = read_own_frame(body, offset);
            if (frame.size == 0) return;
            offset += frame.size;
            if (!all && chunk.settled.test(i)) continue;
            record.partition_key = frame.partition_key;
            record.data = frame.data;
            if (!headers.empty()) headers.clear();
            if (!frame.headers.empty()) {
                if (auto decoded = frame_headers(frame.headers)) headers = std::move(*decoded);
            }
            record.headers = headers;
            metrics.record(record);
        }
    }

    /// The storage failed: who waits is told, and puts again if he wants; what nobody waits for is lost.
    void reject(Chunk chunk, std::vector<Lot::Claim>& claims, error_code failure, Moment now) {
        intake_.withdraw_cancelled(claims, chunk, true);
        complete(intake_.committed(claims, failure));
        bool wake = false;
        complete(intake_.release(chunk.stream, 0, 0, wake)); // for who waits for the room of the refused
        delivery_.admit_lost(std::move(chunk), failure, now);
    }

    /// For all who want it and came together: two at a time would forget what is stored between them.
    asio::awaitable<void> clear_storage() {
        co_await tasks_.begin();
        const auto failure = co_await failure_of(company_.clear());
        std::uint64_t cleared = 0;
        if (!failure) {
            perform(delivery_.act(moment())); // what got its outcome before is counted before
            cleared = delivery_.clear();
            cleared_ += cleared;
            bool wake = false;
            complete(intake_.storage_cleared(wake));
        }
        committing_ = false;
        publish(clock_.steady(), true);
        for (const auto& done : std::exchange(clears_, {})) done(failure, cleared);
        step();
    }

    // --- sending and reading -----------------------------------------------------------------------------------

    asio::awaitable<void> fly(SendOrder order) {
        const auto start = moment();
        Parcel parcel(order);
        Answer answer;
        try {
            if constexpr (exchange_detail<running_t<M>> == ExchangeDetail::data) parcel.weigh();
            // A destination that never waits would run within the step that sends, to any depth.
            co_await tasks_.begin();
            answer = co_await exchange(order, parcel);
        } catch (...) {
            answer.error = error_of_exception();
        }
        const auto now = moment();
        const auto duration = now.steady - start.steady;
        observe([&](auto& metrics) {
            Exchange exchange(answer);
            exchange.duration = duration;
            exchange.limits = limits_;
            order.waits.tell(exchange, start.steady);
            parcel.tell(exchange, exchange_detail<running_t<M>>);
            metrics.exchanged(order.stream, exchange);
        });
        delivery_.answer(order.id, answer, start.wall, duration, now);
        step();
    }

    asio::awaitable<Answer> exchange(const SendOrder& order, Parcel& parcel) {
        parcel.pack(batching_, compression_, limits_);
        if (parcel.entries().empty()) co_return parcel.merge({});
        auto answer = co_await company_.destination().send(order.stream, parcel.entries());
        co_return parcel.merge(std::move(answer));
    }

    /// Puts a record's data elsewhere.
    asio::awaitable<void> store(StoreOrder order) {
        const auto start = moment();
        result<std::string> pointer = error::record_too_large;
        error_code unread;
        try {
            co_await tasks_.begin();
            if (order.away) unread = co_await fetch(*order.away, order.body, order.data);
            const RecordId id(identity_.id, order.sequence);
            if (!unread) pointer = co_await company_.offload().store(id, order.data);
        } catch (...) {
            pointer = error_of_exception();
        }
        const auto now = moment();
        if (unread) {
            delivery_.not_read(order.id, now);
        } else {
            delivery_.stored(order.id, std::move(pointer), start.wall, now.steady - start.steady, now);
        }
        step();
    }

    /// Reads the data of one record; `body` keeps it.
    asio::awaitable<error_code> fetch(Whereabouts where, SharedBytes& body, std::string_view& data) {
        const auto failure = co_await company_.fetch(std::move(where), body, data);
        const bool news = std::exchange(unread_, failure) != failure;
        if (failure && news && !stopping_) options_.log.error("the storage could not be read: ", failure);
        co_return failure;
    }

    asio::awaitable<void> load(LoadOrder order) {
        auto chunks = co_await guarded(company_.read(order.stream, order.after, order.max_bytes));
        if (!chunks) options_.log.error("the storage could not be read: ", chunks.error());
        delivery_.loaded(order, std::move(chunks), moment());
        step();
    }

    asio::awaitable<void> list_shards(std::string stream) {
        co_await tasks_.begin();
        auto ranges = co_await guarded(company_.shards(stream));
        if (!ranges && !stopping_) {
            options_.log.warning("the shards of stream ", stream, " could not be listed: ", ranges.error());
        }
        result<kinesis::ShardMap> map = error::response_invalid;
        if (ranges) map = kinesis::ShardMap::from(*ranges);
        delivery_.shards(stream, map, moment());
        step();
    }

    // --- outcomes ----------------------------------------------------------------------------------------------

    /// Writes outcomes to the storage; a lost one costs a duplicate after a restart, never a record.
    asio::awaitable<void> settle() {
        for (unsigned failures = 0;;) {
            // Of two changes of one chunk the latter counts.
            auto changes = std::exchange(extra_settlements_, {});
            auto latest = delivery_.take_settlements();
            std::move(latest.begin(), latest.end(), std::back_inserter(changes));
            const auto failure = co_await failure_of(company_.settle(changes));
            if (!failure) break;
            if (failures == 0) options_.log.error("the storage did not take outcomes: ", failure);
            if (stopping_) break;
            std::move(changes.begin(), changes.end(), std::back_inserter(extra_settlements_));
            const auto rest = back_off(std::chrono::seconds(1), std::chrono::seconds(30), ++failures, clock_.random());
            co_await tasks_.rest(rest);
        }
        settling_ = false;
        step();
    }

    /// Gives lost records to the dead letters, round after round. What the end cuts short is begun again then.
    asio::awaitable<void> bury() {
        const bool last_try = stopping_;
        std::uint64_t lost = 0;
        BurialRounds rounds(Company::buries_many);
        co_await tasks_.begin();
        while (delivery_.next_loss() != 0) {
            const auto round = rounds.next(delivery_.outcomes());
            std::vector<DeadLetter> letters;
            auto failure = co_await compose(round, letters);
            if (!delivery_.outcomes().are_lost(round)) continue; // some were cleared meanwhile
            if (!failure) failure = co_await failure_of(company_.bury(std::move(letters)));
            if (!failure) {
                rounds.taken();
                for (const auto buried : round) delivery_.buried(buried);
                step(); // the next may take for ever
                if (round.size() > 1 || round.front() % 64 == 0) co_await tasks_.begin();
                continue;
            }
            if (stopping_ && !last_try) co_return;
            const bool news = rounds.failed(round, delivery_.outcomes().last_loss());
            if (round.size() > 1) {
                options_.log.warning("the dead letters did not take ", round.size(), " records at once: ", failure);
                continue;
            }
            if (news) options_.log.error("the dead letters did not take record ", round.front(), ": ", failure);
            delivery_.refused(round.front());
            if (last_try) {
                ++lost;
                delivery_.buried(round.front());
                continue;
            }
            co_await tasks_.rest(rounds.rest(clock_.random()));
        }
        if (lost > 0) {
            options_.log.error(lost, " records were lost: the dead letters did not take them, and there is no ",
                               "storage that keeps them");
        }
        burying_ = false;
        step();
    }

    /// Writes letters, and reads what data they lack. One whose data is damaged goes without, and holds up no others.
    asio::awaitable<error_code> compose(const std::vector<std::uint64_t>& round, std::vector<DeadLetter>& letters) {
        letters = delivery_.outcomes().letters(round, identity_, strays_);
        const auto away = delivery_.outcomes().whereabouts(round);
        for (std::size_t i = 0; i < round.size(); ++i) {
            if (!away[i]) continue;
            SharedBytes body;
            std::string_view data;
            const auto failure = co_await fetch(*away[i], body, data);
            if (failure && failure != error::storage_corrupt) co_return failure;
            letters[i].record.data = data;
            if (failure) letters[i].reason = failure; // whoever reads it knows that there is no data
        }
        co_return error_code();
    }

    // --- tasks -------------------------------------------------------------------------------------------------

    void spawn(asio::awaitable<void> task) { tasks_.spawn(std::move(task), when_ended()); }
    void spawn_cancellable(asio::awaitable<void> task) { tasks_.spawn_cancellable(std::move(task), when_ended()); }

    [[nodiscard]] auto when_ended() {
        return [self = this->shared_from_this()](std::exception_ptr thrown) {
            if (thrown && !self->stopping_) {
                self->options_.log.error("a task of the producer failed; please report this: ", what_of(thrown));
            }
            self->task_ended();
        };
    }

    Options options_;
    asio::any_io_executor strand_;
    ClockBox<K> clock_;
    World world_;
    Company company_;
    B batching_;
    Z compression_;
    RequestLimits limits_;
    Intake<P> intake_;
    Delivery<B> delivery_;
    Tasks tasks_;
    Bulletin bulletin_;

    std::atomic<bool> step_requested_{false};
    bool open_ = false;
    bool committing_ = false;
    bool settling_ = false;
    bool burying_ = false;
    bool stopping_ = false;
    bool metrics_threw_ = false; ///< Once, which the log tells.
    steady_time observe_due_ = steady_time::min(); ///< When the metrics see the statistics again.
    error_code unread_; ///< Why the last record could not be read back from the storage.
    error_code missed_; ///< Of the commit that just ended; whoever came meanwhile waited for it, too.
    std::map<std::uint64_t, std::function<void(error_code, FlushReport)>> flushes_;
    std::vector<std::function<void(error_code, std::uint64_t)>> clears_;
    std::unordered_map<std::uint64_t, std::shared_ptr<PutOp>> watchers_;
    std::vector<Settlement> extra_settlements_; ///< Of chunks that the delivery does not keep.
    StoreIdentity identity_;
    StoreIdentity strays_ = StoreIdentity::fresh(clock_); ///< Of records that the storage never took.
    std::uint64_t next_sequence_ = 1;
    std::uint64_t recovered_ = 0;
    std::uint64_t cleared_ = 0;
    std::uint64_t unreadable_ = 0;
};

} // namespace sluice::detail
