#include <sluice/aws/event_stream.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

using namespace sluice;
using aws::EventBytes;
using aws::EventDecoder;
using aws::EventHeader;
using aws::EventMessage;
using aws::EventTime;
using aws::EventUuid;

namespace {

std::string big(std::uint32_t number) {
    std::string bytes;
    for (unsigned shift = 32; shift > 0; shift -= 8) bytes += static_cast<char>(number >> (shift - 8));
    return bytes;
}

/// A message with right checksums, whatever its lengths say.
std::string frame(std::size_t size, std::size_t headers, const std::string& rest) {
    auto bytes = big(static_cast<std::uint32_t>(size)) + big(static_cast<std::uint32_t>(headers));
    bytes += big(aws::crc32(bytes));
    bytes += rest;
    return bytes + big(aws::crc32(bytes));
}

std::string with_headers(const std::string& headers, const std::string& payload = {}) {
    return frame(16 + headers.size() + payload.size(), headers.size(), headers + payload);
}

EventMessage every_type() {
    EventUuid uuid{};
    for (std::size_t i = 0; i < uuid.size(); ++i) uuid[i] = static_cast<std::uint8_t>(0xF8 + i);
    return {{EventHeader("yes", true), EventHeader("no", false),
             EventHeader("byte", std::numeric_limits<std::int8_t>::min()),
             EventHeader("short", std::numeric_limits<std::int16_t>::min()),
             EventHeader("int", std::numeric_limits<std::int32_t>::min()),
             EventHeader("long", std::numeric_limits<std::int64_t>::min()),
             EventHeader("bytes", EventBytes(std::string("\0\xFF", 2))), EventHeader("text", std::string("\xC3\xA9")),
             EventHeader("time", EventTime::max()), EventHeader("uuid", uuid)},
            "payload"};
}

std::vector<EventMessage> decoded(std::string_view stream, std::size_t piece) {
    EventDecoder decoder;
    std::vector<EventMessage> messages;
    for (; !stream.empty(); stream.remove_prefix(std::min(piece, stream.size()))) {
        decoder.feed(stream.substr(0, piece));
        for (auto next = decoder.next(); next.value(); next = decoder.next()) messages.push_back(**next);
    }
    CHECK(decoder.complete());
    return messages;
}

bool refused(const std::string& bytes) {
    EventDecoder decoder;
    decoder.feed(bytes);
    const auto next = decoder.next();
    if (next.has_value()) return false;
    CHECK(next.error() == error::malformed);
    decoder.feed(with_headers(""));
    CHECK(decoder.next().error() == error::malformed);
    CHECK_FALSE(decoder.complete());
    return true;
}

} // namespace

TEST_CASE("the messages of the specification are read and written") {
    // An empty message, and one with a number; from the format's test data.
    const std::string empty("\0\0\0\x10\0\0\0\0\x05\xc2\x48\xeb\x7d\x98\xc8\xff", 16);
    CHECK(aws::encode_event(EventMessage()).value() == empty);
    CHECK(decoded(empty, 16) == std::vector<EventMessage>{EventMessage()});
    const std::string number("\0\0\0\x1d\0\0\0\x0d\x83\xe3\xf0\xe7\x07integer\x04\xff\xff\xff\xff\x8b\x8e\x12\xeb", 29);
    const EventMessage minus_one({EventHeader("integer", std::int32_t{-1})}, "");
    CHECK(aws::encode_event(minus_one).value() == number);
    CHECK(decoded(number, 29) == std::vector<EventMessage>{minus_one});
}

TEST_CASE("every type of header survives every cut") {
    const auto one = aws::encode_event(every_type()).value();
    const auto stream = one + aws::encode_event(EventMessage()).value() + one;
    for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
        CHECK(decoded(stream, piece) == std::vector<EventMessage>{every_type(), EventMessage(), every_type()});
    }
}

TEST_CASE("a header is found if it is a text") {
    const auto message = every_type();
    CHECK(message.text("text") == "\xC3\xA9");
    CHECK(message.text("bytes").empty());
    CHECK(message.text("none").empty());
}

TEST_CASE("one wrong bit anywhere is noticed") {
    const auto whole = aws::encode_event(every_type()).value();
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
        auto bytes = whole;
        bytes[bit / 8] = static_cast<char>(static_cast<unsigned char>(bytes[bit / 8]) ^ (1U << (bit % 8)));
        CHECK(refused(bytes));
    }
}

TEST_CASE("what is cut off waits, and is not complete") {
    const auto whole = aws::encode_event(every_type()).value();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EventDecoder decoder;
        decoder.feed(whole.substr(0, size));
        CHECK_FALSE(decoder.next().value().has_value());
        CHECK(decoder.complete() == (size == 0));
        decoder.feed(whole.substr(size));
        CHECK_FALSE(decoder.complete());
        CHECK(decoder.next().value() == every_type());
        CHECK(decoder.complete());
    }
}

TEST_CASE("lengths that cannot be are refused before the bytes have come") {
    constexpr auto headers = EventMessage::max_headers;
    constexpr auto payload = EventMessage::max_payload;
    for (const auto& [size, of_headers] : std::vector<std::pair<std::size_t, std::size_t>>{
             {0, 0}, {15, 0}, {16, 1}, {17, 0xFFFF'FFFF}, {0xFFFF'FFFF, 0}, {0xFFFF'FFFF, 0xFFFF'FFEF},
             {17 + headers, headers + 1}, {17 + payload, 0}, {17 + headers + payload, headers}}) {
        CAPTURE(size);
        CHECK(refused(frame(size, of_headers, "").substr(0, 12)));
    }
    EventDecoder decoder;
    decoder.feed(frame(16 + headers + payload, headers, "").substr(0, 12));
    CHECK_FALSE(decoder.next().value().has_value());
}

TEST_CASE("headers that are none are refused") {
    using namespace std::string_literals;
    for (const auto& wrong :
         {"\0\0"s, "\1"s, "\1a"s, "\2a\0"s, "\1a\xA"s, "\1a\xFF"s, "\1a\2"s, "\1a\3\0"s, "\1a\4\0\0\0"s,
          "\1a\5\0\0\0\0\0\0\0"s, "\1a\6\0"s, "\1a\6\0\1"s, "\1a\7\0\2x"s, "\1a\7\xFF\xFFx"s, "\1a\7\0\1\xFF"s,
          "\1\xFF\0"s, "\1a\x8\0\0\0\0\0\0\0"s, "\1a\x9\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"s, "\1a\0\1b\0\1a\1"s}) {
        CAPTURE(wrong);
        CHECK(refused(with_headers(wrong)));
    }
    CHECK_FALSE(refused(with_headers("\1a\0\1b\0"s)));
}

TEST_CASE("many headers are no burden") {
    std::string headers;
    for (std::size_t i = 0; headers.size() + 6 <= EventMessage::max_headers; ++i) {
        headers += '\4';
        headers.append(big(static_cast<std::uint32_t>(i & 0x7FU) | static_cast<std::uint32_t>((i & 0x3F80U) << 1U) |
                           static_cast<std::uint32_t>((i & 0x1F'C000U) << 2U)));
        headers += '\0';
    }
    EventDecoder decoder;
    decoder.feed(with_headers(headers));
    CHECK(decoder.next().value().value().headers.size() == 21'845);
}

TEST_CASE("what does not fit is not written") {
    const auto refuses = [](EventHeader header) {
        return !aws::encode_event(EventMessage({std::move(header)}, "")).has_value();
    };
    CHECK(refuses(EventHeader("", true)));
    CHECK(refuses(EventHeader(std::string(256, 'x'), true)));
    CHECK_FALSE(refuses(EventHeader(std::string(255, 'x'), true)));
    CHECK(refuses(EventHeader("a", std::string(65'536, 'x'))));
    CHECK_FALSE(refuses(EventHeader("a", std::string(65'535, 'x'))));
    CHECK(refuses(EventHeader("a", EventBytes(std::string(65'536, 'x')))));
    std::vector<EventHeader> many;
    for (char name = 'a'; name < 'e'; ++name) many.emplace_back(std::string(1, name), std::string(32'768, 'x'));
    CHECK_FALSE(aws::encode_event(EventMessage(many, "")).has_value());
    CHECK_FALSE(aws::encode_event(EventMessage({}, std::string(EventMessage::max_payload + 1, 'x'))).has_value());
}

TEST_CASE("any bytes are survived as a stream of events") {
    std::uint64_t seed = 1;
    for (int round = 0; round < 20'000; ++round) {
        std::string headers;
        for (std::uint64_t left = (seed >> 33U) % 40; left > 0; --left) {
            seed = seed * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
            headers += static_cast<char>((seed >> 62U) == 0 ? seed >> 40U : (seed >> 40U) % 10);
        }
        seed += 0x9E37'79B9'7F4A'7C15U;
        EventDecoder decoder;
        decoder.feed(with_headers(headers, "p"));
        const auto next = decoder.next();
        CHECK((!next.has_value() || next->has_value()));
    }
}
