#pragma once

#include <sluice/aws/ascii.hpp>
#include <sluice/aws/integer.hpp>
#include <sluice/aws/profiles.hpp>
#include <sluice/error.hpp>
#include <sluice/secrets.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sluice {

/// A role that somebody who has signed in at IAM Identity Center may use.
class SsoRole {
public:
    SsoRole(std::string account, std::string role) : account_id(std::move(account)), role_name(std::move(role)) {}

    std::string account_id; ///< Twelve digits.
    std::string role_name;
    std::string region;     ///< Of the Identity Center.
    std::string start_url;  ///< Where people sign in.
    std::string session;    ///< Of an `[sso-session]`; empty: the older way, without one.

    friend bool operator==(const SsoRole&, const SsoRole&) = default;
};

/// The steps that lead from a profile to credentials: the first one gives some, each other one trades those for others.
class ProfileChain {
public:
    /// Keys that are written in the profile.
    class StaticKeys {
    public:
        explicit StaticKeys(Secrets its_secrets) : secrets(std::move(its_secrets)) {}

        Secrets secrets;

        friend bool operator==(const StaticKeys&, const StaticKeys&) = default;
    };

    /// A role that the credentials of the step before may assume.
    class AssumeRole {
    public:
        explicit AssumeRole(std::string arn) : role_arn(std::move(arn)) {}

        std::string role_arn;
        std::string external_id;
        std::string role_session_name;
        std::optional<std::chrono::seconds> duration; ///< 15 minutes to 12 hours.

        friend bool operator==(const AssumeRole&, const AssumeRole&) = default;
    };

    enum class Source : std::uint8_t { environment, container, instance };

    /// What lies outside of the files.
    class NamedSource {
    public:
        explicit NamedSource(Source its_source) : source(its_source) {}

        Source source;

        friend bool operator==(const NamedSource&, const NamedSource&) = default;
    };

    /// A role that the bearer of a token may assume.
    class WebIdentity {
    public:
        WebIdentity(std::string arn, std::string file) : role_arn(std::move(arn)), token_file(std::move(file)) {}

        std::string role_arn;
        std::string token_file;
        std::string role_session_name;

        friend bool operator==(const WebIdentity&, const WebIdentity&) = default;
    };

    using Sso = SsoRole;

    /// A command line that prints credentials.
    class Process {
    public:
        explicit Process(std::string line) : command(std::move(line)) {}

        std::string command;

        friend bool operator==(const Process&, const Process&) = default;
    };

    using Step = std::variant<StaticKeys, AssumeRole, NamedSource, WebIdentity, Sso, Process>;

    std::vector<Step> steps; ///< In the order in which they are taken; all but the first are `AssumeRole`.
};

namespace detail {

/// Follows a profile to the steps that it stands for.
class ProfileWalk {
public:
    ProfileWalk(const aws::Profiles& profiles, std::string* complaint) : profiles_(profiles), complaint_(complaint) {}

    [[nodiscard]] result<ProfileChain> walk(std::string name) {
        ProfileChain chain;
        while (true) {
            if (const auto failure = enter(std::move(name))) return failure;
            if (auto keys = visited_.size() > 1 ? static_keys() : std::nullopt) {
                chain.steps.emplace_back(*std::move(keys));
                break;
            }
            if (!has("role_arn") || has("web_identity_token_file")) {
                if (const auto failure = add_base(chain)) return failure;
                break;
            }
            if (const auto failure = add_role(chain)) return failure;
            name = get("source_profile");
            if (name.empty() || name == profile()) {
                if (const auto failure = add_base(chain)) return failure;
                break;
            }
        }
        std::reverse(chain.steps.begin(), chain.steps.end());
        return chain;
    }

private:
    [[nodiscard]] const std::string& profile() const noexcept { return visited_.back(); }

    [[nodiscard]] bool has(std::string_view property) const { return profiles_.find(profile(), property).has_value(); }

    [[nodiscard]] std::string get(std::string_view property) const {
        return profiles_.find(profile(), property).value_or("");
    }

    /// What is wrong with the profile; no part of it but names is told.
    error_code fail(const std::string& words, error_code why = error::credentials_failed) const {
        if (complaint_ != nullptr) *complaint_ = "profile " + profile() + " " + words;
        return why;
    }

    error_code enter(std::string name) {
        if (!profiles_.profiles.contains(name)) return absent(name);
        const bool again = std::find(visited_.begin(), visited_.end(), name) != visited_.end();
        visited_.push_back(std::move(name));
        return again ? fail("is its own source_profile, by a detour") : error_code();
    }

    [[nodiscard]] error_code absent(const std::string& name) const {
        if (!visited_.empty()) return fail("has a source_profile that is not in the files");
        if (complaint_ != nullptr) *complaint_ = "profile " + name + " is not in the files";
        return name == "default" ? error::credentials_missing : error::credentials_failed;
    }

    error_code add_role(ProfileChain& chain) const {
        const bool profile_named = has("source_profile");
        const bool source_named = has("credential_source");
        if (profile_named && source_named) return fail("has both source_profile and credential_source");
        if (!profile_named && !source_named) {
            return fail("has role_arn, but neither source_profile nor credential_source");
        }
        if (has("mfa_serial")) return fail("has mfa_serial, but nobody is there to be asked for the code");
        ProfileChain::AssumeRole role(get("role_arn"));
        role.external_id = get("external_id");
        role.role_session_name = get("role_session_name");
        if (!read_duration(role.duration)) return fail("has a duration_seconds outside of 900 to 43200");
        chain.steps.emplace_back(std::move(role));
        return {};
    }

    /// The property `duration_seconds`; false if it is none that the service takes.
    [[nodiscard]] bool read_duration(std::optional<std::chrono::seconds>& duration) const {
        const auto text = get("duration_seconds");
        if (text.empty()) return true;
        const auto seconds = aws::parse_integer<int>(text);
        if (!seconds || *seconds < 900 || *seconds > 43'200) return false;
        duration = std::chrono::seconds(*seconds);
        return true;
    }

    /// The first step: what this profile has without going to others, in the order of the AWS SDK for Rust.
    error_code add_base(ProfileChain& chain) const {
        if (has("credential_source")) return add_named_source(chain);
        if (has("web_identity_token_file")) return add_web_identity(chain);
        if (has_sso()) return add_sso(chain);
        if (has("login_session")) return fail("has login_session, which sluice cannot use");
        if (has("credential_process")) {
            chain.steps.emplace_back(ProfileChain::Process(get("credential_process")));
            return {};
        }
        if (auto keys = static_keys()) {
            chain.steps.emplace_back(*std::move(keys));
            return {};
        }
        if (has("aws_access_key_id")) return fail("has aws_access_key_id, but not aws_secret_access_key");
        if (has("aws_secret_access_key")) return fail("has aws_secret_access_key, but not aws_access_key_id");
        // A profile may be there for the region alone; one that others build on may not.
        const bool needed = !chain.steps.empty();
        return fail("has no credentials", needed ? error::credentials_failed : error::credentials_missing);
    }

    [[nodiscard]] std::optional<ProfileChain::StaticKeys> static_keys() const {
        if (!has("aws_access_key_id") || !has("aws_secret_access_key")) return std::nullopt;
        Secrets secrets(get("aws_access_key_id"), Secret(get("aws_secret_access_key")),
                        Secret(get("aws_session_token")));
        secrets.account_id = get("aws_account_id");
        return ProfileChain::StaticKeys(std::move(secrets));
    }

    error_code add_named_source(ProfileChain& chain) const {
        using Source = ProfileChain::Source;
        static constexpr std::array<std::pair<std::string_view, Source>, 3> sources{{
            {"environment", Source::environment},
            {"ecscontainer", Source::container},
            {"ec2instancemetadata", Source::instance},
        }};
        const auto named = aws::to_lower(get("credential_source"));
        for (const auto& [name, source] : sources) {
            if (name != named) continue;
            chain.steps.emplace_back(ProfileChain::NamedSource(source));
            return {};
        }
        return fail("has a credential_source that is none of Environment, EcsContainer, Ec2InstanceMetadata");
    }

    error_code add_web_identity(ProfileChain& chain) const {
        if (!has("role_arn")) return fail("has web_identity_token_file, but not role_arn");
        ProfileChain::WebIdentity identity(get("role_arn"), get("web_identity_token_file"));
        identity.role_session_name = get("role_session_name");
        chain.steps.emplace_back(std::move(identity));
        return {};
    }

    [[nodiscard]] bool has_sso() const {
        return has("sso_session") || has("sso_account_id") || has("sso_role_name") || has("sso_region") ||
               has("sso_start_url");
    }

    error_code add_sso(ProfileChain& chain) const {
        for (const std::string_view name : {"sso_account_id", "sso_role_name"}) {
            if (!has(name)) return fail("is for single sign-on, but has no " + std::string(name));
        }
        ProfileChain::Sso sso(get("sso_account_id"), get("sso_role_name"));
        sso.session = get("sso_session");
        aws::Profiles::Properties shared;
        if (!sso.session.empty()) {
            const auto session = profiles_.sso_sessions.find(sso.session);
            if (session == profiles_.sso_sessions.end()) return fail("has an sso_session that is not in the file");
            shared = session->second;
        }
        sso.region = shared["sso_region"];
        sso.start_url = shared["sso_start_url"];
        if (const auto failure = complete(sso.region, "sso_region")) return failure;
        if (const auto failure = complete(sso.start_url, "sso_start_url")) return failure;
        chain.steps.emplace_back(std::move(sso));
        return {};
    }

    /// What the session does not tell the profile may; where both tell something it is the same.
    error_code complete(std::string& value, std::string_view name) const {
        const auto own = get(name);
        if (value.empty()) value = own;
        if (value.empty()) return fail("is for single sign-on, but has no " + std::string(name));
        if (!own.empty() && own != value) return fail("and its sso-session differ in " + std::string(name));
        return {};
    }

    const aws::Profiles& profiles_;
    std::string* complaint_;
    std::vector<std::string> visited_;
};

} // namespace detail

/// The steps that a profile stands for, by the rules of the AWS SDKs: a role before all else, if it has one; then its
/// `credential_source`, web identity, single sign-on, process, keys. A profile that another one has as its
/// `source_profile` gives its own keys, if it has any.
///
/// Errors: `credentials_missing` if there is no default profile, or the profile has nothing to do with credentials;
/// else `credentials_failed`. `complaint` says in few words why, for a log: no property's value is part of it.
[[nodiscard]] inline result<ProfileChain> profile_chain(const aws::Profiles& profiles, const std::string& name,
                                                        std::string* complaint = nullptr) {
    return detail::ProfileWalk(profiles, complaint).walk(name);
}

} // namespace sluice
