#include "run.hpp"

#include <sluice/options.hpp>

#include <doctest/doctest.h>

#include <concepts>
#include <string>
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
