#include <sluice/credentials/credentials.hpp>

#include <doctest/doctest.h>

#include <string>

namespace {

using sluice::asio::awaitable;

class Running {
public:
    awaitable<sluice::result<sluice::Secrets>> fetch();
};

class Untagged {
public:
    awaitable<sluice::result<Running>> open(sluice::World&);
};

class Tagged : public Untagged {
public:
    using policy_kind = sluice::kind::credentials;
};

class Bare {
public:
    using policy_kind = sluice::kind::credentials;
    awaitable<sluice::result<sluice::Secrets>> fetch();
};

class WithoutResult {
public:
    awaitable<sluice::Secrets> fetch();
};

class AtOnce {
public:
    sluice::result<sluice::Secrets> fetch();
};

} // namespace

static_assert(sluice::RunningCredentials<Running>);
static_assert(!sluice::RunningCredentials<WithoutResult>);
static_assert(!sluice::RunningCredentials<AtOnce>);
static_assert(sluice::Credentials<Tagged>);
static_assert(!sluice::Credentials<Untagged>);
static_assert(!sluice::Credentials<Bare>, "what runs is not the recipe");
static_assert(!sluice::Credentials<std::string>);

TEST_CASE("any credentials are asked through one interface") {
    class Fixed final : public sluice::AnyCredentials {
    public:
        awaitable<sluice::result<sluice::Secrets>> fetch() override { co_return sluice::error::credentials_missing; }
        void reject(const sluice::Secrets& used) override { rejected = used.access_key_id; }
        std::string rejected;
    };
    Fixed fixed;
    sluice::AnyCredentials& any = fixed;
    any.reject(sluice::Secrets("AKID", sluice::Secret("key")));
    CHECK(fixed.rejected == "AKID");
}
