#include "run.hpp"

#include <sluice/options.hpp>

#include <doctest/doctest.h>

#include <concepts>
#include <cstdlib>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

static_assert(!std::is_aggregate_v<sluice::Options>);
static_assert(!std::is_aggregate_v<sluice::Options::Retry>);
static_assert(std::semiregular<sluice::Options>);
static_assert(!std::convertible_to<const char*, sluice::Options>, "a text is no set of options by accident");

namespace {

boost::asio::awaitable<std::string> name_of(sluice::Options options) {
    co_return options.stream;
}

} // namespace

TEST_CASE("options are made from the stream's name, as a text of either kind") {
    CHECK(sluice::Options{"clicks"}.stream == "clicks");
    CHECK(sluice::Options{std::string("clicks")}.stream == "clicks");
    CHECK(sluice::Options{}.stream.empty());
}

TEST_CASE("the defaults are within what the service takes") {
    const sluice::Options options;
    CHECK(options.request_records <= 500);
    CHECK(options.request_bytes <= 10U * 1024 * 1024);
    CHECK(options.max_payload == 1024U * 1024);
    CHECK(options.buffer_bytes == 64U * 1024 * 1024);
    CHECK(options.max_streams == 64);
    CHECK(options.lanes == 1'024);
    CHECK(options.flush_timeout == std::chrono::seconds(30));
    CHECK(options.wire == sluice::Wire::json);
    CHECK(options.ordering == sluice::Ordering::none);
    CHECK(options.when_full == sluice::WhenFull::wait);
    CHECK(options.auto_flush);
    CHECK(options.time_to_live == std::chrono::milliseconds::zero());
}

TEST_CASE("the defaults agree with one another") {
    const sluice::Options options;
    CHECK(options.max_payload <= options.buffer_bytes);
    CHECK(options.max_payload <= options.request_bytes);
    CHECK(options.back_off < options.longest_back_off);
    CHECK(options.connect_timeout < options.request_timeout);
    CHECK(options.commit_interval < options.linger);
    CHECK(options.retry.transient_base < options.retry.longest);
    CHECK(options.retry.throttle_base < options.retry.longest);
}

TEST_CASE("options log nowhere unless told") {
    const sluice::Options options;
    options.log.error("nobody reads this");
}

TEST_CASE("options made inside a co_await expression are destroyed once") {
    const std::string name(100, 'x');
    run([&](boost::asio::io_context&) -> boost::asio::awaitable<void> {
        const auto seen = co_await name_of(sluice::Options{name});
        CHECK(seen == name);
    });
}

namespace {

sluice::Options options_of(const std::map<std::string, std::string, std::less<>>& environment) {
    return sluice::Options::from_environment([&](std::string_view name) -> std::optional<std::string> {
        const auto found = environment.find(name);
        return found == environment.end() ? std::nullopt : std::optional(found->second);
    });
}

} // namespace

TEST_CASE("options are read from the environment") {
    const auto options = options_of({{"KINESIS_STREAM_NAME", "clicks"},
                                     {"AWS_KINESIS_NAME", "other"},
                                     {"AWS_REGION", "eu-west-1"},
                                     {"AWS_DEFAULT_REGION", "us-east-1"},
                                     {"AWS_PROFILE", "writer"},
                                     {"KINESIS_SHARD_COUNT", "4"},
                                     {"KINESIS_RETENTION_PERIOD", "168"}});
    CHECK(options.stream == "clicks");
    CHECK(options.region == "eu-west-1");
    CHECK(options.profile.empty()); // or else it would come before keys in the environment
    CHECK(options.shard_count == 4);
    CHECK(options.retention == std::chrono::hours(168));
    const auto second = options_of({{"KINESIS_STREAM_NAME", ""}, {"AWS_KINESIS_NAME", "other"},
                                    {"AWS_DEFAULT_REGION", "us-east-1"}});
    CHECK(second.stream == "other");
    CHECK(second.region == "us-east-1");
}

TEST_CASE("what the environment does not say is as ever") {
    const auto options = options_of({{"KINESIS_SHARD_COUNT", ""}});
    const sluice::Options plain;
    CHECK(options.stream.empty());
    CHECK(options.region.empty());
    CHECK(options.shard_count == plain.shard_count);
    CHECK(options.retention == plain.retention);
    CHECK(options.linger == plain.linger);
}

TEST_CASE("a number in the environment that is none, or out of its range, is refused with its name") {
    for (const auto* name : {"KINESIS_SHARD_COUNT", "KINESIS_RETENTION_PERIOD"}) {
        for (const auto* text : {"four", "0", "-1", "4 ", " 4", "4.5", "0x10", "99999999999999999999", "1000000"}) {
            CAPTURE(name);
            CAPTURE(text);
            CHECK_THROWS_WITH_AS((void)options_of({{name, text}}), doctest::Contains(name), std::invalid_argument);
        }
    }
}

TEST_CASE("options can be read from the environment of this process") {
    (void)setenv("KINESIS_STREAM_NAME", "from-the-process", 1); // NOLINT(concurrency-mt-unsafe): no other thread yet
    CHECK(sluice::Options::from_environment().stream == "from-the-process");
    (void)unsetenv("KINESIS_STREAM_NAME"); // NOLINT(concurrency-mt-unsafe)
}
