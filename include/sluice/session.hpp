#pragma once

#include <sluice/detail/open_session.hpp>
#include <sluice/detail/opening.hpp>
#include <sluice/detail/option_rules.hpp>
#include <sluice/detail/pack.hpp>
#include <sluice/detail/slots.hpp>
#include <sluice/detail/world_defaults.hpp>
#include <sluice/error.hpp>
#include <sluice/options.hpp>
#include <sluice/policy.hpp>
#include <sluice/world.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <concepts>
#include <exception>
#include <memory>
#include <tuple>
#include <utility>

namespace sluice {

namespace detail {

/// What no session has use for.
template <class P>
concept StrangeToSession =
    Policy<P> && KnownKind<typename P::policy_kind> &&
    !(PolicyOf<P, kind::credentials> || PolicyOf<P, kind::transport> || PolicyOf<P, kind::clock>);

} // namespace detail

/// A place for repositories and clients outside a producer: a strand, a clock, a transport and credentials.
///
///     sluice::Session session(executor, options); // and, in any order, credentials, a transport, a clock
///     auto devices = co_await session.open(sluice::SqliteRepository<Device>("home.db", "devices"));
///
/// The transport is opened when something is sent for the first time, credentials are fetched when something is signed
/// for the first time, each once for all who wait: what needs neither does without, and what fails, fails the call that
/// needs it, until a later one succeeds.
///
/// What is opened is used on `executor()`, as a world's inhabitants are: `co_spawn(session.executor(), ...)`. Where one
/// thread runs the context, any coroutine of that context will do.
///
/// Copies are one session. Repositories, and what is live in them, keep it open; all else that was opened, and clients
/// (`kinesis::Client::open(session.world())`), it has to outlive. Its execution context outlives all of them. When
/// nobody has it open any more, credentials that are being fetched are given up. Any thread.
class Session {
public:
    /// Does no I/O. Throws `std::invalid_argument` for options that can never work.
    template <class... Ps>
    explicit Session(const asio::any_io_executor& executor, Options options = Options(), Ps... policies)
        : Session(parts_of(executor, std::move(options), std::move(policies)...)) {}

    /// The strand on which everything in this session happens.
    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return world().executor(); }

    /// For what is opened by hand. Transport and credentials are there from the beginning.
    [[nodiscard]] World& world() const noexcept { return open_->world(); }

    /// Brings a recipe to life, on `executor()`, whatever the executor of the caller is; completes on that. Errors are
    /// those of the recipe; `operation_aborted` if it was cancelled. The session may be destroyed meanwhile; the
    /// executor of the caller has to stay until this completes, or the session's context ends.
    template <class Recipe>
        requires detail::Opens<Recipe>
    [[nodiscard]] asio::awaitable<result<running_t<Recipe>>> open(Recipe recipe) const {
        auto begin = [](auto handler, std::shared_ptr<const detail::OpenSession> session, Recipe its) {
            detail::Opening<Recipe>::begin(std::move(session), std::move(its), std::move(handler));
        };
        asio::use_awaitable_t<> token;
        return asio::async_initiate<asio::use_awaitable_t<>, void(result<running_t<Recipe>>)>(
            std::move(begin), token, open_, std::move(recipe));
    }

private:
    explicit Session(const std::shared_ptr<detail::SessionParts>& parts)
        : open_(std::make_shared<const detail::OpenSession>(parts)) {
        world().belong_to(parts, open_);
    }

    template <class... Ps>
    static std::shared_ptr<detail::SessionParts> parts_of(const asio::any_io_executor& executor, Options options,
                                                          Ps... policies) {
        if constexpr ((detail::StrangeToSession<Ps> || ...)) {
            static_assert(!(detail::StrangeToSession<Ps> || ...),
                          "sluice: a session takes credentials, a transport and a clock; give other policies to a "
                          "producer, or open them in the session");
            std::terminate();
        } else {
            detail::require_possible(options);
            detail::bound_durations(options);
            using C = typename detail::Pick<kind::credentials, Ps...>::type;
            using T = typename detail::Pick<kind::transport, Ps...>::type;
            using K = typename detail::Pick<kind::clock, Ps...>::type;
            auto [credentials, transport, clock] = detail::Arrange<C, T, K>::from(std::move(policies)...);
            return std::make_shared<detail::SessionPartsOf<C, T, K>>(
                executor, std::move(options), std::move(credentials), std::move(transport), std::move(clock));
        }
    }

    std::shared_ptr<const detail::OpenSession> open_;
};

} // namespace sluice
