#pragma once

#include <sluice/aws/machine.hpp>
#include <sluice/aws/settings.hpp>
#include <sluice/aws/this_machine.hpp>
#include <sluice/credentials/credentials.hpp>
#include <sluice/sts/client.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <stdexcept>
#include <utility>

namespace sluice {

/// Credentials of a role that is assumed by whoever `Base` gives credentials of: in another account, with fewer rights,
/// for a third party.
///
/// `AssumeRole(EnvironmentCredentials(), sts::Role("arn:aws:iam::123456789012:role/writer"))`. Roles chain: the base
/// may be an `AssumeRole` too. STS is asked in the producer's region; the base is asked anew for each session, an hour
/// long by default. Errors: those of the base, of the endpoint, and STS's refusal (`access_denied` and others), with
/// its words in the log.
template <Credentials Base>
class AssumeRole {
public:
    using policy_kind = kind::credentials;

    /// Throws `std::invalid_argument` if the role has no ARN, or its session is shorter than 15 minutes or longer than
    /// 12 hours.
    AssumeRole(Base base, sts::Role role, aws::Machine machine = aws::this_machine())
        : base_(std::move(base)), role_(std::move(role)), machine_(std::move(machine)) {
        if (role_.arn.empty()) throw std::invalid_argument("sluice: AssumeRole needs the ARN of a role");
        if (role_.duration < std::chrono::minutes(15) || role_.duration > std::chrono::hours(12)) {
            throw std::invalid_argument("sluice: a role's session lasts 15 minutes to 12 hours");
        }
    }

    class Running {
    public:
        Running(running_t<Base> base, sts::Client sts, sts::Role role)
            : base_(std::move(base)), sts_(std::move(sts)), role_(std::move(role)) {}

        [[nodiscard]] asio::awaitable<result<Secrets>> fetch() {
            auto secrets = co_await base_.fetch();
            if (!secrets) co_return secrets.error();
            auto role = role_;
            auto assumed = co_await sts_.assume_role(*std::move(secrets), std::move(role));
            co_return assumed;
        }

    private:
        running_t<Base> base_;
        sts::Client sts_;
        sts::Role role_;
    };

    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) {
        auto sts = sts::Client::open(world, aws::Settings::read(world.options(), machine_));
        if (!sts) co_return sts.error();
        auto base = co_await base_.open(world);
        if (!base) co_return base.error();
        co_return Running(*std::move(base), *std::move(sts), role_);
    }

private:
    Base base_;
    sts::Role role_;
    aws::Machine machine_;
};

} // namespace sluice
