#include "chosen.hpp"
#include "fixture.hpp"
#include "../dead_letters/commit_count.hpp"
#include "../run.hpp"
#include "../storage/temporary.hpp"

#include <sluice/dead_letters/file.hpp>
#include <sluice/dead_letters/letter_box.hpp>
#include <sluice/dead_letters/read_letters.hpp>
#include <sluice/dead_letters/sqlite.hpp>
#include <sluice/dead_letters/to.hpp>
#include <sluice/storage/sqlite.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace asio = boost::asio;
using asio::awaitable;
using namespace std::chrono_literals;
using sluice::error;

namespace {

using Callable = std::function<sluice::result<void>(sluice::DeadLetter)>;

/// Dead letters of any kind: one type for all tests, so that they compile one producer.
class ChosenDeadLetters {
public:
    using policy_kind = sluice::kind::dead_letters;

    template <sluice::DeadLetters L>
    explicit ChosenDeadLetters(L letters) : letters_(std::move(letters)) {}

    class Running {
    public:
        template <sluice::RunningDeadLetters L>
        explicit Running(L letters) : letters_(std::move(letters)) {}

        awaitable<sluice::result<void>> take(sluice::DeadLetter letter) {
            return std::visit([&](auto& its) { return its.take(std::move(letter)); }, letters_);
        }

    private:
        std::variant<sluice::FileDeadLetters::Running, sluice::SqliteDeadLetters::Running,
                     sluice::DeadLettersTo<Callable>::Running> letters_;
    };

    awaitable<sluice::result<Running>> open(sluice::World& world) const {
        return std::visit([&](const auto& its) { return open_as(its, world); }, letters_);
    }

private:
    template <class L>
    static awaitable<sluice::result<Running>> open_as(const L& letters, sluice::World& world) {
        auto running = co_await letters.open(world);
        if (!running) co_return running.error();
        co_return Running(*std::move(running));
    }

    std::variant<sluice::FileDeadLetters, sluice::SqliteDeadLetters, sluice::DeadLettersTo<Callable>> letters_;
};

/// A producer whose service takes nothing; without a file records wait in memory.
template <sluice::DeadLetters L>
auto refused(asio::io_context& context, std::string& log, L letters,
             std::optional<sluice::SqliteStorage> file = std::nullopt) {
    auto script = std::make_shared<Script>();
    script->repeat_last = true;
    script->replies.emplace_back([](const std::string&, auto) { return fail(error::request_refused); });
    auto options = quick();
    options.log = sluice::Log([&log](sluice::LogLevel, std::string_view line) { log.append(line).append("\n"); });
    return sluice::make_producer(context.get_executor(), std::move(options), ScriptedDestination{script},
                                 NobodySigns{}, NoTransport{}, ChosenDeadLetters(std::move(letters)),
                                 ChosenStorage(std::move(file), std::make_shared<Bodies>()));
}

/// Dead letters that take many at a time, unless one of them is bad, and what they were given.
class BatchLetters {
public:
    using policy_kind = sluice::kind::dead_letters;

    /// What happened.
    class Book {
    public:
        [[nodiscard]] sluice::result<void> file(std::vector<sluice::DeadLetter> some) {
            offers.push_back(some.size());
            for (auto& letter : some) {
                if (letter.record.data != "bad" || bad == 0) continue;
                if (some.size() == 1) --bad;
                return error::storage_full;
            }
            for (auto& letter : some) letters.push_back(std::move(letter));
            return {};
        }

        std::vector<sluice::DeadLetter> letters;
        std::vector<std::size_t> offers;
        int bad = 0; ///< How often a letter that says so is refused by itself.
    };

    explicit BatchLetters(std::shared_ptr<Book> book) : book_(std::move(book)) {}

    class Running {
    public:
        explicit Running(std::shared_ptr<Book> book) : book_(std::move(book)) {}

        awaitable<sluice::result<void>> take(sluice::DeadLetter letter) {
            std::vector<sluice::DeadLetter> one;
            one.push_back(std::move(letter));
            co_return book_->file(std::move(one));
        }

        awaitable<sluice::result<void>> take_all(std::vector<sluice::DeadLetter> letters) {
            CHECK(letters.size() > 1);
            co_return book_->file(std::move(letters));
        }

    private:
        std::shared_ptr<Book> book_;
    };

    awaitable<sluice::result<Running>> open(sluice::World&) const { co_return Running(book_); }

private:
    std::shared_ptr<Book> book_;
};

/// Other dead letters, with a count of what they are asked.
template <class Other>
class Counted {
public:
    using policy_kind = sluice::kind::dead_letters;
    using Base = sluice::running_t<Other>;

    Counted(Other other, std::shared_ptr<int> calls) : other_(std::move(other)), calls_(std::move(calls)) {}

    class Running {
    public:
        Running(Base base, std::shared_ptr<int> calls) : base_(std::move(base)), calls_(std::move(calls)) {}

        awaitable<sluice::result<void>> take(sluice::DeadLetter letter) {
            ++*calls_;
            return base_.take(std::move(letter));
        }

        awaitable<sluice::result<void>> take_all(std::vector<sluice::DeadLetter> letters) {
            ++*calls_;
            return base_.take_all(std::move(letters));
        }

    private:
        Base base_;
        std::shared_ptr<int> calls_;
    };

    awaitable<sluice::result<Running>> open(sluice::World& world) const {
        auto opened = co_await other_.open(world);
        if (!opened) co_return opened.error();
        co_return Running(std::move(*opened), calls_);
    }

private:
    Other other_;
    std::shared_ptr<int> calls_;
};

/// A producer that reaches nobody, with these policies.
template <class... Policies>
auto offline(asio::io_context& context, sluice::Options options, Policies... policies) {
    auto script = std::make_shared<Script>();
    script->repeat_last = true;
    script->replies.emplace_back([](const std::string&, auto) { return fail(error::connection_failed); });
    return sluice::make_producer(context.get_executor(), std::move(options), ScriptedDestination{script},
                                 NobodySigns{}, NoTransport{}, std::move(policies)...);
}

std::vector<sluice::Record> many(std::size_t count, std::size_t bytes = 0) {
    std::vector<sluice::Record> records;
    for (std::size_t i = 0; i < count; ++i) {
        auto data = std::to_string(i);
        data.resize(std::max(bytes, data.size()), 'x');
        records.emplace_back("key", std::move(data));
    }
    return records;
}

/// Has so many records expire, and gives what dead letters were asked, how often.
template <class Recipe>
int offers_of_expired(Recipe recipe, std::size_t count) {
    auto calls = std::make_shared<int>(0);
    run([&](asio::io_context& context) -> awaitable<void> {
        auto options = quick();
        options.time_to_live = 200ms;
        auto producer = offline(context, options, Counted<Recipe>(std::move(recipe), calls));
        const auto records = many(count);
        co_await producer.async_put_all(records, asio::use_awaitable);
        const auto report = co_await producer.async_flush(60s, asio::use_awaitable);
        CHECK(report.expired == count);
        CHECK(report.left == 0);
        co_await producer.async_close(asio::use_awaitable);
    });
    return *calls;
}

/// Puts three records, flushes for a while, and closes.
template <class Producer>
awaitable<sluice::FlushReport> put_three(Producer& producer, std::chrono::milliseconds timeout = 30s) {
    for (const auto* data : {"payload-1", "payload-2", "payload-3"}) {
        co_await producer.async_put(sluice::Record("key", data), asio::use_awaitable);
    }
    auto report = co_await producer.async_flush(timeout, asio::use_awaitable);
    const auto last = co_await producer.async_close(0ms, asio::use_awaitable);
    report.failed += last.failed;
    report.left = last.left;
    co_return report;
}

std::size_t count(const std::string& text, std::string_view words) {
    std::size_t found = 0;
    for (auto at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) ++found;
    return found;
}

void check(const sluice::KeptLetter& letter, const std::string& data) {
    CHECK(letter.record.data == data);
    CHECK(letter.record.partition_key == "key");
    CHECK(letter.record.stream == "clicks");
    CHECK(letter.reason == "request_refused");
    CHECK(letter.message == make_error_code(error::request_refused).message());
    REQUIRE_FALSE(letter.attempts.empty());
    CHECK(letter.attempts.back().error == error::request_refused);
    CHECK(letter.attempts.back().code == "Word");
    CHECK(letter.attempts.back().message == "The service's sentence.");
}

} // namespace

TEST_CASE("what the service refuses ends in the file, with all that is known of it") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    std::string log;
    run([&](asio::io_context& context) -> awaitable<void> {
        auto producer = refused(context, log, sluice::FileDeadLetters{path});
        const auto report = co_await put_three(producer);
        CHECK(report.failed == 3);
        CHECK(report.left == 0);
    });
    std::ifstream in(path);
    int lines = 0;
    for (std::string line; std::getline(in, line);) {
        const auto letter = sluice::read_letter(line);
        REQUIRE(letter.has_value());
        check(*letter, "payload-" + std::to_string(++lines));
    }
    CHECK(lines == 3);
    CHECK(count(log, "payload") == 0);
}

TEST_CASE("what the service refuses ends in the database, with all that is known of it") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    std::string log;
    run([&](asio::io_context& context) -> awaitable<void> {
        auto producer = refused(context, log, sluice::SqliteDeadLetters{path});
        const auto report = co_await put_three(producer);
        CHECK(report.failed == 3);
        sluice::LetterBox box(context.get_executor(), path);
        const auto found = co_await box.async_read(sluice::LetterFilter());
        REQUIRE(found.size() == 3);
        for (std::size_t i = 0; i < 3; ++i) check(*found[i].letter, "payload-" + std::to_string(i + 1));
    });
    CHECK(count(log, "payload") == 0);
}

TEST_CASE("what the service refuses ends in the callable, which may fail at first") {
    std::vector<sluice::DeadLetter> letters;
    std::string log;
    int failures = 1;
    run([&](asio::io_context& context) -> awaitable<void> {
        auto keep = [&](sluice::DeadLetter letter) -> sluice::result<void> {
            if (failures-- > 0) return error::storage_full;
            letters.push_back(std::move(letter));
            return {};
        };
        auto producer = refused(context, log, sluice::DeadLettersTo<Callable>(keep));
        const auto report = co_await put_three(producer);
        CHECK(report.failed == 3);
    });
    REQUIRE(letters.size() == 3);
    CHECK(letters.front().record.data == "payload-1");
    CHECK(letters.front().reason == error::request_refused);
    CHECK(count(log, "did not take") == 1);
    CHECK(count(log, "lost") == 0);
    CHECK(count(log, "payload") == 0);
}

TEST_CASE("records that neither dead letters nor a storage keep are lost loudly, with their number") {
    std::string log;
    run([&](asio::io_context& context) -> awaitable<void> {
        auto never = [](const sluice::DeadLetter&) -> sluice::result<void> { return error::storage_full; };
        auto producer = refused(context, log, sluice::DeadLettersTo<Callable>(never));
        const auto report = co_await put_three(producer, 20ms);
        CHECK(report.failed == 3);
        CHECK(report.left == 0);
    });
    CHECK(count(log, "3 records were lost: the dead letters did not take them") == 1);
    CHECK(count(log, "did not take record") == 2); // when it happened, and at the end
    CHECK(count(log, "payload") == 0);
}

TEST_CASE("records that the dead letters do not take stay in a storage that persists, and are offered again") {
    const TemporaryDirectory directory;
    std::string log;
    std::vector<std::string> taken;
    for (const bool works : {false, true}) {
        run([&](asio::io_context& context) -> awaitable<void> {
            auto keep = [&](const sluice::DeadLetter& letter) -> sluice::result<void> {
                if (!works) return error::storage_full;
                taken.push_back(letter.record.data);
                return {};
            };
            auto producer = refused(context, log, sluice::DeadLettersTo<Callable>(keep),
                                    sluice::SqliteStorage{directory / "buffer"});
            if (works) {
                const auto report = co_await producer.async_flush(asio::use_awaitable);
                CHECK(report.failed == 3);
            } else {
                const auto report = co_await put_three(producer, 20ms);
                CHECK(report.failed == 0);
                CHECK(report.left == 3);
            }
        });
    }
    CHECK(taken == std::vector<std::string>{"payload-1", "payload-2", "payload-3"});
    CHECK(count(log, "lost") == 0);
    CHECK(count(log, "payload") == 0);
}

TEST_CASE("letters go together where the dead letters take many, each once and in order") {
    const auto book = std::make_shared<BatchLetters::Book>();
    run([&](asio::io_context& context) -> awaitable<void> {
        auto producer = offline(context, quick(), BatchLetters{book});
        const auto records = many(1'000);
        co_await producer.async_put_all(records, asio::use_awaitable);
        const auto report = co_await producer.async_close(0ms, asio::use_awaitable);
        CHECK(report.failed == 1'000);
    });
    CHECK(book->offers == std::vector<std::size_t>{256, 256, 256, 232});
    REQUIRE(book->letters.size() == 1'000);
    for (std::size_t i = 0; i < 1'000; ++i) {
        CHECK(book->letters[i].record.data == std::to_string(i));
        CHECK(book->letters[i].reason == error::closed);
    }
}

TEST_CASE("large letters go together up to 8 MiB") {
    const auto book = std::make_shared<BatchLetters::Book>();
    run([&](asio::io_context& context) -> awaitable<void> {
        auto producer = offline(context, quick(), BatchLetters{book});
        const auto records = many(20, 900'000);
        co_await producer.async_put_all(records, asio::use_awaitable);
        co_await producer.async_close(0ms, asio::use_awaitable);
    });
    CHECK(book->offers == std::vector<std::size_t>{9, 9, 2});
}

TEST_CASE("one bad letter does not hold the others, and is offered again") {
    const auto book = std::make_shared<BatchLetters::Book>();
    book->bad = 1;
    std::string log;
    run([&](asio::io_context& context) -> awaitable<void> {
        auto options = quick();
        options.time_to_live = 20ms;
        options.log = sluice::Log([&log](sluice::LogLevel, std::string_view line) { log.append(line).append("\n"); });
        auto producer = offline(context, options, BatchLetters{book});
        auto records = many(100);
        records[40].data = "bad";
        co_await producer.async_put_all(records, asio::use_awaitable);
        const auto report = co_await producer.async_flush(30s, asio::use_awaitable);
        CHECK(report.expired == 100);
        co_await producer.async_close(asio::use_awaitable);
    });
    CHECK(book->letters.size() == 100);
    std::set<std::string> data;
    for (const auto& letter : book->letters) data.insert(letter.record.data);
    CHECK(data.size() == 100);
    CHECK(count(log, "records at once") == 1);
    CHECK(count(log, "did not take record ") == 1);
}

TEST_CASE("at the end each letter of a round that failed is tried by itself, and only the bad one is lost") {
    const auto book = std::make_shared<BatchLetters::Book>();
    book->bad = 1'000;
    std::string log;
    run([&](asio::io_context& context) -> awaitable<void> {
        auto options = quick();
        options.log = sluice::Log([&log](sluice::LogLevel, std::string_view line) { log.append(line).append("\n"); });
        auto producer = offline(context, options, BatchLetters{book});
        auto records = many(10);
        records[4].data = "bad";
        co_await producer.async_put_all(records, asio::use_awaitable);
        const auto report = co_await producer.async_close(0ms, asio::use_awaitable);
        CHECK(report.failed == 10);
    });
    CHECK(book->letters.size() == 9);
    CHECK(book->offers.front() == 10);
    CHECK(count(log, "1 records were lost") == 1);
}

TEST_CASE("20,000 records that expire at once are a few hundred writes to files, or commits to a database") {
    const TemporaryDirectory directory;
    CHECK(offers_of_expired(sluice::FileDeadLetters{directory / "file"}, 20'000) < 400);
    std::uint64_t last = 0;
    const auto read = sluice::read_letters(directory / "file", [&](const sluice::KeptLetter& letter) {
        CHECK(letter.id.sequence > std::exchange(last, letter.id.sequence));
    });
    CHECK(read.value().letters == 20'000);
    const CommitCount commits;
    const auto offers = offers_of_expired(sluice::SqliteDeadLetters{directory / "database"}, 20'000);
    CHECK(offers < 400);
    CHECK(commits.count() <= offers + 10); // those of the opening
    run([&](asio::io_context& context) -> awaitable<void> {
        sluice::LetterBox box(context.get_executor(), directory / "database");
        const auto kept = co_await box.async_count();
        CHECK(kept == 20'000);
    });
}
