#pragma once

#include <sluice/detail/write_bytes.hpp>
#include <sluice/error.hpp>
#include <sluice/record.hpp>

#include <boost/endian/conversion.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::detail {

/// A record as it lies in a chunk's body. Numbers are little-endian; a body starts with one byte, its format.
///
/// | bytes          | meaning                                                        |
/// |----------------|----------------------------------------------------------------|
/// | 4              | size of the data                                               |
/// | 2              | size of the partition key                                      |
/// | 1              | size of the explicit hash key                                  |
/// | 1              | 1: a time-to-live follows, 2: headers follow                   |
/// | 4              | milliseconds between the chunk's oldest put and this one       |
/// | 8, if any      | time-to-live, milliseconds                                     |
/// | 4 + n, if any  | size of the headers, then each: 4 + name, 4 + value            |
/// | ...            | partition key, explicit hash key, data                         |
class Frame {
public:
    static constexpr char format = 1;

    std::string_view partition_key;
    std::string_view explicit_hash_key;
    std::string_view data;
    std::string_view headers; ///< Encoded; see `frame_headers`.
    std::chrono::milliseconds put_after{};
    std::chrono::milliseconds time_to_live{}; ///< Zero: for ever.
    std::size_t size = 0;                     ///< Of the whole frame.
};

inline constexpr unsigned frame_has_time_to_live = 1;
inline constexpr unsigned frame_has_headers = 2;

inline constexpr std::size_t frame_fixed_bytes = 12;

/// What a record counts against `Options::buffer_bytes`: data with headers, key and 32 bytes.
[[nodiscard]] constexpr std::uint64_t buffer_cost(std::size_t data, std::size_t key) noexcept {
    return std::uint64_t{data} + key + 32;
}

[[nodiscard]] constexpr std::uint64_t buffer_cost(const Frame& frame) noexcept {
    return buffer_cost(frame.data.size() + frame.headers.size(), frame.partition_key.size());
}

/// Reads numbers and pieces off the front of a text; after a read past the end everything is empty and `ok()` false.
class FrameReader {
public:
    explicit FrameReader(std::string_view text) : text_(text) {}

    template <class Number>
    [[nodiscard]] Number number() {
        const auto bytes = piece(sizeof(Number));
        Number value{};
        if (bytes.size() == sizeof(Number)) bytes.copy(reinterpret_cast<char*>(&value), sizeof(Number));
        return boost::endian::little_to_native(value);
    }

    [[nodiscard]] std::string_view piece(std::size_t size) {
        if (size > text_.size()) {
            ok_ = false;
            text_ = {};
        }
        const auto front = text_.substr(0, ok_ ? size : 0);
        text_.remove_prefix(front.size());
        return front;
    }

    [[nodiscard]] bool ok() const noexcept { return ok_; }
    [[nodiscard]] bool at_end() const noexcept { return text_.empty(); }
    [[nodiscard]] std::size_t left() const noexcept { return text_.size(); }

private:
    std::string_view text_;
    bool ok_ = true;
};

/// Bytes of headers in a frame, without their size.
[[nodiscard]] inline std::uint32_t headers_size(std::span<const Header> headers) noexcept {
    std::uint32_t size = 0;
    for (const auto& header : headers) size += static_cast<std::uint32_t>(8 + header.name.size() + header.value.size());
    return size;
}

[[nodiscard]] inline std::uint64_t buffer_cost(const RecordView& record, std::string_view key) noexcept {
    const std::size_t headers = record.headers.empty() ? 0 : headers_size(record.headers);
    return buffer_cost(record.data.size() + headers, key.size());
}

/// Bytes of a record's frame; `key` is the partition key that it has, or was given. Sizes have been validated.
[[nodiscard]] inline std::size_t frame_size(const RecordView& record, std::string_view key,
                                            std::chrono::milliseconds time_to_live) noexcept {
    auto size = frame_fixed_bytes + key.size() + record.explicit_hash_key.size() + record.data.size();
    if (time_to_live.count() > 0) size += sizeof(std::uint64_t);
    if (!record.headers.empty()) size += sizeof(std::uint32_t) + headers_size(record.headers);
    return size;
}

template <class Number>
char* write_little(char* to, Number number) noexcept {
    number = boost::endian::native_to_little(number);
    std::memcpy(to, &number, sizeof number);
    return to + sizeof number;
}

inline char* write_headers(char* to, std::span<const Header> headers) noexcept {
    to = write_little(to, headers_size(headers));
    for (const auto& header : headers) {
        to = write_bytes(write_little(to, static_cast<std::uint32_t>(header.name.size())), header.name);
        to = write_bytes(write_little(to, static_cast<std::uint32_t>(header.value.size())), header.value);
    }
    return to;
}

/// Writes a record where there is room for `frame_size` bytes; gives the end of what it wrote.
inline char* write_frame(char* to, const RecordView& record, std::string_view key, std::chrono::milliseconds put_after,
                         std::chrono::milliseconds time_to_live) noexcept {
    const unsigned flags = (time_to_live.count() > 0 ? frame_has_time_to_live : 0U) |
                           (record.headers.empty() ? 0U : frame_has_headers);
    // Four numbers in one word: the first of the table lies lowest.
    to = write_little(to, std::uint64_t{record.data.size()} | std::uint64_t{key.size()} << 32U |
                              std::uint64_t{record.explicit_hash_key.size()} << 48U | std::uint64_t{flags} << 56U);
    to = write_little(to, static_cast<std::uint32_t>(put_after.count()));
    if ((flags & frame_has_time_to_live) != 0) to = write_little(to, static_cast<std::uint64_t>(time_to_live.count()));
    if ((flags & frame_has_headers) != 0) to = write_headers(to, record.headers);
    to = write_bytes(to, key);
    to = write_bytes(to, record.explicit_hash_key);
    return write_bytes(to, record.data);
}

/// The frame at `offset`; its views point into `body`. `error::storage_corrupt` if there is none.
[[nodiscard]] inline result<Frame> read_frame(std::string_view body, std::size_t offset) {
    if (offset == 0 || offset >= body.size() || body.front() != Frame::format) return error::storage_corrupt;
    const auto text = body.substr(offset);
    if (text.size() < frame_fixed_bytes) return error::storage_corrupt;
    const auto* const fixed = reinterpret_cast<const unsigned char*>(text.data());
    const unsigned flags = fixed[7];
    if (flags > 3) return error::storage_corrupt;
    FrameReader reader(text.substr(frame_fixed_bytes));
    Frame frame;
    frame.put_after = std::chrono::milliseconds(boost::endian::load_little_u32(fixed + 8));
    if ((flags & frame_has_time_to_live) != 0) {
        frame.time_to_live = std::chrono::milliseconds(static_cast<std::int64_t>(reader.number<std::uint64_t>()));
    }
    if ((flags & frame_has_headers) != 0) frame.headers = reader.piece(reader.number<std::uint32_t>());
    frame.partition_key = reader.piece(boost::endian::load_little_u16(fixed + 4));
    frame.explicit_hash_key = reader.piece(fixed[6]);
    frame.data = reader.piece(boost::endian::load_little_u32(fixed));
    if (!reader.ok() || frame.time_to_live.count() < 0) return error::storage_corrupt;
    frame.size = text.size() - reader.left();
    return frame;
}

/// The same where `read_frame` found a frame without time-to-live, headers and explicit hash key: nothing is looked at
/// twice.
[[nodiscard]] inline Frame read_plain_frame(std::string_view body, std::size_t offset) noexcept {
    const auto* const fixed = reinterpret_cast<const unsigned char*>(body.data() + offset);
    const std::size_t key = boost::endian::load_little_u16(fixed + 4);
    const std::size_t data = boost::endian::load_little_u32(fixed);
    Frame frame;
    frame.put_after = std::chrono::milliseconds(boost::endian::load_little_u32(fixed + 8));
    frame.partition_key = {body.data() + offset + frame_fixed_bytes, key};
    frame.data = {frame.partition_key.data() + key, data};
    frame.size = frame_fixed_bytes + key + data;
    return frame;
}

/// The frame at `offset` of a body that was made here, and is whole: most frames are plain, and soon read. One without
/// a size: there is none.
[[nodiscard]] inline Frame read_own_frame(std::string_view body, std::size_t offset) noexcept {
    if (offset == 0 || offset + frame_fixed_bytes > body.size()) return {};
    if (body[offset + 6] == 0 && body[offset + 7] == 0) return read_plain_frame(body, offset);
    const auto frame = read_frame(body, offset);
    return frame ? *frame : Frame();
}

/// The headers of a frame, decoded, which view it; `error::storage_corrupt` if they are not whole.
[[nodiscard]] inline result<std::vector<HeaderView>> frame_headers(std::string_view encoded) {
    std::vector<HeaderView> headers;
    FrameReader reader(encoded);
    while (!reader.at_end()) {
        const auto name = reader.piece(reader.number<std::uint32_t>());
        const auto value = reader.piece(reader.number<std::uint32_t>());
        if (!reader.ok()) return error::storage_corrupt;
        headers.emplace_back(name, value);
    }
    return headers;
}

} // namespace sluice::detail
