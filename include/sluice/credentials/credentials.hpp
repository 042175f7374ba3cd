#pragma once

#include <sluice/error.hpp>
#include <sluice/policy.hpp>
#include <sluice/secrets.hpp>

#include <boost/asio/awaitable.hpp>

namespace sluice {

/// A source of credentials that runs.
///
/// | expression  | meaning                                                                                            |
/// |-------------|----------------------------------------------------------------------------------------------------|
/// | `c.fetch()` | Credentials that are good now, or `credentials_missing` if this source is not set up, or another error if it is but failed. Asked when the last ones near their end, one call at a time: `CachedCredentials` sees to both. |
///
/// Called on the producer's strand.
template <class C>
concept RunningCredentials = requires(C credentials) {
    { credentials.fetch() } -> std::same_as<asio::awaitable<result<Secrets>>>;
};

/// Who signs: a recipe with `open(World&)`, which gives `RunningCredentials`.
///
/// Models: DefaultCredentials (default), StaticCredentials, EnvironmentCredentials, ProfileCredentials,
/// ProcessCredentials, WebIdentityCredentials, ContainerCredentials, InstanceCredentials, SsoCredentials, AssumeRole,
/// CredentialsFrom.
template <class P>
concept Credentials = PolicyOf<P, kind::credentials> && requires(P recipe, World& world) {
    { recipe.open(world) } -> std::same_as<asio::awaitable<result<running_t<P>>>>;
    requires RunningCredentials<running_t<P>>;
};

/// The producer's credentials, cached and refreshed, whichever policy they come from.
class AnyCredentials {
public:
    virtual ~AnyCredentials() = default;

    /// Credentials that are good now; cheap unless they near their end.
    [[nodiscard]] virtual asio::awaitable<result<Secrets>> fetch() = 0;

    /// Tells that the service called `used` expired: unless others are there already, the next `fetch()` asks the
    /// source.
    virtual void reject(const Secrets& used) = 0;
};

} // namespace sluice
