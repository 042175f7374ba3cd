#pragma once

#include <sluice/error.hpp>
#include <sluice/local/service.hpp>
#include <sluice/transport/transport.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <utility>

namespace sluice::local {

/// A transport without sockets: every exchange is a call of a `Service` in this process, on the producer's clock.
///
/// Faults of the connection become the errors that a real transport reports, and delays pass on `world.clock()`, so
/// that a simulated day takes no time. Several producers may share one service if they share a strand.
class DirectTransport {
public:
    using policy_kind = kind::transport;

    class Running {
    public:
        Running(std::shared_ptr<Service> service, AnyClock& clock) : service_(std::move(service)), clock_(&clock) {}

        template <class...>
        [[nodiscard]] asio::awaitable<result<HttpResponse>> send(HttpRequest request) {
            const Moment now(clock_->steady(), clock_->wall());
            Reaction reaction = service_->react(request, now, service_->meet(request, now));
            const bool late = request.timeout.count() != 0 && reaction.delay >= request.timeout;
            const auto delay = late ? request.timeout : reaction.delay;
            if (delay.count() > 0) {
                const auto failure = co_await clock_->async_wait_until(now.steady + delay);
                if (failure) co_return failure;
            }
            if (late) co_return error::timed_out;
            co_return outcome(std::move(reaction), request);
        }

    private:
        static result<HttpResponse> outcome(Reaction reaction, const HttpRequest& request) {
            switch (reaction.fate) {
            case Reaction::Fate::answered: break;
            case Reaction::Fate::refused:
            case Reaction::Fate::unread:
            case Reaction::Fate::unanswered: return error::connection_failed;
            case Reaction::Fate::cut_short: return error::response_truncated;
            case Reaction::Fate::garbage: return error::protocol_violated;
            }
            if (reaction.response.body.size() > request.max_response_bytes) return error::response_too_large;
            return std::move(reaction.response);
        }

        std::shared_ptr<Service> service_;
        AnyClock* clock_;
    };

    explicit DirectTransport(std::shared_ptr<Service> service) : service_(std::move(service)) {}

    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) {
        return ready(Running(service_, world.clock()));
    }

private:
    template <class...>
    static asio::awaitable<result<Running>> ready(Running running) { co_return std::move(running); }

    std::shared_ptr<Service> service_;
};

} // namespace sluice::local
