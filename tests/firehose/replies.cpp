#include <sluice/firehose/replies.hpp>

#include <sluice/aws/json_call.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace sluice;
using firehose::PutRecordBatchReply;
using firehose::PutRecordReply;

TEST_CASE("where one record went is read") {
    CHECK(aws::decode_json<PutRecordReply>(R"({"RecordId":"r","Encrypted":true})").value().record_id == "r");
    for (const std::string_view wrong : {"{}", R"({"RecordId":null})", R"({"RecordId":""})", R"({"RecordId":1})", ""}) {
        CAPTURE(wrong);
        CHECK(aws::decode_json<PutRecordReply>(wrong).error() == error::response_invalid);
    }
}

TEST_CASE("each record of a batch has its own result") {
    const auto reply = aws::decode_json<PutRecordBatchReply>(
        R"({"FailedPutCount":2,"Encrypted":false,"RequestResponses":[{"RecordId":"a"},)"
        R"({"ErrorCode":"ServiceUnavailableException","ErrorMessage":"Slow down."},{},)"
        R"({"RecordId":"d","ErrorCode":null,"ErrorMessage":null}]})");
    REQUIRE(reply.has_value());
    CHECK(reply->failed == 2);
    REQUIRE(reply->records.size() == 4);
    CHECK(reply->records[0].taken());
    CHECK(reply->records[0].record_id == "a");
    CHECK_FALSE(reply->records[1].taken());
    CHECK(reply->records[1].error_code == "ServiceUnavailableException");
    CHECK(reply->records[1].error_message == "Slow down.");
    CHECK_FALSE(reply->records[2].taken());
    CHECK(reply->records[3].taken());
}

TEST_CASE("an answer to a batch that is none is refused") {
    for (const std::string_view wrong :
         {"", "{}", "[]", R"({"RequestResponses":[]})", R"({"RequestResponses":null})", R"({"RequestResponses":{}})",
          R"({"RequestResponses":["a"]})", R"({"RequestResponses":[{"RecordId":1}]})",
          R"({"FailedPutCount":"0","RequestResponses":[{"RecordId":"a"}]})", R"({"RequestResponses":[{"RecordId":"a"}])"}) {
        CAPTURE(wrong);
        CHECK(aws::decode_json<PutRecordBatchReply>(wrong).error() == error::response_invalid);
    }
}
