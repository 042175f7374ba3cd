#pragma once

#include <sluice/aws/crc32.hpp>
#include <sluice/aws/utf8.hpp>
#include <sluice/error.hpp>

#include <boost/endian/conversion.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// `application/vnd.amazon.eventstream`: messages one after another, each with headers, a payload and checksums (the
/// Amazon Event Stream Specification of Smithy).
namespace sluice::aws {

/// Bytes in a header: what tells them from a text.
class EventBytes {
public:
    EventBytes() = default;
    explicit EventBytes(std::string its_data) : data(std::move(its_data)) {}
    std::string data;
    friend bool operator==(const EventBytes&, const EventBytes&) = default;
};

/// Milliseconds since 1970, as many as the format can tell, which is more than a clock can.
using EventTime = std::chrono::sys_time<std::chrono::duration<std::int64_t, std::milli>>;
using EventUuid = std::array<std::uint8_t, 16>;

using EventValue = std::variant<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, EventBytes, std::string,
                                EventTime, EventUuid>;

/// A header of a message.
class EventHeader {
public:
    EventHeader() = default;
    EventHeader(std::string its_name, EventValue its_value) : name(std::move(its_name)), value(std::move(its_value)) {}

    std::string name; ///< 1 to 255 bytes of UTF-8.
    EventValue value;
    friend bool operator==(const EventHeader&, const EventHeader&) = default;
};

/// One message of a stream.
class EventMessage {
public:
    static constexpr std::size_t max_headers = std::size_t{128} * 1'024;        ///< Bytes of all headers.
    static constexpr std::size_t max_payload = std::size_t{24} * 1'024 * 1'024; ///< Bytes.

    EventMessage() = default;
    EventMessage(std::vector<EventHeader> its_headers, std::string its_payload)
        : headers(std::move(its_headers)), payload(std::move(its_payload)) {}

    std::vector<EventHeader> headers; ///< Each name once.
    std::string payload;

    /// What a header says; empty if it is no text, or there is none.
    [[nodiscard]] std::string_view text(std::string_view name) const noexcept {
        const auto named = [name](const EventHeader& header) { return header.name == name; };
        const auto found = std::find_if(headers.begin(), headers.end(), named);
        const auto* const value = found == headers.end() ? nullptr : std::get_if<std::string>(&found->value);
        return value == nullptr ? std::string_view() : std::string_view(*value);
    }

    friend bool operator==(const EventMessage&, const EventMessage&) = default;
};

namespace detail {

/// How the format numbers the types of headers.
enum class EventType : std::uint8_t { yes, no, byte, int16, int32, int64, bytes, text, time, uuid };

inline constexpr std::size_t event_prelude = 12;  ///< Both lengths and their checksum.
inline constexpr std::size_t event_overhead = 16; ///< The prelude and the checksum of all before it.

[[nodiscard]] inline std::uint32_t load_u32(std::string_view bytes) noexcept {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    return boost::endian::big_to_native(word);
}

/// Reads the headers of a message, whose bytes are all there.
class EventHeaderReader {
public:
    explicit EventHeaderReader(std::string_view bytes) : rest_(bytes) {}

    [[nodiscard]] bool read(std::vector<EventHeader>& headers) {
        while (!rest_.empty()) {
            auto& header = headers.emplace_back();
            std::uint8_t type = 0;
            if (!text(1, header.name) || header.name.empty() || !number(type) || !value(EventType(type), header.value)) {
                return false;
            }
        }
        std::vector<std::string_view> names;
        names.reserve(headers.size());
        for (const auto& header : headers) names.push_back(header.name);
        std::sort(names.begin(), names.end());
        return std::adjacent_find(names.begin(), names.end()) == names.end();
    }

private:
    bool take(std::size_t size, std::string_view& bytes) {
        if (rest_.size() < size) return false;
        bytes = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return true;
    }

    template <class Integer>
    bool number(Integer& value) {
        std::string_view bytes;
        if (!take(sizeof value, bytes)) return false;
        std::memcpy(&value, bytes.data(), sizeof value);
        boost::endian::big_to_native_inplace(value);
        return true;
    }

    /// Bytes after their length, which has one byte or two.
    bool counted(std::size_t width, std::string& bytes) {
        std::uint8_t low = 0;
        std::uint16_t size = 0;
        if (width == 1 ? !number(low) : !number(size)) return false;
        std::string_view found;
        if (!take(width == 1 ? low : size, found)) return false;
        bytes = found;
        return true;
    }

    bool text(std::size_t width, std::string& text) { return counted(width, text) && utf8_length(text).has_value(); }

    template <class Integer>
    bool integer(EventValue& value) {
        return number(value.emplace<Integer>());
    }

    bool value(EventType type, EventValue& value) {
        std::int64_t milliseconds = 0;
        std::string_view bytes;
        switch (type) {
        case EventType::yes:
        case EventType::no: value = type == EventType::yes; return true;
        case EventType::byte: return integer<std::int8_t>(value);
        case EventType::int16: return integer<std::int16_t>(value);
        case EventType::int32: return integer<std::int32_t>(value);
        case EventType::int64: return integer<std::int64_t>(value);
        case EventType::bytes: return counted(2, value.emplace<EventBytes>().data);
        case EventType::text: return text(2, value.emplace<std::string>());
        case EventType::time:
            if (!number(milliseconds)) return false;
            value = EventTime(EventTime::duration(milliseconds));
            return true;
        case EventType::uuid:
            if (!take(sizeof(EventUuid), bytes)) return false;
            std::memcpy(value.emplace<EventUuid>().data(), bytes.data(), bytes.size());
            return true;
        }
        return false;
    }

    std::string_view rest_;
};

} // namespace detail

/// Puts messages together from pieces of a stream, however it was cut.
///
/// After each piece `next()` is to be called until it gives none; then no more is kept than one message and one piece.
class EventDecoder {
public:
    void feed(std::string_view piece) {
        if (failed_) return;
        bytes_.erase(0, std::exchange(begin_, 0));
        bytes_ += piece;
    }

    /// The next message; none if it is not all there yet; `error::malformed`, from then on always, if what came is no
    /// message, has another checksum, is larger than the format allows or names a header twice.
    [[nodiscard]] result<std::optional<EventMessage>> next() {
        std::optional<EventMessage> message;
        if (!failed_ && !read(message)) {
            failed_ = true;
            bytes_ = {};
            begin_ = 0;
        }
        if (failed_) return error::malformed;
        return message;
    }

    /// Whether a stream may end here: between messages.
    [[nodiscard]] bool complete() const noexcept { return !failed_ && begin_ == bytes_.size(); }

private:
    /// False if the bytes are wrong.
    bool read(std::optional<EventMessage>& message) {
        const auto rest = std::string_view(bytes_).substr(begin_);
        if (rest.size() < detail::event_prelude) return true;
        const std::size_t size = detail::load_u32(rest);
        const std::size_t headers = detail::load_u32(rest.substr(4));
        if (detail::load_u32(rest.substr(8)) != crc32(rest.substr(0, 8))) return false;
        if (headers > EventMessage::max_headers || size < detail::event_overhead + headers ||
            size - detail::event_overhead - headers > EventMessage::max_payload) {
            return false;
        }
        if (rest.size() < size) return true;
        const auto checked = rest.substr(0, size - 4);
        if (detail::load_u32(rest.substr(checked.size())) != crc32(checked)) return false;
        detail::EventHeaderReader reader(checked.substr(detail::event_prelude, headers));
        if (!reader.read(message.emplace().headers)) return false;
        message->payload = checked.substr(detail::event_prelude + headers);
        begin_ += size;
        return true;
    }

    std::string bytes_;
    std::size_t begin_ = 0; ///< Of what has not been read.
    bool failed_ = false;
};

namespace detail {

template <class Integer>
void append_big(std::string& out, Integer value) {
    boost::endian::native_to_big_inplace(value);
    std::array<char, sizeof value> bytes{};
    std::memcpy(bytes.data(), &value, sizeof value);
    out.append(bytes.data(), bytes.size());
}

/// Appends a header's value after its type.
class EventValueWriter {
public:
    explicit EventValueWriter(std::string& out) : out_(out) {}

    void operator()(bool value) { type(value ? EventType::yes : EventType::no); }
    void operator()(std::int8_t value) { number(EventType::byte, value); }
    void operator()(std::int16_t value) { number(EventType::int16, value); }
    void operator()(std::int32_t value) { number(EventType::int32, value); }
    void operator()(std::int64_t value) { number(EventType::int64, value); }
    void operator()(const EventBytes& value) { counted(EventType::bytes, value.data); }
    void operator()(const std::string& value) { counted(EventType::text, value); }
    void operator()(EventTime value) {
        number(EventType::time, static_cast<std::int64_t>(value.time_since_epoch().count()));
    }
    void operator()(const EventUuid& value) {
        type(EventType::uuid);
        for (const auto byte : value) append_big(out_, byte);
    }

private:
    void type(EventType type) { append_big(out_, static_cast<std::uint8_t>(type)); }

    template <class Integer>
    void number(EventType its_type, Integer value) {
        type(its_type);
        append_big(out_, value);
    }

    void counted(EventType its_type, std::string_view bytes) {
        number(its_type, static_cast<std::uint16_t>(bytes.size()));
        out_ += bytes;
    }

    std::string& out_;
};

/// Whether a header's parts fit the lengths that the format has for them.
[[nodiscard]] inline bool fits(const EventHeader& header) noexcept {
    const auto* const text = std::get_if<std::string>(&header.value);
    const auto* const bytes = std::get_if<EventBytes>(&header.value);
    const std::size_t size = text != nullptr ? text->size() : bytes != nullptr ? bytes->data.size() : 0;
    return !header.name.empty() && header.name.size() <= 0xFF && size <= 0xFFFF;
}

} // namespace detail

/// The bytes of a message, as `EventDecoder` reads them if each name stands there once and all text is UTF-8;
/// `error::malformed` if it is larger than the format allows.
[[nodiscard]] inline result<std::string> encode_event(const EventMessage& message) {
    std::string headers;
    for (const auto& header : message.headers) {
        if (!detail::fits(header)) return error::malformed;
        detail::append_big(headers, static_cast<std::uint8_t>(header.name.size()));
        headers += header.name;
        std::visit(detail::EventValueWriter(headers), header.value);
    }
    if (headers.size() > EventMessage::max_headers || message.payload.size() > EventMessage::max_payload) {
        return error::malformed;
    }
    const auto size = detail::event_overhead + headers.size() + message.payload.size();
    std::string out;
    out.reserve(size);
    detail::append_big(out, static_cast<std::uint32_t>(size));
    detail::append_big(out, static_cast<std::uint32_t>(headers.size()));
    detail::append_big(out, crc32(out));
    out.append(headers).append(message.payload);
    detail::append_big(out, crc32(out));
    return out;
}

} // namespace sluice::aws
