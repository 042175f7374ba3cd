#include "run.hpp"
#include "world.hpp"

#include <sluice/world.hpp>

#include <doctest/doctest.h>

#include <type_traits>

static_assert(!std::is_copy_constructible_v<sluice::World>);
static_assert(!std::is_move_constructible_v<sluice::World>);
static_assert(!std::is_aggregate_v<sluice::World>);

namespace {

class Silence final : public sluice::AnyTransport {
public:
    boost::asio::awaitable<sluice::result<sluice::HttpResponse>> send(sluice::HttpRequest) override {
        co_return sluice::error::connection_failed;
    }
};

class Nobody final : public sluice::AnyCredentials {
public:
    boost::asio::awaitable<sluice::result<sluice::Secrets>> fetch() override {
        co_return sluice::error::credentials_missing;
    }
    void reject(const sluice::Secrets&) override {}
};

} // namespace

TEST_CASE("a world shows what it was made of, not copies") {
    boost::asio::io_context context;
    TestWorld test(context.get_executor(), sluice::Options{"clicks"});
    CHECK(&test.world.options() == &test.options);
    CHECK(&test.world.log() == &test.options.log);
    CHECK(&test.world.clock() == &test.clock);
    CHECK(test.world.executor() == context.get_executor());
    CHECK(test.world.options().stream == "clicks");
}

TEST_CASE("a world gives the transport and the credentials that it was offered last") {
    boost::asio::io_context context;
    TestWorld test(context.get_executor());
    Silence first;
    Silence second;
    Nobody nobody;
    test.world.offer(first);
    CHECK(&test.world.transport() == &first);
    test.world.offer(second);
    CHECK(&test.world.transport() == &second);
    test.world.offer(nobody);
    CHECK(&test.world.credentials() == &nobody);
}
