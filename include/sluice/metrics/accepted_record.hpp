#pragma once

#include <sluice/record.hpp>

#include <span>
#include <string_view>

namespace sluice {

/// A record that was accepted, as metrics see it; its views live as long as the call that shows it.
///
/// Made empty, and filled by name: one text is as good as another to a constructor.
class AcceptedRecord {
public:
    AcceptedRecord() = default;

    std::string_view stream; ///< Where it goes: a name or an ARN.
    std::string_view partition_key;
    std::string_view data; ///< As it was put.
    std::span<const HeaderView> headers;

    /// The value of the first header of that name; empty if there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept {
        for (const auto& each : headers) {
            if (each.name == name) return each.value;
        }
        return {};
    }
};

} // namespace sluice
