#pragma once

#include <sluice/detail/call_queue.hpp>
#include <sluice/detail/spawn.hpp>
#include <sluice/error.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <utility>

namespace sluice::detail {

/// The use of a store that has a lease: one call at a time, among them those that renew the lease, and at the end the
/// one that gives it back, which nobody waits for unless it is `close`. On the strand of the world.
///
/// `Store` has `renew()` and `release()`, awaitables of `result<void>`, and `lost()`.
template <class Store>
class LeasedStore {
public:
    LeasedStore(World& world, std::shared_ptr<Store> store, std::chrono::nanoseconds interval)
        : world_(world), store_(std::move(store)), calls_(world.executor()) {
        auto task = renew(world_, end_, store_, calls_, interval);
        auto ended = [hold = world.hold(), end = end_](std::exception_ptr) {}; // the task uses them until then
        detail::spawn(world.executor(), std::move(task), end_->signal.slot(), std::move(ended));
    }

    LeasedStore(const LeasedStore&) = delete;
    LeasedStore& operator=(const LeasedStore&) = delete;

    ~LeasedStore() {
        if (end_->is_there) return;
        end();
        calls_.post(world_.hold(), [store = store_, end = end_] { return store->release(); });
    }

    /// Gives the lease back, for whoever waits for that; nothing follows.
    template <class...>
    [[nodiscard]] asio::awaitable<void> close() {
        end();
        auto work = [store = store_, end = end_] { return store->release(); };
        (void)co_await calls_.template perform<void>(world_.hold(), std::move(work));
    }

    /// Gives what `work(Store&)` does, an awaitable of `result<T>`. See `CallQueue::perform`.
    template <class T, class Work>
    [[nodiscard]] asio::awaitable<result<T>> perform(Work work) {
        auto on_store = [store = store_, work = std::move(work)]() mutable { return work(*store); };
        return calls_.template perform<T>(world_.hold(), std::move(on_store));
    }

private:
    /// Told to whoever renews the lease.
    class End {
    public:
        asio::cancellation_signal signal;
        bool is_there = false;
    };

    /// The signal may take effect later, and has to be there then: whoever gives the lease back keeps it.
    void end() {
        end_->is_there = true;
        end_->signal.emit(asio::cancellation_type::terminal);
    }

    /// Until the lease is lost, or the end is there.
    static asio::awaitable<void> renew(World& world, std::shared_ptr<const End> end, std::shared_ptr<Store> store,
                                       CallQueue calls, std::chrono::nanoseconds interval) {
        co_await asio::post(world.executor(), asio::use_awaitable);
        while (!end->is_there && !store->lost()) {
            auto& clock = world.clock();
            if (co_await clock.async_wait_until(clock.steady() + interval)) co_return;
            auto work = [store] { return store->renew(); };
            (void)co_await calls.template perform<void>(world.hold(), std::move(work));
        }
    }

    World& world_;
    std::shared_ptr<Store> store_;
    CallQueue calls_;
    std::shared_ptr<End> end_ = std::make_shared<End>();
};

} // namespace sluice::detail
