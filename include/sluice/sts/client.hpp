#pragma once

#include <sluice/aws/client.hpp>
#include <sluice/aws/clock_skew.hpp>
#include <sluice/aws/endpoint_rules.hpp>
#include <sluice/aws/service.hpp>
#include <sluice/aws/settings.hpp>
#include <sluice/credentials/credentials.hpp>
#include <sluice/sts/replies.hpp>
#include <sluice/sts/requests.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::sts {

namespace detail {

/// Credentials that somebody has, to sign one call with.
class HeldCredentials final : public AnyCredentials {
public:
    [[nodiscard]] asio::awaitable<result<Secrets>> fetch() override { co_return secrets; }
    void reject(const Secrets&) override {} // whoever holds them asks again, or does not

    Secrets secrets;
};

/// A session name that nobody else has: `sluice-0123456789abcdef`.
[[nodiscard]] inline std::string session_name(std::uint64_t random) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string name = "sluice-";
    for (unsigned shift = 64; shift > 0; shift -= 4) name += digits[(random >> (shift - 4)) & 15U];
    return name;
}

} // namespace detail

/// Calls STS: who am I, and let me act as another.
///
/// Calls are tried again as `aws::Settings::retry` says. Errors are those of `sluice::error`; the service's own words
/// go to the log. One call at a time, on the strand of the world, which outlives the client.
class Client {
public:
    Client(World& world, const aws::ResolvedEndpoint& where)
        : world_(&world), session_name_(detail::session_name(world.clock().random())),
          holder_(std::make_unique<detail::HeldCredentials>()),
          signed_(world, holder_.get(), where.signing_name, where.signing_region, where.endpoint),
          unsigned_(world, nullptr, where.signing_name, where.signing_region, where.endpoint) {}

    /// A client of the region's own STS, or of the endpoint that was configured.
    [[nodiscard]] static result<Client> open(World& world, const aws::Settings& settings) {
        const auto where = settings.endpoint(aws::Service::sts);
        if (!where) return where.error();
        Client client(world, *where);
        client.signed_.set_retry(settings.retry());
        client.unsigned_.set_retry(settings.retry());
        return client;
    }

    /// Credentials to act in a role with, for whoever has `secrets`.
    template <class...>
    [[nodiscard]] asio::awaitable<result<Secrets>> assume_role(Secrets secrets, Role role) {
        if (role.session_name.empty()) role.session_name = session_name_;
        holder_->secrets = std::move(secrets);
        auto form = encode(role);
        auto body = co_await call(signed_, "AssumeRole", std::move(form));
        if (!body) co_return body.error();
        co_return understood(parse_credentials(*body));
    }

    /// The same for whoever has a token of an identity provider; the call is not signed.
    template <class...>
    [[nodiscard]] asio::awaitable<result<Secrets>> assume_role_with_web_identity(WebIdentity identity) {
        if (identity.session_name.empty()) identity.session_name = session_name_;
        auto form = encode(identity);
        auto body = co_await call(unsigned_, "AssumeRoleWithWebIdentity", std::move(form), identity.token);
        if (!body) co_return body.error();
        co_return understood(parse_credentials(*body));
    }

    /// Whom `secrets` belong to.
    template <class...>
    [[nodiscard]] asio::awaitable<result<CallerIdentity>> get_caller_identity(Secrets secrets) {
        holder_->secrets = std::move(secrets);
        auto form = aws::QueryWriter("GetCallerIdentity", api_version).body();
        auto body = co_await call(signed_, "GetCallerIdentity", std::move(form));
        if (!body) co_return body.error();
        co_return understood(parse_caller_identity(*body));
    }

private:
    /// Whoever waits for credentials waits for all attempts.
    static constexpr std::chrono::seconds longest_attempt{10};

    template <class...>
    asio::awaitable<result<std::string>> call(aws::Client& client, std::string_view operation, std::string form,
                                              Secret known = {}) {
        auto its_call = aws::Call::query(std::move(form));
        its_call.secret = std::move(known);
        its_call.timeout = std::min<std::chrono::milliseconds>(world_->options().request_timeout, longest_attempt);
        its_call.max_response_bytes = std::size_t{1} << 20U;
        auto reply = co_await client.send(std::move(its_call));
        // STS does not mind a clock that is wrong, but the end of what it gives is a moment of its own.
        const auto skew = aws::clock_difference(find_header(reply.response.headers, "Date"), world_->clock().wall(),
                                                world_->clock_correction());
        if (skew) world_->correct_clock(*skew);
        if (!reply.error) co_return std::move(reply.response.body);
        if (reply.error != asio::error::operation_aborted) tell(operation, reply);
        co_return reply.error;
    }

    void tell(std::string_view operation, const aws::Reply& reply) const {
        if (reply.code.empty()) return world_->log().warning("STS did not do ", operation, ": ", reply.error);
        // Without STS's own word the message is a page of anybody, which may hold anything.
        const bool is_word = reply.code.front() < '0' || reply.code.front() > '9';
        world_->log().warning("STS did not do ", operation, ": ", reply.code, is_word ? " " + reply.message : "");
    }

    /// What the service sent is not what it documents.
    template <class T>
    static result<T> understood(result<T> reply) {
        if (!reply) return error::response_invalid;
        return reply;
    }

    World* world_;
    std::string session_name_;
    std::unique_ptr<detail::HeldCredentials> holder_; ///< Stays where it is when the client moves.
    aws::Client signed_;
    aws::Client unsigned_;
};

} // namespace sluice::sts
