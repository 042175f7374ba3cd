#include <sluice/detail/option_rules.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

using namespace std::chrono_literals;
using sluice::Options;

namespace {

/// What is said of options with this change; empty: nothing.
template <class Change>
std::string refusal(Change change) {
    Options options{"clicks"};
    change(options);
    try {
        sluice::detail::require_possible(options);
    } catch (const std::invalid_argument& refused) {
        return refused.what();
    }
    return {};
}

/// Whether a member may have this value; if not, the refusal must name it and begin as all of ours do.
template <class Value>
bool may(const char* name, Value Options::*member, std::type_identity_t<Value> value) {
    const auto said = refusal([&](Options& options) { options.*member = std::move(value); });
    if (said.empty()) return true;
    CAPTURE(said);
    CHECK(said.starts_with("sluice: "));
    CHECK(said.ends_with("."));
    CHECK(said.find(name) != std::string::npos);
    return false;
}

constexpr auto huge = std::numeric_limits<std::size_t>::max();

} // namespace

TEST_CASE("the defaults are possible, with a stream and without") {
    CHECK(refusal([](Options&) {}).empty());
    CHECK(refusal([](Options& options) { options.stream.clear(); }).empty());
}

TEST_CASE("a stream has a name that a stream can have, or none") {
    CHECK(may("stream", &Options::stream, "a"));
    CHECK(may("stream", &Options::stream, std::string(128, 'x')));
    CHECK(may("stream", &Options::stream, "A-z_0.9"));
    CHECK_FALSE(may("stream", &Options::stream, std::string(129, 'x')));
    CHECK_FALSE(may("stream", &Options::stream, "with space"));
    CHECK(may("stream", &Options::stream, "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"));
    CHECK_FALSE(may("stream", &Options::stream, "arn:aws:kinesis:eu-west-1:1:stream/clicks"));
    CHECK_FALSE(may("stream", &Options::stream, std::string("a\0b", 3)));
}

TEST_CASE("a request is within what the service takes, and has room for something") {
    CHECK(may("request_records", &Options::request_records, 1));
    CHECK(may("request_records", &Options::request_records, 500));
    CHECK_FALSE(may("request_records", &Options::request_records, 0));
    CHECK_FALSE(may("request_records", &Options::request_records, 501));
    CHECK(may("request_bytes", &Options::request_bytes, 1));
    CHECK(may("request_bytes", &Options::request_bytes, 10U << 20U));
    CHECK_FALSE(may("request_bytes", &Options::request_bytes, 0));
    CHECK_FALSE(may("request_bytes", &Options::request_bytes, (10U << 20U) + 1));
    CHECK(may("max_payload", &Options::max_payload, 1));
    CHECK(may("max_payload", &Options::max_payload, 10U << 20U));
    CHECK_FALSE(may("max_payload", &Options::max_payload, 0));
    CHECK_FALSE(may("max_payload", &Options::max_payload, (10U << 20U) + 1));
    CHECK_FALSE(may("max_payload", &Options::max_payload, huge));
}

TEST_CASE("what counts things has to have one of them") {
    CHECK(may("requests_in_flight", &Options::requests_in_flight, 1));
    CHECK_FALSE(may("requests_in_flight", &Options::requests_in_flight, 0));
    CHECK(may("max_streams", &Options::max_streams, 1));
    CHECK_FALSE(may("max_streams", &Options::max_streams, 0));
    CHECK(may("lanes", &Options::lanes, 1));
    CHECK(may("lanes", &Options::lanes, 65'535));
    CHECK_FALSE(may("lanes", &Options::lanes, 0));
    CHECK_FALSE(may("lanes", &Options::lanes, 65'536));
}

TEST_CASE("a buffer has room, however little or much") {
    CHECK(may("buffer_bytes", &Options::buffer_bytes, 1));
    CHECK(may("buffer_bytes", &Options::buffer_bytes, huge));
    CHECK_FALSE(may("buffer_bytes", &Options::buffer_bytes, 0));
    CHECK(may("buffer_records", &Options::buffer_records, 1));
    CHECK(may("buffer_records", &Options::buffer_records, huge));
    CHECK_FALSE(may("buffer_records", &Options::buffer_records, 0));
    CHECK(may("window_bytes", &Options::window_bytes, 0)); // then one chunk at a time is in memory
}

TEST_CASE("no time runs backwards") {
    CHECK(may("linger", &Options::linger, 0ms));
    CHECK_FALSE(may("linger", &Options::linger, -1ms));
    CHECK(may("commit_interval", &Options::commit_interval, 0ms));
    CHECK_FALSE(may("commit_interval", &Options::commit_interval, -1ms));
    CHECK(may("time_to_live", &Options::time_to_live, 0ms));
    CHECK_FALSE(may("time_to_live", &Options::time_to_live, -1ms));
    CHECK(may("flush_timeout", &Options::flush_timeout, 0ms));
    CHECK_FALSE(may("flush_timeout", &Options::flush_timeout, -1ms));
    CHECK(may("close_timeout", &Options::close_timeout, 0ms));
    CHECK_FALSE(may("close_timeout", &Options::close_timeout, -1ms));
    CHECK_FALSE(may("linger", &Options::linger, std::chrono::milliseconds::min()));
}

TEST_CASE("a connection and a request need some time") {
    CHECK(may("connect_timeout", &Options::connect_timeout, 1ms));
    CHECK_FALSE(may("connect_timeout", &Options::connect_timeout, 0ms));
    CHECK(may("request_timeout", &Options::request_timeout, 1ms));
    CHECK_FALSE(may("request_timeout", &Options::request_timeout, 0ms));
    CHECK_FALSE(may("request_timeout", &Options::request_timeout, -1ms));
}

TEST_CASE("the longest back-off is not the shorter one") {
    const auto with = [](std::chrono::milliseconds first, std::chrono::milliseconds longest) {
        return refusal([&](Options& options) {
            options.back_off = first;
            options.longest_back_off = longest;
        });
    };
    CHECK(with(0ms, 0ms).empty());
    CHECK(with(5ms, 5ms).empty());
    CHECK(with(5ms, 4ms).find("longest_back_off") != std::string::npos);
    CHECK(with(-1ms, 4ms).find("back_off") != std::string::npos);
}

TEST_CASE("no limit of attempts, and any number of them, is possible") {
    CHECK(may("attempts", &Options::attempts, 0));
    CHECK(may("attempts", &Options::attempts, std::numeric_limits<unsigned>::max()));
}
