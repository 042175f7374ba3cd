#include <sluice/kinesis/calls.hpp>

#include <doctest/doctest.h>

#include <string_view>

namespace {

using sluice::Wire;
using namespace sluice::kinesis;

/// A request whose members are those of a reply: it goes there and comes back.
class Echo {
public:
    std::string_view iterator;

    template <class Out>
    void write(Out& out) const {
        out.key("ShardIterator");
        out.text(iterator);
    }
};

} // namespace

TEST_CASE("each wire has its content type") {
    CHECK(content_type(Wire::json) == "application/x-amz-json-1.1");
    CHECK(content_type(Wire::cbor) == "application/x-amz-cbor-1.1");
}

TEST_CASE("the target names the version of the API and the operation") {
    CHECK(target("PutRecords") == "Kinesis_20131202.PutRecords");
    CHECK(target(ListShards::operation) == "Kinesis_20131202.ListShards");
}

TEST_CASE("what one end encodes the other decodes, on both wires") {
    Echo echo;
    echo.iterator = "an \"iterator\"\n";
    for (const auto wire : {Wire::json, Wire::cbor}) {
        const auto reply = decode<ShardIterator>(encode(echo, wire), wire);
        REQUIRE(reply.has_value());
        CHECK(reply->iterator == echo.iterator);
    }
    CHECK(decode<ShardIterator>(encode(echo, Wire::json), Wire::cbor).has_error());
}
