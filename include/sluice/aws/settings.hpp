#pragma once

#include <sluice/aws/ascii.hpp>
#include <sluice/aws/endpoint_rules.hpp>
#include <sluice/aws/environment.hpp>
#include <sluice/aws/integer.hpp>
#include <sluice/aws/machine.hpp>
#include <sluice/aws/profiles.hpp>
#include <sluice/aws/service.hpp>
#include <sluice/error.hpp>
#include <sluice/log.hpp>
#include <sluice/options.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::aws {

/// What code, environment and profile say of regions, endpoints and retries: the code before the environment, the
/// environment before the profile (AWS SDKs and Tools reference, "Configuration").
class Settings {
public:
    explicit Settings(const Options& options, Environment environment = {}, Profiles profiles = {})
        : options_(options), environment_(std::move(environment)), profiles_(std::move(profiles)),
          profile_(profile_name(options.profile, environment_)) {}

    /// With the shared files of a machine. Files that cannot be read or understood count as empty, with a warning in
    /// the log: a program that says everything itself needs none. `profile`, if it is not empty, stands before
    /// `Options::profile`.
    [[nodiscard]] static Settings read(Options options, const Machine& machine, const std::string& profile = {}) {
        if (!profile.empty()) options.profile = profile;
        std::string complaint;
        auto profiles = read_profiles(machine, &complaint);
        if (!profiles) options.log.warning("the shared configuration is left aside: ", complaint);
        return Settings(options, machine.environment, profiles ? *std::move(profiles) : Profiles());
    }

    /// `Options::region`, `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's `region`; `error::region_missing` if there
    /// is none, or if it is no name that a host may have.
    [[nodiscard]] result<std::string> region() const {
        auto region = options_.region;
        if (region.empty()) region = variable(environment_, "AWS_REGION").value_or("");
        if (region.empty()) region = variable(environment_, "AWS_DEFAULT_REGION").value_or("");
        if (region.empty()) region = profiles_.find(profile_, "region").value_or("");
        if (!detail::is_host_label(region)) return error::region_missing;
        return region;
    }

    [[nodiscard]] bool fips() const {
        return options_.fips.value_or(is_true("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"));
    }

    [[nodiscard]] bool dual_stack() const {
        return options_.dual_stack.value_or(is_true("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"));
    }

    /// The URL that environment or profile give for a service; none if they do not, or are to be ignored:
    /// `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL`, the section of services that the profile names, the profile's
    /// `endpoint_url`. `error::endpoint_invalid` if the profile names a section that is not there.
    [[nodiscard]] result<std::optional<std::string>> configured_url(Service service) const {
        if (ignores_configured_urls()) return std::optional<std::string>();
        const std::string id(names_of(service).id);
        if (auto own = variable(environment_, "AWS_ENDPOINT_URL_" + upper_case(id))) return own;
        if (auto all = variable(environment_, "AWS_ENDPOINT_URL")) return all;
        if (const auto name = profiles_.find(profile_, "services")) {
            const auto section = profiles_.services.find(*name);
            if (section == profiles_.services.end()) return error::endpoint_invalid;
            if (auto own = url_in(section->second, id)) return own;
        }
        return profiles_.find(profile_, "endpoint_url");
    }

    /// What decides where requests to a service go. `more` says what is particular about them, and as `custom` the URL
    /// that was given in code; its region, FIPS, dual stack and account endpoints are those of this object.
    ///
    /// Errors: `region_missing`, `endpoint_invalid`.
    [[nodiscard]] result<EndpointParameters> parameters(Service service, EndpointParameters more = {}) const {
        auto its_region = region();
        if (!its_region) return its_region.error();
        more.region = *std::move(its_region);
        more.fips = fips();
        more.dual_stack = dual_stack();
        if (more.custom.empty()) {
            auto url = configured_url(service);
            if (!url) return url.error();
            more.custom = std::move(*url).value_or("");
        }
        more.account_endpoints = account_endpoints();
        return more;
    }

    /// Where a service is reached, by its `parameters`.
    ///
    /// Errors: `region_missing`, `endpoint_invalid`.
    [[nodiscard]] result<ResolvedEndpoint> endpoint(Service service, EndpointParameters more = {}) const {
        const auto complete = parameters(service, std::move(more));
        if (!complete) return complete.error();
        return resolve_endpoint(service, *complete);
    }

    /// Whether requests go to hosts of their accounts: not if `Options::account_endpoints` is false, else what
    /// `AWS_ACCOUNT_ID_ENDPOINT_MODE` or the profile's `account_id_endpoint_mode` says.
    [[nodiscard]] AccountEndpoints account_endpoints() const {
        if (!options_.account_endpoints) return AccountEndpoints::disabled;
        const auto mode = value("AWS_ACCOUNT_ID_ENDPOINT_MODE", "account_id_endpoint_mode").value_or("");
        if (same_name(mode, "disabled")) return AccountEndpoints::disabled;
        if (same_name(mode, "required")) return AccountEndpoints::required;
        return AccountEndpoints::preferred;
    }

    /// How calls are tried again: `Options::retry`; what that leaves open is as `AWS_RETRY_MODE` and
    /// `AWS_MAX_ATTEMPTS`, or the profile's `retry_mode` and `max_attempts` say. Values that are none are passed over.
    [[nodiscard]] Options::Retry retry() const {
        auto rules = options_.retry;
        const auto mode = value("AWS_RETRY_MODE", "retry_mode").value_or("");
        if (!rules.mode && same_name(mode, "adaptive")) rules.mode = RetryMode::adaptive;
        if (!rules.attempts) rules.attempts = attempts();
        return rules;
    }

private:
    [[nodiscard]] std::optional<unsigned> attempts() const {
        const auto number = parse_integer<unsigned>(value("AWS_MAX_ATTEMPTS", "max_attempts").value_or(""));
        return number == 0U ? std::nullopt : number;
    }

    static std::string upper_case(std::string text) {
        std::transform(text.begin(), text.end(), text.begin(),
                       [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; });
        return text;
    }

    [[nodiscard]] std::optional<std::string> value(std::string_view its_variable, std::string_view property) const {
        auto found = variable(environment_, its_variable);
        return found ? found : profiles_.find(profile_, property);
    }

    [[nodiscard]] bool is_true(std::string_view its_variable, std::string_view property) const {
        return same_name(value(its_variable, property).value_or(""), "true");
    }

    [[nodiscard]] bool ignores_configured_urls() const {
        return options_.ignore_configured_endpoints.value_or(
            is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls"));
    }

    static std::optional<std::string> url_in(const Profiles::Properties& services, const std::string& id) {
        const auto found = services.find(id);
        if (found == services.end()) return std::nullopt;
        const auto properties = sub_properties(found->second);
        const auto url = properties.find("endpoint_url");
        if (url == properties.end() || url->second.empty()) return std::nullopt;
        return url->second;
    }

    Options options_;
    Environment environment_;
    Profiles profiles_;
    std::string profile_;
};

} // namespace sluice::aws
