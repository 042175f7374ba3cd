#pragma once

#include <sluice/aws/utf8.hpp>
#include <sluice/error.hpp>
#include <sluice/kinesis/hash_key.hpp>
#include <sluice/kinesis/limits.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>

/// What can be checked before a request is sent. Each check gives an empty code, or what is wrong.
namespace sluice::kinesis {

/// 1 to 128 of `[a-zA-Z0-9_.-]`, else `error::stream_name_invalid`.
[[nodiscard]] inline error_code check_stream_name(std::string_view name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
               c == '-';
    };
    if (name.empty() || name.size() > limits::stream_name_characters) return error::stream_name_invalid;
    return std::all_of(name.begin(), name.end(), allowed) ? error_code() : error::stream_name_invalid;
}

/// `arn:<partition>:kinesis:<region>:<12 digits>:stream/<name>`, else `error::stream_name_invalid`.
[[nodiscard]] inline error_code check_stream_arn(std::string_view arn) {
    constexpr std::string_view stream = "stream/";
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto part = [&arn] {
        const auto colon = std::min(arn.find(':'), arn.size());
        const auto front = arn.substr(0, colon);
        arn.remove_prefix(std::min(colon + 1, arn.size()));
        return front;
    };
    if (arn.size() > limits::stream_arn_characters || part() != "arn" || part().substr(0, 3) != "aws" ||
        part() != "kinesis" || part().empty()) {
        return error::stream_name_invalid;
    }
    const auto account = part();
    if (account.size() != 12 || !std::all_of(account.begin(), account.end(), digit)) return error::stream_name_invalid;
    return arn.substr(0, stream.size()) == stream ? check_stream_name(arn.substr(stream.size()))
                                                  : error::stream_name_invalid;
}

/// Whether a text is meant as an ARN: no name has a colon.
[[nodiscard]] constexpr bool is_arn(std::string_view stream) noexcept { return stream.starts_with("arn:"); }

/// A stream's name or its ARN, else `error::stream_name_invalid`.
[[nodiscard]] inline error_code check_stream(std::string_view stream) {
    return is_arn(stream) ? check_stream_arn(stream) : check_stream_name(stream);
}

/// 1 to 256 Unicode characters of well-formed UTF-8, else `partition_key_empty`, `partition_key_too_long`, `not_utf8`.
[[nodiscard]] inline error_code check_partition_key(std::string_view key) {
    constexpr auto most = limits::partition_key_characters;
    if (key.empty()) return error::partition_key_empty;
    if (key.size() <= most && aws::ascii_prefix(key) == key.size()) return {};
    if (key.size() > 4 * most) return error::partition_key_too_long;
    const auto characters = aws::utf8_length(key);
    if (!characters) return error::not_utf8;
    return *characters > most ? error::partition_key_too_long : error_code();
}

/// Empty, which means none, or a decimal number from 0 to 2^128-1, else `error::hash_key_invalid`.
[[nodiscard]] inline error_code check_hash_key(std::string_view key) {
    if (key.empty()) return {};
    const auto parsed = HashKey::parse(key);
    return parsed ? error_code() : parsed.error();
}

/// Data and partition key together are at most `most` bytes, else `error::record_too_large`.
[[nodiscard]] inline error_code check_record_size(std::size_t data, std::size_t key,
                                                  std::size_t most = limits::record_bytes) {
    return data > most || key > most - data ? error::record_too_large : error_code();
}

} // namespace sluice::kinesis
