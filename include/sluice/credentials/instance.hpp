#pragma once

#include <sluice/aws/ascii.hpp>
#include <sluice/aws/endpoint.hpp>
#include <sluice/aws/environment.hpp>
#include <sluice/aws/integer.hpp>
#include <sluice/aws/machine.hpp>
#include <sluice/aws/profiles.hpp>
#include <sluice/aws/this_machine.hpp>
#include <sluice/clock/clock.hpp>
#include <sluice/credentials/complaint.hpp>
#include <sluice/credentials/credentials.hpp>
#include <sluice/credentials/document.hpp>
#include <sluice/credentials/nearby.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

/// How instance metadata is asked: code before environment (`AWS_EC2_METADATA_...`) before profile
/// (`ec2_metadata_...`). An endpoint, wherever it is said, stands before a mode.
class InstanceSettings {
public:
    InstanceSettings() = default;

    std::string endpoint; ///< `http://169.254.169.254` or another URL. Empty: that of the mode.
    std::string mode;     ///< `IPv4` or `IPv6`, in any case. Empty: `IPv4`.
    std::string role;     ///< Name of the instance profile's role. Empty: what the metadata names first.
    bool disabled = false;    ///< Nothing is asked.
    bool v1_disabled = false; ///< Nothing is asked without a token.
};

/// What environment and profile say, where `chosen` is silent.
[[nodiscard]] inline InstanceSettings instance_settings(InstanceSettings chosen, const aws::Environment& environment,
                                                        const aws::Profiles::Properties& profile) {
    const auto look = [&](std::string_view variable, std::string_view property) -> std::string {
        if (auto value = aws::variable(environment, variable)) return *std::move(value);
        const auto found = profile.find(property);
        return found == profile.end() ? std::string() : found->second;
    };
    const auto fill = [&](std::string& value, std::string_view variable, std::string_view property) {
        if (value.empty()) value = look(variable, property);
    };
    const auto is_true = [&](std::string_view variable, std::string_view property) {
        return aws::same_name(look(variable, property), "true");
    };
    fill(chosen.endpoint, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
    fill(chosen.mode, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");
    fill(chosen.role, "AWS_EC2_INSTANCE_PROFILE_NAME", "ec2_instance_profile_name");
    chosen.disabled = chosen.disabled || is_true("AWS_EC2_METADATA_DISABLED", "disable_ec2_metadata");
    chosen.v1_disabled = chosen.v1_disabled || is_true("AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled");
    return chosen;
}

/// Where instance metadata is reached; `endpoint_invalid` for a URL or a mode that is none.
[[nodiscard]] inline result<aws::Endpoint> instance_endpoint(const InstanceSettings& settings) {
    if (!settings.endpoint.empty()) return aws::parse_endpoint(settings.endpoint);
    if (settings.mode.empty() || aws::same_name(settings.mode, "ipv4")) {
        return aws::parse_endpoint("http://169.254.169.254");
    }
    if (aws::same_name(settings.mode, "ipv6")) return aws::parse_endpoint("http://[fd00:ec2::254]");
    return error::endpoint_invalid;
}

/// Credentials of the role of an EC2 instance, from its metadata.
///
/// Speaks version 2, with a token that is kept for as long as it holds; without one, as version 1 does, only if the
/// token was refused (403, 404, 405) or did not come in time, and `AWS_EC2_METADATA_V1_DISABLED` is not true. Never
/// through a proxy. Looks at `AWS_EC2_METADATA_DISABLED`, `AWS_EC2_METADATA_SERVICE_ENDPOINT` and `..._MODE`,
/// `AWS_EC2_INSTANCE_PROFILE_NAME`, and their equivalents in the profile.
///
/// If the metadata fails after it once gave credentials, or gives some that have expired, the last ones are given for
/// another 10 to 15 minutes, again and again: the services may take them for longer than they say, and an outage of
/// the metadata is no reason for one of the producer ("static stability").
///
/// `credentials_missing` if it is disabled or nothing answers at the address; other failures are `credentials_failed`.
class InstanceCredentials {
public:
    using policy_kind = kind::credentials;

    template <class...>
    explicit InstanceCredentials(InstanceSettings settings = {}, aws::Machine machine = aws::this_machine())
        : settings_(std::move(settings)), machine_(std::move(machine)) {}

    class Running {
    public:
        /// `profile` is whose settings count; empty: the one that is chosen for all.
        Running(InstanceSettings settings, aws::Machine machine, World& world, std::string profile = {})
            : chosen_(std::move(settings)), machine_(std::move(machine)), world_(&world),
              profile_(std::move(profile)),
              complain_(world, "instance metadata") {}

        template <class...>
        [[nodiscard]] asio::awaitable<result<Secrets>> fetch() {
            const auto settings = current_settings();
            if (settings.disabled) co_return error_code(error::credentials_missing);
            const auto endpoint = instance_endpoint(settings);
            if (!endpoint) co_return complain_("the endpoint is no URL, or its mode neither IPv4 nor IPv6");
            endpoint_ = *endpoint;
            v1_disabled_ = settings.v1_disabled;
            auto fresh = co_await ask(settings.role);
            if (!fresh && fresh.error() == asio::error::operation_aborted) co_return fresh.error();
            co_return stable(std::move(fresh));
        }

    private:
        static constexpr unsigned attempts = 3;
        static constexpr std::string_view tokens = "/latest/api/token";
        static constexpr std::string_view extended = "/latest/meta-data/iam/security-credentials-extended/";
        static constexpr std::string_view legacy = "/latest/meta-data/iam/security-credentials/";

        [[nodiscard]] InstanceSettings current_settings() const {
            const auto profiles = aws::read_profiles(machine_);
            const auto& chosen = profile_.empty() ? world_->options().profile : profile_;
            const auto name = aws::profile_name(chosen, machine_.environment);
            aws::Profiles::Properties profile;
            if (profiles && profiles->profiles.contains(name)) profile = profiles->profiles.at(name);
            return instance_settings(chosen_, machine_.environment, profile);
        }

        /// The last credentials in place of worse ones.
        result<Secrets> stable(result<Secrets> fresh) {
            const auto now = world_->service_time();
            const bool good = fresh && (!fresh->expires || *fresh->expires > now);
            if (fresh) last_ = *fresh;
            // An instance that has no role any more has none to keep.
            if (good || !last_ || (!fresh && fresh.error() == error::credentials_missing)) return fresh;
            // Half of what is left is over before a refresh is due (`detail::freshness`), so twice 10 to 15 minutes.
            const std::chrono::seconds extra(1'200 + world_->clock().random() % 600);
            world_->log().warning("credentials: instance metadata gives no newer ones; the last ones are used on");
            Secrets kept = *last_;
            kept.expires = now + extra;
            return kept;
        }

        template <class...>
        asio::awaitable<result<Secrets>> ask(std::string role) {
            const auto failure = co_await get_token();
            if (failure) co_return failure;
            const bool known = role.empty() && !role_.empty();
            if (role.empty()) role = role_;
            if (role.empty()) {
                auto named = co_await get_role();
                if (!named) co_return named.error();
                role = *std::move(named);
            }
            auto secrets = co_await get_secrets(role);
            // The instance may have got another role since.
            if (known && !secrets && secrets.error() == error::credentials_missing) {
                role_.clear();
                auto named = co_await get_role();
                if (!named) co_return named.error();
                role = *std::move(named);
                secrets = co_await get_secrets(role);
            }
            if (!secrets && secrets.error() == error::credentials_missing) {
                co_return complain_("there are no credentials for the role");
            }
            co_return secrets;
        }

        /// A token that holds for some time yet; or none, if the metadata is of version 1.
        template <class...>
        asio::awaitable<error_code> get_token() {
            if (!token_.empty() && world_->clock().steady() < token_end_) co_return error_code();
            token_ = Secret();
            auto request = detail::nearby_request("PUT", endpoint_.url + std::string(tokens));
            request.headers.emplace_back("Host", endpoint_.host);
            request.headers.emplace_back("x-aws-ec2-metadata-token-ttl-seconds", "21600");
            request.body = std::make_shared<const std::string>();
            auto answer = co_await send(std::move(request));
            co_return judge_token(std::move(answer));
        }

        error_code judge_token(result<HttpResponse> answer) {
            if (!answer) {
                if (answer.error() == error::timed_out && !v1_disabled_) return {};
                return absent(answer.error());
            }
            const int status = answer->status;
            if (status == 403 || status == 404 || status == 405) {
                return v1_disabled_ ? complain_("no token (status ", status, "), and version 1 is disabled")
                                    : error_code();
            }
            if (status != 200 || !is_token(answer->body)) return complain_("no token, status ", status);
            const auto text = find_header(answer->headers, "x-aws-ec2-metadata-token-ttl-seconds");
            const auto seconds = aws::parse_integer<unsigned>(text).value_or(0);
            const auto life = std::chrono::seconds(std::clamp(seconds, 1U, 21'600U));
            token_ = Secret(std::move(answer->body));
            token_end_ = world_->clock().steady() + life * 9 / 10;
            return {};
        }

        static bool is_token(std::string_view text) {
            return !text.empty() && text.size() <= 4'096 && aws::is_visible(text);
        }

        /// The metadata does not answer. If it never did, this is most likely no instance.
        error_code absent(error_code why) {
            if (why == asio::error::operation_aborted) return why;
            const bool nobody = why == error::connection_failed || why == error::timed_out;
            if (nobody && !reached_) return error::credentials_missing;
            return complain_(why);
        }

        /// Tries again what may pass; but a machine that never answered is most likely no instance, and is asked once.
        template <class...>
        asio::awaitable<result<HttpResponse>> send(HttpRequest request) {
            auto answer = co_await detail::send_nearby(*world_, std::move(request), attempts, reached_);
            reached_ = reached_ || answer.has_value();
            co_return answer;
        }

        template <class...>
        asio::awaitable<result<HttpResponse>> get(std::string path) {
            auto request = detail::nearby_request("GET", endpoint_.url + path);
            request.headers.emplace_back("Host", endpoint_.host);
            if (!token_.empty()) {
                request.headers.emplace_back("x-aws-ec2-metadata-token", std::string(token_.reveal()));
            }
            auto answer = co_await send(std::move(request));
            co_return answer;
        }

        /// Asks once more with a new token if the old one is refused, and without the extension if that is unknown.
        template <class...>
        asio::awaitable<result<HttpResponse>> get_credentials(std::string rest) {
            bool renewed = false;
            while (true) {
                auto path = std::string(is_legacy_ ? legacy : extended) + rest;
                auto answer = co_await get(std::move(path));
                if (!answer) co_return absent(answer.error());
                if (answer->status == 401 && !renewed) {
                    renewed = true;
                    token_ = Secret();
                    const auto failure = co_await get_token();
                    if (failure) co_return failure;
                } else if (answer->status == 404 && !is_legacy_ && !is_extended_) {
                    is_legacy_ = true;
                } else {
                    if (answer->status == 200 && !is_legacy_) is_extended_ = true;
                    co_return answer;
                }
            }
        }

        template <class...>
        asio::awaitable<result<std::string>> get_role() {
            auto answer = co_await get_credentials("");
            if (!answer) co_return answer.error();
            if (answer->status == 404) co_return absent_role();
            const auto name = answer->body.substr(0, answer->body.find_first_of("\r\n"));
            if (answer->status != 200 || !is_token(name)) {
                co_return complain_("the role's name did not come, status ", answer->status);
            }
            role_ = name;
            co_return name;
        }

        error_code absent_role() {
            complain_("the instance has no role; attach an instance profile to it");
            return error::credentials_missing;
        }

        template <class...>
        asio::awaitable<result<Secrets>> get_secrets(const std::string& role) {
            auto answer = co_await get_credentials(role);
            if (!answer) co_return answer.error();
            if (answer->status == 404) co_return error_code(error::credentials_missing);
            const Secret body(std::move(answer->body));
            auto document = parse_credentials_document(body.reveal());
            if (answer->status != 200 || !document || !document->success()) {
                co_return complain_("status ", answer->status, " and no credentials",
                                    document ? ": " + document->code : std::string());
            }
            complain_.settle();
            co_return std::move(document->secrets);
        }

        InstanceSettings chosen_;
        aws::Machine machine_;
        World* world_;
        std::string profile_;
        detail::Complaint complain_;
        aws::Endpoint endpoint_;
        bool v1_disabled_ = false;
        Secret token_;
        steady_time token_end_;
        bool reached_ = false;      ///< There was an answer, whatever it was.
        std::string role_;          ///< As the metadata named it.
        bool is_legacy_ = false;    ///< The metadata does not know the extended path.
        bool is_extended_ = false;  ///< It does.
        std::optional<Secrets> last_;
    };

    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) {
        co_return Running(settings_, machine_, world);
    }

private:
    InstanceSettings settings_;
    aws::Machine machine_;
};

} // namespace sluice
