#pragma once

#include <sluice/detail/alarm.hpp>
#include <sluice/detail/back_off.hpp>
#include <sluice/detail/lifeline.hpp>
#include <sluice/detail/spawn.hpp>
#include <sluice/detail/wait_for.hpp>
#include <sluice/detail/workshop.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::detail {

/// The thin loop of a producer: performs what the delivery decides, on one strand, from its opening to its end.
///
/// Everything but `put`, `try_put`, `cancel`, `stats` and `enable` is called on the strand. It keeps itself alive while
/// something is under way.
template <class D, class S, class B, class P, class Z, class C, class O, class L, class M, class T, class K>
class Engine final : public Workshop<D, S, B, P, Z, C, O, L, M, T, K>, public Lifeline {
    using Base = Workshop<D, S, B, P, Z, C, O, L, M, T, K>;
    using typename Base::Rider;
    using Base::options_;
    using Base::strand_;
    using Base::clock_;
    using Base::company_;
    using Base::intake_;
    using Base::delivery_;
    using Base::tasks_;
    using Base::world_;
    using Base::bulletin_;
    using Base::identity_;
    using Base::open_;
    using Base::committing_;
    using Base::settling_;
    using Base::burying_;
    using Base::stopping_;
    using Base::flushes_;
    using Base::clears_;
    using Base::watchers_;
    using Base::extra_settlements_;
    using Base::missed_;
    using Base::next_sequence_;
    using Base::recovered_;
    using Base::moment;
    using Base::perform;
    using Base::publish;
    using Base::complete;
    using Base::run;
    using Base::commit;
    using Base::clear_storage;
    using Base::bury;
    using Base::settle;
    using Base::spawn;
    using Base::spawn_cancellable;
    using Base::request_step;

public:
    using typename Base::Company;

    Engine(asio::any_io_executor executor, Options options, typename Company::Recipes recipes, B batching,
           P partitioning, Z compression, K clock, RequestLimits limits, PutRules rules)
        : Base(executor, std::move(options), std::move(recipes), std::move(batching), std::move(partitioning),
               std::move(compression), std::move(clock), limits, rules),
          Lifeline(executor), alarm_(strand_, clock_) {}

    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return strand_; }
    [[nodiscard]] const Options& options() const noexcept { return options_; }

    // --- any thread --------------------------------------------------------------------------------------------

    [[nodiscard]] error_code try_put(const RecordView& record) {
        bool wake = false;
        const auto failure = intake_.try_put(record, wake);
        if (wake) request_step();
        return failure;
    }

    void put(const std::shared_ptr<PutOp>& op) {
        bool wake = false;
        const auto ended = intake_.start(op, wake);
        if (wake) request_step();
        complete(ended);
    }

    void cancel(const std::shared_ptr<PutOp>& op) {
        bool wake = false;
        const auto ended = intake_.cancel(op, wake);
        if (wake) request_step();
        complete(ended);
    }

    void enable(bool on) { intake_.enable(on); }

    [[nodiscard]] Stats stats() const {
        auto stats = bulletin_.read(clock_.steady());
        intake_.stats_into(stats);
        return stats;
    }

    // --- the strand: verbs -------------------------------------------------------------------------------------

    void open(std::function<void(error_code)> done) {
        when_open([this, done = std::move(done)](error_code failure) {
            if (failure) return done(failure);
            if (stopping_) return done(error::closed); // nothing would cut it short any more
            spawn_cancellable(check_credentials(done));
        });
    }

    /// Calls `done` when everything put so far has been committed.
    void sync(std::function<void(error_code)> done) {
        when_open([this, done = std::move(done)](error_code failure) {
            if (failure) return done(failure);
            riders_.push_back(done);
            step();
        });
    }

    void flush(std::chrono::nanoseconds timeout, std::function<void(error_code, FlushReport)> done) {
        when_open([this, timeout, done = std::move(done)](error_code failure) {
            if (failure) return done(failure, {});
            riders_.push_back([this, timeout, done](error_code) { begin_flush(timeout, done); });
            step();
        });
    }

    void clear(std::function<void(error_code, std::uint64_t)> done) {
        when_open([this, done = std::move(done)](error_code failure) {
            if (failure) return done(failure, 0);
            riders_.push_back([this, done](error_code) {
                clears_.push_back(done);
                if (!std::exchange(committing_, true)) spawn(clear_storage());
            });
            step();
        });
    }

    /// Refuses new records, flushes, and lets go of everything; without a timeout at once.
    void close(std::chrono::nanoseconds timeout, std::function<void(FlushReport)> done) {
        complete(intake_.close());
        if (ended_) return done(report_);
        closed_waiters_.push_back(std::move(done));
        if (std::exchange(closing_, true)) return;
        if (!open_ && !opening_ && intake_.empty()) return stop({});
        const auto now = clock_.steady();
        const auto deadline = timeout < steady_time::max() - now ? now + timeout : steady_time::max();
        if (!open_) alarm_.set(deadline, [this, self = this->shared_from_this()] { leave(); });
        when_open([this, deadline](error_code failure) {
            if (failure) return stop({});
            riders_.push_back([this, deadline](error_code) { flush_and_stop(deadline); });
            step();
        });
    }

private:
    static constexpr std::chrono::seconds patience{5}; ///< With a policy that has something to do at the end.

    // --- opening -----------------------------------------------------------------------------------------------

    void when_open(std::function<void(error_code)> then) {
        if (ended_) return then(error::closed);
        if (open_) return then({});
        open_waiters_.push_back(std::move(then));
        if (!std::exchange(opening_, true)) spawn(bring_to_life());
    }

    asio::awaitable<void> bring_to_life() {
        world_.belong_to(this->weak_from_this());
        auto failure = co_await failure_of(company_.open(world_));
        std::vector<std::string> streams;
        StoreUsage usage;
        if (!failure) failure = co_await read_store(streams, usage);
        opening_ = false;
        if (failure) {
            options_.log.error("the producer could not be opened: ", failure);
            open_failure_ = failure;
            complete(intake_.open_failed(failure));
            if (!closing_ && !intake_.empty()) open_later();
        } else {
            open_ = true;
            identity_ = company_.storage().identity();
            next_sequence_ = identity_.next_sequence;
            delivery_.recover(streams, usage.records, next_sequence_);
            const bool persistent = company_.storage().persistent();
            delivery_.set_window(persistent ? options_.window_bytes : std::numeric_limits<std::size_t>::max());
            delivery_.set_offload(company_.offload().threshold(), company_.offload().at_once());
            recovered_ = usage.records;
            complete(intake_.opened(persistent, usage));
        }
        for (const auto& then : std::exchange(open_waiters_, {})) then(failure);
        if (open_) step();
    }

    /// The time of the end is up. What was put is stored all the same, however long the opening waits for others.
    void leave() {
        if (intake_.empty()) world_.leave();
    }

    /// Nobody may be left who would ask for it, but what `try_put` took waits.
    void open_later() {
        const auto rest = back_off(std::chrono::seconds(1), std::chrono::seconds(30), ++failed_opens_, clock_.random());
        alarm_.set(clock_.steady() + rest, [this, self = this->shared_from_this()] { step(); });
    }

    asio::awaitable<error_code> read_store(std::vector<std::string>& streams, StoreUsage& usage) {
        auto names = co_await guarded(company_.streams());
        if (!names) co_return names.error();
        auto used = co_await guarded(company_.usage());
        if (!used) co_return used.error();
        streams = std::move(*names);
        usage = *used;
        co_return error_code{};
    }

    asio::awaitable<void> check_credentials(std::function<void(error_code)> done) {
        co_await tasks_.begin();
        error_code failure;
        try {
            const auto secrets = co_await guarded(company_.credentials().fetch());
            if (!secrets) failure = secrets.error();
        } catch (...) {
            failure = error_of_exception(); // cut short before it began
        }
        done(failure);
    }

    // --- the loop ----------------------------------------------------------------------------------------------

    void step() override {
        if (ended_) return;
        if (!open_) {
            if (!intake_.empty() && !closing_) when_open([](error_code) {});
            return;
        }
        const auto now = moment();
        const auto this_step = ++steps_;
        take_lots(now);
        if (steps_ != this_step) return; // a commit that took no time has had all of this done
        if (!stopping_ && intake_.wants_room() && !delivery_.outcomes().may_bury()) delivery_.drop_oldest();
        perform(delivery_.act(now));
        if (delivery_.next_loss() != 0 && !std::exchange(burying_, true)) begin_burying();
        settle_in_time(now.steady);
        publish(now.steady, false);
        const auto when = std::min({delivery_.wakes_at(), lots_due_, settle_due_, bulletin_.due_at()});
        if (!stopping_) alarm_.set(when, [this, self = this->shared_from_this()] { step(); });
    }

    /// Outcomes wait for the company of a commit, as what is put does: one that is lost costs no more than a duplicate.
    void settle_in_time(steady_time now) {
        if (settling_ || !has_changes()) {
            settle_due_ = steady_time::max();
            return;
        }
        const bool patient = company_.storage().persistent() && !stopping_;
        settle_due_ = std::min(settle_due_, patient ? now + options_.commit_interval : now);
        if (now >= settle_due_) begin_settling();
    }

    void begin_settling() {
        settle_due_ = steady_time::max();
        settling_ = true;
        spawn(settle());
    }

    [[nodiscard]] bool has_changes() const { return delivery_.has_settlements() || !extra_settlements_.empty(); }

    /// A letter that is cut short is written again after the restart, if there is something to write it from.
    void begin_burying() {
        const bool persistent = company_.storage().persistent();
        if (persistent && !stopping_) return spawn_cancellable(bury());
        if (persistent) delivery_.leave_to_storage();
        burying_ = delivery_.next_loss() != 0;
        if (burying_) spawn(bury());
    }

    void take_lots(Moment now) {
        if (committing_) return;
        const bool all = !riders_.empty() || stopping_ || intake_.wants_room();
        auto lots = intake_.take(now.steady, all, lots_due_);
        auto riders = std::exchange(riders_, {});
        const auto missed = std::exchange(missed_, {});
        if (lots.empty()) return run(riders, missed);
        committing_ = true;
        lots_due_ = steady_time::max();
        if (!settling_ && has_changes()) begin_settling(); // before: a commit takes along what waits for one
        spawn(commit(std::move(lots), std::move(riders), missed));
    }

    void begin_flush(std::chrono::nanoseconds timeout, std::function<void(error_code, FlushReport)> done) {
        const auto id = ++last_flush_;
        flushes_.emplace(id, std::move(done));
        if (!stopping_) delivery_.flush(id, timeout, moment()); // else it ends with the producer
    }

    // --- the end -----------------------------------------------------------------------------------------------

    void flush_and_stop(steady_time deadline) {
        const auto now = clock_.steady();
        if (deadline <= now) return stop({});
        begin_flush(deadline - now, [this](error_code, FlushReport report) { stop(report); });
    }

    /// No more sending: what is in flight is cancelled, and when all is quiet the rest is settled.
    void stop(FlushReport report) {
        if (std::exchange(stopping_, true)) return;
        report_ = report;
        if (delivery_.unsettled() > 0) report_.paused_by = delivery_.paused_by();
        delivery_.halt();
        alarm_.cancel();
        tasks_.cancel();
        asio::post(strand_, [this, self = this->shared_from_this()] { stop_further(); });
    }

    void task_ended() override {
        if (stopping_) stop_further();
    }

    /// Goes one stage on, if no task is left.
    void stop_further() {
        if (!tasks_.none() || ended_) return;
        if (open_ && !intake_.empty()) return step();
        if (!intake_.empty() && !std::exchange(orphans_tried_, true)) return spawn(bury_orphans());
        switch (stage_++) {
        case 0: return abandon();
        case 1: return last_words();
        case 2: return finish_metrics();
        case 3: return close_storage();
        default: return end();
        }
    }

    /// What a storage does not keep goes to the dead letters.
    void abandon() {
        burying_ = false; // that was cut short
        if (open_ && !company_.storage().persistent()) delivery_.abandon(error::closed);
        if (open_) step();
        stop_further();
    }

    void last_words() {
        report_.left = delivery_.unsettled();
        const auto& rest = delivery_.unreported();
        report_.delivered += rest.delivered;
        report_.failed += rest.failed;
        report_.expired += rest.expired;
        delivery_.tell_all(open_ && company_.storage().persistent() ? error::kept : error::closed);
        if (open_) step();
        stop_further();
    }

    void finish_metrics() {
        publish(clock_.steady(), true);
        if constexpr (FinishingMetrics<running_t<M>>) {
            if (open_) return spawn(see_metrics_off());
        }
        stop_further();
    }

    void close_storage() {
        if constexpr (ClosingStorage<running_t<S>>) {
            if (company_.has_storage()) return spawn(see_storage_off());
        }
        stop_further();
    }

    asio::awaitable<void> see_storage_off() {
        auto close = [this] { return company_.storage().close(); };
        auto late = [this] {
            storage_lingers_ = false;
            if (ended_) company_.release_storage();
        };
        storage_lingers_ = !co_await see_off("the storage", std::move(close), std::move(late));
    }

    asio::awaitable<void> see_metrics_off() {
        auto finish = [this] { return company_.metrics().finish(); };
        auto late = [] {};
        (void)co_await see_off("the metrics", std::move(finish), std::move(late));
    }

    /// What a policy has to do at its end, and who waits for it.
    class Farewell {
    public:
        explicit Farewell(const asio::any_io_executor& executor) : over(executor, steady_time::max()) {}

        asio::steady_timer over; ///< Never runs out; cancelled when nobody is to wait any more.
        asio::cancellation_signal stop;
        bool ended = false;
        bool cut_short = false;
    };

    /// Waits for the end of a policy, but not for ever: whether it came to it. `late()` is called if it does later.
    template <class End, class Late>
    asio::awaitable<bool> see_off(std::string_view whom, End end, Late late) {
        const auto farewell = std::make_shared<Farewell>(strand_);
        auto task = bid_farewell(whom, std::move(end), farewell);
        auto landing = [self = this->shared_from_this(), farewell, late = std::move(late)](std::exception_ptr) {
            if (farewell->cut_short) late();
        };
        detail::spawn(strand_, std::move(task), farewell->stop.slot(), std::move(landing));
        auto enough = [self = this->shared_from_this(), farewell] { farewell->over.cancel(); };
        alarm_.set(clock_.steady() + patience, std::move(enough));
        if (!farewell->ended) co_await wait_for(farewell->over);
        alarm_.cancel();
        if (farewell->ended) co_return true;
        options_.log.error(whom, " did not come to an end in ", patience.count(), " s: nobody waits for that");
        farewell->cut_short = true;
        farewell->stop.emit(asio::cancellation_type::terminal);
        co_return farewell->ended;
    }

    template <class End>
    asio::awaitable<void> bid_farewell(std::string_view whom, End end, std::shared_ptr<Farewell> farewell) {
        co_await tasks_.begin();
        try {
            co_await end();
        } catch (...) {
            if (!farewell->cut_short) {
                options_.log.error(whom, " threw an exception at the end: ", error_of_exception());
            }
        }
        farewell->ended = true;
        farewell->over.cancel();
    }

    /// What was put while the storage could not be opened, and never will be, goes to the dead letters.
    asio::awaitable<void> bury_orphans() {
        if (const auto failure = co_await failure_of(company_.open_letters(world_))) {
            options_.log.error("the dead letters could not be opened: ", failure);
            co_return;
        }
        for (auto& lot : intake_.take(clock_.steady(), true, lots_due_)) {
            auto chunk = lot.seal(next_sequence_);
            next_sequence_ += chunk.count;
            delivery_.admit_lost(std::move(chunk), open_failure_, moment());
        }
        co_await bury();
        perform(delivery_.act(moment()));
        publish(clock_.steady(), true);
    }

    /// Who waits is part of a cycle if it owns the producer.
    void context_ends() noexcept override {
        const auto self = this->weak_from_this().lock();
        if (!self) return;
        const auto ops = intake_.let_go();
        const auto watchers = std::exchange(watchers_, {});
        const auto flushes = std::exchange(flushes_, {});
        const auto clears = std::exchange(clears_, {});
        const auto opens = std::exchange(open_waiters_, {});
        const auto closes = std::exchange(closed_waiters_, {});
        const auto riders = std::exchange(riders_, {});
    }

    void end() {
        ended_ = true;
        if (const auto lost = intake_.abandon(); lost > 0) {
            report_.failed += lost;
            options_.log.error(lost, " records were lost: the storage could never be opened to take them");
        }
        if (!storage_lingers_) company_.release_storage();
        company_.dismiss();
        open_ = false;
        publish(clock_.steady(), true);
        for (const auto& [id, done] : std::exchange(flushes_, {})) done({}, report_);
        for (const auto& done : std::exchange(closed_waiters_, {})) done(report_);
    }

    Alarm alarm_;
    bool opening_ = false;
    bool closing_ = false;
    bool ended_ = false;
    bool orphans_tried_ = false;
    bool storage_lingers_ = false; ///< It did not come to its end in time, and goes on without being waited for.
    error_code open_failure_ = error::closed; ///< Of the last opening.
    unsigned failed_opens_ = 0;
    int stage_ = 0;
    std::vector<std::function<void(error_code)>> open_waiters_;
    std::vector<std::function<void(FlushReport)>> closed_waiters_;
    std::vector<Rider> riders_; ///< What waits for everything put so far to be committed.
    std::uint64_t last_flush_ = 0;
    std::uint64_t steps_ = 0; ///< How many were begun, one within another too.
    steady_time lots_due_ = steady_time::max();
    steady_time settle_due_ = steady_time::max();
    FlushReport report_;
};

} // namespace sluice::detail
