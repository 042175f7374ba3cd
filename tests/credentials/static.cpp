#include <sluice/credentials/static.hpp>

#include <aws/fakes.hpp>
#include <run.hpp>

#include <doctest/doctest.h>

#include <stdexcept>

using namespace sluice;

static_assert(Credentials<StaticCredentials>);
static_assert(RunningCredentials<StaticCredentials::Running>);
static_assert(!Credentials<StaticCredentials::Running>, "what runs is no recipe");
static_assert(!RunningCredentials<StaticCredentials>, "a recipe does not run");

TEST_CASE("static credentials are given as they were made, again and again") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor());
        StaticCredentials recipe("AKID", Secret("key"), Secret("token"));
        auto opened = co_await recipe.open(fake.world);
        REQUIRE(opened.has_value());
        for (int times = 0; times < 2; ++times) {
            auto secrets = co_await opened->fetch();
            REQUIRE(secrets.has_value());
            CHECK(*secrets == Secrets("AKID", Secret("key"), Secret("token")));
            CHECK_FALSE(secrets->expires.has_value());
        }
    });
}

TEST_CASE("a token is not needed") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor());
        StaticCredentials recipe("AKID", Secret("key"));
        auto opened = co_await recipe.open(fake.world);
        auto secrets = co_await opened->fetch();
        REQUIRE(secrets.has_value());
        CHECK(secrets->session_token.empty());
    });
}

TEST_CASE("a recipe can be opened more than once") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor());
        StaticCredentials recipe("AKID", Secret("key"));
        auto first = co_await recipe.open(fake.world);
        auto second = co_await recipe.open(fake.world);
        auto secrets = co_await second->fetch();
        CHECK(secrets->access_key_id == "AKID");
        CHECK(secrets->secret_access_key.reveal() == "key");
    });
}

TEST_CASE("static credentials without a key are refused when they are made") {
    CHECK_THROWS_AS(StaticCredentials("", Secret("key")), std::invalid_argument);
    CHECK_THROWS_AS(StaticCredentials("AKID", Secret()), std::invalid_argument);
    CHECK_THROWS_AS(StaticCredentials("AKID", Secret(""), Secret("token")), std::invalid_argument);
}

TEST_CASE("a refusal does not quote the key") {
    try {
        StaticCredentials("", Secret("my-secret-key"));
        FAIL("no exception");
    } catch (const std::invalid_argument& thrown) {
        CHECK(std::string(thrown.what()).find("my-secret-key") == std::string::npos);
        CHECK(std::string(thrown.what()).starts_with("sluice: "));
    }
}
