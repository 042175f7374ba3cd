#pragma once

#include <sluice/aws/endpoint.hpp>
#include <sluice/aws/machine.hpp>
#include <sluice/aws/percent.hpp>
#include <sluice/aws/service.hpp>
#include <sluice/aws/settings.hpp>
#include <sluice/aws/this_machine.hpp>
#include <sluice/credentials/complaint.hpp>
#include <sluice/credentials/credentials.hpp>
#include <sluice/credentials/nearby.hpp>
#include <sluice/credentials/profile_chain.hpp>
#include <sluice/credentials/sso_token.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/errc.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

/// Credentials of a role that somebody who has signed in at IAM Identity Center may use (`aws sso login`).
///
/// The token of the sign-in is read from the file where the AWS CLI keeps it. That of an `[sso-session]` is renewed in
/// its last 15 minutes, and the file is written anew, or else the new token is kept in memory; the older kind is not
/// renewable. Without a token that is good the answer is `credentials_failed`, and the log says how to sign in.
class SsoCredentials {
public:
    using policy_kind = kind::credentials;

    /// Throws `std::invalid_argument` if the account, the role, the region or the start URL is empty.
    template <class...>
    explicit SsoCredentials(SsoRole role, aws::Machine machine = aws::this_machine())
        : role_(std::move(role)), machine_(std::move(machine)) {
        if (role_.account_id.empty() || role_.role_name.empty() || role_.region.empty() || role_.start_url.empty()) {
            throw std::invalid_argument("sluice: SsoCredentials need an account, a role, a region and a start URL");
        }
    }

    class Running {
    public:
        /// `profile` is whose settings count; empty: the one that is chosen for all.
        Running(SsoRole role, aws::Machine machine, World& world, std::string profile = {})
            : role_(std::move(role)), machine_(std::move(machine)), world_(&world), profile_(std::move(profile)),
              complain_(world, "single sign-on") {}

        template <class...>
        [[nodiscard]] asio::awaitable<result<Secrets>> fetch() {
            auto token = read_token();
            if (!token) co_return token.error();
            if (is_due(*token)) {
                const auto failure = co_await renew(*token);
                if (failure == asio::error::operation_aborted) co_return failure;
            }
            if (token->expires <= world_->clock().wall()) co_return complain_("the sign-in has expired", remedy());
            auto secrets = co_await ask(*token);
            co_return secrets;
        }

    private:
        static constexpr unsigned attempts = 3;

        [[nodiscard]] std::string remedy() const {
            return "; run `aws sso login" + (role_.session.empty() ? "" : " --sso-session " + role_.session) + "`";
        }

        [[nodiscard]] std::string token_path() const { return sso_token_path(role_, machine_.environment); }

        result<SsoToken> read_token() {
            const auto path = token_path();
            if (path.empty() || !machine_.read_file) return complain_("no home directory is known");
            auto text = machine_.read_file(path);
            if (!text && text.error() == boost::system::errc::no_such_file_or_directory) {
                return complain_("nobody has signed in", remedy());
            }
            if (!text) return complain_(path, " cannot be read: ", text.error());
            const Secret content(*std::move(text));
            auto token = parse_sso_token(content.reveal());
            if (!token) return complain_(path, " does not hold a token", remedy());
            // The file may not be writable, or somebody may have signed in anew since.
            if (renewed_ && renewed_->expires > token->expires) return *renewed_;
            return token;
        }

        [[nodiscard]] bool is_due(const SsoToken& token) const {
            const auto now = world_->clock().wall();
            return !role_.session.empty() && token.expires - now < std::chrono::minutes(15) && token.renewable(now) &&
                   world_->clock().steady() >= next_renewal_;
        }

        /// Renews the token, at most once a minute; if that fails, it stays as it is.
        template <class...>
        asio::awaitable<error_code> renew(SsoToken& token) {
            next_renewal_ = world_->clock().steady() + std::chrono::minutes(1);
            const auto endpoint = where(aws::Service::sso_oidc);
            if (!endpoint) co_return not_renewed(endpoint.error().message());
            auto request = request_to("POST", *endpoint, "/token");
            request.headers.emplace_back("Content-Type", "application/json");
            request.body = std::make_shared<const std::string>(sso_renewal(token));
            auto answer = co_await detail::send_nearby(*world_, std::move(request), attempts);
            if (!answer && answer.error() == asio::error::operation_aborted) co_return answer.error();
            if (!answer) co_return not_renewed(answer.error().message());
            const Secret body(std::move(answer->body));
            if (answer->status != 200) co_return not_renewed("status " + std::to_string(answer->status));
            auto renewed = renewed_sso_token(token, body.reveal(), world_->clock().wall());
            if (!renewed) co_return not_renewed("the answer holds no token");
            token = *std::move(renewed);
            renewed_ = token;
            keep(token);
            co_return error_code();
        }

        error_code not_renewed(const std::string& why) const {
            world_->log().warning("credentials: single sign-on: the sign-in could not be renewed: ", why);
            return error::credentials_failed;
        }

        /// The next one who needs the token, perhaps the AWS CLI, finds it where it was.
        void keep(const SsoToken& token) const {
            const auto path = token_path();
            auto former = machine_.read_file(path);
            const Secret former_content(former ? *std::move(former) : std::string());
            auto content = write_sso_token(token, former_content.reveal());
            const auto failure = machine_.write_file ? machine_.write_file(path, content)
                                                     : make_error_code(boost::system::errc::not_supported);
            const Secret wiped(std::move(content));
            if (failure) world_->log().warning("credentials: single sign-on: cannot write ", path, ": ", failure);
        }

        /// The endpoint in the region of the Identity Center, which need not be that of the stream.
        [[nodiscard]] result<aws::Endpoint> where(aws::Service service) const {
            Options options = world_->options();
            options.region = role_.region;
            auto resolved = aws::Settings::read(options, machine_, profile_).endpoint(service);
            if (!resolved) return resolved.error();
            return std::move(resolved->endpoint);
        }

        [[nodiscard]] HttpRequest request_to(std::string method, const aws::Endpoint& endpoint,
                                             std::string_view path) const {
            HttpRequest request(std::move(method), endpoint.url + std::string(path));
            request.headers.emplace_back("Host", endpoint.host);
            request.connect_timeout = world_->options().connect_timeout;
            request.timeout = world_->options().request_timeout;
            request.max_response_bytes = std::size_t{64} << 10U;
            return request;
        }

        /// Trades the token for credentials.
        template <class...>
        asio::awaitable<result<Secrets>> ask(const SsoToken& token) {
            const auto endpoint = where(aws::Service::sso);
            if (!endpoint) co_return complain_(endpoint.error());
            std::string path = "/federation/credentials?role_name=";
            aws::append_percent_encoded(path, role_.role_name);
            path += "&account_id=";
            aws::append_percent_encoded(path, role_.account_id);
            auto request = request_to("GET", *endpoint, path);
            request.headers.emplace_back("x-amz-sso_bearer_token", std::string(token.access_token.reveal()));
            auto answer = co_await detail::send_nearby(*world_, std::move(request), attempts);
            if (!answer && answer.error() == asio::error::operation_aborted) co_return answer.error();
            if (!answer) co_return complain_(answer.error());
            co_return judge(*answer);
        }

        result<Secrets> judge(HttpResponse& answer) {
            const Secret body(std::move(answer.body));
            if (answer.status == 401) {
                renewed_.reset();
                return complain_("the sign-in is not accepted any more", remedy());
            }
            if (answer.status == 403 || answer.status == 404) {
                return complain_("whoever signed in may not use this role in this account");
            }
            if (answer.status != 200) return complain_("the portal answered with status ", answer.status);
            auto secrets = parse_role_credentials(body.reveal());
            if (!secrets) return complain_("the portal answered without credentials");
            secrets->account_id = role_.account_id;
            complain_.settle();
            return secrets;
        }

        SsoRole role_;
        aws::Machine machine_;
        World* world_;
        std::string profile_;
        detail::Complaint complain_;
        std::optional<SsoToken> renewed_; ///< What the last renewal gave.
        steady_time next_renewal_;
    };

    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) { co_return Running(role_, machine_, world); }

private:
    SsoRole role_;
    aws::Machine machine_;
};

} // namespace sluice
