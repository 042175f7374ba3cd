#include <sluice/detail/company.hpp>

#include "../doubles.hpp"
#include "../run.hpp"
#include "../world.hpp"

#include <sluice/metrics/none.hpp>
#include <sluice/offload/none.hpp>
#include <sluice/storage/memory.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
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
    bool throws = false;     ///< Whether it fails by an exception.
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
    if (diary->failing == kind && diary->failures-- > 0) {
        if (diary->throws) throw boost::system::system_error(make_error_code(error::disabled));
        co_return error::storage_locked;
    }
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

using Company = sluice::detail::Company<
    Explorer<ScriptedDestination, true, true>, Explorer<sluice::MemoryStorage, true, true>,
    Explorer<NobodySigns, true, false>, Explorer<sluice::NoOffload, true, true>,
    Explorer<KeepDeadLetters, true, true>, Explorer<sluice::NoMetrics, true, true>,
    Explorer<NoTransport, false, false>>;

/// A company, and all that it needs.
class Fixture {
public:
    explicit Fixture(asio::io_context& context) : its(context.get_executor(), sluice::Options{"explored"}) {
        its.options.log = sluice::Log([this](sluice::LogLevel, std::string_view line) { log.emplace_back(line); });
    }

    [[nodiscard]] std::ptrdiff_t count(const std::string& kind) const {
        return std::count(diary->entries.begin(), diary->entries.end(), kind);
    }

    TestWorld its;
    SharedDiary diary = std::make_shared<Diary>();
    std::vector<std::string> log;
    std::shared_ptr<std::vector<sluice::DeadLetter>> letters = std::make_shared<std::vector<sluice::DeadLetter>>();
    Company company{Company::Recipes({diary, "destination"}, {diary, "storage"}, {diary, "credentials"},
                                     {diary, "offload"}, {diary, "dead letters", KeepDeadLetters(letters)},
                                     {diary, "metrics"}, {diary, "transport"})};
};

} // namespace

TEST_CASE("policies of every acting kind are brought to life once, in the documented order, with all of their world") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture f(context);
        CHECK(f.diary->entries.empty()); // a recipe is a value
        const auto opened = co_await f.company.open(f.its.world);
        CHECK(opened.has_value());
        const std::vector<std::string> order{"transport",    "credentials", "storage",    "offload",
                                             "dead letters", "metrics",     "destination"};
        CHECK(f.diary->entries == order);
        CHECK(f.log.size() == order.size());
        const auto again = co_await f.company.open(f.its.world);
        CHECK(again.has_value());
        CHECK(f.diary->entries == order);
        const std::vector<sluice::Entry> entries(1, sluice::Entry("key", "", "data"));
        const auto answer = co_await f.company.destination().send("explored", entries);
        REQUIRE(answer.entries.size() == 1);
        CHECK(answer.entries[0].sequence_number == "1");
        f.company.dismiss();
    });
}

TEST_CASE("an opening that fails keeps what is open, and the next one goes on from there") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture f(context);
        f.diary->failing = "storage";
        f.diary->failures = 2;
        for (int i = 1; i <= 2; ++i) {
            const auto failed = co_await f.company.open(f.its.world);
            REQUIRE(failed.has_error());
            CHECK(failed.error() == error::storage_locked);
            CHECK(f.count("storage") == i);
            CHECK(f.count("offload") == 0);
        }
        const auto opened = co_await f.company.open(f.its.world);
        CHECK(opened.has_value());
        for (const auto& kind : {"transport", "credentials", "offload", "dead letters", "metrics", "destination"}) {
            CHECK(f.count(kind) == 1);
        }
        CHECK(f.count("storage") == 3);
        f.company.dismiss();
    });
}

TEST_CASE("the dead letters alone are opened where credentials are, so that what no storage took goes there") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture f(context);
        const auto early = co_await f.company.open_letters(f.its.world);
        REQUIRE(early.has_error());
        CHECK(early.error() == error::credentials_failed);
        f.diary->failing = "storage";
        f.diary->failures = 1;
        const auto failed = co_await f.company.open(f.its.world);
        CHECK(failed.has_error());
        const auto opened = co_await f.company.open_letters(f.its.world);
        CHECK(opened.has_value());
        std::vector<sluice::DeadLetter> letters;
        letters.emplace_back(sluice::RecordId({}, 7), sluice::Record("key", "data"), error::storage_locked);
        const auto buried = co_await f.company.bury(std::move(letters));
        CHECK(buried.has_value());
        CHECK(f.letters->size() == 1);
        CHECK(f.count("dead letters") == 1);
        f.company.dismiss();
    });
}

TEST_CASE("letters that cannot be opened say so") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture f(context);
        f.diary->failing = "dead letters";
        f.diary->failures = 2;
        const auto failed = co_await f.company.open(f.its.world);
        REQUIRE(failed.has_error());
        CHECK(failed.error() == error::storage_locked);
        const auto again = co_await f.company.open_letters(f.its.world);
        REQUIRE(again.has_error());
        CHECK(again.error() == error::storage_locked);
        f.company.dismiss();
    });
}

TEST_CASE("metrics that cannot be opened are what error and log tell of, and why") {
    for (const bool throws : {false, true}) {
        CAPTURE(throws);
        run([&](asio::io_context& context) -> awaitable<void> {
            Fixture f(context);
            f.diary->failing = "metrics";
            f.diary->failures = 1;
            f.diary->throws = throws;
            const auto failed = co_await f.company.open(f.its.world);
            REQUIRE(failed.has_error());
            CHECK(failed.error() == error::metrics_failed);
            const auto reason = make_error_code(throws ? error::disabled : error::storage_locked).message();
            CHECK(std::count(f.log.begin(), f.log.end(), "the metrics could not be opened: " + reason) == 1);
            const auto opened = co_await f.company.open(f.its.world);
            CHECK(opened.has_value());
            CHECK(f.count("metrics") == 2);
            f.company.dismiss();
        });
    }
}
