#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::aws {

/// The services that are called.
enum class Service : std::uint8_t {
    kinesis,
    firehose,
    dynamodb,
    dynamodb_streams,
    s3,
    sts,
    iam,
    kms,
    cloudwatch,
    sso,
    sso_oidc,
};

/// Whether a service's hosts in AWS GovCloud have `-fips` in their names when FIPS 140 is asked for: there all hosts
/// keep its rules, so many services have no others.
enum class GovernmentHosts : std::uint8_t {
    with_suffix,
    dual_stack_with_suffix, ///< Only those that have IPv6 addresses too.
    without_suffix,
};

/// What a service is called, here and there.
class ServiceNames {
public:
    std::string_view id;           ///< `sso_oidc`, in configuration files; in capitals in environment variables.
    std::string_view host;         ///< What its hosts' names begin with.
    std::string_view signing_name; ///< In the scope of a signature.
    GovernmentHosts government;
};

namespace detail {

/// In the order of `Service`. AWS service models and endpoint rules, August 2026.
inline constexpr std::array<ServiceNames, 11> service_names{{
    {"kinesis", "kinesis", "kinesis", GovernmentHosts::dual_stack_with_suffix},
    {"firehose", "firehose", "firehose", GovernmentHosts::with_suffix},
    {"dynamodb", "dynamodb", "dynamodb", GovernmentHosts::dual_stack_with_suffix},
    {"dynamodb_streams", "streams.dynamodb", "dynamodb", GovernmentHosts::dual_stack_with_suffix},
    {"s3", "s3", "s3", GovernmentHosts::with_suffix},
    {"sts", "sts", "sts", GovernmentHosts::dual_stack_with_suffix},
    {"iam", "iam", "iam", GovernmentHosts::without_suffix},
    {"kms", "kms", "kms", GovernmentHosts::with_suffix},
    {"cloudwatch", "monitoring", "monitoring", GovernmentHosts::without_suffix},
    {"sso", "portal.sso", "awsssoportal", GovernmentHosts::dual_stack_with_suffix},
    {"sso_oidc", "oidc", "sso-oauth", GovernmentHosts::dual_stack_with_suffix},
}};

} // namespace detail

/// The names of a service.
[[nodiscard]] constexpr const ServiceNames& names_of(Service service) noexcept {
    return detail::service_names[static_cast<std::size_t>(service)];
}

} // namespace sluice::aws
