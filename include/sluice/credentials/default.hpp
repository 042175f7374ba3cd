#pragma once

#include <sluice/aws/machine.hpp>
#include <sluice/aws/this_machine.hpp>
#include <sluice/credentials/container.hpp>
#include <sluice/credentials/credentials.hpp>
#include <sluice/credentials/environment.hpp>
#include <sluice/credentials/instance.hpp>
#include <sluice/credentials/profile.hpp>
#include <sluice/credentials/web_identity.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>

#include <tuple>
#include <utility>

namespace sluice {

/// Credentials from wherever the AWS SDKs look, in the order of that for Rust: the environment, the profile of the
/// shared files, a web identity, the container's agent, the instance's metadata.
///
/// With `Options::profile` the environment's keys are not looked at: what is said in code stands before it.
///
/// The first that is set up decides: if it fails, its error is the answer, and no later one is asked, so that a
/// producer never signs as somebody whom nobody meant. `credentials_missing` if none is set up. All are asked anew at
/// each refresh: what changes on the machine is noticed.
class DefaultCredentials {
public:
    using policy_kind = kind::credentials;

    template <class...>
    explicit DefaultCredentials(aws::Machine machine = aws::this_machine()) : machine_(std::move(machine)) {}

    class Running {
    public:
        Running(const aws::Machine& machine, World& world)
            : profile_chosen_(!world.options().profile.empty()), environment_(machine.environment, world),
              profile_("", machine, world), web_identity_(WebIdentitySettings(), machine, world),
              container_(machine, world), instance_(InstanceSettings(), machine, world) {}

        template <class...>
        [[nodiscard]] asio::awaitable<result<Secrets>> fetch() {
            result<Secrets> secrets = error_code(error::credentials_missing);
            if (!profile_chosen_) secrets = co_await environment_.fetch();
            if (is_missing(secrets)) secrets = co_await profile_.fetch();
            if (is_missing(secrets)) secrets = co_await web_identity_.fetch();
            if (is_missing(secrets)) secrets = co_await container_.fetch();
            if (is_missing(secrets)) secrets = co_await instance_.fetch();
            co_return secrets;
        }

    private:
        static bool is_missing(const result<Secrets>& secrets) {
            return !secrets && secrets.error() == error::credentials_missing;
        }

        bool profile_chosen_; ///< In code.
        EnvironmentCredentials::Running environment_;
        ProfileCredentials::Running profile_;
        WebIdentityCredentials::Running web_identity_;
        ContainerCredentials::Running container_;
        InstanceCredentials::Running instance_;
    };

    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) {
        co_return Running(machine_, world);
    }

private:
    aws::Machine machine_;
};

} // namespace sluice
