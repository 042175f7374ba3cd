#include <sluice/session.hpp>

#include "run.hpp"
#include "storage/temporary.hpp"

#include <sluice/clock/system.hpp>
#include <sluice/credentials/static.hpp>
#include <sluice/kinesis/client.hpp>
#include <sluice/local/direct_transport.hpp>
#include <sluice/repository/memory.hpp>
#include <sluice/repository/sqlite.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json/object.hpp>
#include <boost/system/system_error.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <concepts>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::awaitable;
using boost::json::object;
using sluice::error;
using sluice::error_code;
using sluice::Session;
using Objects = sluice::MemoryRepository<object>;
using Files = sluice::SqliteRepository<object>;

static_assert(std::copyable<Session>);

/// What became of a session's wire and keys.
class Diary {
public:
    int wires = 0;   ///< Openings of the transport.
    int keys = 0;    ///< Openings of the credentials.
    int sent = 0;
    int fetched = 0;
    error_code wire_fails; ///< Its openings, as long as this is set.
    error_code keys_fail;
    bool keys_take_for_ever = false;
};

using SharedDiary = std::shared_ptr<Diary>;

awaitable<void> rest(std::chrono::nanoseconds time = 1ms) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::use_awaitable);
}

class Wire {
public:
    using policy_kind = sluice::kind::transport;

    explicit Wire(SharedDiary diary) : diary_(std::move(diary)) {}

    class Running {
    public:
        explicit Running(SharedDiary diary) : diary_(std::move(diary)) {}

        awaitable<sluice::result<sluice::HttpResponse>> send(sluice::HttpRequest) {
            ++diary_->sent;
            co_return sluice::HttpResponse(200, "sent");
        }

    private:
        SharedDiary diary_;
    };

    awaitable<sluice::result<Running>> open(sluice::World&) {
        ++diary_->wires;
        co_await rest();
        if (diary_->wire_fails) co_return diary_->wire_fails;
        co_return Running(diary_);
    }

private:
    SharedDiary diary_;
};

class Keys {
public:
    using policy_kind = sluice::kind::credentials;

    explicit Keys(SharedDiary diary) : diary_(std::move(diary)) {}

    class Running {
    public:
        explicit Running(SharedDiary diary) : diary_(std::move(diary)) {}

        awaitable<sluice::result<sluice::Secrets>> fetch() {
            ++diary_->fetched;
            co_await rest(diary_->keys_take_for_ever ? std::chrono::nanoseconds(1h) : 1ms);
            co_return sluice::Secrets("me", sluice::Secret("secret"));
        }

    private:
        SharedDiary diary_;
    };

    awaitable<sluice::result<Running>> open(sluice::World&) {
        ++diary_->keys;
        co_await rest();
        if (diary_->keys_fail) co_return diary_->keys_fail;
        co_return Running(diary_);
    }

private:
    SharedDiary diary_;
};

/// A recipe that tells where it is opened, and takes as long as its gate is shut.
class Gated {
public:
    Gated() : gate(std::make_shared<bool>(true)) {}

    class Running {
    public:
        Running(sluice::World& world, bool is_on_strand) : on_strand(is_on_strand), session(world.keep_open()) {}

        bool on_strand;
        std::shared_ptr<const void> session;
    };

    awaitable<sluice::result<Running>> open(sluice::World& world) const {
        while (!*gate) co_await rest();
        co_return Running(world, co_await asio::this_coro::executor == world.executor());
    }

    std::shared_ptr<bool> gate;
};

/// A recipe that cannot be opened.
class Broken {
public:
    explicit Broken(bool throws_at_once) : at_once(throws_at_once) {}

    awaitable<sluice::result<int>> open(sluice::World&) const {
        if (at_once) throw boost::system::system_error(error::storage_full);
        return later();
    }

    bool at_once;

private:
    static awaitable<sluice::result<int>> later() {
        throw boost::system::system_error(error::storage_locked);
        co_return 1;
    }
};

awaitable<error_code> exchange(Session session) {
    const auto reply = co_await session.world().transport().send(sluice::HttpRequest("GET", "http://nowhere/"));
    co_return reply ? error_code() : reply.error();
}

awaitable<error_code> ask_for_keys(Session session) {
    const auto secrets = co_await session.world().credentials().fetch();
    co_return secrets ? error_code() : secrets.error();
}

/// What each of three at a time gets.
template <class Work>
awaitable<std::vector<error_code>> three_times(Session session, Work work) {
    std::vector<error_code> got;
    for (int i = 0; i < 3; ++i) {
        auto note = [&got](const std::exception_ptr& thrown, error_code failure) {
            if (thrown) std::rethrow_exception(thrown);
            got.push_back(failure);
        };
        asio::co_spawn(session.executor(), work(session), std::move(note));
    }
    while (got.size() < 3) co_await rest();
    co_return got;
}

const std::vector<error_code> thrice_well(3);

} // namespace

TEST_CASE("repositories open in a session, and need neither wire nor keys") {
    run([](asio::io_context& context) -> awaitable<void> {
        const TemporaryDirectory directory;
        const auto diary = std::make_shared<Diary>();
        diary->wire_fails = error::connection_failed;
        diary->keys_fail = error::credentials_missing;
        const Session session(context.get_executor(), sluice::Options(), Keys(diary), Wire(diary));
        auto memory = co_await session.open(Objects());
        REQUIRE(memory.has_value());
        auto files = co_await session.open(Files(directory / "items.db", "items"));
        REQUIRE(files.has_value());
        const object value{{"n", 1}};
        const auto kept = co_await memory->add_new(value);
        CHECK(kept.has_value());
        const auto added = co_await files->add_new(value);
        REQUIRE(added.has_value());
        const auto got = co_await files->get(added->id);
        CHECK(got.value() == value);
        const auto nowhere = co_await session.open(Files("/nowhere/items.db", "items"));
        CHECK(nowhere.error() == error::storage_unwritable);
        CHECK(diary->wires + diary->keys == 0);
    });
}

TEST_CASE("a session is made without I/O, and refuses options that can never work") {
    asio::io_context context;
    const auto diary = std::make_shared<Diary>();
    {
        const Session session(context.get_executor(), sluice::Options("s"), Wire(diary), Keys(diary));
        CHECK(context.poll() == 0);
        CHECK(session.world().options().stream == "s");
    }
    context.run();
    CHECK(diary->wires + diary->keys == 0);
    const Session plain(context.get_executor()); // all defaults
    CHECK(plain.executor() != context.get_executor());
    sluice::Options impossible;
    impossible.lanes = 0;
    CHECK_THROWS_AS(Session(context.get_executor(), impossible), std::invalid_argument);
}

TEST_CASE("what a session is made of may stand in any order, the clock too") {
    class Noon : public sluice::SystemClock {
    public:
        [[nodiscard]] sluice::wall_time wall() const { return sluice::wall_time(12h); }
    };
    run([](asio::io_context& context) -> awaitable<void> {
        const auto diary = std::make_shared<Diary>();
        const Session one(context.get_executor(), sluice::Options(), Noon(), Wire(diary), Keys(diary));
        const Session other(context.get_executor(), sluice::Options(), Keys(diary), Noon(), Wire(diary));
        CHECK(one.world().clock().wall() == sluice::wall_time(12h));
        CHECK(other.world().clock().wall() == sluice::wall_time(12h));
        const auto exchanged = co_await exchange(one);
        CHECK_FALSE(exchanged);
        const auto asked = co_await ask_for_keys(other);
        CHECK_FALSE(asked);
        CHECK(diary->sent == 1);
        CHECK(diary->fetched == 1);
    });
}

TEST_CASE("all who send share one transport, which is opened for the first of them") {
    run([](asio::io_context& context) -> awaitable<void> {
        const auto diary = std::make_shared<Diary>();
        const Session session(context.get_executor(), sluice::Options(), Wire(diary), Keys(diary));
        diary->wire_fails = error::tls_failed;
        const std::vector<error_code> failed(3, error::tls_failed);
        const auto first = co_await three_times(session, exchange);
        CHECK(first == failed);
        CHECK(diary->wires == 1);
        CHECK(diary->sent == 0);
        diary->wire_fails.clear();
        for (int i = 0; i < 2; ++i) {
            const auto later = co_await three_times(session, exchange);
            CHECK(later == thrice_well);
        }
        CHECK(diary->wires == 2);
        CHECK(diary->sent == 6);
    });
}

TEST_CASE("all who sign share the keys, which are fetched for the first of them") {
    run([](asio::io_context& context) -> awaitable<void> {
        const auto diary = std::make_shared<Diary>();
        const Session session(context.get_executor(), sluice::Options(), Wire(diary), Keys(diary));
        diary->keys_fail = error::credentials_missing;
        const std::vector<error_code> failed(3, error::credentials_missing);
        const auto first = co_await three_times(session, ask_for_keys);
        CHECK(first == failed);
        CHECK(diary->keys == 1);
        diary->keys_fail.clear();
        for (int i = 0; i < 2; ++i) {
            const auto later = co_await three_times(session, ask_for_keys);
            CHECK(later == thrice_well);
        }
        CHECK(diary->keys == 2);
        CHECK(diary->fetched == 1);
    });
}

TEST_CASE("who is cancelled while the transport opens spoils it for nobody") {
    run([](asio::io_context& context) -> awaitable<void> {
        const auto diary = std::make_shared<Diary>();
        const Session session(context.get_executor(), sluice::Options(), Wire(diary), Keys(diary));
        asio::cancellation_signal signal;
        std::optional<error_code> cancelled;
        auto note = [&cancelled](const std::exception_ptr&, error_code failure) { cancelled = failure; };
        auto first = exchange(session);
        asio::co_spawn(session.executor(), std::move(first),
                       asio::bind_cancellation_slot(signal.slot(), std::move(note)));
        while (diary->wires == 0) co_await asio::post(asio::use_awaitable);
        asio::post(session.executor(), [&signal] { signal.emit(asio::cancellation_type::terminal); });
        const auto second = co_await exchange(session);
        CHECK_FALSE(second);
        CHECK(cancelled == asio::error::operation_aborted);
        CHECK(diary->wires == 1);
    });
}

TEST_CASE("a client opens in a session's world, and signs and sends with what is there") {
    run([](asio::io_context& context) -> awaitable<void> {
        const auto service = std::make_shared<sluice::local::Service>();
        sluice::Options options("clicks");
        options.region = "us-east-1";
        const Session session(context.get_executor(), options, sluice::local::DirectTransport(service),
                              sluice::StaticCredentials("local", sluice::Secret("local")));
        auto client = sluice::kinesis::Client::open(session.world());
        REQUIRE(client.has_value());
        const sluice::kinesis::CreateStream create("clicks");
        const auto created = co_await client->create_stream(create);
        CHECK(created.has_value());
        CHECK(service->kinesis.find("clicks") != nullptr);
    });
}

TEST_CASE("a recipe that throws is an error, and so is an opening that is cancelled") {
    run([](asio::io_context& context) -> awaitable<void> {
        const Session session(context.get_executor());
        for (const bool at_once : {true, false}) {
            const auto opened = co_await session.open(Broken(at_once));
            CHECK(opened.error() == (at_once ? error::storage_full : error::storage_locked));
        }
        const Gated slow;
        *slow.gate = false;
        asio::cancellation_signal signal;
        std::optional<error_code> cancelled;
        auto open = [](Session its, Gated recipe, std::optional<error_code>& got) -> awaitable<void> {
            const auto opened = co_await its.open(std::move(recipe));
            got = opened ? error_code() : opened.error();
        };
        auto opening = open(session, slow, cancelled);
        auto token = asio::bind_cancellation_slot(signal.slot(), asio::detached);
        asio::co_spawn(context, std::move(opening), std::move(token));
        co_await rest();
        CHECK_FALSE(cancelled.has_value());
        signal.emit(asio::cancellation_type::terminal);
        while (!cancelled) co_await rest();
        CHECK(cancelled == asio::error::operation_aborted);
    });
}

TEST_CASE("a session that is destroyed while something opens is there until that is done, and no longer") {
    run([](asio::io_context& context) -> awaitable<void> {
        const auto diary = std::make_shared<Diary>();
        std::optional<Session> session(std::in_place, context.get_executor(), sluice::Options(), Wire(diary));
        const std::weak_ptr<const void> open = session->world().keep_open();
        Gated slow;
        *slow.gate = false;
        auto opening = session->open(slow);
        const auto gate = slow.gate;
        asio::steady_timer later(context, 5ms);
        later.async_wait([&](error_code) {
            session.reset();
            CHECK_FALSE(open.expired());
            *gate = true;
        });
        {
            const auto opened = co_await std::move(opening);
            REQUIRE(opened.has_value());
            CHECK_FALSE(session.has_value());
            CHECK(opened->session != nullptr);
        }
        CHECK(open.expired());
        co_await rest();
        CHECK(diary.use_count() == 1); // all that it was made of is gone
    });
}

TEST_CASE("a repository outlives its session, and what is live outlives both") {
    run([](asio::io_context& context) -> awaitable<void> {
        const TemporaryDirectory directory;
        const auto diary = std::make_shared<Diary>();
        std::optional<Session> session(std::in_place, context.get_executor(), sluice::Options(), Wire(diary));
        const Files recipe(directory / "items.db", "items");
        auto opened = co_await session->open(recipe.look_every(2ms));
        REQUIRE(opened.has_value());
        std::optional<Files::Running> items(std::move(*opened));
        session.reset();
        co_await rest();
        const object first{{"n", 1}};
        const auto added = co_await items->add_new(first);
        REQUIRE(added.has_value());
        const auto change = [](object value) {
            value["n"] = value.at("n").as_int64() + 1;
            return value;
        };
        const auto changed = co_await items->update(added->id, change);
        CHECK(changed.has_value());
        {
            auto live = co_await items->live(added->id);
            REQUIRE(live.has_value());
            items.reset();
            opened = error_code(error::closed);
            co_await rest(10ms); // it looks at the file meanwhile
            const auto seen = co_await live->next();
            CHECK((*seen)->value.at("n") == 2);
            CHECK(diary.use_count() > 1);
        }
        while (diary.use_count() > 1) co_await rest();
    });
}

TEST_CASE("keys that are being fetched are given up when nobody has the session any more") {
    asio::io_context context;
    const auto diary = std::make_shared<Diary>();
    diary->keys_take_for_ever = true;
    std::optional<Session> session(std::in_place, context.get_executor(), sluice::Options(), Keys(diary), Wire(diary));
    // By the world, as whoever forgets to keep the session: this one does not hold it.
    std::optional<error_code> got;
    auto fetch = [](sluice::World& world) -> awaitable<error_code> {
        const auto secrets = co_await world.credentials().fetch();
        co_return secrets ? error_code() : secrets.error();
    };
    asio::co_spawn(session->executor(), fetch(session->world()),
                   [&](const std::exception_ptr&, error_code failure) { got = failure; });
    while (diary->fetched == 0) context.run_one();
    CHECK_FALSE(got.has_value());
    session.reset();
    context.run_for(10s);
    CHECK(got == asio::error::operation_aborted);
    CHECK(diary.use_count() == 1);
}

TEST_CASE("a context that ends under a session leaves nothing behind") {
    const auto diary = std::make_shared<Diary>();
    {
        asio::io_context context;
        auto work = [](asio::io_context& its, SharedDiary mine) -> awaitable<void> {
            mine->keys_take_for_ever = true;
            const Session session(its.get_executor(), sluice::Options(), Keys(mine), Wire(mine));
            static_cast<void>(co_await exchange(session));
            static_cast<void>(co_await ask_for_keys(session));
        };
        auto opening = [](asio::io_context& its, SharedDiary mine) -> awaitable<void> {
            const Session session(its.get_executor(), sluice::Options(), Wire(mine));
            Gated never;
            *never.gate = false;
            static_cast<void>(co_await session.open(never));
        };
        asio::co_spawn(context, work(context, diary), asio::detached);
        asio::co_spawn(context, opening(context, diary), asio::detached);
        const Session idle(context.get_executor(), sluice::Options(), Wire(diary));
        while (diary->fetched == 0) context.run_one();
        CHECK(diary.use_count() > 3);
    }
    CHECK(diary.use_count() == 1);
}

TEST_CASE("who is cancelled elsewhere than at the session when that is done, and is gone, leaves nothing to touch") {
    for (const bool done_before : {true, false}) {
        asio::io_context home;
        const Session session(home.get_executor());
        asio::cancellation_signal signal;
        std::optional<error_code> got;
        {
            asio::io_context elsewhere;
            auto open = [](Session its, std::optional<error_code>& outcome) -> awaitable<void> {
                const auto opened = co_await its.open(Gated());
                outcome = opened ? error_code() : opened.error();
            };
            auto token = asio::bind_cancellation_slot(signal.slot(), asio::detached);
            asio::co_spawn(elsewhere, open(session, got), std::move(token));
            elsewhere.poll();
            asio::post(elsewhere, [&] { signal.emit(asio::cancellation_type::terminal); });
            if (done_before) home.poll();
            elsewhere.poll();
            if (!done_before) home.poll();
            elsewhere.restart();
            elsewhere.poll();
        }
        REQUIRE(got.has_value());
        CHECK_FALSE(*got); // the opening comes first
        home.restart();
        home.poll(); // what the cancellation left there
    }
}

TEST_CASE("who opens something elsewhere may be gone when it is open, and so may the session's context before that") {
    auto wait = [](awaitable<sluice::result<Gated::Running>> opening) -> awaitable<void> {
        static_cast<void>(co_await std::move(opening));
    };
    const auto diary = std::make_shared<Diary>();
    Gated gated;
    {
        asio::io_context home;
        asio::io_context elsewhere;
        const Session session(home.get_executor(), sluice::Options(), Wire(diary));
        asio::co_spawn(elsewhere, wait(session.open(gated)), asio::detached);
        elsewhere.poll();
        home.poll();
    }
    CHECK(diary.use_count() == 1);
    CHECK(gated.gate.use_count() == 1);
    *gated.gate = false;
    asio::io_context elsewhere;
    {
        asio::io_context home;
        const Session session(home.get_executor(), sluice::Options(), Wire(diary));
        asio::co_spawn(elsewhere, wait(session.open(gated)), asio::detached);
        elsewhere.poll();
        home.poll();
    }
    CHECK(diary.use_count() == 1); // nothing of it waits for the caller
    CHECK(gated.gate.use_count() == 1);
    elsewhere.poll();
}

TEST_CASE("who can be cancelled, and waits elsewhere for what never opens, has nothing of a context that is gone") {
    auto wait = [](awaitable<sluice::result<Gated::Running>> opening) -> awaitable<void> {
        static_cast<void>(co_await std::move(opening));
    };
    const auto diary = std::make_shared<Diary>();
    Gated gated;
    *gated.gate = false;
    for (const bool cancelled : {false, true}) {
        asio::cancellation_signal signal;
        asio::io_context elsewhere;
        {
            asio::io_context home;
            const Session session(home.get_executor(), sluice::Options(), Wire(diary));
            auto token = asio::bind_cancellation_slot(signal.slot(), asio::detached);
            asio::co_spawn(elsewhere, wait(session.open(gated)), std::move(token));
            elsewhere.poll();
            home.poll();
        }
        CHECK(diary.use_count() == 1);
        CHECK(gated.gate.use_count() == 1);
        if (cancelled) signal.emit(asio::cancellation_type::terminal);
        elsewhere.restart();
        elsewhere.poll();
    }
}

TEST_CASE("many threads open and use things in one session") {
    asio::io_context context;
    auto guard = asio::make_work_guard(context);
    std::vector<std::thread> runners;
    for (int i = 0; i < 3; ++i) runners.emplace_back([&] { context.run(); });
    const auto diary = std::make_shared<Diary>();
    {
        const Session session(context.get_executor(), sluice::Options(), Keys(diary), Wire(diary));
        auto anywhere = [](Session its) -> awaitable<bool> {
            const auto home = co_await asio::this_coro::executor;
            const auto opened = co_await its.open(Gated());
            co_return opened->on_strand && home != its.executor() && home == co_await asio::this_coro::executor;
        };
        auto at_home = [](Session its, Objects recipe) -> awaitable<void> {
            auto objects = co_await its.open(recipe);
            for (int i = 0; i < 20; ++i) {
                const object value;
                static_cast<void>(co_await objects->add_new(value));
                static_cast<void>(co_await exchange(its));
                static_cast<void>(co_await ask_for_keys(its));
            }
        };
        const Objects recipe;
        std::vector<std::future<bool>> opened;
        std::vector<std::future<void>> used;
        for (int i = 0; i < 20; ++i) {
            opened.push_back(asio::co_spawn(context, anywhere(session), asio::use_future));
            used.push_back(asio::co_spawn(session.executor(), at_home(session, recipe), asio::use_future));
        }
        for (auto& each : opened) CHECK(each.get());
        for (auto& each : used) each.get();
        auto count = [](Session its, Objects of) -> awaitable<std::size_t> {
            auto objects = co_await its.open(of);
            const auto page = co_await objects->query();
            co_return page->items.size();
        };
        CHECK(asio::co_spawn(session.executor(), count(session, recipe), asio::use_future).get() == 400);
    } // on this thread, which is none of the strand's
    guard.reset();
    for (auto& runner : runners) runner.join();
    CHECK(diary->wires == 1);
    CHECK(diary->sent == 400);
    CHECK(diary->fetched == 1);
    CHECK(diary.use_count() == 1);
}
