#include <sluice/dynamodb/write_outcome.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace sluice;
using dynamodb::failure_of;
using dynamodb::judge_batch;
using dynamodb::judge_write;

namespace {

/// The answer 400 of the service, as `aws::Client` has read it.
aws::Reply refusal(std::string code, std::string body, std::string message = "m") {
    aws::Reply reply(aws::error_of(code, 400));
    reply.code = std::move(code);
    reply.message = std::move(message);
    reply.response = HttpResponse(400, std::move(body));
    return reply;
}

/// A transaction that was cancelled for these reasons; the sentence is spelt either way.
aws::Reply cancelled(const std::string& reasons, std::string_view message_key = "Message") {
    return refusal("TransactionCanceledException",
                   R"({"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","CancellationReasons":[)" +
                       reasons + R"(],")" + std::string(message_key) + R"(":"Transaction cancelled"})");
}

constexpr std::string_view none = R"({"Code":"None"})";
constexpr std::string_view condition =
    R"({"Code":"ConditionalCheckFailed","Message":"The conditional request failed","Item":{"id":{"S":"a"}}})";
constexpr std::string_view met = R"({"Code":"TransactionConflict","Message":"Transaction is ongoing for the item"})";
constexpr std::string_view slowed = R"({"Code":"ThrottlingError","Message":"Throughput exceeds the current capacity"})";
constexpr std::string_view slow = R"({"Code":"ProvisionedThroughputExceeded","Message":"too fast"})";
constexpr std::string_view unfit = R"({"Code":"ValidationError","Message":"One or more parameter values were invalid"})";
constexpr std::string_view large =
    R"({"Code":"ValidationError","Message":"Item size to update has exceeded the maximum allowed size"})";

template <class... Reasons>
std::string list(std::string_view first, Reasons... more) {
    std::string joined(first);
    ((joined += ",", joined += more), ...);
    return joined;
}

dynamodb::Item key(const std::string& id) {
    dynamodb::Item item;
    item["id"] = dynamodb::AttributeValue::of(id);
    return item;
}

/// Two to put, and one to remove.
dynamodb::BatchWriteItem batch_of_three() {
    dynamodb::BatchWriteItem batch("t", {}, {});
    batch.puts.push_back(key("a"));
    batch.puts.push_back(key("b"));
    batch.removals.push_back(key("c"));
    return batch;
}

std::string id_of(const dynamodb::WriteOutcome& outcome) {
    REQUIRE(outcome.found.has_value());
    return *outcome.found->at("id").get<std::string>();
}

} // namespace

TEST_CASE("writes that were made are, and nothing is in doubt") {
    aws::Reply reply;
    reply.response = HttpResponse(200, "{}");
    const auto outcome = judge_write(reply);
    CHECK_FALSE(outcome.error);
    CHECK_FALSE(outcome.culprit.has_value());
    CHECK_FALSE(outcome.found.has_value());
    CHECK_FALSE(outcome.again);
    CHECK_FALSE(outcome.doubtful);
}

TEST_CASE("a condition that does not hold is a conflict, with what was found") {
    const auto outcome = judge_write(refusal(
        "ConditionalCheckFailedException", R"({"__type":"x","Item":{"id":{"S":"a"}},"message":"The condition"})"));
    CHECK(outcome.error == error::conflict);
    CHECK(outcome.culprit == 0);
    CHECK(id_of(outcome) == "a");
    CHECK_FALSE(outcome.again);
    for (const auto* body : {"", "{}", "<html>", R"({"Item":null})", R"({"Item":7})", R"({"Item":{"id":{"S":"a"}})"}) {
        const auto silent = judge_write(refusal("ConditionalCheckFailedException", body));
        CHECK(silent.error == error::conflict);
        CHECK(silent.culprit == 0);
        CHECK_FALSE(silent.found.has_value());
        CHECK_FALSE(silent.again);
    }
}

TEST_CASE("whoever only meets another transaction may try again") {
    const auto single = judge_write(refusal("TransactionConflictException", R"({"message":"ongoing"})"));
    CHECK(single.error == error::conflict);
    CHECK(single.again);
    CHECK_FALSE(single.culprit.has_value());
    const auto together = judge_write(cancelled(list(none, met, none)));
    CHECK(together.error == error::conflict);
    CHECK(together.again);
    CHECK_FALSE(together.culprit.has_value());
}

TEST_CASE("a transaction that was slowed down may try again") {
    for (const auto& reasons : {list(slow), list(none, slowed), list(met, slow), list(slowed, met, none)}) {
        const auto outcome = judge_write(cancelled(reasons));
        CHECK(outcome.error == error::throttled);
        CHECK(outcome.again);
        CHECK_FALSE(outcome.culprit.has_value());
    }
}

TEST_CASE("a condition counts more than what passes, wherever it stands, in both spellings of the message") {
    for (const auto* spelling : {"Message", "message"}) {
        const std::pair<std::string, std::size_t> places[] = {
            {list(condition), 0U}, {list(met, slow, condition), 2U}, {list(none, condition, met, slowed), 1U},
            {list(slow, condition, none), 1U}, {list(none, none, condition, condition), 2U}};
        for (const auto& [reasons, place] : places) {
            const auto outcome = judge_write(cancelled(reasons, spelling));
            CHECK(outcome.error == error::conflict);
            CHECK(outcome.culprit == place);
            CHECK(id_of(outcome) == "a");
            CHECK_FALSE(outcome.again);
        }
    }
}

TEST_CASE("what is found is that of the first condition that did not hold") {
    const auto outcome = judge_write(cancelled(
        list(none, R"({"Code":"ConditionalCheckFailed","Item":{"id":{"S":"first"}}})", condition)));
    CHECK(outcome.culprit == 1);
    CHECK(id_of(outcome) == "first");
    const auto nothing = judge_write(cancelled(list(R"({"Code":"ConditionalCheckFailed"})", condition)));
    CHECK(nothing.culprit == 0);
    CHECK_FALSE(nothing.found.has_value());
}

TEST_CASE("what no try can help counts more than all else") {
    const auto mixed = judge_write(cancelled(list(condition, met, slow, unfit, large)));
    CHECK(mixed.error == error::request_refused);
    CHECK(mixed.culprit == 3);
    CHECK_FALSE(mixed.found.has_value());
    CHECK_FALSE(mixed.again);
    const auto too_large = judge_write(cancelled(list(none, condition, large)));
    CHECK(too_large.error == error::item_too_large);
    CHECK(too_large.culprit == 2);
    const auto spelt = judge_write(cancelled(
        R"({"Code":"ValidationError","message":"Item size has exceeded the maximum allowed size"})"));
    CHECK(spelt.error == error::item_too_large);
    for (const auto* code : {"ItemCollectionSizeLimitExceeded", "DuplicateItem", "AccessDenied", "Surprise"}) {
        const auto other = judge_write(cancelled(R"({"Code":")" + std::string(code) + "\"}"));
        CHECK(other.error == error::request_refused);
        CHECK(other.culprit == 0);
        CHECK_FALSE(other.again);
    }
}

TEST_CASE("whoever was slowed down as a whole may try again, and what was in doubt stays that") {
    for (const auto* code : {"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded",
                             "TransactionInProgressException"}) {
        CAPTURE(code);
        auto slowed_down = refusal(code, R"({"message":"slow down"})");
        auto outcome = judge_write(slowed_down);
        CHECK(outcome.error == error::throttled);
        CHECK(outcome.again);
        CHECK_FALSE(outcome.culprit.has_value());
        CHECK_FALSE(outcome.doubtful);
        slowed_down.doubtful = true;
        outcome = judge_write(slowed_down);
        CHECK(outcome.again);
        CHECK(outcome.doubtful);
    }
}

TEST_CASE("a transaction that was cancelled for no reason that can be read is an answer that makes no sense") {
    for (const auto* body : {"", "<html>", "{}", R"({"CancellationReasons":null})", R"({"CancellationReasons":[]})",
                             R"({"CancellationReasons":[{"Code":"None"},{"Code":null},{}]})",
                             R"({"CancellationReasons":[{"Code":"ConditionalCheckFailed"},7]})",
                             R"({"CancellationReasons":[{"Code":"ValidationError"})"}) {
        CAPTURE(body);
        const auto outcome = judge_write(refusal("TransactionCanceledException", body));
        CHECK(outcome.error == error::response_invalid);
        CHECK_FALSE(outcome.again);
        CHECK_FALSE(outcome.culprit.has_value());
    }
}

TEST_CASE("an item that is too large is told as that") {
    for (const auto* sentence :
         {"Item size has exceeded the maximum allowed size", "Item size to update has exceeded the maximum allowed size",
          "One or more parameter values were invalid: Item size has exceeded the maximum allowed size"}) {
        const auto outcome = judge_write(refusal("ValidationException", "{}", sentence));
        CHECK(outcome.error == error::item_too_large);
        CHECK_FALSE(outcome.again);
    }
    for (const auto* sentence : {"", "Collection size exceeded", "Size of hashkey has exceeded the maximum size limit"}) {
        CHECK(judge_write(refusal("ValidationException", "{}", sentence)).error == error::request_refused);
    }
    // The words alone say nothing without the code.
    CHECK(judge_write(refusal("ThrottlingException", "{}", "Item size has exceeded")).error == error::throttled);
}

TEST_CASE("other failures are what they are") {
    CHECK(judge_write(refusal("ResourceNotFoundException", "{}")).error == error::table_not_found);
    CHECK(judge_write(refusal("AccessDeniedException", "{}")).error == error::access_denied);
    CHECK(judge_write(refusal("IdempotentParameterMismatchException", "{}")).error == error::request_refused);
    const auto offline = judge_write(aws::Reply(error::connection_failed));
    CHECK(offline.error == error::connection_failed);
    CHECK_FALSE(offline.again);
    CHECK_FALSE(offline.culprit.has_value());
    CHECK(failure_of(refusal("ResourceNotFoundException", "{}")) == error::table_not_found);
    CHECK(failure_of(refusal("ValidationException", "{}", "Item size has exceeded")) == error::item_too_large);
    CHECK(failure_of(refusal("ValidationException", "{}", "Transaction payload size cannot exceed 4MB.")) ==
          error::batch_too_large);
    CHECK(failure_of(refusal("ConditionalCheckFailedException", "{}")) == error::conflict);
    CHECK_FALSE(failure_of(aws::Reply()));
}

TEST_CASE("after an answer that was lost a refusal is in doubt") {
    auto second = refusal("ConditionalCheckFailedException", R"({"Item":{"id":{"S":"a"}}})");
    second.doubtful = true;
    const auto outcome = judge_write(second);
    CHECK(outcome.error == error::conflict);
    CHECK(outcome.doubtful);
    CHECK(id_of(outcome) == "a");
    second.doubtful = false;
    CHECK_FALSE(judge_write(second).doubtful);
    auto canceled = cancelled(list(none, condition));
    canceled.doubtful = true;
    CHECK(judge_write(canceled).doubtful);
}

TEST_CASE("of a batch is left what the service says, and all of it if the service slows the call down") {
    aws::Reply reply;
    reply.response = HttpResponse(200, "{}");
    auto left = judge_batch(reply, batch_of_three());
    REQUIRE(left.has_value());
    CHECK(left->puts.empty());
    CHECK(left->removals.empty());
    reply.response.body = R"({"UnprocessedItems":{"t":[{"PutRequest":{"Item":{"id":{"S":"b"}}}}]}})";
    left = judge_batch(reply, batch_of_three());
    REQUIRE(left.has_value());
    CHECK((left->puts == std::vector<dynamodb::Item>{key("b")}));
    CHECK(left->removals.empty());
    for (const auto* code : {"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"}) {
        left = judge_batch(refusal(code, "{}"), batch_of_three());
        REQUIRE(left.has_value());
        CHECK((left->puts == std::vector<dynamodb::Item>{key("a"), key("b")}));
        CHECK((left->removals == std::vector<dynamodb::Item>{key("c")}));
    }
}

TEST_CASE("a batch that was refused, or answered with nonsense, is not tried again") {
    CHECK(judge_batch(refusal("ResourceNotFoundException", "{}"), batch_of_three()).error() == error::table_not_found);
    CHECK(judge_batch(refusal("ValidationException", "{}", "Item size has exceeded"), batch_of_three()).error() ==
          error::item_too_large);
    CHECK(judge_batch(aws::Reply(error::connection_failed), batch_of_three()).error() == error::connection_failed);
    aws::Reply reply;
    const std::string four = R"({"UnprocessedItems":{"t":[{"PutRequest":{"Item":{"id":{"S":"a"}}}},)"
                             R"({"PutRequest":{"Item":{"id":{"S":"b"}}}},{"PutRequest":{"Item":{"id":{"S":"d"}}}},)"
                             R"({"DeleteRequest":{"Key":{"id":{"S":"c"}}}}]}})";
    for (const auto& body : {std::string(), std::string("<html>"), four}) {
        reply.response = HttpResponse(200, body);
        CHECK(judge_batch(reply, batch_of_three()).error() == error::response_invalid);
    }
}
