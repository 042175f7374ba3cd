#pragma once

#include <sluice/aws/environment.hpp>
#include <sluice/credentials/complaint.hpp>
#include <sluice/credentials/credentials.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

/// Credentials from `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, for temporary ones, `AWS_SESSION_TOKEN`; the
/// older `AWS_SECURITY_TOKEN` is read too, and `AWS_ACCOUNT_ID`.
///
/// Neither key set is `credentials_missing`; only one of them is a mistake, `credentials_failed`, and the log says
/// which one is absent. A variable of nothing but spaces is not set; spaces around a value do not count.
class EnvironmentCredentials {
public:
    using policy_kind = kind::credentials;

    explicit EnvironmentCredentials(aws::Environment environment = aws::process_environment())
        : environment_(std::move(environment)) {}

    /// Reads the environment at each call, so that rejected credentials can be replaced there.
    class Running {
    public:
        Running(aws::Environment environment, const World& world)
            : environment_(std::move(environment)), complain_(world, "environment") {}

        template <class...>
        [[nodiscard]] asio::awaitable<result<Secrets>> fetch() { co_return read(); }

    private:
        [[nodiscard]] result<Secrets> read() {
            auto id = trimmed("AWS_ACCESS_KEY_ID");
            auto key = trimmed("AWS_SECRET_ACCESS_KEY");
            if (!id && !key) return error::credentials_missing;
            if (!id || !key) {
                return complain_(id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY", " is set, but ",
                                 id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID", " is not");
            }
            auto token = trimmed("AWS_SESSION_TOKEN");
            if (!token) token = trimmed("AWS_SECURITY_TOKEN");
            Secrets secrets(*std::move(id), Secret(*std::move(key)), Secret(std::move(token).value_or("")));
            secrets.account_id = trimmed("AWS_ACCOUNT_ID").value_or("");
            complain_.settle();
            return secrets;
        }

        [[nodiscard]] std::optional<std::string> trimmed(std::string_view name) const {
            constexpr std::string_view spaces = " \t\r\n";
            const auto value = aws::variable(environment_, name).value_or("");
            const auto begin = value.find_first_not_of(spaces);
            if (begin == std::string::npos) return std::nullopt;
            return value.substr(begin, value.find_last_not_of(spaces) + 1 - begin);
        }

        aws::Environment environment_;
        detail::Complaint complain_;
    };

    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) { co_return Running(environment_, world); }

private:
    aws::Environment environment_;
};

} // namespace sluice
