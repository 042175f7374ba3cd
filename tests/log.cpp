#include <sluice/error.hpp>
#include <sluice/log.hpp>
#include <sluice/secrets.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

static_assert(!std::is_aggregate_v<sluice::Log>);

static_assert(sluice::detail::Loggable<std::string>);
static_assert(sluice::detail::Loggable<std::string_view>);
static_assert(sluice::detail::Loggable<const char*>);
static_assert(sluice::detail::Loggable<char[4]>);
static_assert(sluice::detail::Loggable<std::size_t>);
static_assert(sluice::detail::Loggable<double>);
static_assert(sluice::detail::Loggable<sluice::error_code>);
static_assert(!sluice::detail::Loggable<sluice::Secret>);
static_assert(!sluice::detail::Loggable<sluice::Secrets>);
static_assert(!sluice::detail::Loggable<std::shared_ptr<int>>);
static_assert(!sluice::detail::Loggable<void*>);
static_assert(!sluice::detail::Loggable<std::nullptr_t>);

namespace {

template <class... Parts>
concept CanLog = requires(const sluice::Log& log, const Parts&... parts) { log.info(parts...); };

static_assert(CanLog<const char*, int>);
static_assert(!CanLog<const char*, sluice::Secret>, "one secret among the parts spoils the line");

class Lines {
public:
    std::vector<std::string> seen;

    sluice::LogSink sink() {
        return [this](sluice::LogLevel level, std::string_view line) {
            seen.push_back(std::string(to_string(level)) + ": " + std::string(line));
        };
    }
};

} // namespace

TEST_CASE("a line joins its parts without anything between") {
    Lines lines;
    const sluice::Log log(lines.sink());
    const sluice::error_code code = sluice::error::closed;
    log.warning("a", std::string("b"), std::string_view("c"), 1, -2, std::size_t{3}, " ", code);
    REQUIRE(lines.seen.size() == 1);
    CHECK(lines.seen[0] == "warning: abc1-23 " + code.message());
}

TEST_CASE("lines below the least level are not made") {
    Lines lines;
    const sluice::Log log(lines.sink(), sluice::LogLevel::warning);
    log.debug("no");
    log.info("no");
    log.warning("yes");
    log.error("yes");
    CHECK(lines.seen == std::vector<std::string>{"warning: yes", "error: yes"});
}

TEST_CASE("the least level is info unless told") {
    Lines lines;
    const sluice::Log log(lines.sink());
    log.debug("no");
    log.info("yes");
    CHECK(lines.seen == std::vector<std::string>{"info: yes"});
}

TEST_CASE("every level can be asked for") {
    Lines lines;
    const sluice::Log log(lines.sink(), sluice::LogLevel::debug);
    log.debug("x");
    log.info("x");
    log.warning("x");
    log.error("x");
    CHECK(lines.seen == std::vector<std::string>{"debug: x", "info: x", "warning: x", "error: x"});
}

TEST_CASE("a line has no line breaks, whoever wrote its parts") {
    Lines lines;
    const sluice::Log log(lines.sink());
    log.info("profile ", std::string("x is fine\nerror: forged\r\x1b[2J\x7f"), " \xc3\xbc");
    CHECK(lines.seen == std::vector<std::string>{"info: profile x is fine error: forged  [2J  \xc3\xbc"});
}

TEST_CASE("a log without a sink takes lines and drops them") {
    const sluice::Log log;
    log.error("x", 1);
    const sluice::Log empty{sluice::LogSink{}};
    empty.error("x");
}

TEST_CASE("a level that does not exist has a name all the same") {
    CHECK(to_string(static_cast<sluice::LogLevel>(9)) == "unknown");
}
