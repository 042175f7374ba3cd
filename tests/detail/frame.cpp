#include <sluice/detail/frame.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::chrono_literals;
using sluice::error;
using sluice::Header;
using sluice::Record;
using sluice::RecordView;
using sluice::detail::buffer_cost;
using sluice::detail::Frame;
using sluice::detail::frame_headers;
using sluice::detail::frame_size;
using sluice::detail::FrameReader;
using sluice::detail::read_frame;
using sluice::detail::read_own_frame;
using sluice::detail::write_frame;

void append_frame(std::string& body, const RecordView& record, std::string_view key,
                  std::chrono::milliseconds put_after, std::chrono::milliseconds time_to_live) {
    const auto begin = body.size();
    body.resize(begin + frame_size(record, key, time_to_live));
    const auto* end = write_frame(body.data() + begin, record, key, put_after, time_to_live);
    CHECK(end == body.data() + body.size());
}

std::string body_of(const Record& record, std::chrono::milliseconds put_after = 0ms,
                    std::chrono::milliseconds time_to_live = 0ms) {
    std::string body(1, Frame::format);
    append_frame(body, record, record.partition_key.value_or(""), put_after, time_to_live);
    return body;
}

Record everything() {
    Record record("key", std::string("da\0ta", 5));
    record.explicit_hash_key = "340282366920938463463374607431768211455";
    record.headers = {Header("name", "value"), Header("", ""), Header(std::string("\0", 1), "x")};
    return record;
}

TEST_CASE("a frame gives back all that was put, and its size") {
    const auto record = everything();
    const auto body = body_of(record, 4'294'967'295ms, 86'400'000ms);
    const auto frame = read_frame(body, 1);
    REQUIRE(frame.has_value());
    CHECK(frame->partition_key == "key");
    CHECK(frame->explicit_hash_key == record.explicit_hash_key);
    CHECK(frame->data == record.data);
    CHECK(frame->put_after == 4'294'967'295ms);
    CHECK(frame->time_to_live == 86'400'000ms);
    CHECK(frame->size == body.size() - 1);
    const auto headers = frame_headers(frame->headers);
    REQUIRE(headers.has_value());
    CHECK(*headers == std::vector<sluice::HeaderView>(record.headers.begin(), record.headers.end()));
}

TEST_CASE("a frame without time-to-live, headers and data is the fixed part and the key") {
    const auto body = body_of(Record("k", ""));
    CHECK(body.size() == 1 + sluice::detail::frame_fixed_bytes + 1);
    const auto frame = read_frame(body, 1);
    REQUIRE(frame.has_value());
    CHECK(frame->data.empty());
    CHECK(frame->time_to_live == 0ms);
    CHECK(frame_headers(frame->headers)->empty());
}

TEST_CASE("numbers in a frame are little-endian whatever the machine") {
    const auto body = body_of(Record("kk", std::string(258, 'd')), 0x0A0B0C0Dms);
    CHECK(body.substr(0, 13) == std::string("\x01\x02\x01\x00\x00\x02\x00\x00\x00\x0D\x0C\x0B\x0A", 13));
}

TEST_CASE("what was made here is read the same, if faster") {
    const std::vector<std::string> bodies{body_of(Record("key", "data"), 7ms), body_of(everything(), 7ms, 5ms),
                                          body_of(Record(), 0ms, 1ms)};
    for (const auto& body : bodies) {
        const auto slow = read_frame(body, 1);
        const auto fast = read_own_frame(body, 1);
        REQUIRE(slow.has_value());
        CHECK(fast.size == slow->size);
        CHECK(fast.partition_key == slow->partition_key);
        CHECK(fast.explicit_hash_key == slow->explicit_hash_key);
        CHECK(fast.data == slow->data);
        CHECK(fast.headers == slow->headers);
        CHECK(fast.put_after == slow->put_after);
        CHECK(fast.time_to_live == slow->time_to_live);
        for (const auto offset : {std::size_t{0}, body.size() - 1, body.size(), body.size() + 1}) {
            CHECK(read_own_frame(body, offset).size == 0);
        }
    }
}

TEST_CASE("frames follow one another without gaps") {
    std::string body(1, Frame::format);
    for (int i = 0; i < 50; ++i) {
        append_frame(body, Record("k" + std::to_string(i), std::string(static_cast<std::size_t>(i), 'x')),
                     "k" + std::to_string(i), 0ms, i % 3 == 0 ? 5ms : 0ms);
    }
    std::size_t offset = 1;
    for (int i = 0; i < 50; ++i) {
        const auto frame = read_frame(body, offset);
        REQUIRE(frame.has_value());
        CHECK(frame->partition_key == "k" + std::to_string(i));
        CHECK(frame->data.size() == static_cast<std::size_t>(i));
        offset += frame->size;
    }
    CHECK(offset == body.size());
    CHECK(read_frame(body, offset).error() == error::storage_corrupt);
}

TEST_CASE("a body cut off anywhere has no frame") {
    const auto body = body_of(everything(), 1ms, 1ms);
    for (std::size_t size = 0; size < body.size(); ++size) {
        CAPTURE(size);
        CHECK(read_frame(std::string_view(body).substr(0, size), 1).error() == error::storage_corrupt);
    }
    CHECK(read_frame(body, 1).has_value());
}

TEST_CASE("a frame is refused at offset zero, past the end, in another format, and with unknown flags") {
    auto body = body_of(Record("key", "data"));
    CHECK(read_frame(body, 0).error() == error::storage_corrupt);
    CHECK(read_frame(body, body.size()).error() == error::storage_corrupt);
    CHECK(read_frame(body, static_cast<std::size_t>(-1)).error() == error::storage_corrupt);
    CHECK(read_frame({}, 1).error() == error::storage_corrupt);
    auto other = body;
    other[0] = 2;
    CHECK(read_frame(other, 1).error() == error::storage_corrupt);
    for (const int flags : {4, 8, 64, 128}) {
        other = body;
        other[8] = static_cast<char>(flags);
        CHECK(read_frame(other, 1).error() == error::storage_corrupt);
    }
}

TEST_CASE("a time-to-live that would be negative is corrupt") {
    auto body = body_of(Record("key", "data"), 0ms, 1ms);
    body[1 + 12 + 7] = static_cast<char>(0x80);
    CHECK(read_frame(body, 1).error() == error::storage_corrupt);
}

TEST_CASE("whatever a body holds, a frame lies within it or is refused") {
    const auto whole = body_of(everything(), 7ms, 9ms);
    std::mt19937_64 dice(7);
    for (int i = 0; i < 20'000; ++i) {
        auto body = whole;
        for (auto changes = dice() % 4; changes < 4; ++changes) body[dice() % body.size()] = static_cast<char>(dice());
        const std::size_t offset = dice() % 8 == 0 ? dice() % (body.size() + 4) : 1;
        const auto frame = read_frame(body, offset);
        if (!frame) continue;
        CHECK(frame->size >= sluice::detail::frame_fixed_bytes);
        CHECK(offset + frame->size <= body.size());
        for (const auto piece : {frame->partition_key, frame->explicit_hash_key, frame->data, frame->headers}) {
            const bool inside = piece.empty() || (piece.data() >= body.data() &&
                                                  piece.data() + piece.size() <= body.data() + body.size());
            CHECK(inside);
        }
        CHECK(frame->time_to_live >= 0ms);
        (void)frame_headers(frame->headers);
    }
}

TEST_CASE("headers cut off anywhere but between two are corrupt") {
    Record record("", "");
    record.headers = {Header("a", "bc"), Header("", "d")};
    const auto body = body_of(record);
    const auto encoded = read_frame(body, 1).value().headers;
    for (std::size_t size = 0; size < encoded.size(); ++size) {
        CAPTURE(size);
        const auto headers = frame_headers(encoded.substr(0, size));
        if (size == 0 || size == 4 + 1 + 4 + 2) {
            CHECK(headers.has_value());
        } else {
            CHECK(headers.error() == error::storage_corrupt);
        }
    }
    CHECK(frame_headers(encoded)->size() == 2);
}

TEST_CASE("a reader that went past the end gives nothing any more") {
    FrameReader reader(std::string_view("abc"));
    CHECK(reader.piece(2) == "ab");
    CHECK(reader.left() == 1);
    CHECK(reader.number<std::uint16_t>() == 0);
    CHECK_FALSE(reader.ok());
    CHECK(reader.piece(1).empty());
    CHECK(reader.at_end());
    CHECK_FALSE(reader.ok());
}

TEST_CASE("a record costs its data, its key and 32 bytes") {
    CHECK(buffer_cost(0, 0) == 32);
    CHECK(buffer_cost(1'000, 24) == 1'056);
}

} // namespace
