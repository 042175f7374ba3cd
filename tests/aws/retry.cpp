#include <sluice/aws/retry.hpp>

#include <doctest/doctest.h>

#include <limits>

using namespace sluice;
using namespace std::chrono_literals;
using aws::Retryable;

namespace {

constexpr auto most = std::numeric_limits<std::uint64_t>::max();

} // namespace

TEST_CASE("what is tried again, and as what, is a table") {
    for (const auto transient : {error::service_failed, error::name_not_resolved, error::connection_failed,
                                 error::tls_failed, error::timed_out, error::response_truncated,
                                 error::protocol_violated}) {
        CHECK(aws::retryable(transient) == Retryable::transient);
    }
    for (const auto throttle : {error::throttled, error::limit_exceeded}) {
        CHECK(aws::retryable(throttle) == Retryable::throttle);
    }
    for (const auto final : {error::access_denied, error::request_refused, error::request_too_large,
                             error::stream_not_found, error::resource_in_use, error::iterator_expired,
                             error::signature_refused, error::credentials_missing, error::credentials_failed,
                             error::key_service_failed, error::response_invalid, error::response_too_large}) {
        CHECK(aws::retryable(final) == Retryable::no);
    }
    CHECK(aws::retryable(error_code()) == Retryable::no);
    CHECK(aws::retryable(boost::system::errc::make_error_code(boost::system::errc::timed_out)) == Retryable::no);
}

TEST_CASE("500, 500, 200 waits 50 and 100 ms and ends with 486 tokens") {
    const auto rules = aws::usual_retry({}, "kinesis");
    aws::RetryTokens tokens(rules.capacity);
    aws::Retries retries(rules, tokens);
    CHECK(retries.attempt() == 1);
    CHECK(retries.decide(Retryable::transient, most, {}) == 50ms);
    CHECK(tokens.left() == 486);
    CHECK(retries.attempt() == 2);
    CHECK(retries.decide(Retryable::transient, most, {}) == 100ms);
    CHECK(tokens.left() == 472);
    CHECK(retries.attempt() == 3);
    retries.succeed();
    CHECK(tokens.left() == 486);
}

TEST_CASE("throttling, then 200 waits a second and ends with all tokens") {
    const auto rules = aws::usual_retry({}, "kinesis");
    aws::RetryTokens tokens(rules.capacity);
    aws::Retries retries(rules, tokens);
    CHECK(retries.decide(Retryable::throttle, most, {}) == 1000ms);
    CHECK(tokens.left() == 495);
    retries.succeed();
    CHECK(tokens.left() == 500);
}

TEST_CASE("what a call with retries gives back is the price of its last retry") {
    const auto rules = aws::usual_retry({}, "kinesis");
    aws::RetryTokens tokens(rules.capacity);
    aws::Retries retries(rules, tokens);
    CHECK(retries.decide(Retryable::transient, 0, {}));
    CHECK(retries.decide(Retryable::throttle, 0, {}));
    CHECK(tokens.left() == 481);
    retries.succeed();
    CHECK(tokens.left() == 486);
}

TEST_CASE("a success without a retry gives back one token, up to the capacity") {
    const auto rules = aws::usual_retry({}, "kinesis");
    aws::RetryTokens tokens(rules.capacity);
    aws::Retries(rules, tokens).succeed();
    CHECK(tokens.left() == 500);
    CHECK(tokens.take(14));
    aws::Retries(rules, tokens).succeed();
    CHECK(tokens.left() == 487);
}

TEST_CASE("attempts run out") {
    auto rules = aws::usual_retry({}, "kinesis");
    aws::RetryTokens tokens(rules.capacity);
    aws::Retries retries(rules, tokens);
    CHECK(retries.decide(Retryable::transient, 0, {}));
    CHECK(retries.decide(Retryable::transient, 0, {}));
    CHECK_FALSE(retries.decide(Retryable::transient, 0, {}));
    CHECK(tokens.left() == 472);

    rules.attempts = 1;
    CHECK_FALSE(aws::Retries(rules, tokens).decide(Retryable::transient, 0, {}));
    rules.attempts = 0;
    CHECK_FALSE(aws::Retries(rules, tokens).decide(Retryable::transient, 0, {}));
    CHECK(tokens.left() == 472);
}

TEST_CASE("what is not to be tried again costs nothing") {
    const auto rules = aws::usual_retry({}, "kinesis");
    aws::RetryTokens tokens(rules.capacity);
    aws::Retries retries(rules, tokens);
    CHECK_FALSE(retries.decide(Retryable::no, 0, 5ms));
    CHECK(tokens.left() == 500);
}

TEST_CASE("an empty bucket ends retries, and calls that fail do not fill it") {
    const auto rules = aws::usual_retry({}, "kinesis");
    aws::RetryTokens tokens(20);
    aws::Retries first(rules, tokens);
    CHECK(first.decide(Retryable::transient, 0, {}));
    CHECK_FALSE(first.decide(Retryable::transient, 0, {}));
    CHECK(tokens.left() == 6);
    aws::Retries second(rules, tokens);
    CHECK_FALSE(second.decide(Retryable::transient, 0, {}));
    CHECK(second.attempt() == 1);
    CHECK(second.decide(Retryable::throttle, 0, {}));
    CHECK(tokens.left() == 1);
}

TEST_CASE("a delay has full jitter and doubles up to the longest") {
    auto rules = aws::usual_retry({}, "kinesis");
    rules.attempts = 100;
    rules.capacity = 100'000;
    aws::RetryTokens tokens(rules.capacity);
    aws::Retries high(rules, tokens);
    aws::Retries half(rules, tokens);
    aws::Retries low(rules, tokens);
    auto expected = 1000ms;
    for (int i = 0; i < 99; ++i) {
        CHECK(high.decide(Retryable::throttle, most, {}) == expected);
        CHECK(half.decide(Retryable::throttle, most / 2, {}) == expected / 2);
        CHECK(low.decide(Retryable::throttle, 0, {}) == 0ms);
        expected = std::min(expected * 2, 20'000ms);
    }
}

TEST_CASE("no option makes a delay negative or endless") {
    auto rules = aws::usual_retry({}, "kinesis");
    rules.attempts = most & 0xFFFF'FFFFU;
    rules.longest = std::chrono::milliseconds::max();
    rules.transient_base = std::chrono::milliseconds::max();
    rules.throttle_base = std::chrono::milliseconds::min();
    aws::RetryTokens tokens(rules.capacity);
    aws::Retries retries(rules, tokens);
    CHECK(retries.decide(Retryable::transient, most, {}) == 24h);
    CHECK(retries.decide(Retryable::throttle, most, {}) == 0ms);
}

TEST_CASE("a wish for a delay is granted between the own delay and five seconds more") {
    const auto rules = aws::usual_retry({}, "kinesis");
    aws::RetryTokens tokens(rules.capacity);
    const auto first = [&](Retryable kind, std::optional<std::chrono::milliseconds> wish) {
        return aws::Retries(rules, tokens).decide(kind, most, wish);
    };
    CHECK(first(Retryable::transient, 0ms) == 50ms);
    CHECK(first(Retryable::transient, 49ms) == 50ms);
    CHECK(first(Retryable::transient, 1500ms) == 1500ms);
    CHECK(first(Retryable::transient, 5050ms) == 5050ms);
    CHECK(first(Retryable::transient, 5051ms) == 5050ms);
    CHECK(first(Retryable::throttle, 7000ms) == 6000ms);
    CHECK(first(Retryable::transient, std::chrono::milliseconds::max()) == 5050ms);
}

TEST_CASE("a wish is whole milliseconds or nothing") {
    CHECK(aws::parse_retry_after("0") == 0ms);
    CHECK(aws::parse_retry_after("1500") == 1500ms);
    for (const std::string_view wrong : {"", " 5", "5 ", "-5", "+5", "5.5", "5s", "0x5", "99999999999999999999",
                                         "Fri, 02 Jan 2026 03:04:05 GMT"}) {
        CAPTURE(wrong);
        CHECK_FALSE(aws::parse_retry_after(wrong));
    }
}

TEST_CASE("tokens never exceed their capacity nor fall below zero") {
    aws::RetryTokens tokens(10);
    tokens.give_back(5);
    CHECK(tokens.left() == 10);
    CHECK_FALSE(tokens.take(11));
    CHECK(tokens.take(10));
    CHECK_FALSE(tokens.take(1));
    CHECK(tokens.take(0));
    tokens.give_back(std::numeric_limits<unsigned>::max());
    CHECK(tokens.left() == 10);
}

TEST_CASE("what is left open is what the SDKs do for the service") {
    const auto kinesis = aws::usual_retry({}, "kinesis");
    CHECK(kinesis.mode == RetryMode::standard);
    CHECK(kinesis.attempts == 3);
    CHECK(kinesis.transient_base == 50ms);
    const auto dynamodb = aws::usual_retry({}, "dynamodb");
    CHECK(dynamodb.attempts == 4);
    CHECK(dynamodb.transient_base == 25ms);
    Options::Retry set;
    set.mode = RetryMode::adaptive;
    set.attempts = 7;
    set.transient_base = 9ms;
    const auto kept = aws::usual_retry(set, "dynamodb");
    CHECK(kept.mode == RetryMode::adaptive);
    CHECK(kept.attempts == 7);
    CHECK(kept.transient_base == 9ms);
}

TEST_CASE("the rules of the generation before have one price and no wishes") {
    const auto rules = aws::usual_retry(Options::Retry::generation_2_0(), "dynamodb");
    aws::RetryTokens tokens(rules.capacity);
    aws::Retries retries(rules, tokens);
    CHECK(retries.decide(Retryable::transient, most, 4000ms) == 1000ms);
    CHECK(tokens.left() == 495);
    CHECK(retries.decide(Retryable::throttle, most, {}) == 2000ms);
    CHECK(tokens.left() == 490);
    CHECK_FALSE(retries.decide(Retryable::transient, most, {}));
}

TEST_CASE("who gives up says why, the first reason first") {
    auto rules = aws::usual_retry({}, "kinesis");
    aws::RetryTokens tokens(500, 5);
    aws::Retries retries(rules, tokens);
    CHECK_FALSE(retries.decide(Retryable::no, 0, {}));
    CHECK(retries.reason() == aws::GiveUp::not_retryable);
    CHECK_FALSE(retries.decide(Retryable::transient, 0, {}));
    CHECK(retries.reason() == aws::GiveUp::tokens_used);
    rules.attempts = 1;
    CHECK_FALSE(retries.decide(Retryable::transient, 0, {}));
    CHECK(retries.reason() == aws::GiveUp::attempts_used);
    CHECK_FALSE(retries.decide(Retryable::no, 0, {}));
    CHECK(retries.reason() == aws::GiveUp::not_retryable);
}

TEST_CASE("a bucket may begin with fewer tokens than it holds, never with more") {
    aws::RetryTokens tokens(10, 3);
    CHECK(tokens.left() == 3);
    tokens.give_back(100);
    CHECK(tokens.left() == 10);
    CHECK(aws::RetryTokens(10, 11).left() == 10);
}

TEST_CASE("a delay is finer than a millisecond") {
    const auto rules = aws::usual_retry({}, "dynamodb");
    aws::RetryTokens tokens(rules.capacity);
    CHECK(aws::Retries(rules, tokens).decide(Retryable::transient, most / 16 * 3, {}) == 4'687'500ns);
}
