#pragma once

#include <array>
#include <string_view>

namespace sluice::aws {

/// A part of AWS with regions, accounts and domains of its own.
class Partition {
public:
    std::string_view id;                ///< `aws-cn`, as the ARNs of its resources have it.
    std::string_view region_prefix;     ///< Of its regions' names; the partition without one has all the others.
    std::string_view domain;            ///< `amazonaws.com`
    std::string_view dual_stack_domain; ///< Of hosts that have IPv6 addresses too.
    std::string_view iam_label;         ///< What stands between `iam` and the domain; may be empty.
    std::string_view iam_region;        ///< Where IAM, which serves the whole partition, wants requests signed.
};

namespace detail {

/// AWS partition metadata, August 2026.
inline constexpr std::array<Partition, 8> partitions{{
    {"aws", "", "amazonaws.com", "api.aws", "", "us-east-1"},
    {"aws-cn", "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "cn-north-1", "cn-north-1"},
    {"aws-us-gov", "us-gov-", "amazonaws.com", "api.aws", "us-gov", "us-gov-west-1"},
    {"aws-iso", "us-iso-", "c2s.ic.gov", "api.aws.ic.gov", "us-iso-east-1", "us-iso-east-1"},
    {"aws-iso-b", "us-isob-", "sc2s.sgov.gov", "api.aws.scloud", "us-isob-east-1", "us-isob-east-1"},
    {"aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "eu-isoe-west-1", "eu-isoe-west-1"},
    {"aws-iso-f", "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov", "us-isof-south-1", "us-isof-south-1"},
    {"aws-eusc", "eusc-de-", "amazonaws.eu", "api.amazonwebservices.eu", "eusc-de-east-1", "eusc-de-east-1"},
}};

} // namespace detail

/// The partition that a region lies in, or that a name as `aws-cn-global` stands for; regions that no partition claims
/// are of the first.
[[nodiscard]] constexpr const Partition& partition_of(std::string_view region) noexcept {
    constexpr std::string_view global = "-global";
    for (const auto& partition : detail::partitions) {
        if (partition.region_prefix.empty()) continue;
        if (region.starts_with(partition.region_prefix)) return partition;
        const bool whole = region.size() == partition.id.size() + global.size() && region.ends_with(global);
        if (whole && region.starts_with(partition.id)) return partition;
    }
    return detail::partitions.front();
}

} // namespace sluice::aws
