#pragma once

#include <sluice/aws/machine.hpp>
#include <sluice/aws/settings.hpp>
#include <sluice/aws/this_machine.hpp>
#include <sluice/credentials/complaint.hpp>
#include <sluice/credentials/credentials.hpp>
#include <sluice/sts/client.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

/// Which role, and where the token is that lets one act in it.
class WebIdentitySettings {
public:
    WebIdentitySettings() = default;
    WebIdentitySettings(std::string its_role_arn, std::string its_token_file)
        : role_arn(std::move(its_role_arn)), token_file(std::move(its_token_file)) {}

    std::string role_arn;     ///< Empty: AWS_ROLE_ARN.
    std::string token_file;   ///< Empty: AWS_WEB_IDENTITY_TOKEN_FILE.
    std::string session_name; ///< Empty: AWS_ROLE_SESSION_NAME, or one is made up.
};

/// Credentials of a role for whoever holds a token of another identity provider: of a pod's service account on EKS, of
/// a build on a CI service.
///
/// The file is read at each call, since its token is renewed there. `credentials_missing` if no file is known;
/// `credentials_failed` if the role is not, or the file cannot be read; `region_missing` or `endpoint_invalid` if it is
/// not known where STS is; else STS's refusal, with its words in the log.
class WebIdentityCredentials {
public:
    using policy_kind = kind::credentials;

    template <class...>
    explicit WebIdentityCredentials(WebIdentitySettings settings = {}, aws::Machine machine = aws::this_machine())
        : settings_(std::move(settings)), machine_(std::move(machine)) {}

    class Running {
    public:
        /// `profile` is whose settings count; empty: the one that is chosen for all.
        Running(WebIdentitySettings settings, aws::Machine machine, World& world, std::string profile = {})
            : settings_(std::move(settings)), machine_(std::move(machine)), world_(&world),
              profile_(std::move(profile)),
              complain_(world, "web identity") {}

        template <class...>
        [[nodiscard]] asio::awaitable<result<Secrets>> fetch() {
            auto identity = read();
            if (!identity) co_return identity.error();
            if (!sts_) {
                auto sts = sts::Client::open(*world_, aws::Settings::read(world_->options(), machine_, profile_));
                if (!sts) co_return sts.error();
                sts_.emplace(*std::move(sts));
            }
            complain_.settle();
            auto secrets = co_await sts_->assume_role_with_web_identity(*std::move(identity));
            co_return secrets;
        }

    private:
        [[nodiscard]] std::string setting(const std::string& chosen, std::string_view variable) const {
            return chosen.empty() ? aws::variable(machine_.environment, variable).value_or("") : chosen;
        }

        result<sts::WebIdentity> read() {
            const auto role = setting(settings_.role_arn, "AWS_ROLE_ARN");
            const auto file = setting(settings_.token_file, "AWS_WEB_IDENTITY_TOKEN_FILE");
            if (file.empty()) return error::credentials_missing; // a role alone may be meant for others
            if (role.empty()) return complain_("there is a token file, but no role; set AWS_ROLE_ARN");
            auto token = machine_.read_file ? machine_.read_file(file) : error::credentials_failed;
            if (!token) return complain_("the token file ", file, " cannot be read: ", token.error());
            while (token->ends_with('\n') || token->ends_with('\r')) token->pop_back();
            if (token->empty()) return complain_("the token file ", file, " is empty");
            sts::WebIdentity identity(role, Secret(*std::move(token)));
            identity.session_name = setting(settings_.session_name, "AWS_ROLE_SESSION_NAME");
            return identity;
        }

        WebIdentitySettings settings_;
        aws::Machine machine_;
        World* world_;
        std::string profile_;
        detail::Complaint complain_;
        std::optional<sts::Client> sts_;
    };

    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) {
        co_return Running(settings_, machine_, world);
    }

private:
    WebIdentitySettings settings_;
    aws::Machine machine_;
};

} // namespace sluice
