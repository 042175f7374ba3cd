#include <sluice/credentials/fields.hpp>

#include <sluice/aws/json_reader.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace sluice;
using namespace std::chrono_literals;
using sluice::detail::last_expiration;
using sluice::detail::parse_expiration;

namespace {

/// What a secret becomes that was `old` before the reader met this value; `failed` if it is no text.
std::string read(const std::string& value) {
    const auto json = "{\"x\":" + value + "}";
    aws::ReplyReader<aws::JsonReader> reader(json);
    Secret secret("old");
    const bool well = reader.whole([&](std::string_view) { return sluice::detail::read_secret(reader, secret); });
    return well ? std::string(secret.reveal()) : "failed";
}

} // namespace

TEST_CASE("a secret is read, short or long, and a null changes nothing") {
    CHECK(read("\"k\"") == "k");
    const std::string longer(1000, 'k');
    CHECK(read("\"" + longer + "\"") == longer);
    CHECK(read(R"("a\/b\u0041")") == "a/bA");
    CHECK(read("null") == "old");
    CHECK(read("1") == "failed");
    CHECK(read("[]") == "failed");
}

TEST_CASE("the end of credentials is the time that is told") {
    CHECK(parse_expiration("2026-01-02T03:04:05Z") == wall_time(1'767'323'045s));
    CHECK(parse_expiration("2199-12-31T23:59:59Z") == last_expiration);
}

TEST_CASE("an end beyond all reckoning is the last moment") {
    for (const auto* text : {"2200-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999Z",
                             "9999-12-31T23:59:59+00:00", "2400-02-29T00:00:00Z"}) {
        CAPTURE(text);
        CHECK(parse_expiration(text) == last_expiration);
    }
}

TEST_CASE("what is no time is none, in any year") {
    for (const auto* text : {"", "9999", "9999-13-31T23:59:59Z", "9999-12-31", "9999-12-31T23:59:59", "99991231T235959Z",
                             "99999-12-31T23:59:59Z", "never", "1969-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
                             "253402300799", "999a-12-31T23:59:59Z"}) {
        CAPTURE(text);
        CHECK(!parse_expiration(text));
    }
}
