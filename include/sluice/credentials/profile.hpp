#pragma once

#include <sluice/aws/environment.hpp>
#include <sluice/aws/machine.hpp>
#include <sluice/aws/profiles.hpp>
#include <sluice/aws/settings.hpp>
#include <sluice/aws/this_machine.hpp>
#include <sluice/credentials/complaint.hpp>
#include <sluice/credentials/container.hpp>
#include <sluice/credentials/credentials.hpp>
#include <sluice/credentials/environment.hpp>
#include <sluice/credentials/instance.hpp>
#include <sluice/credentials/process.hpp>
#include <sluice/credentials/profile_chain.hpp>
#include <sluice/credentials/sso.hpp>
#include <sluice/credentials/static.hpp>
#include <sluice/credentials/web_identity.hpp>
#include <sluice/sts/client.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sluice {

namespace detail {

/// The sources that a profile's first step may be.
using ProfileSource =
    std::variant<StaticCredentials::Running, EnvironmentCredentials::Running, ContainerCredentials::Running,
                 InstanceCredentials::Running, WebIdentityCredentials::Running, SsoCredentials::Running,
                 ProcessCredentials::Running>;

/// Brings a profile's first step to life.
class ProfileSourceMaker {
public:
    ProfileSourceMaker(const aws::Machine& machine, World& world, const std::string& profile)
        : machine_(machine), world_(world), profile_(profile) {}

    ProfileSource operator()(const ProfileChain::StaticKeys& keys) const {
        return StaticCredentials::Running(keys.secrets);
    }
    ProfileSource operator()(const ProfileChain::NamedSource& named) const {
        switch (named.source) {
        case ProfileChain::Source::environment: return EnvironmentCredentials::Running(machine_.environment, world_);
        case ProfileChain::Source::container: return ContainerCredentials::Running(machine_, world_);
        case ProfileChain::Source::instance: break;
        }
        return InstanceCredentials::Running(InstanceSettings(), machine_, world_, profile_);
    }
    ProfileSource operator()(const ProfileChain::WebIdentity& identity) const {
        WebIdentitySettings settings(identity.role_arn, identity.token_file);
        settings.session_name = identity.role_session_name;
        return WebIdentityCredentials::Running(std::move(settings), machine_, world_, profile_);
    }
    ProfileSource operator()(const SsoRole& role) const {
        return SsoCredentials::Running(role, machine_, world_, profile_);
    }
    ProfileSource operator()(const ProfileChain::Process& process) const {
        return ProcessCredentials::Running(process.command, std::chrono::minutes(1), machine_, world_);
    }
    /// Never the first step: a role needs somebody who assumes it.
    ProfileSource operator()(const ProfileChain::AssumeRole&) const { return StaticCredentials::Running(); }

private:
    const aws::Machine& machine_;
    World& world_;
    const std::string& profile_;
};

/// Asks whichever source it is.
class AskProfileSource {
public:
    template <class Source>
    asio::awaitable<result<Secrets>> operator()(Source& source) const {
        return source.fetch();
    }
};

} // namespace detail

/// Credentials of a profile of the shared files, `~/.aws/config` and `~/.aws/credentials`: whatever it stands for
/// (`profile_chain`), with roles that it assumes and other profiles that it builds on.
///
/// The files are read at each call, so that changes are noticed. `credentials_missing` if there is no default profile,
/// or the profile has nothing to do with credentials, which the log says of one that was named; STS's refusal if it
/// does not let a role be assumed; the errors of `WebIdentityCredentials` if it has one; other failures are
/// `credentials_failed`, and the log has their reason.
class ProfileCredentials {
public:
    using policy_kind = kind::credentials;

    /// An empty name means `Options::profile`, `AWS_PROFILE`, or `default`.
    template <class...>
    explicit ProfileCredentials(std::string name = {}, aws::Machine machine = aws::this_machine())
        : name_(std::move(name)), machine_(std::move(machine)) {}

    class Running {
    public:
        Running(const std::string& name, aws::Machine machine, World& world)
            : machine_(std::move(machine)), world_(&world), complain_(world, "shared files") {
            const auto& chosen = name.empty() ? world.options().profile : name;
            name_ = aws::profile_name(chosen, machine_.environment);
            named_ = !chosen.empty() || aws::variable(machine_.environment, "AWS_PROFILE") ||
                     aws::variable(machine_.environment, "AWS_DEFAULT_PROFILE");
        }

        template <class...>
        [[nodiscard]] asio::awaitable<result<Secrets>> fetch() {
            const auto failure = follow();
            if (failure) co_return failure;
            auto answer = std::visit(detail::AskProfileSource(), source_);
            auto secrets = co_await std::move(answer);
            // What a profile builds on is set up, or ought to be.
            if (!secrets && secrets.error() == error::credentials_missing) {
                co_return complain_("profile ", name_, " leads to a credential_source that has no credentials");
            }
            for (std::size_t i = 1; secrets && i < chain_.steps.size(); ++i) {
                auto role = role_of(std::get<ProfileChain::AssumeRole>(chain_.steps[i]));
                auto assumed = co_await sts_->assume_role(*std::move(secrets), std::move(role));
                secrets = std::move(assumed);
            }
            if (secrets) complain_.settle();
            co_return secrets;
        }

    private:
        static sts::Role role_of(const ProfileChain::AssumeRole& step) {
            sts::Role role(step.role_arn);
            role.external_id = step.external_id;
            role.session_name = step.role_session_name;
            if (step.duration) role.duration = *step.duration;
            return role;
        }

        /// Reads the files, and makes what the profile stands for now; what it stood for before stays as it is, with
        /// all that it remembers.
        error_code follow() {
            std::string why;
            auto profiles = aws::read_profiles(machine_, &why);
            if (!profiles) return complain_(why);
            auto chain = profile_chain(*profiles, name_, &why);
            if (!chain && chain.error() == error::credentials_missing) {
                if (named_ && !why.empty()) complain_(why); // somebody expects something of it
                return chain.error();
            }
            if (!chain) return complain_(why);
            if (chain->steps.size() > 1) {
                auto sts = sts::Client::open(*world_, settings(*std::move(profiles)));
                if (!sts) return complain_("STS cannot be reached for profile ", name_, ": ", sts.error());
                sts_.emplace(*std::move(sts));
            }
            const detail::ProfileSourceMaker make(machine_, *world_, name_);
            const bool same_source = !chain_.steps.empty() && chain_.steps.front() == chain->steps.front();
            if (!same_source) source_ = std::visit(make, chain->steps.front());
            chain_ = *std::move(chain);
            return {};
        }

        [[nodiscard]] aws::Settings settings(aws::Profiles profiles) const {
            Options options = world_->options();
            options.profile = name_;
            return aws::Settings(options, machine_.environment, std::move(profiles));
        }

        std::string name_;
        bool named_ = false; ///< By code or environment: not just `default`.
        aws::Machine machine_;
        World* world_;
        detail::Complaint complain_;
        ProfileChain chain_; ///< What the members below were made from.
        detail::ProfileSource source_;
        std::optional<sts::Client> sts_; ///< There if a role is to be assumed.
    };

    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) { co_return Running(name_, machine_, world); }

private:
    std::string name_;
    aws::Machine machine_;
};

} // namespace sluice
