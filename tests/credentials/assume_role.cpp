#include <sluice/credentials/assume_role.hpp>

#include <sluice/credentials/environment.hpp>
#include <sluice/credentials/static.hpp>

#include <credentials/fakes.hpp>
#include <sts/answers.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace sluice;

namespace {

Options in_ireland() {
    Options options{"stream"};
    options.region = "eu-west-1";
    return options;
}

sts::Role role() { return sts::Role("arn:aws:iam::123456789012:role/r"); }

StaticCredentials keys() { return StaticCredentials("AKIDBASE", Secret("base-key")); }

static_assert(Credentials<AssumeRole<StaticCredentials>>);
static_assert(Credentials<AssumeRole<AssumeRole<EnvironmentCredentials>>>);

} // namespace

TEST_CASE("AssumeRole acts in a role for its base") {
    FakeMachine machine;
    Asked bench(AssumeRole(keys(), role(), machine.machine()), in_ireland());
    bench.fake.transport.answer(200, assumed("AssumeRole", "ASIAROLE"));
    const auto secrets = bench.fetch();
    REQUIRE(secrets.has_value());
    CHECK(secrets->access_key_id == "ASIAROLE");
    CHECK(find_header(bench.fake.transport.requests[0].headers, "Authorization").find("AKIDBASE") != std::string::npos);
    bench.fake.transport.answer(200, assumed("AssumeRole", "ASIANEXT"));
    CHECK(bench.fetch()->access_key_id == "ASIANEXT");
}

TEST_CASE("roles chain: each is assumed with the one before") {
    FakeMachine machine;
    AssumeRole first(keys(), sts::Role("arn:first"), machine.machine());
    Asked bench(AssumeRole(first, sts::Role("arn:second"), machine.machine()), in_ireland());
    bench.fake.transport.answer(200, assumed("AssumeRole", "ASIAFIRST"));
    bench.fake.transport.answer(200, assumed("AssumeRole", "ASIASECOND"));
    CHECK(bench.fetch()->access_key_id == "ASIASECOND");
    CHECK(bench.fake.transport.requests[0].body->find("RoleArn=arn%3Afirst") != std::string::npos);
    CHECK(bench.fake.transport.requests[1].body->find("RoleArn=arn%3Asecond") != std::string::npos);
    CHECK(find_header(bench.fake.transport.requests[1].headers, "Authorization").find("ASIAFIRST") !=
          std::string::npos);
}

TEST_CASE("the base is asked anew for each session") {
    FakeMachine machine;
    machine.variables["AWS_ACCESS_KEY_ID"] = "AKIDFIRST";
    machine.variables["AWS_SECRET_ACCESS_KEY"] = "key";
    Asked bench(AssumeRole(EnvironmentCredentials(machine.machine().environment), role(), machine.machine()),
                in_ireland());
    bench.fake.transport.answer(200, assumed("AssumeRole", "ASIA"));
    CHECK(bench.fetch().has_value());
    machine.variables["AWS_ACCESS_KEY_ID"] = "AKIDSECOND";
    bench.fake.transport.answer(200, assumed("AssumeRole", "ASIA"));
    CHECK(bench.fetch().has_value());
    CHECK(find_header(bench.fake.transport.requests[1].headers, "Authorization").find("AKIDSECOND") !=
          std::string::npos);
}

TEST_CASE("a role that may not be assumed is STS's refusal, with its words in the log") {
    FakeMachine machine;
    Asked bench(AssumeRole(keys(), role(), machine.machine()), in_ireland());
    bench.fake.transport.answer(403, refused("AccessDenied", "not you"));
    CHECK(bench.fetch().error() == error::access_denied);
    CHECK(bench.fake.log.find("not you") != std::string::npos);
}

TEST_CASE("without its base a role asks nobody") {
    FakeMachine machine;
    EnvironmentCredentials empty(machine.machine().environment);
    Asked bench(AssumeRole(empty, role(), machine.machine()), in_ireland());
    CHECK(bench.fetch().error() == error::credentials_missing);
    CHECK(bench.fake.transport.requests.empty());
}

TEST_CASE("a role that can never be assumed is refused when it is written") {
    CHECK_THROWS_AS(AssumeRole(keys(), sts::Role()), std::invalid_argument);
    auto hasty = role();
    hasty.duration = std::chrono::minutes(14);
    CHECK_THROWS_AS(AssumeRole(keys(), hasty), std::invalid_argument);
    auto endless = role();
    endless.duration = std::chrono::hours(12) + std::chrono::seconds(1);
    CHECK_THROWS_AS(AssumeRole(keys(), endless), std::invalid_argument);
    endless.duration = std::chrono::hours(12);
    CHECK_NOTHROW(AssumeRole(keys(), endless));
}
