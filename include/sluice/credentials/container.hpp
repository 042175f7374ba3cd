#pragma once

#include <sluice/aws/environment.hpp>
#include <sluice/aws/machine.hpp>
#include <sluice/aws/sigv4.hpp>
#include <sluice/aws/this_machine.hpp>
#include <sluice/credentials/complaint.hpp>
#include <sluice/credentials/credentials.hpp>
#include <sluice/credentials/document.hpp>
#include <sluice/credentials/nearby.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/scheme.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

/// Where a container asks for its credentials: `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` on the agent's address, or
/// `AWS_CONTAINER_CREDENTIALS_FULL_URI` as it stands. `credentials_missing` if neither is set, `endpoint_invalid` if
/// that is no URL of a host.
[[nodiscard]] inline result<std::string> container_endpoint(const aws::Environment& environment) {
    const auto relative = aws::variable(environment, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const auto full = aws::variable(environment, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (!relative && !full) return error::credentials_missing;
    auto url = relative ? "http://169.254.170.2" + (relative->starts_with('/') ? *relative : "/" + *relative) : *full;
    const auto parsed = boost::urls::parse_uri(url);
    const bool web = parsed && (parsed->scheme_id() == boost::urls::scheme::http ||
                                parsed->scheme_id() == boost::urls::scheme::https);
    if (!web || parsed->encoded_host().empty() || parsed->has_userinfo() || parsed->has_fragment()) {
        return error::endpoint_invalid;
    }
    return url;
}

/// Whether credentials may be asked for without TLS at this address: the host itself, or the agents of ECS and EKS.
[[nodiscard]] inline bool is_container_agent(const asio::ip::address& address) {
    static const auto agents = {asio::ip::make_address("169.254.170.2"), asio::ip::make_address("169.254.170.23"),
                                asio::ip::make_address("fd00:ec2::23")};
    if (address.is_loopback()) return true;
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return is_container_agent(asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()));
    }
    return std::find(agents.begin(), agents.end(), address) != agents.end();
}

/// Credentials that the agent of the container gives: on ECS, EKS (Pod Identity) and Greengrass.
///
/// Reads `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`, or else `AWS_CONTAINER_CREDENTIALS_FULL_URI`, which must be HTTPS or
/// lead to the host itself or an agent's address; `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`, read at each call, or else
/// `AWS_CONTAINER_AUTHORIZATION_TOKEN`. Never through a proxy. `credentials_missing` if neither URI is set; any other
/// failure is `credentials_failed`, and the log has its reason.
class ContainerCredentials {
public:
    using policy_kind = kind::credentials;

    explicit ContainerCredentials(aws::Machine machine = aws::this_machine()) : machine_(std::move(machine)) {}

    class Running {
    public:
        Running(aws::Machine machine, World& world)
            : machine_(std::move(machine)), world_(&world), complain_(world, "container") {}

        [[nodiscard]] asio::awaitable<result<Secrets>> fetch() {
            const auto url = container_endpoint(machine_.environment);
            if (!url && url.error() == error::credentials_missing) co_return url.error();
            if (!url) co_return complain_("the URI in the environment is no URL");
            auto request = detail::nearby_request("GET", *url);
            request.timeout = std::chrono::seconds(5);
            const auto distrust = co_await check_host(*url);
            if (distrust) co_return distrust;
            request.headers.emplace_back("Host", aws::host_header(*url));
            request.headers.emplace_back("Accept", "application/json");
            if (!authorize(request)) co_return error_code(error::credentials_failed);
            auto answer = co_await ask(std::move(request));
            co_return answer;
        }

    private:
        static constexpr unsigned attempts = 3;

        /// Whether credentials may be asked for there.
        asio::awaitable<error_code> check_host(const std::string& text) {
            const boost::urls::url_view url(text);
            if (url.scheme_id() == boost::urls::scheme::https) co_return error_code();
            auto addresses = co_await addresses_of(url);
            if (!addresses && addresses.error() == asio::error::operation_aborted) co_return addresses.error();
            const bool trusted = addresses && !addresses->empty() &&
                                 std::all_of(addresses->begin(), addresses->end(), is_container_agent);
            if (trusted) co_return error_code();
            co_return complain_("the URI is neither HTTPS nor this host's, so nothing was sent there");
        }

        asio::awaitable<result<std::vector<asio::ip::address>>> addresses_of(const boost::urls::url_view& url) {
            error_code not_an_address;
            const auto address = asio::ip::make_address(url.host_address(), not_an_address);
            if (!not_an_address) co_return std::vector<asio::ip::address>(1, address);
            if (!machine_.resolve) co_return error_code(error::name_not_resolved);
            auto name = url.host();
            auto found = co_await machine_.resolve(std::move(name));
            co_return found;
        }

        /// Adds the token, if there is one; false if it cannot be read or would not end where its header does.
        bool authorize(HttpRequest& request) {
            std::string token;
            if (const auto file = aws::variable(machine_.environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
                auto content = machine_.read_file ? machine_.read_file(*file) : error::credentials_failed;
                if (!content) {
                    complain_("the file of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read");
                    return false;
                }
                token = *std::move(content);
                if (token.ends_with('\n')) token.pop_back();
                if (token.ends_with('\r')) token.pop_back();
            } else {
                token = aws::variable(machine_.environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("");
            }
            if (token.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
                complain_("the authorization token has a line break");
                return false;
            }
            if (!token.empty()) request.headers.emplace_back("Authorization", std::move(token));
            return true;
        }

        asio::awaitable<result<Secrets>> ask(HttpRequest request) {
            auto answer = co_await detail::send_nearby(*world_, std::move(request), attempts);
            if (!answer && answer.error() == asio::error::operation_aborted) co_return answer.error();
            if (!answer) co_return complain_(answer.error());
            auto document = parse_credentials_document(answer->body);
            if (answer->status != 200 || !document || !document->success()) {
                co_return complain_("the agent answered with status ", answer->status, " and no credentials",
                                    document ? ": " + document->code : std::string());
            }
            complain_.settle();
            co_return std::move(document->secrets);
        }

        aws::Machine machine_;
        World* world_;
        detail::Complaint complain_;
    };

    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) { co_return Running(machine_, world); }

private:
    aws::Machine machine_;
};

} // namespace sluice
