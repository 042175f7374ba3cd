#include <sluice/credentials/from.hpp>

#include <aws/fakes.hpp>
#include <run.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

using namespace sluice;

namespace {

Secrets sample() { return Secrets("AKID", Secret("key"), Secret("token")); }

template <class F>
Secrets fetch_twice(F callable, std::string* log = nullptr, error_code* failure = nullptr) {
    Secrets given;
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor());
        CredentialsFrom recipe(std::move(callable));
        auto opened = co_await recipe.open(fake.world);
        REQUIRE(opened.has_value());
        for (int times = 0; times < 2; ++times) {
            auto secrets = co_await opened->fetch();
            if (secrets) given = *secrets;
            if (failure != nullptr) *failure = secrets ? error_code() : secrets.error();
            CHECK(secrets.has_value() == (failure == nullptr));
        }
        if (log != nullptr) *log = fake.log;
    });
    return given;
}

asio::awaitable<Secrets> waiting_secrets() { co_return sample(); }
asio::awaitable<result<Secrets>> waiting_result() { co_return sample(); }
asio::awaitable<result<Secrets>> waiting_refusal() { co_return error_code(error::credentials_missing); }
asio::awaitable<Secrets> waiting_throw() {
    throw std::runtime_error("SECRET-IN-TEXT");
    co_return sample();
}

using Plain = decltype([] { return Secrets(); });
using Nonsense = decltype([] { return std::string(); });
using Demanding = decltype([](int) { return Secrets(); });
using AwaitsNonsense = decltype([]() -> asio::awaitable<int> { co_return 1; });

class OnlyMovable {
public:
    Secrets operator()() { return *secrets; }
    std::unique_ptr<Secrets> secrets;
};

static_assert(CredentialsCallable<Plain>);
static_assert(CredentialsCallable<std::function<result<Secrets>()>>);
static_assert(CredentialsCallable<asio::awaitable<Secrets> (*)()>);
static_assert(CredentialsCallable<std::function<asio::awaitable<result<Secrets>>()>>);
static_assert(!CredentialsCallable<Nonsense>);
static_assert(!CredentialsCallable<Demanding>);
static_assert(!CredentialsCallable<AwaitsNonsense>);
static_assert(!CredentialsCallable<Secrets>);
static_assert(!CredentialsCallable<OnlyMovable>, "recipes are values");

static_assert(Credentials<CredentialsFrom<Plain>>);
static_assert(RunningCredentials<CredentialsFrom<Plain>::Running>);
static_assert(!RunningCredentials<CredentialsFrom<Plain>>);
static_assert(!Credentials<Plain>, "a callable alone is no policy");

} // namespace

TEST_CASE("a callable may give secrets, or a result, now or later") {
    CHECK(fetch_twice([] { return sample(); }) == sample());
    CHECK(fetch_twice([]() -> result<Secrets> { return sample(); }) == sample());
    CHECK(fetch_twice(&waiting_secrets) == sample());
    CHECK(fetch_twice(&waiting_result) == sample());
    const std::string id = "an id that is longer than a small string may be";
    CHECK(fetch_twice([id] { return Secrets(id, Secret("key")); }).access_key_id == id);
    const auto later = [id]() -> asio::awaitable<Secrets> { co_return Secrets(id, Secret("key")); };
    CHECK(fetch_twice(later).access_key_id == id);
}

TEST_CASE("a callable is called at each fetch, and may remember") {
    int calls = 0;
    fetch_twice([&calls, own = 0]() mutable {
        calls = ++own;
        return sample();
    });
    CHECK(calls == 2);
}

TEST_CASE("what a callable refuses stays what it is") {
    error_code failure;
    fetch_twice([]() -> result<Secrets> { return error_code(error::credentials_expired); }, nullptr, &failure);
    CHECK(failure == error::credentials_expired);
    fetch_twice(&waiting_refusal, nullptr, &failure);
    CHECK(failure == error::credentials_missing);
}

TEST_CASE("an exception becomes an error, and its text stays out of the log") {
    std::string log;
    error_code failure;
    fetch_twice([]() -> Secrets { throw std::runtime_error("SECRET-IN-TEXT"); }, &log, &failure);
    CHECK(failure == error::credentials_failed);
    CHECK(log.find("exception") != std::string::npos);
    CHECK(log.find("SECRET-IN-TEXT") == std::string::npos);

    fetch_twice(&waiting_throw, &log, &failure);
    CHECK(failure == error::credentials_failed);
    CHECK(log.find("SECRET-IN-TEXT") == std::string::npos);

    fetch_twice([]() -> Secrets { throw 17; }, &log, &failure);
    CHECK(failure == error::credentials_failed);
}

TEST_CASE("a recipe can be opened more than once, and each has a callable of its own") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor());
        CredentialsFrom recipe([calls = 0]() mutable { return Secrets(std::to_string(++calls), Secret("key")); });
        auto first = co_await recipe.open(fake.world);
        auto once = co_await first->fetch();
        auto twice = co_await first->fetch();
        auto second = co_await recipe.open(fake.world);
        auto other = co_await second->fetch();
        CHECK(once->access_key_id == "1");
        CHECK(twice->access_key_id == "2");
        CHECK(other->access_key_id == "1");
    });
}
