#include <sluice/detail/lazy_transport.hpp>

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
#include <boost/system/system_error.hpp>

#include <doctest/doctest.h>

#include <concepts>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

using namespace sluice;

namespace {

using Answer = std::optional<result<HttpResponse>>;

/// What a `Wire` does, and what became of it.
class Script {
public:
    Gate* gate = nullptr; ///< If there is one, every opening waits for it.
    error_code fails;
    bool throws_at_once = false;
    bool throws_later = false;
    int opened = 0;
    int sent = 0;
    bool cancelled = false; ///< Whether an opening was.
    std::shared_ptr<void> farewell; ///< For one opening, which keeps it until it has ended.
};

class Wire {
public:
    using policy_kind = kind::transport;

    explicit Wire(Script& script) : script_(&script) {}

    class Running {
    public:
        explicit Running(Script& script) : script_(&script) {}

        asio::awaitable<result<HttpResponse>> send(HttpRequest request) {
            ++script_->sent;
            co_return HttpResponse(200, std::move(request.url));
        }

    private:
        Script* script_;
    };

    asio::awaitable<result<Running>> open(World&) {
        ++script_->opened;
        if (script_->throws_at_once) throw boost::system::system_error(error::tls_failed);
        return wait();
    }

private:
    asio::awaitable<result<Running>> wait() {
        const auto farewell = std::move(script_->farewell);
        if (script_->gate != nullptr) {
            const auto failure = co_await script_->gate->wait();
            script_->cancelled = failure.failed();
        }
        if (script_->throws_later) throw boost::system::system_error(error::tls_failed);
        if (script_->fails) co_return script_->fails;
        co_return Running(*script_);
    }

    Script* script_;
};

using Lazy = detail::LazyTransport<Wire>;

static_assert(std::derived_from<Lazy, AnyTransport>);
static_assert(!std::copy_constructible<Lazy>);

class Bench {
public:
    Bench(const asio::any_io_executor& executor, Script& script) : fake(executor), transport(fake.world, Wire(script)) {}

    FakeWorld fake;
    Lazy transport;
};

asio::awaitable<void> send_into(AnyTransport& transport, Answer& there, std::string url = "u") {
    there = co_await transport.send(HttpRequest("GET", std::move(url)));
}

asio::awaitable<void> send_holding(std::shared_ptr<Bench> bench, Answer& there) {
    co_await send_into(bench->transport, there);
}

/// Lets everything run that can.
asio::awaitable<void> settle() {
    for (int i = 0; i < 20; ++i) {
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    }
}

} // namespace

TEST_CASE("a transport is opened by the first who sends, and never again") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Script script;
        Bench bench(context.get_executor(), script);
        co_await settle();
        CHECK(script.opened == 0);
        for (int i = 1; i <= 3; ++i) {
            Answer answer;
            co_await send_into(bench.transport, answer);
            REQUIRE(answer->has_value());
            CHECK(script.opened == 1);
            CHECK(script.sent == i);
        }
        CHECK(bench.fake.log.empty());
    });
}

TEST_CASE("all who send while the transport opens wait for that one opening, and each gets its own answer") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Script script;
        Gate gate(context.get_executor());
        script.gate = &gate;
        Bench bench(context.get_executor(), script);
        std::deque<Answer> answers(5);
        for (std::size_t i = 0; i < answers.size(); ++i) {
            asio::co_spawn(context, send_into(bench.transport, answers[i], std::to_string(i)), asio::detached);
            co_await settle(); // some come while the opening has begun
        }
        CHECK(script.opened == 1);
        for (const auto& answer : answers) CHECK_FALSE(answer.has_value());
        gate.open();
        co_await settle();
        for (std::size_t i = 0; i < answers.size(); ++i) {
            REQUIRE(answers[i].has_value());
            REQUIRE(answers[i]->has_value());
            CHECK((*answers[i])->body == std::to_string(i));
        }
        CHECK(script.opened == 1);
        CHECK(script.sent == 5);
    });
}

TEST_CASE("an opening that fails is shared by those who waited for it, told in the log, and tried again") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Script script;
        script.fails = error::connection_failed;
        Gate gate(context.get_executor());
        script.gate = &gate;
        Bench bench(context.get_executor(), script);
        std::deque<Answer> answers(3);
        for (auto& answer : answers) asio::co_spawn(context, send_into(bench.transport, answer), asio::detached);
        co_await settle();
        gate.open();
        co_await settle();
        for (const auto& answer : answers) {
            REQUIRE(answer.has_value());
            CHECK(answer->error() == error::connection_failed);
        }
        CHECK(script.opened == 1);
        CHECK(bench.fake.log == "the transport could not be opened: " +
                                    make_error_code(error::connection_failed).message() + "\n");
        Answer again;
        co_await send_into(bench.transport, again);
        CHECK(again->error() == error::connection_failed);
        CHECK(script.opened == 2);
        script.fails.clear();
        co_await send_into(bench.transport, again);
        CHECK(again->has_value());
        CHECK(script.opened == 3);
        CHECK(script.sent == 1);
    });
}

TEST_CASE("an opening that throws has failed with what the exception stands for") {
    for (const bool at_once : {true, false}) {
        CAPTURE(at_once);
        run([&](asio::io_context& context) -> asio::awaitable<void> {
            Script script;
            (at_once ? script.throws_at_once : script.throws_later) = true;
            Bench bench(context.get_executor(), script);
            Answer answer;
            co_await send_into(bench.transport, answer);
            CHECK(answer->error() == error::tls_failed);
            script.throws_at_once = script.throws_later = false;
            co_await send_into(bench.transport, answer);
            CHECK(answer->has_value());
            CHECK(script.opened == 2);
        });
    }
}

TEST_CASE("who is cancelled gets that at once, and the opening goes on for the others, even if it began it") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Script script;
        Gate gate(context.get_executor());
        script.gate = &gate;
        Bench bench(context.get_executor(), script);
        asio::cancellation_signal signal;
        Answer first;
        Answer second;
        asio::co_spawn(context, send_into(bench.transport, first),
                       asio::bind_cancellation_slot(signal.slot(), asio::detached));
        asio::co_spawn(context, send_into(bench.transport, second), asio::detached);
        co_await settle();
        signal.emit(asio::cancellation_type::terminal);
        co_await settle();
        REQUIRE(first.has_value());
        CHECK(first->error() == asio::error::operation_aborted);
        CHECK_FALSE(second.has_value());
        CHECK_FALSE(script.cancelled);
        gate.open();
        co_await settle();
        REQUIRE(second.has_value());
        CHECK(second->has_value());
        CHECK(script.opened == 1);
        CHECK(script.sent == 1);
    });
}

TEST_CASE("an opening that nobody waits for any more serves whoever comes later") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Script script;
        Gate gate(context.get_executor());
        script.gate = &gate;
        Bench bench(context.get_executor(), script);
        asio::cancellation_signal signal;
        Answer first;
        asio::co_spawn(context, send_into(bench.transport, first),
                       asio::bind_cancellation_slot(signal.slot(), asio::detached));
        co_await settle();
        signal.emit(asio::cancellation_type::terminal);
        co_await settle();
        gate.open();
        co_await settle();
        Answer later;
        co_await send_into(bench.transport, later);
        CHECK(later->has_value());
        CHECK(script.opened == 1);
    });
}

TEST_CASE("an opening keeps whoever owns the world until it has ended, and no longer") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Script script;
        Gate gate(context.get_executor());
        script.gate = &gate;
        auto bench = std::make_shared<Bench>(context.get_executor(), script);
        bench->fake.world.belong_to(bench);
        const std::weak_ptr<Bench> watch = bench;
        bool opening_went_first = false;
        script.farewell = std::shared_ptr<void>(nullptr, [&](void*) { opening_went_first = !watch.expired(); });
        asio::cancellation_signal signal;
        Answer answer;
        asio::co_spawn(context, send_into(bench->transport, answer),
                       asio::bind_cancellation_slot(signal.slot(), asio::detached));
        co_await settle();
        signal.emit(asio::cancellation_type::terminal);
        bench.reset();
        co_await settle();
        CHECK(answer.has_value()); // nobody waits
        CHECK_FALSE(watch.expired());
        CHECK_FALSE(opening_went_first);
        gate.open();
        co_await settle();
        CHECK(opening_went_first);
        CHECK(watch.expired());
    });
}

TEST_CASE("a context that ends while the transport opens takes it all with it, and calls nobody") {
    for (const bool alone : {false, true}) {
        CAPTURE(alone); // whether only the opening has the transport still
        Script script;
        Answer answer;
        bool opening_went_first = false;
        std::weak_ptr<Bench> watch;
        {
            asio::cancellation_signal signal;
            asio::io_context context;
            Gate gate(context.get_executor());
            script.gate = &gate;
            auto bench = std::make_shared<Bench>(context.get_executor(), script);
            bench->fake.world.belong_to(bench);
            watch = bench;
            script.farewell = std::shared_ptr<void>(nullptr, [&](void*) { opening_went_first = !watch.expired(); });
            asio::co_spawn(context, send_holding(std::move(bench), answer),
                           asio::bind_cancellation_slot(signal.slot(), asio::detached));
            context.poll();
            CHECK(script.opened == 1);
            if (alone) signal.emit(asio::cancellation_type::terminal);
            context.poll();
            CHECK(answer.has_value() == alone);
            CHECK_FALSE(watch.expired());
        }
        CHECK(answer.has_value() == alone);
        CHECK(opening_went_first);
        CHECK(watch.expired());
        CHECK(script.sent == 0);
    }
}
