#include <sluice/local/checks.hpp>

#include <doctest/doctest.h>

#include <string>

using sluice::local::Checks;

TEST_CASE("a call without faults passes") {
    Checks checks;
    checks.name("Az_09.-", "streamName");
    checks.name(std::string(128, 'a'), "streamName");
    checks.length("k", "partitionKey", 1, 256);
    checks.decimal("0", "explicitHashKey", 39);
    checks.decimal("340282366920938463463374607431768211455", "explicitHashKey", 39);
    checks.range(1, "limit", 1, 10'000);
    checks.range(10'000, "limit", 1, 10'000);
    CHECK_FALSE(checks.failure().has_value());
}

TEST_CASE("one fault is told in the service's form") {
    Checks checks;
    checks.name("a b", "streamName");
    const auto failure = checks.failure();
    REQUIRE(failure.has_value());
    CHECK(failure->code == "ValidationException");
    CHECK(failure->status == 400);
    CHECK(failure->message == "1 validation error detected: Value 'a b' at 'streamName' failed to satisfy constraint: "
                              "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+");
}

TEST_CASE("several faults are counted and told together") {
    Checks checks;
    checks.missing("shardId");
    checks.range(0, "limit", 1, 10'000);
    CHECK(
        checks.failure()->message ==
        "2 validation errors detected: Value null at 'shardId' failed to satisfy constraint: Member must not be null; "
        "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1");
}

TEST_CASE("lengths are counted in characters, not in bytes") {
    std::string key;
    for (int i = 0; i < 256; ++i) key += "\xe2\x82\xac";
    Checks checks;
    CHECK(checks.length(key, "partitionKey", 1, 256));
    CHECK_FALSE(checks.length(key + "a", "partitionKey", 1, 256));
    CHECK_FALSE(checks.length("", "partitionKey", 1, 256));
}

TEST_CASE("numbers with signs, zeros in front, letters or too many digits are refused") {
    for (const std::string text :
         {"", "-1", "+1", "01", "00", "1a", " 1", "1234567890123456789012345678901234567890"}) {
        CAPTURE(text);
        Checks checks;
        checks.decimal(text, "explicitHashKey", 39);
        CHECK(checks.failure().has_value());
    }
}

TEST_CASE("a hostile value comes back shortened, and never cut inside a character") {
    std::string value = "x";
    for (int i = 0; i < 100'000; ++i) value += "\xc3\xa4";
    Checks checks;
    checks.name(value, "streamName");
    const std::string message = checks.failure()->message;
    CHECK(message.size() < 1'000);
    CHECK(message.find("\xc3...") == std::string::npos);
    CHECK(message.find("\xc3\xa4...") != std::string::npos);
}

TEST_CASE("a thousand faults do not make a sentence of a megabyte") {
    Checks checks;
    for (int i = 0; i < 1'000; ++i) checks.missing("records");
    CHECK(checks.failure()->message.size() < 4'000);
}
