#pragma once

#include <sluice/aws/environment.hpp>
#include <sluice/credentials/credentials.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>

#include <string>
#include <utility>

namespace sluice {

/// Credentials from `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, for temporary ones, `AWS_SESSION_TOKEN`; the
/// older `AWS_SECURITY_TOKEN` is read too, and `AWS_ACCOUNT_ID`.
///
/// Neither key set is `credentials_missing`; only one of them is a mistake, `credentials_failed`, and the log says
/// which one is absent. An empty variable is not set.
class EnvironmentCredentials {
public:
    using policy_kind = kind::credentials;

    explicit EnvironmentCredentials(aws::Environment environment = aws::process_environment())
        : environment_(std::move(environment)) {}

    /// Reads the environment at each call, so that rejected credentials can be replaced there.
    class Running {
    public:
        Running(aws::Environment environment, const World& world)
            : environment_(std::move(environment)), world_(&world) {}

        [[nodiscard]] asio::awaitable<result<Secrets>> fetch() { co_return read(); }

    private:
        [[nodiscard]] result<Secrets> read() const {
            auto id = aws::variable(environment_, "AWS_ACCESS_KEY_ID");
            auto key = aws::variable(environment_, "AWS_SECRET_ACCESS_KEY");
            if (!id && !key) return error::credentials_missing;
            if (!id || !key) {
                world_->log().error("credentials: ", id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                                    " is set, but ", id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID", " is not");
                return error::credentials_failed;
            }
            auto token = aws::variable(environment_, "AWS_SESSION_TOKEN");
            if (!token) token = aws::variable(environment_, "AWS_SECURITY_TOKEN");
            Secrets secrets(*std::move(id), Secret(*std::move(key)), Secret(std::move(token).value_or("")));
            secrets.account_id = aws::variable(environment_, "AWS_ACCOUNT_ID").value_or("");
            return secrets;
        }

        aws::Environment environment_;
        const World* world_;
    };

    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) { co_return Running(environment_, world); }

private:
    aws::Environment environment_;
};

} // namespace sluice
