#include "adapter.hpp"

#include <sluice/aws/profiles.hpp>
#include <sluice/credentials/profile_chain.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <variant>

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

Profiles::Sections sections_from(const json::object& in) {
    Profiles::Sections sections;
    for (const auto& [name, properties] : in) {
        auto& section = sections[std::string(name)];
        for (const auto& [key, value] : properties.as_object()) section[std::string(key)] = value.as_string();
    }
    return sections;
}

/// A step, without what it does not tell.
class StepJson {
public:
    json::object operator()(const sluice::ProfileChain::StaticKeys& keys) {
        add("kind", "static");
        add("access_key_id", keys.secrets.access_key_id);
        add("secret_access_key", keys.secrets.secret_access_key.reveal());
        return add("account_id", keys.secrets.account_id);
    }
    json::object operator()(const sluice::ProfileChain::AssumeRole& role) {
        add("kind", "assume_role");
        add("role_arn", role.role_arn);
        add("external_id", role.external_id);
        return add("role_session_name", role.role_session_name);
    }
    json::object operator()(const sluice::ProfileChain::NamedSource& named) {
        using Source = sluice::ProfileChain::Source;
        add("kind", "named_source");
        return add("name", named.source == Source::environment ? "Environment"
                           : named.source == Source::container ? "EcsContainer"
                                                               : "Ec2InstanceMetadata");
    }
    json::object operator()(const sluice::ProfileChain::WebIdentity& identity) {
        add("kind", "web_identity");
        add("role_arn", identity.role_arn);
        add("token_file", identity.token_file);
        return add("role_session_name", identity.role_session_name);
    }
    json::object operator()(const sluice::ProfileChain::Sso& sso) {
        add("kind", "sso");
        add("sso_account_id", sso.account_id);
        add("sso_role_name", sso.role_name);
        add("sso_region", sso.region);
        return add("sso_start_url", sso.start_url);
    }
    json::object operator()(const sluice::ProfileChain::Process& process) {
        add("kind", "process");
        return add("command", process.command);
    }

private:
    json::object add(std::string_view name, std::string_view value) {
        if (!value.empty()) out_[name] = value;
        return out_;
    }

    json::object out_;
};

json::object chain(const json::object& in) {
    Profiles profiles;
    profiles.profiles = sections_from(in.at("profiles").as_object());
    profiles.sso_sessions = sections_from(in.at("sso_sessions").as_object());
    json::array steps;
    for (const auto& step : accepted(sluice::profile_chain(profiles, text(in, "profile"))).steps) {
        steps.push_back(std::visit(StepJson(), step));
    }
    json::object out;
    out["chain"] = std::move(steps);
    return out;
}

} // namespace

void add_profiles(Operations& operations) {
    operations["profile.parse"] = parse;
    operations["profile.location"] = location;
    operations["creds.profile_chain"] = chain;
}

} // namespace conform
