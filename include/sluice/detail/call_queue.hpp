#pragma once

#include <sluice/detail/group_commit.hpp>
#include <sluice/detail/guarded.hpp>
#include <sluice/detail/waiter.hpp>
#include <sluice/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <deque>
#include <memory>
#include <utility>

namespace sluice::detail {

/// A call that waits for its turn, whatever it gives.
class QueuedCall {
public:
    QueuedCall() = default;
    QueuedCall(const QueuedCall&) = delete;
    QueuedCall& operator=(const QueuedCall&) = delete;
    virtual ~QueuedCall() = default;

    virtual asio::awaitable<void> make() = 0;
};

/// A call, and who waits for what it gives.
template <class T, class Work>
class QueuedCallOf final : public QueuedCall {
public:
    QueuedCallOf(std::shared_ptr<const void> hold, Work work, std::shared_ptr<Waiter<result<T>>> waiter)
        : hold_(std::move(hold)), work_(std::move(work)), waiter_(std::move(waiter)) {}

    asio::awaitable<void> make() override {
        auto outcome = co_await guarded(work());
        if (waiter_) waiter_->complete(std::move(outcome));
    }

private:
    /// What throws before it gives an awaitable throws in here.
    asio::awaitable<result<T>> work() {
        co_return co_await work_();
    }

    std::shared_ptr<const void> hold_; ///< The first member, which goes last.
    Work work_;
    std::shared_ptr<Waiter<result<T>>> waiter_; ///< Null: nobody waits.
};

/// Makes calls that take time one after the other, in the order in which they were begun; one strand.
///
/// A call that was begun comes to its end, whoever waits for it: cancellation detaches the waiter
/// (`operation_aborted`), and what is queued when this is destroyed is done all the same.
class CallQueue {
public:
    explicit CallQueue(const asio::any_io_executor& executor) : calls_(std::make_shared<Calls>(executor)) {
        asio::use_service<AbandonService>(asio::query(executor, asio::execution::context)).add(calls_);
    }

    /// Gives what `work() -> awaitable<result<T>>` gives, or the error that its exception stands for. `hold` is held
    /// until then.
    template <class T, class Work>
    [[nodiscard]] asio::awaitable<result<T>> perform(std::shared_ptr<const void> hold, Work work) {
        auto begin = [calls = calls_, hold = std::move(hold)](auto handler, Work its_work) {
            const auto waiter = park<result<T>>(std::move(handler), calls->executor());
            waiter->on_cancel([weak = std::weak_ptr(waiter)] {
                if (const auto waiting = weak.lock()) waiting->complete(error_code(asio::error::operation_aborted));
            });
            calls->submit(std::make_shared<QueuedCallOf<T, Work>>(hold, std::move(its_work), waiter));
        };
        asio::use_awaitable_t<> token;
        return asio::async_initiate<asio::use_awaitable_t<>, void(result<T>)>(std::move(begin), token,
                                                                              std::move(work));
    }

    /// The same for what gives nothing, and nobody waits for.
    template <class Work>
    void post(std::shared_ptr<const void> hold, Work work) {
        calls_->submit(std::make_shared<QueuedCallOf<void, Work>>(std::move(hold), std::move(work), nullptr));
    }

private:
    class Calls final : public Abandonable, public std::enable_shared_from_this<Calls> {
    public:
        explicit Calls(asio::any_io_executor executor) : executor_(std::move(executor)) {}

        [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return executor_; }

        void submit(std::shared_ptr<QueuedCall> call) {
            if (abandoned_) return;
            queue_.push_back(std::move(call));
            if (std::exchange(busy_, true)) return;
            asio::co_spawn(executor_, make_all(shared_from_this()), asio::detached);
        }

        void abandon() override {
            abandoned_ = true;
            const auto dropped = std::exchange(queue_, {}); // who waits may own whoever owns this
        }

    private:
        template <class...>
        static asio::awaitable<void> make_all(std::shared_ptr<Calls> self) {
            while (!self->queue_.empty()) {
                const auto call = std::move(self->queue_.front());
                self->queue_.pop_front();
                co_await call->make();
            }
            self->busy_ = false;
        }

        asio::any_io_executor executor_;
        std::deque<std::shared_ptr<QueuedCall>> queue_;
        bool busy_ = false;
        bool abandoned_ = false;
    };

    std::shared_ptr<Calls> calls_;
};

} // namespace sluice::detail
