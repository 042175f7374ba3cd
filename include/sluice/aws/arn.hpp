#pragma once

#include <optional>
#include <string_view>

namespace sluice::aws {

/// The parts of an Amazon Resource Name, `arn:partition:service:region:account:resource`. They view the text.
class Arn {
public:
    /// None unless there are six parts, and partition, service and resource are not empty.
    [[nodiscard]] static constexpr std::optional<Arn> parse(std::string_view text) noexcept {
        constexpr std::string_view scheme = "arn:";
        if (!text.starts_with(scheme)) return std::nullopt;
        text.remove_prefix(scheme.size());
        Arn arn;
        for (auto* part : {&arn.partition, &arn.service, &arn.region, &arn.account}) {
            const auto colon = text.find(':');
            if (colon == std::string_view::npos) return std::nullopt;
            *part = text.substr(0, colon);
            text.remove_prefix(colon + 1);
        }
        arn.resource = text;
        if (arn.partition.empty() || arn.service.empty() || arn.resource.empty()) return std::nullopt;
        return arn;
    }

    /// What the resource is: `stream` of `stream/clicks`, `role` of `role/path/name`.
    [[nodiscard]] constexpr std::string_view resource_type() const noexcept {
        return resource.substr(0, resource.find_first_of(":/"));
    }

    std::string_view partition;
    std::string_view service;
    std::string_view region;  ///< Empty where a resource belongs to a whole partition.
    std::string_view account; ///< Empty where a name is unique in the whole partition.
    std::string_view resource;
};

} // namespace sluice::aws
