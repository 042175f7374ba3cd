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
/// The first that is set up decides: if it fails, its error is the answer, and no later one is asked, so that a
/// producer never signs as somebody whom nobody meant. `credentials_missing` if none is set up. All are asked anew at
/// each refresh: what changes on the machine is noticed.
class DefaultCredentials {
public:
    using policy_kind = kind::credentials;

    explicit DefaultCredentials(aws::Machine machine = aws::this_machine()) : machine_(std::move(machine)) {}

    class Running {
    public:
        Running(EnvironmentCredentials::Running environment, ProfileCredentials::Running profile,
                WebIdentityCredentials::Running web_identity, ContainerCredentials::Running container,
                InstanceCredentials::Running instance)
            : environment_(std::move(environment)), profile_(std::move(profile)),
              web_identity_(std::move(web_identity)), container_(std::move(container)),
              instance_(std::move(instance)) {}

        [[nodiscard]] asio::awaitable<result<Secrets>> fetch() {
            auto secrets = co_await environment_.fetch();
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

        EnvironmentCredentials::Running environment_;
        ProfileCredentials::Running profile_;
        WebIdentityCredentials::Running web_identity_;
        ContainerCredentials::Running container_;
        InstanceCredentials::Running instance_;
    };

    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) {
        co_return Running(EnvironmentCredentials::Running(machine_.environment, world),
                          ProfileCredentials::Running("", machine_, world),
                          WebIdentityCredentials::Running(WebIdentitySettings(), machine_, world),
                          ContainerCredentials::Running(machine_, world),
                          InstanceCredentials::Running(InstanceSettings(), machine_, world));
    }

private:
    aws::Machine machine_;
};

} // namespace sluice
