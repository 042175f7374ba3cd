#include <sluice/metrics/own_credentials.hpp>

#include <aws/fakes.hpp>
#include <run.hpp>

#include <sluice/credentials/static.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>

using namespace sluice;
using namespace std::chrono_literals;

static_assert(MetricsCredentials<ProducerCredentials>);
static_assert(MetricsCredentials<StaticCredentials>);
static_assert(!MetricsCredentials<int>);

namespace {

class Source {
public:
    explicit Source(std::shared_ptr<FakeCredentials> its_fake) : fake(std::move(its_fake)) {}

    [[nodiscard]] asio::awaitable<result<Secrets>> fetch() { return fake->fetch(); }

    std::shared_ptr<FakeCredentials> fake;
};

class Bench {
public:
    explicit Bench(asio::io_context& context) : world(context.get_executor()) {}

    FakeWorld world;
    std::shared_ptr<FakeCredentials> fake = std::make_shared<FakeCredentials>();
    sluice::detail::OwnCredentials<Source> own{world.world, Source(fake)};
};

} // namespace

TEST_CASE("own credentials are asked for once, and anew when they near their end") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context);
        bench.fake->next->expires = bench.world.clock.wall() + 1h;
        for (int i = 0; i < 3; ++i) {
            auto given = co_await bench.own.fetch();
            CHECK(given.has_value());
        }
        CHECK(bench.fake->fetched == 1);
        bench.world.clock.advance(55min);
        auto given = co_await bench.own.fetch();
        CHECK(bench.fake->fetched == 2);
        CHECK(given.has_value());
    });
}

TEST_CASE("own credentials that cannot be renewed serve to their end, and are no more then") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context);
        bench.fake->next->expires = bench.world.clock.wall() + 1h;
        auto given = co_await bench.own.fetch();
        bench.fake->next = error_code(error::credentials_failed);
        bench.world.clock.advance(59min);
        given = co_await bench.own.fetch();
        CHECK(given.has_value());
        CHECK(bench.fake->fetched == 2);
        bench.world.clock.advance(1min);
        given = co_await bench.own.fetch();
        CHECK(given.error() == error::credentials_failed);
    });
}

TEST_CASE("own credentials without an end last until they are rejected") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context);
        auto given = co_await bench.own.fetch();
        bench.world.clock.advance(24h);
        given = co_await bench.own.fetch();
        CHECK(bench.fake->fetched == 1);
        bench.own.reject(Secrets("others", Secret("")));
        given = co_await bench.own.fetch();
        CHECK(bench.fake->fetched == 1);
        bench.own.reject(*given);
        given = co_await bench.own.fetch();
        CHECK(bench.fake->fetched == 2);
    });
}
