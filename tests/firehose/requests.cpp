#include <sluice/firehose/requests.hpp>

#include <sluice/aws/json_call.hpp>

#include <doctest/doctest.h>

#include <string_view>

using namespace sluice;

TEST_CASE("Firehose is asked in AWS JSON") {
    CHECK(firehose::target("PutRecord") == "Firehose_20150804.PutRecord");
    CHECK(aws::encode_json(firehose::PutRecord("d", "line\n")) ==
          R"({"DeliveryStreamName":"d","Record":{"Data":"bGluZQo="}})");
    CHECK(aws::encode_json(firehose::PutRecordBatch("d", {"a", "", std::string_view("\0\xFF", 2)})) ==
          R"({"DeliveryStreamName":"d","Records":[{"Data":"YQ=="},{"Data":""},{"Data":"AP8="}]})");
}
