#pragma once

#include <sluice/aws/client.hpp>
#include <sluice/clock/clock.hpp>
#include <sluice/cloudwatch/client.hpp>
#include <sluice/cloudwatch/requests.hpp>
#include <sluice/detail/alarm.hpp>
#include <sluice/detail/back_off.hpp>
#include <sluice/detail/guarded.hpp>
#include <sluice/detail/spawn.hpp>
#include <sluice/detail/wait_for.hpp>
#include <sluice/error.hpp>
#include <sluice/metrics/cloudwatch_counts.hpp>
#include <sluice/metrics/cloudwatch_options.hpp>
#include <sluice/metrics/own_credentials.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::detail {

/// Takes counts to CloudWatch from time to time, and whatever happens to them disturbs nobody. One strand.
///
/// What is under way holds the world (`World::hold`) until it has ended: `finish` has it end.
class CloudWatchUploads : public std::enable_shared_from_this<CloudWatchUploads> {
public:
    CloudWatchUploads(World& world, std::unique_ptr<OwnCredentials> own, cloudwatch::Client client,
                      const CloudWatchOptions& options)
        : counts(options), world_(world), own_(std::move(own)), client_(std::move(client)),
          name_space_(options.name_space), interval_(options.interval), alarm_(world.executor(), world.clock()),
          late_(world.executor(), world.clock()) {}

    CloudWatchCounts counts;

    /// There is something to tell: it will be, an interval from now at the latest.
    void wake() {
        if (!armed_ && !flight_ && !ended_) arm(world_.clock().steady() + interval_);
    }

    /// So many records wait now. Sampled five times a second at most, and at each upload.
    void observe(std::uint64_t pending) {
        pending_ = pending;
        const auto now = world_.clock().steady();
        if (now < next_sample_) return;
        next_sample_ = now + std::chrono::milliseconds(200);
        counts.pending(world_.service_time(), pending_);
        wake();
    }

    /// Tells what is left, but takes no longer than two seconds; nothing is told after that.
    template <class...>
    [[nodiscard]] asio::awaitable<void> finish() {
        return see_off(shared_from_this());
    }

private:
    static constexpr std::chrono::seconds patience{2};
    static constexpr std::chrono::minutes longest_back_off{10};

    /// Some requests, one after the other.
    class Flight {
    public:
        explicit Flight(const asio::any_io_executor& executor) : landed(executor, steady_time::max()) {}

        asio::steady_timer landed; ///< Never runs out; cancelled when it is over.
        asio::cancellation_signal stop;
        bool begun = false;
        bool cancelled = false;
        bool over = false;
    };

    /// Called when a flight has ended; holds what it refers to until then.
    class Landing {
    public:
        Landing(std::shared_ptr<const void> world, std::shared_ptr<CloudWatchUploads> uploads,
                std::shared_ptr<Flight> flight)
            : world_(std::move(world)), uploads_(std::move(uploads)), flight_(std::move(flight)) {}

        void operator()(const std::exception_ptr&) const noexcept {}

    private:
        std::shared_ptr<const void> world_; ///< The first member, which goes last.
        std::shared_ptr<CloudWatchUploads> uploads_;
        std::shared_ptr<Flight> flight_;
    };

    void arm(steady_time when) {
        armed_ = true;
        auto ring = [this, world = world_.hold(), self = shared_from_this()] {
            armed_ = false;
            if (!ended_ && !flight_) take_off();
        };
        alarm_.set(when, std::move(ring));
    }

    void take_off() {
        flight_ = std::make_shared<Flight>(world_.executor());
        if (pending_ > 0) counts.pending(world_.service_time(), pending_);
        auto task = fly(shared_from_this(), flight_);
        spawn(world_.executor(), std::move(task), flight_->stop.slot(),
              Landing(world_.hold(), shared_from_this(), flight_));
    }

    template <class...>
    static asio::awaitable<void> fly(std::shared_ptr<CloudWatchUploads> self, std::shared_ptr<Flight> flight) {
        flight->begun = true;
        error_code failure = asio::error::operation_aborted;
        try {
            if (!flight->cancelled) failure = co_await self->upload();
        } catch (...) {
            failure = error_of_exception();
        }
        flight->over = true;
        flight->landed.cancel();
        self->land(failure);
    }

    /// What could not be told the last time goes first, then what was counted by now.
    template <class...>
    asio::awaitable<error_code> upload() {
        co_await asio::post(world_.executor(), asio::use_awaitable); // to be cancelled is safe from now on
        for (bool all = false; !all || !backlog_.empty();) {
            if (backlog_.empty()) {
                backlog_ = counts.take(cloudwatch::most_datums);
                all = counts.empty();
                if (backlog_.empty()) break;
            }
            std::span<const cloudwatch::Datum> rest(backlog_);
            auto body = cloudwatch::encode_put_metric_data(name_space_, rest);
            const auto sent = backlog_.size() - rest.size();
            auto reply = co_await client_.put_metric_data(std::move(body));
            tell(reply);
            // What CloudWatch calls wrong would be wrong again.
            const bool refused = reply.error == error::request_refused || reply.error == error::request_too_large;
            if (reply.error && !refused) co_return reply.error;
            backlog_.erase(backlog_.begin(), backlog_.begin() + static_cast<std::ptrdiff_t>(sent));
        }
        co_return error_code{};
    }

    void land(error_code failure) {
        flight_.reset();
        failures_ = failure ? failures_ + 1 : 0;
        failed_ = failure;
        if (counts.forgot() && !std::exchange(forgot_, true)) {
            world_.log().warning("CloudWatch: there was no room for all metrics: the oldest minutes are forgotten");
        }
        if (!failure) forgot_ = false;
        if (ended_ || (backlog_.empty() && counts.empty() && pending_ == 0)) return;
        auto rest = std::chrono::nanoseconds(interval_);
        if (failure) rest += back_off(interval_, longest_back_off, failures_, world_.clock().random());
        arm(world_.clock().steady() + rest);
    }

    /// Once, until it is something else.
    void tell(const aws::Reply& reply) {
        if (reply.error == told_ || reply.error == asio::error::operation_aborted) return;
        told_ = reply.error;
        if (!reply.error) return world_.log().info("CloudWatch takes metrics again");
        // Without the service's own word the message is a page of anybody, which may hold anything.
        const bool is_word = !reply.code.empty() && (reply.code.front() < '0' || reply.code.front() > '9');
        world_.log().warning("CloudWatch did not take metrics: ", reply.error,
                             is_word ? " The service said: " + reply.code + " " + reply.message : "");
    }

    template <class...>
    static asio::awaitable<void> see_off(std::shared_ptr<CloudWatchUploads> self) {
        self->ended_ = true;
        self->alarm_.cancel();
        auto too_late = [self, world = self->world_.hold()] { self->give_up(); };
        self->late_.set(self->world_.clock().steady() + patience, std::move(too_late));
        self->failed_ = {};
        while (!self->gave_up_ && !self->failed_ && self->has_news()) {
            if (!self->flight_) self->take_off();
            const auto flight = self->flight_;
            if (!flight->over) co_await wait_for(flight->landed);
        }
        self->late_.cancel();
        if (self->own_) self->own_->stop();
        if (self->has_news()) self->world_.log().warning("CloudWatch: the last metrics were not told");
    }

    [[nodiscard]] bool has_news() const noexcept { return flight_ || !backlog_.empty() || !counts.empty(); }

    void give_up() {
        gave_up_ = true;
        if (!flight_) return;
        flight_->cancelled = true;
        // Asio loses a coroutine that is cancelled before it begins.
        if (flight_->begun) flight_->stop.emit(asio::cancellation_type::terminal);
        flight_->landed.cancel(); // nor does the end wait for what cannot be cancelled
    }

    World& world_;
    std::unique_ptr<OwnCredentials> own_; ///< None: the client signs as the producer does.
    cloudwatch::Client client_;
    std::string name_space_;
    std::chrono::milliseconds interval_;
    Alarm alarm_;
    Alarm late_; ///< For the end.
    std::vector<cloudwatch::Datum> backlog_; ///< Taken from the counts, and not told yet.
    std::shared_ptr<Flight> flight_;
    std::uint64_t pending_ = 0;
    steady_time next_sample_;
    unsigned failures_ = 0;
    error_code failed_; ///< Of the last flight.
    error_code told_;
    bool armed_ = false;
    bool ended_ = false;
    bool gave_up_ = false;
    bool forgot_ = false; ///< The log has it.
};

} // namespace sluice::detail
