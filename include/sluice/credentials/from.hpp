#pragma once

#include <sluice/credentials/credentials.hpp>
#include <sluice/detail/credentials_thrown.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace sluice {

namespace detail {

template <class T>
class Awaited : public std::false_type {
public:
    using type = T;
};

template <class T>
class Awaited<asio::awaitable<T>> : public std::true_type {
public:
    using type = T;
};

} // namespace detail

/// What `CredentialsFrom` takes: a value that can be copied and, called without arguments, gives `Secrets` or
/// `result<Secrets>`, or an awaitable of either.
template <class F>
concept CredentialsCallable =
    std::copy_constructible<F> && std::invocable<F&> &&
    (std::same_as<typename detail::Awaited<std::invoke_result_t<F&>>::type, Secrets> ||
     std::same_as<typename detail::Awaited<std::invoke_result_t<F&>>::type, result<Secrets>>);

/// Credentials that a callable of the user gives: from a vault, a configuration, another library.
///
/// It is called on the producer's strand, when the last credentials near their end (`Secrets::expires`) or the service
/// rejects them, one call at a time; one that has to wait returns an awaitable. What it throws becomes
/// `credentials_failed`.
template <CredentialsCallable F>
class CredentialsFrom {
public:
    using policy_kind = kind::credentials;

    explicit CredentialsFrom(F callable) : callable_(std::move(callable)) {}

    class Running {
    public:
        Running(F callable, const World& world) : callable_(std::move(callable)), world_(&world) {}

        [[nodiscard]] asio::awaitable<result<Secrets>> fetch() {
            error_code failure;
            try {
                if constexpr (detail::Awaited<std::invoke_result_t<F&>>::value) {
                    result<Secrets> given = co_await callable_();
                    co_return given;
                } else {
                    result<Secrets> given = callable_();
                    co_return given;
                }
            } catch (...) {
                failure = detail::credentials_thrown(world_->log());
            }
            co_return failure;
        }

    private:
        F callable_;
        const World* world_;
    };

    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) { co_return Running(callable_, world); }

private:
    F callable_;
};

} // namespace sluice
