#include <sluice/kinesis/aggregate.hpp>

#include <sluice/aws/digest.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace {

using sluice::kinesis::looks_aggregated;

/// Bytes between a magic number and an MD5 that is right.
std::string framed(std::string_view message) {
    std::string data(sluice::kinesis::aggregate::magic);
    data += message;
    for (const auto byte : sluice::aws::md5(message)) data += static_cast<char>(byte);
    return data;
}

} // namespace

TEST_CASE("what a reader would take apart is recognised") {
    CHECK(looks_aggregated(framed("x")));
    CHECK(looks_aggregated(framed("this is no protobuf")));
    CHECK(looks_aggregated(framed(std::string(100'000, '\0'))));
    CHECK(looks_aggregated(framed(framed("x"))));
}

TEST_CASE("what a reader would leave alone is recognised") {
    CHECK_FALSE(looks_aggregated(""));
    CHECK_FALSE(looks_aggregated("\xF3\x89\x9A"));
    CHECK_FALSE(looks_aggregated(sluice::kinesis::aggregate::magic));
    CHECK_FALSE(looks_aggregated(framed(""))); // no more than 16 bytes after the magic number
    CHECK_FALSE(looks_aggregated(framed("message") + "x"));
    CHECK_FALSE(looks_aggregated("x" + framed("message")));
    CHECK_FALSE(looks_aggregated(std::string(sluice::kinesis::aggregate::magic) + std::string(100, 'x')));
}

TEST_CASE("one bit makes another thing of it") {
    const auto whole = framed("message");
    for (std::size_t i = 0; i < 8 * whole.size(); ++i) {
        auto other = whole;
        other[i / 8] = static_cast<char>(static_cast<unsigned char>(other[i / 8]) ^ (1U << (i % 8)));
        CHECK_FALSE(looks_aggregated(other));
    }
    for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(looks_aggregated(whole.substr(0, size)));
}
