#pragma once

#include <sluice/credentials/credentials.hpp>

#include <boost/asio/awaitable.hpp>

#include <stdexcept>
#include <string>
#include <utility>

namespace sluice {

/// Credentials that are written in the program, or that the program has from elsewhere. They never change: for keys
/// that expire choose a policy that fetches them anew.
class StaticCredentials {
public:
    using policy_kind = kind::credentials;

    /// Throws `std::invalid_argument` if the key or its id is empty.
    StaticCredentials(std::string access_key_id, Secret secret_access_key, Secret session_token = {})
        : secrets_(std::move(access_key_id), std::move(secret_access_key), std::move(session_token)) {
        if (secrets_.access_key_id.empty() || secrets_.secret_access_key.empty()) {
            throw std::invalid_argument("sluice: StaticCredentials need an access key id and a secret access key");
        }
    }

    /// The same credentials at every call.
    class Running {
    public:
        Running() = default;
        explicit Running(Secrets secrets) : secrets_(std::move(secrets)) {}

        template <class...>
        [[nodiscard]] asio::awaitable<result<Secrets>> fetch() { co_return secrets_; }

    private:
        Secrets secrets_;
    };

    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World&) { co_return Running(secrets_); }

private:
    Secrets secrets_;
};

} // namespace sluice
