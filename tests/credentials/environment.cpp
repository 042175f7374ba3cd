#include <sluice/credentials/environment.hpp>

#include <aws/fakes.hpp>
#include <run.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <map>
#include <string>

using namespace sluice;

static_assert(Credentials<EnvironmentCredentials>);
static_assert(RunningCredentials<EnvironmentCredentials::Running>);
static_assert(!RunningCredentials<EnvironmentCredentials>);

namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

class Outcome {
public:
    result<Secrets> secrets = error_code(error::closed);
    std::string log;
};

aws::Environment environment(Variables variables) {
    return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
    };
}

Outcome fetch(aws::Environment variables) {
    Outcome outcome;
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor());
        EnvironmentCredentials recipe(variables);
        auto opened = co_await recipe.open(fake.world);
        REQUIRE(opened.has_value());
        outcome.secrets = co_await opened->fetch();
        outcome.log = fake.log;
    });
    return outcome;
}

} // namespace

TEST_CASE("keys are read from the environment") {
    const auto outcome = fetch(environment({{"AWS_ACCESS_KEY_ID", "AKID"}, {"AWS_SECRET_ACCESS_KEY", "key"}}));
    REQUIRE(outcome.secrets.has_value());
    CHECK(*outcome.secrets == Secrets("AKID", Secret("key")));
    CHECK(outcome.log.empty());
}

TEST_CASE("a token and an account are read too") {
    const auto outcome = fetch(environment({{"AWS_ACCESS_KEY_ID", "AKID"},
                                            {"AWS_SECRET_ACCESS_KEY", "key"},
                                            {"AWS_SESSION_TOKEN", "token"},
                                            {"AWS_SECURITY_TOKEN", "older"},
                                            {"AWS_ACCOUNT_ID", "123456789012"}}));
    REQUIRE(outcome.secrets.has_value());
    CHECK(outcome.secrets->session_token.reveal() == "token");
    CHECK(outcome.secrets->account_id == "123456789012");
}

TEST_CASE("the older name of the token counts if the newer one is not set") {
    const auto outcome = fetch(environment({{"AWS_ACCESS_KEY_ID", "AKID"},
                                            {"AWS_SECRET_ACCESS_KEY", "key"},
                                            {"AWS_SESSION_TOKEN", ""},
                                            {"AWS_SECURITY_TOKEN", "older"}}));
    REQUIRE(outcome.secrets.has_value());
    CHECK(outcome.secrets->session_token.reveal() == "older");
}

TEST_CASE("variables of spaces are not set, and spaces around a value do not count") {
    CHECK(fetch(environment({{"AWS_ACCESS_KEY_ID", " "}, {"AWS_SECRET_ACCESS_KEY", "\t\n"}})).secrets.error() ==
          error::credentials_missing);
    const auto outcome = fetch(environment({{"AWS_ACCESS_KEY_ID", " AKID\n"}, {"AWS_SECRET_ACCESS_KEY", "key "}}));
    REQUIRE(outcome.secrets.has_value());
    CHECK(*outcome.secrets == Secrets("AKID", Secret("key")));
}

TEST_CASE("without keys there are no credentials, and that is no mistake") {
    CHECK(fetch(environment({})).secrets.error() == error::credentials_missing);
    CHECK(fetch(environment({{"AWS_SESSION_TOKEN", "token"}})).secrets.error() == error::credentials_missing);
    const auto empty = fetch(environment({{"AWS_ACCESS_KEY_ID", ""}, {"AWS_SECRET_ACCESS_KEY", ""}}));
    CHECK(empty.secrets.error() == error::credentials_missing);
    CHECK(empty.log.empty());
}

TEST_CASE("one key without the other is a mistake, and the log names the one that is absent") {
    const auto no_key = fetch(environment({{"AWS_ACCESS_KEY_ID", "AKID"}, {"AWS_SECRET_ACCESS_KEY", ""}}));
    CHECK(no_key.secrets.error() == error::credentials_failed);
    CHECK(no_key.log == "credentials: environment: AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not\n");
    const auto no_id = fetch(environment({{"AWS_SECRET_ACCESS_KEY", "very-secret"}}));
    CHECK(no_id.secrets.error() == error::credentials_failed);
    CHECK(no_id.log == "credentials: environment: AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not\n");
}

TEST_CASE("the environment is read at each fetch, so that new keys are found") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor());
        std::string key = "first";
        EnvironmentCredentials recipe([&key](std::string_view name) -> std::optional<std::string> {
            if (name.starts_with("AWS_") && name.ends_with("KEY_ID")) return "AKID";
            if (name == "AWS_SECRET_ACCESS_KEY") return key;
            return std::nullopt;
        });
        auto opened = co_await recipe.open(fake.world);
        auto first = co_await opened->fetch();
        key = "second";
        auto second = co_await opened->fetch();
        CHECK(first->secret_access_key.reveal() == "first");
        CHECK(second->secret_access_key.reveal() == "second");
    });
}

TEST_CASE("without an environment of its own it reads that of the process") {
    ::setenv("AWS_ACCESS_KEY_ID", "AKIDPROCESS", 1);
    ::setenv("AWS_SECRET_ACCESS_KEY", "key", 1);
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor());
        EnvironmentCredentials recipe;
        auto opened = co_await recipe.open(fake.world);
        auto secrets = co_await opened->fetch();
        REQUIRE(secrets.has_value());
        CHECK(secrets->access_key_id == "AKIDPROCESS");
    });
    ::unsetenv("AWS_ACCESS_KEY_ID");
    ::unsetenv("AWS_SECRET_ACCESS_KEY");
}
