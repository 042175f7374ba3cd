#pragma once

#include <sluice/aws/endpoint.hpp>
#include <sluice/aws/environment.hpp>
#include <sluice/aws/machine.hpp>
#include <sluice/aws/sigv4.hpp>
#include <sluice/aws/this_machine.hpp>
#include <sluice/credentials/complaint.hpp>
#include <sluice/credentials/credentials.hpp>
#include <sluice/credentials/document.hpp>
#include <sluice/credentials/nearby.hpp>
#include <sluice/error.hpp>
#include <sluice/secrets.hpp>
#include <sluice/transport/transport.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/scheme.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
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
    // A host with escapes, `localhost%00.example`, is one name to whoever checks it and another to whoever connects.
    if (!web || !aws::detail::is_plain_host(*parsed) || !aws::detail::port_of(*parsed, 80) || parsed->has_userinfo() ||
        parsed->has_fragment()) {
        return error::endpoint_invalid;
    }
    // Boost 1.81 takes `127.0.0.1.example` for an address and what follows it for a path.
    const auto path = parsed->encoded_path();
    if (!path.empty() && path.front() != '/') return error::endpoint_invalid;
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

namespace detail {

/// The same URL, of HTTP, with an address in place of its host.
[[nodiscard]] inline std::string url_at(const boost::urls::url_view& url, const asio::ip::address& address) {
    std::string text = "http://";
    // Without a zone, which none of the agents' addresses needs.
    text += address.is_v4() ? address.to_string()
                            : '[' + asio::ip::address_v6(address.to_v6().to_bytes()).to_string() + ']';
    if (url.has_port()) text.append(":").append(url.port().data(), url.port().size());
    if (url.encoded_path().empty()) text += '/';
    return text.append(url.encoded_target().data(), url.encoded_target().size());
}

} // namespace detail

/// Credentials that the agent of the container gives: on ECS, EKS (Pod Identity) and Greengrass.
///
/// Reads `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`, or else `AWS_CONTAINER_CREDENTIALS_FULL_URI`, which must be HTTPS or
/// lead to the host itself or an agent's address, and then is asked at the very address that was checked;
/// `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`, read at each call, or else `AWS_CONTAINER_AUTHORIZATION_TOKEN`. Never
/// through a proxy. `credentials_missing` if neither URI is set; any other failure is `credentials_failed`, and the log
/// has its reason.
class ContainerCredentials {
public:
    using policy_kind = kind::credentials;

    template <class...>
    explicit ContainerCredentials(aws::Machine machine = aws::this_machine()) : machine_(std::move(machine)) {}

    class Running {
    public:
        Running(aws::Machine machine, World& world)
            : machine_(std::move(machine)), world_(&world), complain_(world, "container") {}

        template <class...>
        [[nodiscard]] asio::awaitable<result<Secrets>> fetch() {
            const auto url = container_endpoint(machine_.environment);
            if (!url && url.error() == error::credentials_missing) co_return url.error();
            if (!url) co_return complain_("the URI in the environment is no URL");
            auto places = co_await places_of(*url);
            if (!places) co_return places.error();
            auto request = detail::nearby_request("GET", *url);
            request.timeout = std::chrono::seconds(5);
            request.headers.emplace_back("Host", aws::host_header(*url));
            request.headers.emplace_back("Accept", "application/json");
            if (!authorize(request)) co_return error_code(error::credentials_failed);
            auto answer = co_await ask(std::move(request), *std::move(places));
            co_return answer;
        }

    private:
        static constexpr unsigned attempts = 3;

        /// Where credentials may be asked for: with TLS, which proves the name, at the URL itself; else at the
        /// addresses that were checked, since the name may lead elsewhere a moment later.
        template <class...>
        asio::awaitable<result<std::vector<std::string>>> places_of(const std::string& text) {
            const boost::urls::url_view url(text);
            std::vector<std::string> places;
            if (url.scheme_id() == boost::urls::scheme::https) {
                places.push_back(text);
                co_return places;
            }
            auto addresses = co_await addresses_of(url);
            if (!addresses && addresses.error() == asio::error::operation_aborted) co_return addresses.error();
            const bool trusted = addresses && !addresses->empty() &&
                                 std::all_of(addresses->begin(), addresses->end(), is_container_agent);
            if (!trusted) {
                co_return complain_("the URI is neither HTTPS nor this host's, so nothing was sent there");
            }
            for (const auto& address : *addresses) places.push_back(detail::url_at(url, address));
            co_return places;
        }

        template <class...>
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
            const auto held = read_token();
            if (!held) {
                complain_("the file of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read");
                return false;
            }
            auto token = held->reveal();
            if (token.ends_with('\n')) token.remove_suffix(1);
            if (token.ends_with('\r')) token.remove_suffix(1);
            if (token.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
                complain_("the authorization token has a line break");
                return false;
            }
            if (!token.empty()) request.headers.emplace_back("Authorization", std::string(token));
            return true;
        }

        [[nodiscard]] result<Secret> read_token() const {
            const auto file = aws::variable(machine_.environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
            if (!file) {
                return Secret(aws::variable(machine_.environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or(""));
            }
            if (!machine_.read_file) return error::credentials_failed;
            auto content = machine_.read_file(*file);
            if (!content) return content.error();
            return Secret(*std::move(content));
        }

        /// Asks again, after up to 100 and 200 ms, while the agent stumbles: it may answer with half a document, too.
        template <class...>
        asio::awaitable<result<Secrets>> ask(HttpRequest request, std::vector<std::string> places) {
            std::chrono::milliseconds most(100);
            for (unsigned left = attempts;; most *= 2) {
                auto answer = co_await send(request, places);
                const int status = answer ? answer->status : 0;
                const Secret body(answer ? std::move(answer->body) : std::string());
                auto document = parse_credentials_document(body.reveal());
                const bool again = detail::is_passing(answer) || (status == 200 && !document);
                if (!again || --left == 0) co_return judge(answer, document);
                const std::chrono::milliseconds delay(world_->clock().random() %
                                                      static_cast<std::uint64_t>(most.count()));
                const auto interrupted = co_await world_->clock().async_wait_until(world_->clock().steady() + delay);
                if (interrupted) co_return interrupted;
            }
        }

        /// Asks once, at the first of the places where anybody listens.
        template <class...>
        asio::awaitable<result<HttpResponse>> send(const HttpRequest& request, const std::vector<std::string>& places) {
            result<HttpResponse> answer = error_code(error::connection_failed);
            for (const auto& place : places) {
                auto there = request;
                there.url = place;
                answer = co_await world_->transport().send(std::move(there));
                if (answer || answer.error() != error::connection_failed) break;
            }
            co_return answer;
        }

        result<Secrets> judge(const result<HttpResponse>& answer, result<CredentialsDocument>& document) {
            if (!answer && answer.error() == asio::error::operation_aborted) return answer.error();
            if (!answer) return complain_(answer.error());
            if (answer->status != 200 || !document || !document->success()) {
                return complain_("the agent answered with status ", answer->status, " and no credentials",
                                 document ? ": " + document->code : std::string());
            }
            complain_.settle();
            return std::move(document->secrets);
        }

        aws::Machine machine_;
        World* world_;
        detail::Complaint complain_;
    };

    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) { co_return Running(machine_, world); }

private:
    aws::Machine machine_;
};

} // namespace sluice
