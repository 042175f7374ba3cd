#include <sluice/aws/cbor_writer.hpp>

#include <sluice/aws/cbor.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using sluice::aws::CborTime;
using sluice::aws::CborValue;
using sluice::aws::CborWriter;
using sluice::aws::decode_cbor;

} // namespace

TEST_CASE("containers may be opened with their size or without") {
    std::string open;
    CborWriter writer(open);
    writer.begin_map();
    writer.key("a");
    writer.begin_array();
    writer.integer(-1);
    writer.boolean(true);
    writer.null();
    writer.end_array();
    writer.end_map();
    CHECK(open == "\xbf\x61\x61\x9f\x20\xf5\xf6\xff\xff");

    std::string sized;
    CborWriter other(sized);
    other.map(1);
    other.key("a");
    other.array(3);
    other.integer(-1);
    other.boolean(true);
    other.null();
    CHECK(decode_cbor(sized).value() == decode_cbor(open).value());
    CHECK(sized.size() == open.size() - 2);
}

TEST_CASE("bytes come back, on both sides of each step of their length") {
    for (const std::size_t size : {0U, 1U, 23U, 24U, 255U, 256U, 65'535U, 65'536U}) {
        std::string out;
        CborWriter(out).bytes(std::string(size, 'x'));
        CHECK(out.size() == size + (size < 24 ? 1 : size < 256 ? 2 : size < 65'536 ? 3 : 5));
        CHECK(decode_cbor(out).value() == CborValue::bytes(std::string(size, 'x')));
    }
}

TEST_CASE("a time before the epoch is a negative number of milliseconds") {
    std::string out;
    CborWriter(out).timestamp(std::chrono::system_clock::time_point(std::chrono::milliseconds(-1'500)));
    CHECK(decode_cbor(out).value() == CborValue::tagged(1, CborValue::integer(-1'500)));
}

TEST_CASE("tags, simple values and doubles have their marks") {
    std::string out;
    CborWriter writer(out);
    writer.tag(24);
    writer.simple(16);
    writer.simple(255);
    writer.real(1.5);
    CHECK(out == std::string("\xd8\x18\xf0\xf8\xff\xfb\x3f\xf8\0\0\0\0\0\0", 14));
}

TEST_CASE("in the other dialect times are seconds, and a whole request is that of CloudWatch") {
    using std::chrono::milliseconds;
    using Time = std::chrono::system_clock::time_point;
    std::string out;
    CborWriter(out, CborTime::seconds).timestamp(Time(milliseconds(-1'500)));
    CHECK(decode_cbor(out).value() == CborValue::tagged(1, CborValue::real(-1.5)));
    out.clear();
    CborWriter(out, CborTime::seconds).timestamp(Time(milliseconds(1'767'323'045'000)));
    // From the body of a PutMetricData that botocore 1.43.11 wrote.
    CHECK(out == "\xc1\x1a\x69\x57\x35\xa5");
}
