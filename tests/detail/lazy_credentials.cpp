#include <sluice/detail/lazy_credentials.hpp>

#include <sluice/aws/cached_credentials.hpp>

#include <aws/fakes.hpp>
#include <run.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <doctest/doctest.h>

#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

using namespace sluice;

namespace {

using Answer = std::optional<result<Secrets>>;

/// What `Keys` do, and what became of them.
class Script {
public:
    Gate* opening = nullptr;  ///< If there is one, every opening waits for it.
    Gate* fetching = nullptr; ///< As well every fetch.
    error_code opening_fails;
    error_code fetching_fails;
    bool throws = false; ///< Whether an opening does.
    int opened = 0;
    int fetched = 0;
    bool cancelled = false; ///< Whether an opening was.
    std::shared_ptr<void> farewell; ///< For one opening, which keeps it until it has ended.
};

class Keys {
public:
    using policy_kind = kind::credentials;

    explicit Keys(Script& script) : script_(&script) {}

    class Running {
    public:
        explicit Running(Script& script) : script_(&script) {}

        asio::awaitable<result<Secrets>> fetch() {
            ++script_->fetched;
            if (script_->fetching != nullptr) {
                const auto failure = co_await script_->fetching->wait();
                if (failure) co_return failure;
            }
            if (script_->fetching_fails) co_return script_->fetching_fails;
            co_return Secrets(std::to_string(script_->fetched), Secret("key"));
        }

    private:
        Script* script_;
    };

    asio::awaitable<result<Running>> open(World&) {
        ++script_->opened;
        const auto farewell = std::move(script_->farewell);
        if (script_->opening != nullptr) {
            const auto failure = co_await script_->opening->wait();
            script_->cancelled = failure.failed();
            if (failure) co_return failure;
        }
        if (script_->throws) throw std::runtime_error("SECRET-IN-TEXT");
        if (script_->opening_fails) co_return script_->opening_fails;
        co_return Running(*script_);
    }

private:
    Script* script_;
};

using Lazy = detail::LazyCredentials<Keys>;

static_assert(RunningCredentials<Lazy>);

/// As a session has them.
class Kept {
public:
    Kept(const asio::any_io_executor& executor, Script& script)
        : fake(executor), credentials(fake.world, Lazy(fake.world, Keys(script))) {}

    FakeWorld fake;
    CachedCredentials<Lazy> credentials;
};

template <class Source>
asio::awaitable<void> fetch_into(Source& source, Answer& there) {
    there = co_await source.fetch();
}

asio::awaitable<void> fetch_holding(std::shared_ptr<Kept> kept, Answer& there) {
    there = co_await kept->credentials.fetch();
}

/// Lets everything run that can.
asio::awaitable<void> settle() {
    for (int i = 0; i < 20; ++i) {
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    }
}

} // namespace

TEST_CASE("credentials are opened at the first question, and each question is their own to answer") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Script script;
        FakeWorld fake(context.get_executor());
        Lazy lazy(fake.world, Keys(script));
        co_await settle();
        CHECK(script.opened == 0);
        for (int i = 1; i <= 3; ++i) {
            const auto secrets = co_await lazy.fetch();
            REQUIRE(secrets.has_value());
            CHECK(secrets->access_key_id == std::to_string(i));
        }
        script.fetching_fails = error::timed_out;
        const auto failed = co_await lazy.fetch();
        CHECK(failed.error() == error::timed_out);
        script.fetching_fails.clear();
        const auto again = co_await lazy.fetch();
        CHECK(again.has_value());
        CHECK(script.opened == 1); // a fetch that failed is no reason to open them anew
    });
}

TEST_CASE("an opening that fails or throws is the answer of its question, and the next one tries again") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Script script;
        FakeWorld fake(context.get_executor());
        Lazy lazy(fake.world, Keys(script));
        script.opening_fails = error::credentials_missing;
        for (int i = 1; i <= 2; ++i) {
            const auto failed = co_await lazy.fetch();
            CHECK(failed.error() == error::credentials_missing);
            CHECK(script.opened == i);
        }
        script.throws = true;
        bool thrown = false;
        try {
            const auto nothing = co_await lazy.fetch();
            CHECK_FALSE(nothing.has_value());
        } catch (const std::runtime_error&) {
            thrown = true;
        }
        CHECK(thrown);
        CHECK(script.fetched == 0);
        script.throws = false;
        script.opening_fails.clear();
        const auto secrets = co_await lazy.fetch();
        CHECK(secrets.has_value());
        CHECK(script.opened == 4);
    });
}

TEST_CASE("an opening that is cancelled leaves credentials that can be opened, and a fetch some that are open") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Script script;
        Gate opening(context.get_executor());
        Gate fetching(context.get_executor());
        script.opening = &opening;
        script.fetching = &fetching;
        FakeWorld fake(context.get_executor());
        Lazy lazy(fake.world, Keys(script));
        for (const bool open : {false, true}) {
            CAPTURE(open);
            if (open) opening.open();
            asio::cancellation_signal signal;
            Answer answer;
            std::exception_ptr thrown;
            auto note = [&thrown](const std::exception_ptr& failure) { thrown = failure; };
            asio::co_spawn(context, fetch_into(lazy, answer),
                           asio::bind_cancellation_slot(signal.slot(), std::move(note)));
            co_await settle();
            signal.emit(asio::cancellation_type::terminal);
            co_await settle();
            REQUIRE(answer.has_value());
            CHECK(answer->error() == asio::error::operation_aborted);
            CHECK(thrown == nullptr);
            CHECK(script.opened == (open ? 2 : 1));
            CHECK(script.fetched == (open ? 1 : 0));
        }
        fetching.open();
        const auto secrets = co_await lazy.fetch();
        CHECK(secrets.has_value());
        CHECK(script.opened == 2);
    });
}

TEST_CASE("many who ask a session's credentials share one opening and one fetch, and its failure") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Script script;
        Gate gate(context.get_executor());
        script.opening = &gate;
        script.opening_fails = error::credentials_missing;
        Kept kept(context.get_executor(), script);
        std::deque<Answer> failed(3);
        for (auto& answer : failed) asio::co_spawn(context, fetch_into(kept.credentials, answer), asio::detached);
        co_await settle();
        for (const auto& answer : failed) CHECK_FALSE(answer.has_value());
        gate.open();
        co_await settle();
        for (const auto& answer : failed) {
            REQUIRE(answer.has_value());
            CHECK(answer->error() == error::credentials_missing);
        }
        CHECK(script.opened == 1);
        script.opening_fails.clear();
        std::deque<Answer> given(3);
        for (auto& answer : given) asio::co_spawn(context, fetch_into(kept.credentials, answer), asio::detached);
        co_await settle();
        for (const auto& answer : given) {
            REQUIRE(answer.has_value());
            REQUIRE(answer->has_value());
            CHECK((*answer)->access_key_id == "1");
        }
        CHECK(script.opened == 2);
        CHECK(script.fetched == 1);
    });
}

TEST_CASE("an opening that throws in a session has failed, and the log does not quote it") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Script script;
        script.throws = true;
        Kept kept(context.get_executor(), script);
        const auto failed = co_await kept.credentials.fetch();
        CHECK(failed.error() == error::credentials_failed);
        CHECK_FALSE(kept.fake.log.empty());
        CHECK(kept.fake.log.find("SECRET") == std::string::npos);
    });
}

TEST_CASE("who is cancelled while a session's credentials open spoils it for nobody") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Script script;
        Gate gate(context.get_executor());
        script.opening = &gate;
        Kept kept(context.get_executor(), script);
        asio::cancellation_signal signal;
        Answer first;
        Answer second;
        asio::co_spawn(context, fetch_into(kept.credentials, first),
                       asio::bind_cancellation_slot(signal.slot(), asio::detached));
        asio::co_spawn(context, fetch_into(kept.credentials, second), asio::detached);
        co_await settle();
        signal.emit(asio::cancellation_type::terminal);
        co_await settle();
        REQUIRE(first.has_value());
        CHECK(first->error() == asio::error::operation_aborted);
        CHECK_FALSE(script.cancelled);
        gate.open();
        co_await settle();
        REQUIRE(second.has_value());
        CHECK(second->has_value());
        CHECK(script.opened == 1);
    });
}

TEST_CASE("an opening that is stopped ends before the world that it was given") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Script script;
        Gate gate(context.get_executor());
        script.opening = &gate;
        auto kept = std::make_shared<Kept>(context.get_executor(), script);
        kept->fake.world.belong_to(kept);
        const std::weak_ptr<Kept> watch = kept;
        bool opening_went_first = false;
        script.farewell = std::shared_ptr<void>(nullptr, [&](void*) { opening_went_first = !watch.expired(); });
        Answer answer;
        asio::co_spawn(context, fetch_into(kept->credentials, answer), asio::detached);
        co_await settle();
        kept->credentials.stop();
        kept.reset();
        CHECK_FALSE(watch.expired());
        co_await settle();
        CHECK(script.cancelled);
        REQUIRE(answer.has_value());
        CHECK(answer->error() == asio::error::operation_aborted);
        CHECK(opening_went_first);
        CHECK(watch.expired());
    });
}

TEST_CASE("a context that ends while credentials open takes it all with it, and calls nobody") {
    Script script;
    Answer answer;
    bool opening_went_first = false;
    std::weak_ptr<Kept> watch;
    {
        asio::io_context context;
        Gate gate(context.get_executor());
        script.opening = &gate;
        auto kept = std::make_shared<Kept>(context.get_executor(), script);
        kept->fake.world.belong_to(kept);
        watch = kept;
        script.farewell = std::shared_ptr<void>(nullptr, [&](void*) { opening_went_first = !watch.expired(); });
        asio::co_spawn(context, fetch_holding(std::move(kept), answer), asio::detached);
        context.poll();
        CHECK(script.opened == 1);
        CHECK_FALSE(watch.expired());
    }
    CHECK_FALSE(answer.has_value());
    CHECK(opening_went_first);
    CHECK(watch.expired());
    CHECK(script.fetched == 0);
}
