#include <sluice/metrics/own_credentials.hpp>

#include <aws/fakes.hpp>
#include <run.hpp>

#include <sluice/credentials/static.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

using namespace sluice;
using namespace std::chrono_literals;

static_assert(MetricsCredentials<ProducerCredentials>);
static_assert(MetricsCredentials<StaticCredentials>);
static_assert(!MetricsCredentials<int>);

namespace {

class Source {
public:
    explicit Source(std::shared_ptr<FakeCredentials> its_fake, Gate* its_gate = nullptr)
        : fake(std::move(its_fake)), gate(its_gate) {}

    [[nodiscard]] asio::awaitable<result<Secrets>> fetch() {
        if (gate != nullptr) {
            if (const auto cut = co_await gate->wait()) co_return cut;
        }
        co_return co_await fake->fetch();
    }

    std::shared_ptr<FakeCredentials> fake;
    Gate* gate;
};

class Bench {
public:
    explicit Bench(asio::io_context& context, Gate* gate = nullptr)
        : world(context.get_executor()), own(world.world, Source(fake, gate)) {}

    asio::awaitable<result<Secrets>> fetch() { return own.credentials().fetch(); }

    FakeWorld world;
    std::shared_ptr<FakeCredentials> fake = std::make_shared<FakeCredentials>();
    sluice::detail::OwnCredentials own;
};

} // namespace

TEST_CASE("own credentials are asked for once, and anew when they near their end") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context);
        bench.fake->next->expires = bench.world.clock.wall() + 1h;
        for (int i = 0; i < 3; ++i) {
            auto given = co_await bench.fetch();
            CHECK(given.has_value());
        }
        CHECK(bench.fake->fetched == 1);
        bench.world.clock.advance(55min);
        bench.fake->next->expires = bench.world.clock.wall() + 1h;
        auto given = co_await bench.fetch();
        CHECK(bench.fake->fetched == 2);
        CHECK(given.has_value());
    });
}

TEST_CASE("own credentials that cannot be renewed serve to their end, and are no more then") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context);
        bench.fake->next->expires = bench.world.clock.wall() + 1h;
        auto given = co_await bench.fetch();
        bench.fake->next = error_code(error::credentials_missing);
        bench.world.clock.advance(59min);
        given = co_await bench.fetch();
        CHECK(given.has_value());
        CHECK(bench.fake->fetched == 2);
        bench.world.clock.advance(1min);
        given = co_await bench.fetch();
        CHECK(given.error() == error::credentials_missing);
    });
}

TEST_CASE("own credentials that no header may have are none, as the producer's") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context);
        bench.fake->next = Secrets("line\nbreak", Secret("secret"));
        auto given = co_await bench.fetch();
        CHECK(given.error() == error::credentials_failed);
        bench.fake->next->access_key_id = "AKID";
        bench.fake->next->expires = bench.world.clock.wall() - 1s;
        given = co_await bench.fetch();
        CHECK(given.error() == error::credentials_expired);
    });
}

TEST_CASE("own credentials without an end last until they are rejected") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context);
        auto given = co_await bench.fetch();
        bench.world.clock.advance(24h);
        given = co_await bench.fetch();
        CHECK(bench.fake->fetched == 1);
        bench.own.credentials().reject(Secrets("others", Secret("")));
        given = co_await bench.fetch();
        CHECK(bench.fake->fetched == 1);
        bench.own.credentials().reject(*given);
        given = co_await bench.fetch();
        CHECK(bench.fake->fetched == 2);
    });
}

TEST_CASE("own credentials that are stopped keep nobody waiting, and their source neither") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Gate gate(context.get_executor());
        Bench bench(context, &gate);
        std::optional<error_code> told;
        auto task = bench.fetch();
        auto note = [&](const std::exception_ptr& thrown, const result<Secrets>& given) {
            CHECK_FALSE(thrown);
            told = given ? error_code() : given.error();
        };
        asio::co_spawn(context, std::move(task), std::move(note));
        for (int i = 0; i < 10; ++i) co_await asio::post(asio::use_awaitable);
        CHECK_FALSE(told);
        bench.own.stop();
        for (int i = 0; i < 10; ++i) co_await asio::post(asio::use_awaitable);
        CHECK(told == error_code(asio::error::operation_aborted));
        CHECK(bench.fake->fetched == 0);
        gate.open();
        const auto given = co_await bench.fetch();
        CHECK(given.error() == asio::error::operation_aborted);
        CHECK(bench.fake->fetched == 0);
    });
}
