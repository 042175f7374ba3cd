#include <sluice/storage/store_log.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace sluice;

class Lines {
public:
    std::vector<std::string> all;
    detail::StoreLog log = detail::StoreLog("storage x: ", Log([this](LogLevel level, std::string_view line) {
        all.push_back(std::string(to_string(level)) + " " + std::string(line));
    }));
};

} // namespace

TEST_CASE("a failure of a store is told once, until something was written again") {
    Lines lines;
    lines.log.tell("part ", 7, " is gone");
    lines.log.tell("part ", 7, " is gone");
    CHECK(lines.all == std::vector<std::string>{"error storage x: part 7 is gone"});
    lines.log.tell("part ", 8, " is gone");
    CHECK(lines.all.size() == 2);
    lines.log.settle();
    lines.log.tell("part ", 8, " is gone");
    CHECK(lines.all.size() == 3);
}

TEST_CASE("what a storage does not say is in the log, and what it does is not") {
    Lines lines;
    CHECK(lines.log.told(error::storage_locked) == error::storage_locked);
    CHECK(lines.all.empty());
    CHECK(lines.log.told(error::throttled) == error::storage_failed);
    REQUIRE(lines.all.size() == 1);
    CHECK(lines.all.front().find(make_error_code(error::throttled).message()) != std::string::npos);
}

TEST_CASE("what is no failure is told each time") {
    Lines lines;
    for (int i = 0; i < 2; ++i) {
        lines.log.info("waits");
        lines.log.warning("is late");
        lines.log.error("is damaged");
    }
    CHECK(lines.all.size() == 6);
    CHECK(lines.all.front() == "info storage x: waits");
}
