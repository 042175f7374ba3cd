#pragma once

#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::aws {

/// Tells the value of an environment variable, or that there is none. An empty value means none, as the AWS SDKs and
/// Tools reference has it: read through `variable`, which sees to that.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

/// The value of `name`; none if it is not set, or set to nothing.
[[nodiscard]] inline std::optional<std::string> variable(const Environment& environment, std::string_view name) {
    if (!environment) return std::nullopt;
    auto value = environment(name);
    if (value && value->empty()) value.reset();
    return value;
}

/// The environment of this process, read at each call. Not to be asked while another thread changes it (`setenv`).
[[nodiscard]] inline Environment process_environment() {
    return [](std::string_view name) -> std::optional<std::string> {
        const char* value = std::getenv(std::string(name).c_str()); // NOLINT(concurrency-mt-unsafe): told above
        if (value == nullptr || *value == '\0') return std::nullopt;
        return std::string(value);
    };
}

} // namespace sluice::aws
