#include "../producer/fixture.hpp"
#include "../run.hpp"
#include "../storage/temporary.hpp"
#include "../world.hpp"

#include <sluice/blocking_producer.hpp>
#include <sluice/dead_letters/blocking_letter_box.hpp>
#include <sluice/dead_letters/letter_box.hpp>
#include <sluice/dead_letters/redrive.hpp>
#include <sluice/dead_letters/sqlite.hpp>
#include <sluice/storage/sqlite.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using sluice::DeadLetter;
using sluice::error;
using sluice::LetterFilter;
using sluice::Record;
using sluice::SqliteDeadLetters;
using sluice::asio::awaitable;

DeadLetter letter(std::uint64_t sequence, Record record, error why = error::gave_up) {
    if (record.stream.empty()) record.stream = "clicks";
    return DeadLetter(sluice::RecordId({}, sequence), std::move(record), why);
}

awaitable<void> fill(boost::asio::io_context& context, const std::filesystem::path& path,
                     std::vector<DeadLetter> letters) {
    TestWorld test(context.get_executor());
    const SqliteDeadLetters recipe(path);
    auto opened = co_await recipe.open(test.world);
    REQUIRE(opened.has_value());
    const auto taken = co_await opened->take_all(std::move(letters));
    CHECK(taken.has_value());
}

awaitable<std::int64_t> left_in(boost::asio::io_context& context, const std::filesystem::path& path) {
    sluice::LetterBox box(context.get_executor(), path);
    co_return co_await box.async_count();
}

/// What `async_redrive` completes with.
class Told : public sluice::Redriven {
public:
    Told(sluice::error_code why, const sluice::Redriven& done) : Redriven(done), failure(why) {}
    sluice::error_code failure;
};

template <class Producer>
awaitable<Told> again(Producer& producer, std::filesystem::path path, LetterFilter filter = LetterFilter()) {
    auto redriving = sluice::async_redrive(producer, std::move(path), std::move(filter),
                                           boost::asio::as_tuple(boost::asio::use_awaitable));
    const auto told = co_await std::move(redriving);
    co_return Told(std::get<0>(told), std::get<1>(told));
}

/// Takes records as it is told to, and remembers them.
class Pretender {
public:
    explicit Pretender(boost::asio::io_context& context) : context_(context) {}

    [[nodiscard]] boost::asio::any_io_executor get_executor() const { return context_.get_executor(); }

    template <class Token>
    auto async_put_all(const std::vector<Record>& records, Token&& token) {
        return boost::asio::async_initiate<Token, void(sluice::error_code, sluice::PutReport)>(
            [this, &records](auto handler) {
                sluice::PutReport report;
                sluice::error_code failure;
                for (std::size_t i = 0; i < records.size(); ++i) {
                    const auto why = answer ? answer(records[i]) : sluice::error_code();
                    if (why) report.refused.emplace_back(i, why);
                    else ++report.accepted;
                    if (!why) taken.push_back(records[i]);
                    if (!failure) failure = why;
                }
                if (cut_short) report = sluice::PutReport();
                if (cut_short) failure = boost::asio::error::operation_aborted;
                const auto executor = boost::asio::get_associated_executor(handler);
                boost::asio::post(executor, [handler = std::move(handler), failure, report]() mutable {
                    std::move(handler)(failure, std::move(report));
                });
            },
            token);
    }

    [[nodiscard]] sluice::Stats stats() const { return counts; }

    std::function<sluice::error_code(const Record&)> answer;
    std::vector<Record> taken;
    sluice::Stats counts;
    bool cut_short = false;

private:
    boost::asio::io_context& context_;
};

std::vector<DeadLetter> three() {
    std::vector<DeadLetter> letters;
    for (std::uint64_t i = 1; i <= 3; ++i) letters.push_back(letter(i, Record("key", std::to_string(i))));
    return letters;
}

} // namespace

TEST_CASE("letters are put again as they were, the oldest first, and leave the box") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    run([&](boost::asio::io_context& context) -> awaitable<void> {
        Record full("user", std::string("\0\xFF", 2));
        full.stream = "orders";
        full.explicit_hash_key = "17";
        full.headers.emplace_back("trace", "00-ab");
        full.time_to_live = 5min;
        Record keyless("data");
        keyless.stream = "clicks";
        std::vector<DeadLetter> letters;
        letters.push_back(letter(9, full));
        letters.push_back(letter(2, keyless));
        co_await fill(context, path, std::move(letters));
        Pretender producer(context);
        const auto done = co_await again(producer, path);
        CHECK(done.accepted == 2);
        CHECK(done.refused == 0);
        CHECK_FALSE(done.failure);
        REQUIRE(producer.taken.size() == 2);
        CHECK(producer.taken[0] == full);
        CHECK(producer.taken[1] == keyless);
        const auto left = co_await left_in(context, path);
        CHECK(left == 0);
        const auto more = co_await again(producer, path);
        CHECK(more.accepted == 0);
        CHECK_FALSE(more.failure);
    });
}

TEST_CASE("only the letters that are meant are put again") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    run([&](boost::asio::io_context& context) -> awaitable<void> {
        std::vector<DeadLetter> letters;
        for (std::uint64_t i = 0; i < 12; ++i) {
            Record record("key", std::to_string(i));
            record.stream = i % 2 == 0 ? "clicks" : "orders";
            letters.push_back(letter(i, std::move(record), i % 3 == 0 ? error::expired : error::gave_up));
        }
        co_await fill(context, path, std::move(letters));
        Pretender producer(context);
        const LetterFilter which("clicks", "expired");
        const auto some = co_await again(producer, path, which);
        CHECK(some.accepted == 2);
        REQUIRE(producer.taken.size() == 2);
        CHECK(producer.taken[0].data == "0");
        CHECK(producer.taken[1].data == "6");
        LetterFilter few;
        few.most = 3;
        const auto next = co_await again(producer, path, few);
        CHECK(next.accepted == 3);
        CHECK(producer.taken.back().data == "3");
        few.most = 0;
        const auto none = co_await again(producer, path, few);
        CHECK(none.accepted == 0);
        const auto left = co_await left_in(context, path);
        CHECK(left == 7);
    });
}

TEST_CASE("a record that is refused stays, and does not keep the others back") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    run([&](boost::asio::io_context& context) -> awaitable<void> {
        co_await fill(context, path, three());
        Pretender producer(context);
        producer.answer = [](const Record& record) {
            return record.data == "2" ? make_error_code(error::headers_need_aggregate) : sluice::error_code();
        };
        const auto done = co_await again(producer, path);
        CHECK(done.accepted == 2);
        CHECK(done.refused == 1);
        CHECK(done.refusal == error::headers_need_aggregate);
        CHECK_FALSE(done.failure);
        producer.answer = nullptr;
        const auto more = co_await again(producer, path);
        CHECK(more.accepted == 1);
        CHECK(producer.taken.back().data == "2");
    });
}

TEST_CASE("nothing leaves the box for a producer that takes nothing, whatever it says") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    run([&](boost::asio::io_context& context) -> awaitable<void> {
        co_await fill(context, path, three());
        Pretender producer(context);
        producer.answer = [](const Record&) { return make_error_code(error::buffer_full); };
        const auto full = co_await again(producer, path);
        CHECK(full.failure == error::buffer_full);
        CHECK(full.refused == 3);
        producer.answer = nullptr;
        producer.cut_short = true;
        const auto cut = co_await again(producer, path);
        CHECK(cut.failure == boost::asio::error::operation_aborted);
        CHECK(cut.accepted == 0);
        Fixture its(context);
        its.producer.disable();
        const auto disabled = co_await again(its.producer, path);
        CHECK(disabled.failure == error::disabled);
        CHECK(disabled.accepted == 0);
        co_await its.producer.async_close(boost::asio::use_awaitable);
        const auto closed = co_await again(its.producer, path);
        CHECK(closed.failure == error::closed);
        const auto left = co_await left_in(context, path);
        CHECK(left == 3);
    });
}

TEST_CASE("what is no letter any more stays, and does not keep the others back") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    run([&](boost::asio::io_context& context) -> awaitable<void> {
        co_await fill(context, path, three());
        sqlite3* other = nullptr;
        REQUIRE(sqlite3_open(path.c_str(), &other) == SQLITE_OK);
        CHECK(sqlite3_exec(other, "UPDATE letters SET letter = '{}' WHERE number = 1", nullptr, nullptr, nullptr) == 0);
        sqlite3_close(other);
        Pretender producer(context);
        const auto done = co_await again(producer, path);
        CHECK(done.accepted == 2);
        CHECK(done.refused == 1);
        CHECK(done.refusal == error::malformed);
        CHECK_FALSE(done.failure);
        const auto left = co_await left_in(context, path);
        CHECK(left == 1);
    });
}

TEST_CASE("what is left of a record without its data is not put again as an empty one") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    run([&](boost::asio::io_context& context) -> awaitable<void> {
        auto letters = three();
        letters[0].reason = error::storage_corrupt;
        letters[0].record.data.clear();
        letters[1].reason = error::storage_corrupt; // its data is there
        letters[2].record.data.clear();             // it never had any
        co_await fill(context, path, std::move(letters));
        Pretender producer(context);
        const auto done = co_await again(producer, path);
        CHECK(done.accepted == 2);
        CHECK(done.refused == 1);
        CHECK(done.refusal == error::malformed);
        CHECK_FALSE(done.failure);
        const auto left = co_await left_in(context, path);
        CHECK(left == 1);
    });
}

TEST_CASE("a file that is not there is no empty one, and is not made") {
    const TemporaryDirectory directory;
    run([&](boost::asio::io_context& context) -> awaitable<void> {
        Pretender producer(context);
        const auto done = co_await again(producer, directory / "letters");
        CHECK(done.failure == error::storage_unwritable);
        CHECK_FALSE(std::filesystem::exists(directory / "letters"));
    });
}

TEST_CASE("more letters than a page holds are put again, each once") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    run([&](boost::asio::io_context& context) -> awaitable<void> {
        std::vector<DeadLetter> letters;
        for (std::uint64_t i = 0; i < 12; ++i) letters.push_back(letter(i, Record("key", std::string(1'000'000, 'x'))));
        co_await fill(context, path, std::move(letters));
        Pretender producer(context);
        const auto done = co_await again(producer, path);
        CHECK(done.accepted == 12);
        CHECK(producer.taken.size() == 12);
        const auto left = co_await left_in(context, path);
        CHECK(left == 0);
    });
}

TEST_CASE("what dies again in the producer that keeps its letters there is left to the next time") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    run([&](boost::asio::io_context& context) -> awaitable<void> {
        co_await fill(context, path, three());
        auto script = std::make_shared<Script>();
        script->repeat_last = true;
        script->replies.emplace_back([](const std::string&, auto) { return fail(error::request_refused); });
        auto producer = sluice::make_producer(context.get_executor(), quick(), ScriptedDestination{script},
                                              NobodySigns{}, NoTransport{}, SqliteDeadLetters{path},
                                              sluice::SqliteStorage{directory / "buffer"});
        const auto done = co_await again(producer, path);
        CHECK(done.accepted == 3);
        co_await producer.async_flush(boost::asio::use_awaitable);
        const auto back = co_await left_in(context, path);
        CHECK(back == 3);
        script->replies.clear();
        const auto more = co_await again(producer, path);
        CHECK(more.accepted == 3);
        co_await producer.async_flush(boost::asio::use_awaitable);
        CHECK(script->taken.size() == 3);
        const auto left = co_await left_in(context, path);
        CHECK(left == 0);
        co_await producer.async_close(boost::asio::use_awaitable);
    });
}

TEST_CASE("cancelled, it tells what was done until then, and what it took out was accepted") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    run([&](boost::asio::io_context& context) -> awaitable<void> { co_await fill(context, path, three()); });
    boost::asio::io_context context;
    Pretender producer(context);
    boost::asio::cancellation_signal signal;
    producer.answer = [&](const Record& record) {
        if (record.data == "2") signal.emit(boost::asio::cancellation_type::terminal);
        return sluice::error_code();
    };
    std::optional<Told> told;
    sluice::async_redrive(producer, path,
                          boost::asio::bind_cancellation_slot(
                              signal.slot(), [&](sluice::error_code failure, const sluice::Redriven& done) {
                                  told.emplace(failure, done);
                              }));
    context.run();
    REQUIRE(told.has_value());
    CHECK(told->failure == boost::asio::error::operation_aborted);
    CHECK(sluice::BlockingLetterBox(path).count() == static_cast<std::int64_t>(3 - told->accepted));
}

TEST_CASE("without a coroutine, letters are put again by a producer that blocks") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    run([&](boost::asio::io_context& context) -> awaitable<void> { co_await fill(context, path, three()); });
    auto script = std::make_shared<Script>();
    sluice::BlockingProducer<ScriptedDestination, NobodySigns, NoTransport> producer{
        quick(), ScriptedDestination{script}, NobodySigns{}, NoTransport{}};
    LetterFilter one;
    one.most = 1;
    CHECK(sluice::redrive(producer, path, one).accepted == 1);
    CHECK(sluice::BlockingLetterBox(path).count() == 2);
    CHECK(sluice::redrive(producer, path).accepted == 2);
    producer.flush();
    REQUIRE(script->taken.size() == 3);
    CHECK(script->taken[0].data == "1");
    CHECK_THROWS_AS(sluice::redrive(producer, directory / "none"), boost::system::system_error);
    sluice::error_code failure;
    CHECK(sluice::redrive(producer, path, LetterFilter(), failure).accepted == 0);
    CHECK_FALSE(failure);
}
