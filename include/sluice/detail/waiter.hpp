#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace sluice::detail {

namespace asio = boost::asio;

/// A completion handler that is parked until its operation ends, whatever its type.
///
/// It keeps its executor at work meanwhile. Destroyed uncalled, it destroys the handler uncalled.
template <class... Args>
class Waiter {
public:
    virtual ~Waiter() = default;

    /// Calls the handler on its associated executor and never from within this call. Any thread; only the first call
    /// counts.
    virtual void complete(Args... args) = 0;

    /// Has `cancel` called when the handler's cancellation slot is; to be set before the operation is visible to
    /// others.
    virtual void on_cancel(std::function<void()> cancel) = 0;
};

template <class Handler, class... Args>
class WaiterOf final : public Waiter<Args...>, public std::enable_shared_from_this<WaiterOf<Handler, Args...>> {
public:
    WaiterOf(Handler handler, const asio::any_io_executor& fallback)
        : handler_(std::move(handler)),
          executor_(asio::prefer(asio::get_associated_executor(handler_, fallback),
                                 asio::execution::outstanding_work.tracked)) {}

    void complete(Args... args) override {
        if (completed_.exchange(true)) return;
        // Once the handler is queued the executor is not kept at work by whoever still holds this.
        const auto executor = std::exchange(executor_, std::nullopt);
        auto values = std::make_tuple(std::move(args)...);
        asio::post(*executor, [self = this->shared_from_this(), values = std::move(values)]() mutable {
            // On the handler's executor, as slots demand, and before the handler may start something with it.
            auto slot = asio::get_associated_cancellation_slot(self->handler_);
            if (slot.is_connected()) slot.clear();
            auto handler = std::move(self->handler_);
            self.reset();
            std::apply(std::move(handler), std::move(values));
        });
    }

    void on_cancel(std::function<void()> cancel) override {
        auto slot = asio::get_associated_cancellation_slot(handler_);
        if (slot.is_connected()) slot.assign([cancel = std::move(cancel)](asio::cancellation_type) { cancel(); });
    }

private:
    using Executor = std::decay_t<decltype(asio::prefer(
        asio::get_associated_executor(std::declval<Handler&>(), std::declval<const asio::any_io_executor&>()),
        asio::execution::outstanding_work.tracked))>;

    Handler handler_;
    std::optional<Executor> executor_;
    std::atomic<bool> completed_ = false;
};

/// Parks a handler. `fallback` is used where none is associated with it.
template <class... Args, class Handler>
[[nodiscard]] std::shared_ptr<Waiter<Args...>> park(Handler&& handler, const asio::any_io_executor& fallback) {
    return std::make_shared<WaiterOf<std::decay_t<Handler>, Args...>>(std::forward<Handler>(handler), fallback);
}

} // namespace sluice::detail
