#pragma once

#include <sluice/aws/ascii.hpp>
#include <sluice/credentials/credentials.hpp>
#include <sluice/detail/credentials_thrown.hpp>
#include <sluice/detail/spawn.hpp>
#include <sluice/detail/wait_for.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace sluice {

namespace detail {

/// What the age of credentials asks for.
enum class Freshness : std::uint8_t {
    good,
    ageing, ///< To be refreshed when convenient.
    stale,  ///< Not to be used before they are refreshed.
};

/// Credentials age in their last 15 minutes and are stale in their last 10, as with the AWS SDKs; those that were
/// good for less than 40 minutes on arrival age in the last half and are stale in the last quarter of that time, so
/// that short-lived ones are not asked for at every request.
[[nodiscard]] inline Freshness freshness(wall_time arrival, std::optional<wall_time> end, wall_time now) noexcept {
    using std::chrono::minutes;
    if (!end) return Freshness::good;
    const auto life = *end - arrival;
    const auto left = *end - now;
    if (left <= std::min<wall_time::duration>(minutes(10), life / 4)) return Freshness::stale;
    if (left <= std::min<wall_time::duration>(minutes(15), life / 2)) return Freshness::ageing;
    return Freshness::good;
}

/// What is wrong with credentials that a source gave, if anything.
[[nodiscard]] inline error_code flaw_of(const Secrets& secrets, wall_time now) noexcept {
    if (secrets.access_key_id.empty() || secrets.secret_access_key.empty()) return error::credentials_failed;
    // Both become part of a header: a line break in them would end it.
    if (!aws::is_visible(secrets.access_key_id) || !aws::is_visible(secrets.session_token.reveal())) {
        return error::credentials_failed;
    }
    if (secrets.expires && *secrets.expires <= now) return error::credentials_expired;
    return {};
}

} // namespace detail

/// Keeps what a source of credentials gave until it nears its end, and asks the source once for all who wait.
///
/// - Good credentials are given at once.
/// - Ageing ones (`detail::freshness`) are given at once too, while the source is asked in the background; if it fails
///   it is left alone for a minute.
/// - Stale ones make every caller wait for the source. If it fails, they are given as long as they have not expired,
///   and it is left alone for a minute.
/// - Expired, rejected or absent ones make every caller wait, too, and share the answer, even if that is an error.
///
/// Credentials that have expired on arrival are `credentials_expired`; without a key, or with characters that no header
/// may have, `credentials_failed`. One strand. A caller that is cancelled gets `operation_aborted`, and nothing else
/// changes. What the source has under way holds the world (`World::hold`) until it has ended; to be destroyed after
/// `stop`, or with its executor.
template <RunningCredentials Source>
class CachedCredentials final : public AnyCredentials {
public:
    CachedCredentials(World& world, Source source) : state_(std::make_shared<State>(world, std::move(source))) {}

    CachedCredentials(const CachedCredentials&) = delete;
    CachedCredentials& operator=(const CachedCredentials&) = delete;

    ~CachedCredentials() override = default;

    /// Cancels what the source has under way, and asks it no more. Whoever waits, or asks later, as a storage for its
    /// last write, gets the credentials that are there until they expire, and `operation_aborted` if there are none.
    void stop() {
        state_->stopped = true;
        if (const auto flight = state_->flight) flight->stop.emit(asio::cancellation_type::terminal);
    }

    [[nodiscard]] asio::awaitable<result<Secrets>> fetch() override { return give(state_); }

    void reject(const Secrets& used) override {
        if (state_->secrets == used) state_->secrets.reset();
    }

private:
    static constexpr std::chrono::seconds rest_after_failure{60};

    /// One question to the source, and who waits for its answer.
    class Flight {
    public:
        explicit Flight(const asio::any_io_executor& executor) : landed(executor, steady_time::max()) {}

        asio::steady_timer landed; ///< Never runs out; cancelled when the answer is there.
        asio::cancellation_signal stop; ///< Its own: a slot serves one coroutine, until that has ended.
        std::optional<result<Secrets>> answer;
    };

    /// Shared with the flight, which may have to end after the cache.
    class State {
    public:
        State(World& its_world, Source its_source) : world(its_world), source(std::move(its_source)) {}

        [[nodiscard]] detail::Freshness age() const {
            return detail::freshness(arrival, secrets->expires, world.service_time());
        }

        /// Whether the service will not take them any more.
        [[nodiscard]] bool over() const { return secrets->expires && *secrets->expires <= world.service_time(); }

        World& world;
        Source source;
        std::optional<Secrets> secrets;
        wall_time arrival;
        steady_time next_try; ///< Of refreshing ageing credentials.
        error_code last_failure;
        std::shared_ptr<Flight> flight;
        bool stopped = false;
    };

    /// Called when a flight has ended; holds what it refers to until then.
    class Landing {
    public:
        Landing(std::shared_ptr<State> state, std::shared_ptr<Flight> flight)
            : world_(state->world.hold()), state_(std::move(state)), flight_(std::move(flight)) {}

        void operator()(const std::exception_ptr&) const noexcept {}

    private:
        std::shared_ptr<const void> world_; ///< The first member, which goes after the source.
        std::shared_ptr<State> state_;
        std::shared_ptr<Flight> flight_;
    };

    static asio::awaitable<result<Secrets>> give(std::shared_ptr<State> state) {
        if (state->secrets) {
            const auto age = state->age();
            const bool rests = state->world.clock().steady() < state->next_try;
            const bool due = age == detail::Freshness::ageing && !rests && !state->flight;
            if (due && !state->stopped) take_off(state);
            if (age != detail::Freshness::stale) co_return *state->secrets;
            const bool alone = state->stopped || (rests && !state->flight);
            if (alone && !state->over()) co_return *state->secrets;
        }
        if (state->stopped) co_return error_code(asio::error::operation_aborted);
        const auto flight = state->flight ? state->flight : take_off(state);
        if (!flight->answer) {
            co_await detail::wait_for(flight->landed);
        }
        if (!flight->answer) co_return error_code(asio::error::operation_aborted);
        const bool aborted = !*flight->answer && flight->answer->error() == asio::error::operation_aborted;
        const bool failed = !*flight->answer && (!aborted || state->stopped);
        if (failed && state->secrets && !state->over()) co_return *state->secrets; // stale, but better than none
        co_return *flight->answer;
    }

    /// Asks the source on a coroutine of its own, so that no caller's cancellation reaches it.
    static std::shared_ptr<Flight> take_off(const std::shared_ptr<State>& state) {
        auto flight = std::make_shared<Flight>(state->world.executor());
        state->flight = flight;
        detail::spawn(state->world.executor(), fly(*state, flight), flight->stop.slot(), Landing(state, flight));
        return flight;
    }

    static asio::awaitable<void> fly(State& state, std::shared_ptr<Flight> flight) {
        result<Secrets> answer = error_code(error::credentials_failed);
        try {
            answer = co_await state.source.fetch();
        } catch (...) {
            answer = detail::credentials_thrown(state.world.log());
        }
        if (state.stopped) answer = error_code(asio::error::operation_aborted);
        note(state, answer);
        flight->answer = std::move(answer);
        state.flight.reset();
        flight->landed.cancel();
    }

    /// Keeps good credentials; credentials with a flaw become its error.
    static void note(State& state, result<Secrets>& answer) {
        if (answer) {
            const auto flaw = detail::flaw_of(*answer, state.world.service_time());
            if (flaw) answer = flaw;
            if (flaw == error::credentials_failed) {
                state.world.log().error("credentials: the source gave no key, or characters that no header may have");
            }
        }
        const auto failure = answer ? error_code() : answer.error();
        if (failure && failure != asio::error::operation_aborted && failure != state.last_failure) {
            state.world.log().warning("credentials: ", failure);
        }
        state.last_failure = failure;
        if (answer) {
            state.secrets = *answer;
            state.arrival = state.world.service_time();
            state.next_try = {};
        } else {
            state.next_try = state.world.clock().steady() + rest_after_failure;
        }
    }

    std::shared_ptr<State> state_;
};

} // namespace sluice
