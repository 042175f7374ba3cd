#include "run.hpp"
#include "world.hpp"

#include <sluice/dead_letters/report.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

class Written {
public:
    std::vector<std::string> lines;
    sluice::LogLevel level = sluice::LogLevel::debug;

    sluice::Options options() {
        sluice::Options options{"clicks"};
        options.log = sluice::Log([this](sluice::LogLevel its_level, std::string_view line) {
            level = its_level;
            lines.emplace_back(line);
        });
        return options;
    }
};

sluice::DeadLetter letter() {
    sluice::Record record{"the key", "the data"};
    record.stream = "orders";
    return sluice::DeadLetter(sluice::RecordId({}, 17), record, sluice::error::expired);
}

boost::asio::awaitable<void> report(sluice::Options options, sluice::DeadLetter letter) {
    TestWorld test(co_await boost::asio::this_coro::executor, std::move(options));
    auto opened = co_await sluice::ReportDeadLetters{}.open(test.world);
    REQUIRE(opened.has_value());
    const auto taken = co_await opened->take(std::move(letter));
    CHECK(taken.has_value());
}

bool has(const std::string& line, std::string_view words) {
    return line.find(words) != std::string::npos;
}

} // namespace

TEST_CASE("a dead letter is one warning with stream, place, size and reason") {
    Written written;
    run([&](boost::asio::io_context&) { return report(written.options(), letter()); });
    REQUIRE(written.lines.size() == 1);
    const auto& line = written.lines[0];
    CAPTURE(line);
    CHECK(written.level == sluice::LogLevel::warning);
    CHECK(has(line, "17"));
    CHECK(has(line, "orders"));
    CHECK(has(line, "8 bytes"));
    CHECK(has(line, sluice::make_error_code(sluice::error::expired).message()));
    CHECK_FALSE(has(line, "service said"));
}

TEST_CASE("the data and the key of a dead letter are not written") {
    Written written;
    run([&](boost::asio::io_context&) { return report(written.options(), letter()); });
    REQUIRE(written.lines.size() == 1);
    CHECK_FALSE(has(written.lines[0], "the data"));
    CHECK_FALSE(has(written.lines[0], "the key"));
}

TEST_CASE("what the service said last stands in the line") {
    Written written;
    auto dead = letter();
    dead.attempts.emplace_back(sluice::wall_time{}, std::chrono::nanoseconds(1), sluice::error::throttled, "A", "first");
    dead.attempts.emplace_back(sluice::wall_time{}, std::chrono::nanoseconds(1), sluice::error::record_failed, "B",
                               "Internal failure.");
    run([&](boost::asio::io_context&) { return report(written.options(), dead); });
    REQUIRE(written.lines.size() == 1);
    CHECK(has(written.lines[0], "Internal failure."));
    CHECK_FALSE(has(written.lines[0], "first"));
}

TEST_CASE("without a log the letter is taken all the same") {
    run([](boost::asio::io_context&) { return report(sluice::Options{"clicks"}, letter()); });
}
