#pragma once

#include <sluice/detail/guarded.hpp>
#include <sluice/detail/open_session.hpp>
#include <sluice/detail/waiter.hpp>
#include <sluice/error.hpp>
#include <sluice/policy.hpp>
#include <sluice/world.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace sluice::detail {

/// A recipe that is being brought to life on a session's strand, for somebody who waits on any executor.
///
/// Neither has anything of the other but the parked handler: the frames of who waits are unwound on his executor, which
/// may be after the end of the session's context, and his cancellation may come when all is over. His slot has no
/// executor of the session for that reason, as a strand has to go before its context.
template <class Recipe>
class Opening {
public:
    using Outcome = result<running_t<Recipe>>;

    Opening(std::shared_ptr<const OpenSession> session, Recipe recipe, std::shared_ptr<Waiter<Outcome>> waiter)
        : executor_(session->world().executor()), session_(std::move(session)), recipe_(std::move(recipe)),
          waiter_(std::move(waiter)) {}

    Opening(const Opening&) = delete;
    Opening& operator=(const Opening&) = delete;

    /// Any thread. `handler` is called with the outcome.
    template <class Handler>
    static void begin(std::shared_ptr<const OpenSession> session, Recipe recipe, Handler handler) {
        const auto executor = session->world().executor();
        auto waiter = park<Outcome>(std::move(handler), executor);
        const auto opening = std::make_shared<Opening>(std::move(session), std::move(recipe), waiter);
        waiter->on_cancel([weak = std::weak_ptr(opening)] {
            const auto self = weak.lock();
            if (self) asio::post(self->executor_, [self] { self->cancel_.emit(asio::cancellation_type::terminal); });
        });
        auto end = [opening](const std::exception_ptr& thrown) { opening->end(thrown); };
        asio::co_spawn(executor, bring_to_life(opening),
                       asio::bind_cancellation_slot(opening->cancel_.slot(), std::move(end)));
    }

private:
    static asio::awaitable<void> bring_to_life(std::shared_ptr<Opening> self) {
        auto opened = co_await guarded(self->recipe_->open(self->session_->world()));
        self->outcome_.emplace(std::move(opened));
    }

    /// Lets the session go before it is told, as nobody else may have it open.
    void end(const std::exception_ptr& thrown) {
        if (thrown) outcome_.emplace(error_of(thrown)); // cut short before it began, or thrown at once
        recipe_.reset();
        session_.reset();
        waiter_->complete(*std::move(outcome_));
        outcome_.reset();
    }

    static error_code error_of(const std::exception_ptr& thrown) {
        try {
            std::rethrow_exception(thrown);
        } catch (...) {
            return error_of_exception();
        }
    }

    const asio::any_io_executor executor_;
    std::shared_ptr<const OpenSession> session_;
    std::optional<Recipe> recipe_;
    std::shared_ptr<Waiter<Outcome>> waiter_;
    asio::cancellation_signal cancel_;
    std::optional<Outcome> outcome_;
};

} // namespace sluice::detail
