#include <sluice/storage/leased_store.hpp>

#include "run.hpp"
#include "world.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>

namespace {

using namespace sluice;
using namespace std::chrono_literals;

/// Notes what it is asked to do.
class Lodging {
public:
    asio::awaitable<result<void>> renew() {
        notes += 'r';
        is_lost = notes.size() == lost_after;
        co_return result<void>();
    }
    asio::awaitable<result<void>> release() {
        notes += 'e';
        co_return result<void>();
    }
    asio::awaitable<result<int>> work() {
        notes += '[';
        for (int i = 0; i < 10; ++i) co_await asio::post(asio::use_awaitable);
        notes += ']';
        co_return 7;
    }
    bool lost() const { return is_lost; }

    std::string notes;
    std::size_t lost_after = 0;
    bool is_lost = false;
};

using LeasedStore = detail::LeasedStore<Lodging>;

} // namespace

TEST_CASE("a lease is renewed again and again, and given back at the end") {
    const auto lodging = std::make_shared<Lodging>();
    asio::io_context context;
    TestWorld world(context.get_executor());
    {
        LeasedStore leased(world.world, lodging, 1ms);
        while (lodging->notes.size() < 3) context.run_one();
    }
    CHECK(lodging->notes == "rrr");
    context.run(); // comes to an end
    CHECK(lodging->notes == "rrre");
    CHECK(lodging.use_count() == 1);
}

TEST_CASE("a lease that is lost is not renewed") {
    const auto lodging = std::make_shared<Lodging>();
    lodging->lost_after = 2;
    asio::io_context context;
    TestWorld world(context.get_executor());
    LeasedStore leased(world.world, lodging, 1ms);
    context.run(); // comes to an end
    CHECK(lodging->notes == "rr");
}

TEST_CASE("a leased that ends at once renews nothing") {
    const auto lodging = std::make_shared<Lodging>();
    asio::io_context context;
    TestWorld world(context.get_executor());
    { const LeasedStore leased(world.world, lodging, 1h); }
    context.run_for(10s);
    CHECK(context.stopped());
    CHECK(lodging->notes == "e");
}

TEST_CASE("calls are made one after another, and before the lease is given back") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        TestWorld world(context.get_executor());
        const auto lodging = std::make_shared<Lodging>();
        const auto work = [](Lodging& its) { return its.work(); };
        {
            LeasedStore leased(world.world, lodging, 1h);
            const auto done = co_await leased.perform<int>(work);
            CHECK(done.value() == 7);
            asio::co_spawn(context, leased.perform<int>(work), [](std::exception_ptr, result<int>) {});
            while (lodging->notes.size() < 3) co_await asio::post(asio::use_awaitable);
        }
        while (lodging->notes.size() < 5) co_await asio::post(asio::use_awaitable);
        CHECK(lodging->notes == "[][]e");
    });
}

TEST_CASE("whoever waits for the end of a leased has the lease given back by then, and once") {
    const auto lodging = std::make_shared<Lodging>();
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        TestWorld world(context.get_executor());
        LeasedStore leased(world.world, lodging, 1h);
        asio::co_spawn(context, leased.perform<int>([](Lodging& its) { return its.work(); }),
                       [](std::exception_ptr, result<int>) {});
        co_await asio::post(asio::use_awaitable);
        co_await leased.close();
        CHECK(lodging->notes == "[]e");
    });
    CHECK(lodging->notes == "[]e");
    CHECK(lodging.use_count() == 1);
}

TEST_CASE("a context may end while a lease is kept") {
    const auto lodging = std::make_shared<Lodging>();
    {
        asio::io_context context;
        TestWorld world(context.get_executor());
        const LeasedStore leased(world.world, lodging, 1h);
        context.poll();
    }
    CHECK(lodging.use_count() == 1);
}
