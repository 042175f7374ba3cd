#include "adapter.hpp"

#include <sluice/aws/profiles.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace conform {
namespace {

using namespace sluice::aws;

json::object sections_of(const Profiles::Sections& sections) {
    json::object out;
    for (const auto& [name, properties] : sections) {
        json::object section;
        for (const auto& [key, value] : properties) section[key] = value;
        out[name] = std::move(section);
    }
    return out;
}

json::object parse(const json::object& in) {
    const auto profiles = accepted(parse_profiles(text(in, "config_file"), text(in, "credentials_file")));
    json::object out;
    out["profiles"] = sections_of(profiles.profiles);
    out["sso_sessions"] = sections_of(profiles.sso_sessions);
    out["services"] = sections_of(profiles.services);
    return out;
}

json::object location(const json::object& in) {
    const auto& variables = in.at("env").as_object();
    const Environment environment = [&](std::string_view name) -> std::optional<std::string> {
        if (!variables.contains(name)) return std::nullopt;
        return text(variables, name);
    };
    const auto platform = text(in, "platform") == "windows" ? Platform::windows : Platform::posix;
    const auto found = locate_profiles(environment, platform);
    json::object out;
    out["config"] = found.config;
    out["credentials"] = found.credentials;
    return out;
}

} // namespace

void add_profiles(Operations& operations) {
    operations["profile.parse"] = parse;
    operations["profile.location"] = location;
}

} // namespace conform
