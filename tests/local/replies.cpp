#include <sluice/aws/json_writer.hpp>
#include <sluice/local/replies.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace std::chrono_literals;
using namespace sluice::local;

namespace {

/// What one reply looks like in JSON.
template <class Write>
std::string written(Write write) {
    std::string body;
    Replies<sluice::aws::JsonWriter> replies(body);
    write(replies);
    return body;
}

} // namespace

TEST_CASE("results name what was taken and what failed, and count the failures") {
    const std::vector<PutResult> results{PutResult("shardId-000000000000", "49"),
                                         PutResult::failed(Failure("InternalFailure", "Internal Service Failure"))};
    CHECK(written([&](auto& out) { out.put_results(results); }) ==
          R"({"Records":[{"ShardId":"shardId-000000000000","SequenceNumber":"49"},)"
          R"({"ErrorCode":"InternalFailure","ErrorMessage":"Internal Service Failure"}],"FailedRecordCount":1})");
}

TEST_CASE("what is absent is not written") {
    ReadPage page;
    CHECK(written([&](auto& out) { out.read_page(page); }) == R"({"Records":[],"MillisBehindLatest":0})");
    ShardPage shards;
    shards.shards.emplace_back().shard_id = "x";
    CHECK(written([&](auto& out) { out.shard_page(shards); }) ==
          R"({"Shards":[{"ShardId":"x","HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"0"},)"
          R"("SequenceNumberRange":{"StartingSequenceNumber":""}}]})");
}

TEST_CASE("the end of a closed shard is written with its children, and with numbers that are no texts") {
    ReadPage page;
    page.behind = 12s;
    page.children.emplace_back();
    page.children[0].shard_id = "c";
    page.children[0].parents = {"p", "q"};
    CHECK(written([&](auto& out) { out.read_page(page); }) ==
          R"({"Records":[],"MillisBehindLatest":12000,"ChildShards":[{"ShardId":"c","ParentShards":["p","q"],)"
          R"("HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"0"}}]})");
}

TEST_CASE("every status has the service's word") {
    StreamPage page;
    page.next_token = "t";
    for (const auto status :
         {StreamStatus::creating, StreamStatus::updating, StreamStatus::deleting, StreamStatus::active}) {
        page.streams.emplace_back().status = status;
    }
    const std::string text = written([&](auto& out) { out.stream_page(page); });
    for (const char* word : {"\"CREATING\"", "\"UPDATING\"", "\"DELETING\"", "\"ACTIVE\""})
        CHECK(text.find(word) != std::string::npos);
    CHECK(text.find(R"("HasMoreStreams":true,"NextToken":"t")") != std::string::npos);
    CHECK(text.find(R"("StreamMode":"PROVISIONED")") != std::string::npos);
}
