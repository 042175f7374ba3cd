#include "../doubles.hpp"
#include "../run.hpp"

#include <sluice/batching/collect.hpp>
#include <sluice/clock/system.hpp>
#include <sluice/metrics/none.hpp>
#include <sluice/offload/none.hpp>
#include <sluice/producer.hpp>
#include <sluice/storage/memory.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace asio = boost::asio;
using asio::awaitable;
using sluice::error;

namespace {

/// What the policies of one producer did with their world, in order.
class Diary {
public:
    std::vector<std::string> entries;
    std::string failing;     ///< The kind whose opening fails.
    int failures = 0;        ///< How often it does.
    std::size_t on_strand = 0;
};

using SharedDiary = std::shared_ptr<Diary>;

/// Uses everything that a world offers at the point where a kind is brought to life.
awaitable<sluice::error_code> explore(sluice::World& world, SharedDiary diary, std::string kind, bool transport,
                                      bool credentials) {
    const auto before = world.clock().steady();
    const auto late = co_await world.clock().async_wait_until(before + std::chrono::milliseconds(1));
    CHECK_FALSE(late);
    CHECK(world.clock().steady() > before);
    CHECK(world.clock().wall().time_since_epoch().count() > 0);
    CHECK(world.clock().random() != world.clock().random());
    CHECK(world.options().stream == "explored");
    world.log().info(kind, " is open");
    co_await asio::post(world.executor(), asio::use_awaitable);
    if (transport) {
        const auto reply = co_await world.transport().send(sluice::HttpRequest("GET", "http://127.0.0.1:1/"));
        CHECK(reply.error() == error::connection_failed);
    }
    if (credentials) {
        const auto secrets = co_await world.credentials().fetch();
        CHECK(secrets->access_key_id == "nobody");
    }
    diary->entries.push_back(kind);
    if (diary->failing == kind && diary->failures-- > 0) co_return error::storage_locked;
    co_return sluice::error_code{};
}

/// A recipe of `Base`'s kind that explores its world before it becomes what `Base` becomes.
template <class Base, bool transport, bool credentials>
class Explorer {
public:
    using policy_kind = typename Base::policy_kind;

    Explorer(SharedDiary diary, std::string name, Base base = Base())
        : diary_(std::move(diary)), name_(std::move(name)), base_(std::move(base)) {}

    awaitable<sluice::result<sluice::running_t<Base>>> open(sluice::World& world) {
        const auto failure = co_await explore(world, diary_, name_, transport, credentials);
        if (failure) co_return failure;
        co_return co_await base_.open(world);
    }

    [[nodiscard]] std::size_t max_payload(std::size_t limit) const { return base_.max_payload(limit); }
    [[nodiscard]] sluice::RequestLimits limits(const sluice::Options& options) const { return base_.limits(options); }

private:
    SharedDiary diary_;
    std::string name_;
    Base base_;
};

auto explored(asio::io_context& context, const SharedDiary& diary, std::vector<std::string>& log,
              std::shared_ptr<std::vector<sluice::DeadLetter>> letters = std::make_shared<std::vector<sluice::DeadLetter>>()) {
    sluice::Options options{"explored"};
    options.linger = std::chrono::milliseconds(1);
    options.log = sluice::Log([&log](sluice::LogLevel, std::string_view line) { log.emplace_back(line); });
    return sluice::make_producer(
        context.get_executor(), options, Explorer<sluice::NoMetrics, true, true>(diary, "metrics"),
        Explorer<sluice::MemoryStorage, true, true>(diary, "storage"),
        Explorer<NoTransport, false, false>(diary, "transport"), Explorer<NobodySigns, true, false>(diary, "credentials"),
        Explorer<ScriptedDestination, true, true>(diary, "destination"),
        Explorer<KeepDeadLetters, true, true>(diary, "dead letters", KeepDeadLetters(letters)),
        Explorer<sluice::NoOffload, true, true>(diary, "offload"));
}

} // namespace

TEST_CASE("policies of every acting kind are brought to life once, in the documented order, with all of their world") {
    run([](asio::io_context& context) -> awaitable<void> {
        const auto diary = std::make_shared<Diary>();
        std::vector<std::string> log;
        auto producer = explored(context, diary, log);
        CHECK(diary->entries.empty()); // a recipe is a value: making a producer does nothing
        co_await producer.async_open(asio::use_awaitable);
        const auto receipt = co_await producer.async_deliver({"key", "data"}, asio::use_awaitable);
        CHECK(receipt.sequence_number() == "1");
        const std::vector<std::string> order{"transport",    "credentials", "storage",    "offload",
                                             "dead letters", "metrics",     "destination"};
        CHECK(diary->entries == order);
        CHECK(log.size() == order.size());
        co_await producer.async_close(asio::use_awaitable);
    });
}

TEST_CASE("an opening that fails tells who waits, keeps what is open, and goes on from there") {
    run([](asio::io_context& context) -> awaitable<void> {
        const auto diary = std::make_shared<Diary>();
        diary->failing = "storage";
        diary->failures = 1;
        std::vector<std::string> log;
        auto producer = explored(context, diary, log);
        const auto [failure] = co_await producer.async_put({"key", "lost"}, asio::as_tuple(asio::use_awaitable));
        CHECK(failure == error::storage_locked);
        const auto buffered = producer.try_put({"key", "kept"});
        CHECK_FALSE(buffered);
        co_await producer.async_put({"key", "data"}, asio::use_awaitable);
        const auto report = co_await producer.async_flush(asio::use_awaitable);
        CHECK(report.left == 0);
        CHECK(producer.stats().total().delivered == 2);
        CHECK(std::count(diary->entries.begin(), diary->entries.end(), "transport") == 1);
        CHECK(std::count(diary->entries.begin(), diary->entries.end(), "storage") == 2);
        co_await producer.async_close(asio::use_awaitable);
    });
}

TEST_CASE("what was put while the storage could never be opened goes to the dead letters at the end") {
    run([](asio::io_context& context) -> awaitable<void> {
        const auto diary = std::make_shared<Diary>();
        diary->failing = "storage";
        diary->failures = 1'000;
        std::vector<std::string> log;
        const auto letters = std::make_shared<std::vector<sluice::DeadLetter>>();
        auto producer = explored(context, diary, log, letters);
        for (int i = 0; i < 3; ++i) CHECK_FALSE(producer.try_put({"key", "data"}));
        const auto report = co_await producer.async_close(asio::use_awaitable);
        CHECK(report.left == 0);
        REQUIRE(letters->size() == 3);
        CHECK(letters->front().reason == error::storage_locked);
        CHECK(producer.stats().total().failed == 3);
    });
}
