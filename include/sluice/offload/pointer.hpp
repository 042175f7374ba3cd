#pragma once

#include <sluice/aws/digest.hpp>
#include <sluice/aws/hex.hpp>
#include <sluice/aws/json_reader.hpp>
#include <sluice/aws/json_writer.hpp>
#include <sluice/aws/token.hpp>
#include <sluice/error.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

/// What a record carries in place of a payload that lies in S3.
///
/// JSON, so that any consumer understands it: `{"sluice":"s3-pointer/1","bucket":"b","key":"k","size":1048576,
/// "sha256":"<64 hexadecimal digits>"}`. It begins with these very 22 bytes, `{"sluice":"s3-pointer/`, and data is a
/// pointer exactly if it does: consumers look at nothing else. Who puts such data himself puts a pointer.
class S3Pointer {
public:
    S3Pointer() = default;
    S3Pointer(std::string its_bucket, std::string its_key, std::uint64_t its_size, const aws::Sha256& its_digest)
        : bucket(std::move(its_bucket)), key(std::move(its_key)), size(its_size), sha256(its_digest) {}

    static constexpr std::string_view mark = R"({"sluice":"s3-pointer/)";
    static constexpr std::size_t max_bytes = 8'192; ///< Of its text.

    std::string bucket;
    std::string key;
    std::uint64_t size = 0; ///< Of the payload, in bytes.
    aws::Sha256 sha256{};   ///< Of the payload.

    friend bool operator==(const S3Pointer&, const S3Pointer&) = default;
};

/// Whether data is a pointer: of this version, or of one that is not known yet.
[[nodiscard]] inline bool is_pointer(std::string_view data) noexcept { return data.starts_with(S3Pointer::mark); }

/// The text of a pointer.
[[nodiscard]] inline std::string encode(const S3Pointer& pointer) {
    std::string text;
    aws::JsonWriter json(text);
    json.begin_map();
    json.key("sluice");
    json.text("s3-pointer/1");
    json.key("bucket");
    json.text(pointer.bucket);
    json.key("key");
    json.text(pointer.key);
    json.key("size");
    json.unsigned_integer(pointer.size);
    json.key("sha256");
    json.text(aws::hex(pointer.sha256));
    json.end_map();
    return text;
}

namespace detail {

/// Reads a pointer's members, each of them once and no others.
class PointerReader {
public:
    explicit PointerReader(std::string_view text) : json_(text) {}

    [[nodiscard]] std::optional<S3Pointer> read() {
        if (!json_.next().is(aws::TokenKind::map)) return {};
        for (auto name = json_.next(); !name.is(aws::TokenKind::end); name = json_.next()) {
            if (!name.is(aws::TokenKind::text) || !member(std::string(name.text))) return {};
        }
        if (!json_.next().is(aws::TokenKind::done) || seen_ != 31U) return {};
        return std::move(pointer_);
    }

private:
    bool member(const std::string& name) {
        const auto value = json_.next();
        if (name == "size") return first(1) && value.is(aws::TokenKind::unsigned_integer) && take_size(value.number);
        if (!value.is(aws::TokenKind::text)) return false;
        if (name == "sluice") return first(2) && value.text == "s3-pointer/1";
        if (name == "bucket") return first(4) && take(value.text, 255, pointer_.bucket);
        if (name == "key") return first(8) && take(value.text, 1'024, pointer_.key);
        return name == "sha256" && first(16) && aws::decode_hex(value.text, pointer_.sha256).has_value();
    }

    bool first(unsigned bit) {
        const bool fresh = (seen_ & bit) == 0;
        seen_ |= bit;
        return fresh;
    }

    bool take_size(std::uint64_t size) {
        pointer_.size = size;
        return true;
    }

    static bool take(std::string_view text, std::size_t most, std::string& to) {
        to = text;
        return !text.empty() && text.size() <= most;
    }

    aws::JsonReader json_;
    S3Pointer pointer_;
    unsigned seen_ = 0;
};

} // namespace detail

/// Reads a pointer, strictly; `error::malformed` for what is none, has lost its end, or is of a version that is not
/// known here.
[[nodiscard]] inline result<S3Pointer> parse_pointer(std::string_view data) {
    if (!is_pointer(data) || data.size() > S3Pointer::max_bytes) return error::malformed;
    auto pointer = detail::PointerReader(data).read();
    if (!pointer) return error::malformed;
    return *std::move(pointer);
}

} // namespace sluice
