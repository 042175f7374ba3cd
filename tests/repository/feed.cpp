#include <sluice/repository/feed.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace {

namespace asio = boost::asio;
using sluice::error;
using sluice::repository::Feed;

class Reader {
public:
    asio::io_context context;
    std::shared_ptr<Feed<int>> feed = std::make_shared<Feed<int>>(context.get_executor(), 3);
    asio::cancellation_signal signal;

    sluice::result<std::optional<sluice::Update<int>>> next() {
        auto got = asio::co_spawn(context, feed->next(), asio::use_future);
        context.restart();
        context.run();
        return got.get();
    }
};

} // namespace

TEST_CASE("values come in their order, and then nothing") {
    Reader reader;
    reader.feed->push(1);
    reader.feed->push(2);
    reader.feed->end({});
    reader.feed->push(3);
    reader.feed->end(error::timed_out);
    for (const int value : {1, 2}) {
        const auto told = reader.next();
        REQUIRE(told.has_value());
        REQUIRE(told->has_value());
        CHECK((*told)->value == value);
        CHECK((*told)->skipped == 0);
    }
    for (int i = 0; i < 2; ++i) CHECK_FALSE(reader.next()->has_value());
}

TEST_CASE("an end has a reason, after what came before it") {
    Reader reader;
    reader.feed->push(1);
    reader.feed->end(error::timed_out);
    CHECK((*reader.next())->value == 1);
    CHECK(reader.next().error() == error::timed_out);
    CHECK(reader.next().error() == error::timed_out);
}

TEST_CASE("of what is too much the newest stays, and tells what is missing") {
    Reader reader;
    for (int i = 1; i <= 10; ++i) reader.feed->push(i);
    std::vector<int> values;
    std::uint64_t skipped = 0;
    for (int i = 0; i < 3; ++i) {
        const auto told = reader.next();
        values.push_back((*told)->value);
        skipped += (*told)->skipped;
    }
    CHECK(values == std::vector<int>{1, 2, 10});
    CHECK(skipped == 7);
}

TEST_CASE("a reader that waits is woken, from any thread") {
    Reader reader;
    auto work = asio::make_work_guard(reader.context);
    std::thread runs([&] { reader.context.run(); });
    for (int i = 0; i < 1'000; ++i) {
        auto got = asio::co_spawn(reader.context, reader.feed->next(), asio::use_future);
        reader.feed->push(i);
        const auto told = got.get();
        REQUIRE((*told)->value == i);
    }
    work.reset();
    runs.join();
}

TEST_CASE("a wait can be cancelled, and nothing is lost by it") {
    Reader reader;
    std::optional<sluice::error_code> why;
    const auto note = [&](const std::exception_ptr&, const sluice::result<std::optional<sluice::Update<int>>>& got) {
        why = got ? sluice::error_code() : got.error();
    };
    asio::co_spawn(reader.context, reader.feed->next(), asio::bind_cancellation_slot(reader.signal.slot(), note));
    reader.context.poll();
    CHECK_FALSE(why);
    reader.signal.emit(asio::cancellation_type::terminal);
    reader.context.restart();
    reader.context.poll();
    CHECK(why == boost::asio::error::operation_aborted);
    reader.feed->push(7);
    CHECK((*reader.next())->value == 7);
}

TEST_CASE("a feed may be forgotten while somebody waits") {
    auto reader = std::make_unique<Reader>();
    auto got = asio::co_spawn(reader->context, reader->feed->next(), asio::use_future);
    reader->context.poll();
    reader->feed->push(1);
    reader->feed.reset();
    reader->context.restart();
    reader->context.run();
    CHECK((*got.get())->value == 1);
}
