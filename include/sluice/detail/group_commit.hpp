#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/error.hpp>
#include <sluice/log.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace sluice::detail {

/// What must let go of its waiting handlers before their executor's context ends.
class Abandonable {
public:
    virtual ~Abandonable() = default;
    virtual void abandon() = 0;
};

/// Tells the end of an execution context to whatever still holds handlers of it on another thread.
class AbandonService final : public asio::execution_context::service {
public:
    static inline asio::execution_context::id id;

    explicit AbandonService(asio::execution_context& owner) : service(owner) {}

    void add(const std::shared_ptr<Abandonable>& holder) {
        const std::lock_guard lock(mutex_);
        std::erase_if(holders_, [](const auto& known) { return known.expired(); });
        holders_.push_back(holder);
    }

private:
    void shutdown() override {
        const auto holders = std::exchange(holders_, {});
        for (const auto& known : holders) {
            if (const auto holder = known.lock()) holder->abandon();
        }
    }

    std::mutex mutex_;
    std::vector<std::weak_ptr<Abandonable>> holders_;
};

/// One call on its way to the store and back. `attempt` and `fail` run where blocking is allowed, the rest at home.
template <class Store>
class CommitCall {
public:
    explicit CommitCall(wall_time now) : begun(now) {}
    CommitCall(const CommitCall&) = delete;
    CommitCall& operator=(const CommitCall&) = delete;
    virtual ~CommitCall() = default;

    virtual error_code attempt(Store& store) = 0; ///< May be called again after a rollback: the last attempt counts.
    virtual void fail(error_code why) = 0;
    virtual void complete() = 0;

    const wall_time begun;
};

/// A `CommitCall` with the work to be done and the handler that waits for it.
template <class Store, class T, class Work, class Handler>
class WaitingCall final : public CommitCall<Store> {
public:
    WaitingCall(wall_time now, const asio::any_io_executor& home, Work work, Handler handler)
        : CommitCall<Store>(now), work_(std::move(work)), handler_(std::move(handler)),
          slot_(asio::get_associated_cancellation_slot(*handler_)),
          executor_(asio::prefer(asio::any_io_executor(asio::get_associated_executor(*handler_, home)),
                                 asio::execution::outstanding_work.tracked)) {}

    /// Lets a cancellation detach the handler; the work is done all the same.
    static void listen(const std::shared_ptr<WaitingCall>& call) {
        if (!call->slot_.is_connected()) return;
        call->slot_.assign([weak = std::weak_ptr(call)](asio::cancellation_type) {
            if (const auto waiting = weak.lock()) waiting->detach();
        });
    }

    error_code attempt(Store& store) override {
        outcome_ = work_(store);
        return outcome_ ? error_code() : outcome_.error();
    }

    void fail(error_code why) override { outcome_ = why; }

    void complete() override {
        if (!handler_) return;
        slot_.clear();
        asio::dispatch(executor_, take(std::move(outcome_)));
    }

private:
    void detach() {
        if (handler_) asio::post(executor_, take(error_code(asio::error::operation_aborted)));
    }

    auto take(result<T> outcome) {
        auto taken = [handler = std::move(*handler_), outcome = std::move(outcome)]() mutable {
            std::move(handler)(std::move(outcome));
        };
        handler_.reset();
        return taken;
    }

    Work work_;
    std::optional<Handler> handler_;
    asio::associated_cancellation_slot_t<Handler> slot_;
    asio::any_io_executor executor_; ///< The handler's, kept busy while it waits.
    result<T> outcome_ = error_code(error::storage_failed);
};

/// The queue of calls, and the loop that commits whatever has gathered in it.
template <class Store>
class CommitQueue final : public Abandonable, public std::enable_shared_from_this<CommitQueue<Store>> {
public:
    using Call = std::shared_ptr<CommitCall<Store>>;

    template <class... StoreArguments>
    CommitQueue(asio::any_io_executor home, asio::any_io_executor blocking, std::weak_ptr<const Log> log,
                StoreArguments&&... arguments)
        : home_(std::move(home)), blocking_(std::move(blocking)), log_(std::move(log)),
          store_(std::in_place, std::forward<StoreArguments>(arguments)...) {}

    [[nodiscard]] const asio::any_io_executor& home() const noexcept { return home_; }

    /// A patient call starts the loop by way of home: what is submitted there in the same breath comes with it.
    void submit(Call call, bool patient) {
        {
            const std::lock_guard lock(mutex_);
            if (abandoned_) return;
            queue_.push_back(std::move(call));
            if (draining_) return;
        }
        if (!patient) return start();
        asio::post(home_, [self = this->shared_from_this()] { self->start(); });
    }

    /// Sees to it that the loop runs, if there is something to do.
    void start() {
        {
            const std::lock_guard lock(mutex_);
            if (queue_.empty() || std::exchange(draining_, true)) return;
        }
        asio::post(blocking_, [self = this->shared_from_this()] { self->drain(); });
    }

    void abandon() override {
        std::vector<Call> dropped;
        std::unique_lock lock(mutex_);
        abandoned_ = true;
        paused_.wait(lock, [&] { return !running_; });
        dropped.swap(queue_);
        lock.unlock(); // Handlers may own whoever owns this queue.
    }

    /// Closes the store, after what is queued: here if that is running or done, else where it will run.
    void close() {
        std::unique_lock lock(mutex_);
        closing_ = true;
        paused_.wait(lock, [&] { return !running_; });
        if (!draining_) store_.reset();
    }

private:
    void drain() {
        while (gather()) {
            if (!commit(group_)) {
                for (const auto& call : group_) commit({call});
            }
            publish();
            store_->maintain();
            tell();
        }
    }

    bool gather() {
        const std::lock_guard lock(mutex_);
        running_ = draining_ = !abandoned_ && !queue_.empty();
        if (running_) {
            group_.swap(queue_);
            return true;
        }
        if (closing_) store_.reset();
        paused_.notify_all();
        return false;
    }

    /// False if somebody's failure must not be everybody's.
    bool commit(const std::vector<Call>& calls) {
        const bool alone = calls.size() == 1;
        auto failure = attempt(calls);
        for (int round = 0; failure && store_->recover(alone, round); ++round) failure = attempt(calls);
        if (!failure) return true;
        if (!alone) return false;
        tell();
        calls.front()->fail(failure);
        return true;
    }

    error_code attempt(const std::vector<Call>& calls) {
        const auto now = calls.back()->begun;
        error_code failure;
        try {
            failure = run(calls, now);
        } catch (const std::exception& thrown) {
            failure = error::storage_failed;
            tell(std::string("a call of the storage threw: ") + thrown.what());
        } catch (...) {
            failure = error::storage_failed;
        }
        if (failure) store_->rollback(failure, now);
        return failure;
    }

    error_code run(const std::vector<Call>& calls, wall_time now) {
        if (const auto begun = store_->begin(now); !begun) return begun.error();
        for (const auto& call : calls) {
            if (const auto failure = call->attempt(*store_)) return failure;
        }
        const auto committed = store_->commit();
        return committed ? error_code() : committed.error();
    }

    void publish() {
        const std::lock_guard lock(mutex_);
        if (abandoned_) {
            queue_.insert(queue_.end(), group_.begin(), group_.end());
        } else {
            for (auto& call : group_) asio::post(home_, [done = std::move(call)] { done->complete(); });
        }
        group_.clear();
    }

    void tell() { tell(store_->take_remark()); }

    void tell(const std::string& remark) {
        if (remark.empty()) return;
        const std::lock_guard lock(mutex_);
        if (!abandoned_) asio::post(home_, [log = log_, remark] { write(log, remark); });
    }

    static void write(const std::weak_ptr<const Log>& log, const std::string& remark) {
        if (const auto open = log.lock()) open->error(remark);
    }

    const asio::any_io_executor home_;
    const asio::any_io_executor blocking_;
    const std::weak_ptr<const Log> log_;
    std::optional<Store> store_; ///< Of whoever drains.
    std::vector<Call> group_;    ///< The same.

    std::mutex mutex_; ///< Of everything below.
    std::condition_variable paused_;
    std::vector<Call> queue_;
    bool draining_ = false; ///< The loop runs, or was posted.
    bool running_ = false;  ///< The loop runs.
    bool closing_ = false;
    bool abandoned_ = false;
};

/// Runs calls on a store where blocking is allowed, and commits together whatever arrives while a commit runs.
///
/// Without an executor for the blocking, it has a thread of its own, and its destructor waits until everything that
/// was submitted is done and the store is closed. With one, the destructor waits only for what already runs there;
/// what is still queued is done later, and the store is closed after it.
///
/// `Store` has `begin(wall_time)`, `commit()`, `rollback(error_code, wall_time)`, `recover(bool alone, int round)`,
/// `maintain()`, `take_remark()`. A transaction that was rolled back is run again as often as `recover` says; if one of
/// several calls fails then, each is run in a transaction of its own.
template <class Store>
class GroupCommit {
public:
    /// `log` is written to as long as it lives.
    template <class... StoreArguments>
    GroupCommit(asio::any_io_executor home, asio::any_io_executor blocking, std::weak_ptr<const Log> log,
                StoreArguments&&... arguments) {
        if (!blocking) {
            thread_.reset(new asio::thread_pool(1));
            blocking = thread_->get_executor();
        }
        auto& context = asio::query(home, asio::execution::context);
        queue_ = std::make_shared<CommitQueue<Store>>(std::move(home), std::move(blocking), std::move(log),
                                                      std::forward<StoreArguments>(arguments)...);
        asio::use_service<AbandonService>(context).add(queue_);
    }

    GroupCommit(GroupCommit&&) noexcept = default;

    GroupCommit& operator=(GroupCommit&& other) noexcept {
        queue_.swap(other.queue_);
        thread_.swap(other.thread_);
        return *this;
    }

    ~GroupCommit() {
        if (queue_) queue_->start();
        thread_.reset();
        if (queue_) queue_->close();
    }

    /// Completes when `work(Store&) -> result<T>` is committed, or with its error and nothing changed, but for what
    /// a piecemeal settlement stored. It takes effect after all work whose waiting began earlier. Cancellation detaches
    /// the waiter (`operation_aborted`). `patient`: it does not mind to begin a moment later, in company.
    template <class T, class Work>
    [[nodiscard]] asio::awaitable<result<T>> perform(wall_time now, Work work, bool patient = false) {
        auto begin = [queue = queue_, now, patient](auto handler, Work its_work) {
            using Call = WaitingCall<Store, T, Work, decltype(handler)>;
            auto call = std::make_shared<Call>(now, queue->home(), std::move(its_work), std::move(handler));
            Call::listen(call);
            queue->submit(std::move(call), patient);
        };
        asio::use_awaitable_t<> token;
        return asio::async_initiate<asio::use_awaitable_t<>, void(result<T>)>(std::move(begin), token,
                                                                              std::move(work));
    }

private:
    struct Join {
        void operator()(asio::thread_pool* thread) const noexcept {
            thread->join();
            delete thread;
        }
    };

    std::shared_ptr<CommitQueue<Store>> queue_;
    std::unique_ptr<asio::thread_pool, Join> thread_;
};

} // namespace sluice::detail
