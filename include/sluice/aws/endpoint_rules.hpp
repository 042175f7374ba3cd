#pragma once

#include <sluice/aws/arn.hpp>
#include <sluice/aws/ascii.hpp>
#include <sluice/aws/endpoint.hpp>
#include <sluice/aws/partitions.hpp>
#include <sluice/aws/percent.hpp>
#include <sluice/aws/service.hpp>
#include <sluice/error.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Where requests go: the rules of the AWS SDKs (endpoint rule sets of August 2026), for the services of `Service`.
namespace sluice::aws {

/// Whether requests go to a host of the account that they concern.
enum class AccountEndpoints : std::uint8_t { disabled, preferred, required };

/// What a Kinesis operation works on: a stream's records, or the stream.
enum class OperationType : std::uint8_t { data, control };

/// What decides where a request goes.
class EndpointParameters {
public:
    EndpointParameters() = default;
    explicit EndpointParameters(std::string its_region) : region(std::move(its_region)) {}

    std::string region;
    bool fips = false;
    bool dual_stack = false;
    std::string custom; ///< The URL that somebody configured; else empty. Goes with neither of the two above.

    std::vector<std::string> arns; ///< Of what the request concerns: the first decides, for DynamoDB the first usable.
    AccountEndpoints account_endpoints = AccountEndpoints::preferred;
    std::optional<std::string> account_id;       ///< Of the credentials; DynamoDB only.
    std::optional<OperationType> operation_type; ///< Kinesis only, and needed there with an ARN.

    std::string bucket; ///< S3 only; empty: the endpoint of the service itself.
    bool path_style = false; ///< The bucket stands in the path, not in the host.
};

/// Where a request goes, and what its signature says of that.
class ResolvedEndpoint {
public:
    ResolvedEndpoint() = default;
    ResolvedEndpoint(Endpoint its_endpoint, std::string region, std::string name)
        : endpoint(std::move(its_endpoint)), signing_region(std::move(region)), signing_name(std::move(name)) {}

    Endpoint endpoint; ///< With the bucket, if there is one.
    std::string signing_region;
    std::string signing_name;
};

namespace detail {

/// The rules of one service for one request.
class EndpointRules {
public:
    EndpointRules(Service service, const EndpointParameters& parameters)
        : service_(service), parameters_(parameters), names_(names_of(service)),
          partition_(partition_of(parameters.region)) {}

    [[nodiscard]] result<ResolvedEndpoint> resolve() const {
        if (!parameters_.custom.empty()) return custom();
        if (!is_host_label(parameters_.region)) return error::region_missing;
        switch (service_) {
        case Service::kinesis: return kinesis();
        case Service::dynamodb: return dynamodb();
        case Service::dynamodb_streams: return at(regional(streams_host()));
        case Service::s3: return s3();
        case Service::sts: return sts();
        case Service::iam: return iam();
        default: return at(regional(names_.host));
        }
    }

private:
    [[nodiscard]] result<ResolvedEndpoint> custom() const {
        if (parameters_.fips || parameters_.dual_stack) return error::endpoint_invalid;
        auto endpoint = parse_endpoint(parameters_.custom);
        if (!endpoint) return endpoint.error();
        if (service_ != Service::s3) return signed_here(*std::move(endpoint));
        if (!is_host_label(parameters_.region)) return error::region_missing;
        return with_bucket(*std::move(endpoint));
    }

    // Kinesis

    [[nodiscard]] result<ResolvedEndpoint> kinesis() const {
        const bool isolated = partition_.id == "aws-iso" || partition_.id == "aws-iso-b";
        const bool plain = parameters_.account_endpoints == AccountEndpoints::disabled || isolated;
        if (plain || parameters_.arns.empty()) return at(regional(names_.host));
        const auto arn = Arn::parse(parameters_.arns.front());
        if (!arn || !parameters_.operation_type || arn->service != "kinesis" || arn->resource_type() != "stream" ||
            arn->partition != partition_.id || !is_host_label(arn->region) || !is_host_label(arn->account)) {
            return error::endpoint_invalid;
        }
        std::string host(arn->account);
        host += *parameters_.operation_type == OperationType::data ? ".data-kinesis" : ".control-kinesis";
        return at(in_region(host, parameters_.fips));
    }

    // DynamoDB

    [[nodiscard]] result<ResolvedEndpoint> dynamodb() const {
        if (parameters_.region == "local") return local_dynamodb();
        const bool required = parameters_.account_endpoints == AccountEndpoints::required;
        const bool possible = partition_.id == "aws" && !parameters_.fips;
        if (required && !possible) return error::endpoint_invalid;
        if (parameters_.account_endpoints == AccountEndpoints::disabled || !possible) {
            return at(regional(names_.host));
        }
        const auto account = table_account();
        if (account.empty() && !parameters_.account_id) {
            if (required) return error::endpoint_invalid;
            return at(regional(names_.host));
        }
        const auto& owner = account.empty() ? *parameters_.account_id : account;
        if (!is_host_label(owner)) return error::endpoint_invalid;
        return at(in_region(owner + ".ddb", false));
    }

    /// DynamoDB Local, which listens there.
    [[nodiscard]] result<ResolvedEndpoint> local_dynamodb() const {
        if (parameters_.fips || parameters_.dual_stack) return error::endpoint_invalid;
        return ResolvedEndpoint(Endpoint("http://localhost:8000", "localhost:8000"), "us-east-1",
                                std::string(names_.signing_name));
    }

    /// The account that owns a table in this region; empty if no ARN tells.
    [[nodiscard]] std::string table_account() const {
        for (const auto& text : parameters_.arns) {
            const auto arn = Arn::parse(text);
            const bool ours = arn && arn->service == "dynamodb" && arn->region == parameters_.region;
            if (ours && is_host_label(arn->account)) return std::string(arn->account);
        }
        return {};
    }

    [[nodiscard]] std::string_view streams_host() const {
        const bool dashed = partition_.id == "aws" || partition_.id == "aws-cn" || partition_.id == "aws-us-gov";
        return parameters_.dual_stack && dashed ? "streams-dynamodb" : names_.host;
    }

    // S3

    [[nodiscard]] result<ResolvedEndpoint> s3() const {
        if (parameters_.fips && partition_.id == "aws-cn") return error::endpoint_invalid;
        std::string host = parameters_.fips ? "s3-fips." : "s3.";
        if (parameters_.dual_stack) host += "dualstack.";
        host.append(parameters_.region).append(".").append(partition_.domain);
        return with_bucket(Endpoint("https://" + host, host));
    }

    [[nodiscard]] ResolvedEndpoint with_bucket(Endpoint endpoint) const {
        const auto& bucket = parameters_.bucket;
        if (bucket.empty()) return signed_here(std::move(endpoint));
        const auto start = endpoint.url.find("://") + 3;
        if (!parameters_.path_style && may_be_host(endpoint)) {
            endpoint.url.insert(start, bucket + '.');
            endpoint.host.insert(0, bucket + '.');
        } else {
            endpoint.url += '/';
            append_percent_encoded(endpoint.url, bucket);
        }
        return signed_here(std::move(endpoint));
    }

    /// Whether a bucket may stand before the host. With a dot in it, it would match no certificate.
    [[nodiscard]] bool may_be_host(const Endpoint& endpoint) const {
        const std::string_view bucket = parameters_.bucket;
        const bool secure = endpoint.url.starts_with("https:");
        if (bucket.size() < 3 || bucket.size() > 63 || is_address(bucket) || is_address(endpoint.host)) return false;
        for (auto rest = bucket; !rest.empty();) {
            const auto label = next_piece(rest, '.');
            if (!is_host_label(label) || to_lower(label) != label) return false;
        }
        return !bucket.ends_with('.') && !(secure && bucket.find('.') != std::string_view::npos);
    }

    /// Whether a host is an IP address, with or without a port.
    static bool is_address(std::string_view host) {
        if (host.starts_with('[')) return true;
        host = host.substr(0, host.find(':'));
        const auto other = [](char c) { return (c < '0' || c > '9') && c != '.'; };
        return std::count(host.begin(), host.end(), '.') == 3 && std::none_of(host.begin(), host.end(), other);
    }

    // those without regions

    [[nodiscard]] ResolvedEndpoint sts() const {
        if (parameters_.region != "aws-global") return at(regional(names_.host));
        auto resolved = at("sts.amazonaws.com");
        resolved.signing_region = "us-east-1";
        return resolved;
    }

    /// One host for the whole partition.
    [[nodiscard]] ResolvedEndpoint iam() const {
        std::string host(fips_in_name() ? "iam-fips" : "iam");
        const bool worldwide = partition_.id == "aws" || partition_.id == "aws-cn";
        const auto label = parameters_.dual_stack && worldwide ? std::string_view("global") : partition_.iam_label;
        if (!label.empty()) host.append(".").append(label);
        auto resolved = at(host.append(".").append(domain()));
        resolved.signing_region = partition_.iam_region;
        return resolved;
    }

    // what all share

    [[nodiscard]] bool fips_in_name() const {
        if (!parameters_.fips || partition_.id != "aws-us-gov") return parameters_.fips;
        if (names_.government == GovernmentHosts::dual_stack_with_suffix) return parameters_.dual_stack;
        return names_.government == GovernmentHosts::with_suffix;
    }

    [[nodiscard]] std::string regional(std::string_view host) const { return in_region(host, fips_in_name()); }

    [[nodiscard]] std::string in_region(std::string_view host, bool fips) const {
        std::string name(host);
        if (fips) name += "-fips";
        return name.append(".").append(parameters_.region).append(".").append(domain());
    }

    [[nodiscard]] std::string_view domain() const {
        return parameters_.dual_stack ? partition_.dual_stack_domain : partition_.domain;
    }

    [[nodiscard]] ResolvedEndpoint at(const std::string& host) const {
        return signed_here(Endpoint("https://" + host, to_lower(host)));
    }

    [[nodiscard]] ResolvedEndpoint signed_here(Endpoint endpoint) const {
        return ResolvedEndpoint(std::move(endpoint), parameters_.region, std::string(names_.signing_name));
    }

    Service service_;
    const EndpointParameters& parameters_;
    const ServiceNames& names_;
    const Partition& partition_;
};

} // namespace detail

/// Where a service is reached.
///
/// Errors: `region_missing` for a region that no host may have; `endpoint_invalid` for a custom URL that is none, for
/// what goes together with no endpoint (a custom one with FIPS, S3 with FIPS in China), and for an ARN that names no
/// stream, or one of another partition.
[[nodiscard]] inline result<ResolvedEndpoint> resolve_endpoint(Service service,
                                                               const EndpointParameters& parameters) {
    return detail::EndpointRules(service, parameters).resolve();
}

} // namespace sluice::aws
