#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::aws {

/// A field of a Protocol Buffers message: a whole number, or bytes that may be a text or a message.
class ProtobufField {
public:
    ProtobufField() = default;
    ProtobufField(std::uint32_t its_id, std::uint64_t its_number) : id(its_id), number(its_number) {}
    ProtobufField(std::uint32_t its_id, std::string_view its_bytes) : id(its_id), bytes(its_bytes), has_bytes(true) {}

    std::uint32_t id = 0;     ///< 1 to 2^29-1.
    std::uint64_t number = 0; ///< Of wire type 0.
    std::string_view bytes;   ///< Of wire type 2; points into the message.
    bool has_bytes = false;

    /// Whether this is the field with that id, and a number. Another wire type makes it an unknown field, which the
    /// specification has readers ignore.
    [[nodiscard]] bool is_number(std::uint32_t wanted) const noexcept { return id == wanted && !has_bytes; }
    [[nodiscard]] bool is_bytes(std::uint32_t wanted) const noexcept { return id == wanted && has_bytes; }
};

/// Reads a Protocol Buffers message field by field, strictly and within bounds, whatever the bytes are.
///
/// Fields of fixed width and groups are checked and read over. Numbers past 64 bits, field ids that are zero or past 29
/// bits, lengths past the end, unknown wire types and groups that do not end are refused (Protocol Buffers
/// documentation, Encoding).
class ProtobufReader {
public:
    static constexpr std::size_t max_depth = 100; ///< Of groups in groups, as the official readers have it.

    explicit ProtobufReader(std::string_view message) : rest_(message) {}

    /// The next field; none at the end, and for ever after a mistake.
    [[nodiscard]] std::optional<ProtobufField> next() {
        while (ok_ && !rest_.empty()) {
            std::uint64_t tag = 0;
            ok_ = read_tag(tag);
            if (!ok_) break;
            const auto id = static_cast<std::uint32_t>(tag >> 3U);
            ProtobufField field(id, std::uint64_t{0});
            switch (tag & 7U) {
            case varint: ok_ = read_varint(field.number); break;
            case length_delimited:
                field.has_bytes = true;
                ok_ = read_bytes(field.bytes);
                break;
            default: ok_ = read_over(tag); continue;
            }
            if (ok_) return field;
        }
        return {};
    }

    /// Whether what was read so far is well-formed; after the last field: whether all of the message is.
    [[nodiscard]] bool ok() const noexcept { return ok_; }

private:
    enum WireType : std::uint8_t { varint, fixed64, length_delimited, start_group, end_group, fixed32 };

    bool read_varint(std::uint64_t& number) {
        number = 0;
        for (std::size_t i = 0; i < rest_.size() && i < 10; ++i) {
            const auto byte = static_cast<unsigned char>(rest_[i]);
            if (i == 9 && byte > 1) return false;
            number |= std::uint64_t{byte & 0x7FU} << (7 * i);
            if (byte < 0x80) {
                rest_.remove_prefix(i + 1);
                return true;
            }
        }
        return false;
    }

    bool read_tag(std::uint64_t& tag) { return read_varint(tag) && tag >= 8 && (tag >> 32U) == 0; }

    bool read_bytes(std::string_view& bytes) {
        std::uint64_t size = 0;
        if (!read_varint(size) || size > rest_.size()) return false;
        bytes = rest_.substr(0, static_cast<std::size_t>(size));
        rest_.remove_prefix(bytes.size());
        return true;
    }

    bool leave_out(std::size_t size) {
        if (size > rest_.size()) return false;
        rest_.remove_prefix(size);
        return true;
    }

    /// Reads over a field that starts with this tag, a group with all that is in it. No recursion: the depth is other
    /// people's choice.
    bool read_over(std::uint64_t tag) {
        std::array<std::uint64_t, max_depth> open{};
        std::size_t depth = 0;
        while (true) {
            std::uint64_t number = 0;
            std::string_view bytes;
            bool good = false;
            switch (tag & 7U) {
            case varint: good = read_varint(number); break;
            case fixed64: good = leave_out(8); break;
            case length_delimited: good = read_bytes(bytes); break;
            case start_group:
                good = depth < max_depth;
                if (good) open[depth++] = tag >> 3U;
                break;
            case end_group: good = depth > 0 && open[--depth] == tag >> 3U; break;
            case fixed32: good = leave_out(4); break;
            default: break;
            }
            if (!good || depth == 0) return good;
            if (!read_tag(tag)) return false;
        }
    }

    std::string_view rest_;
    bool ok_ = true;
};

} // namespace sluice::aws
