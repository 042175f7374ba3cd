#pragma once

#include <sluice/aws/base64.hpp>
#include <sluice/aws/crc32.hpp>
#include <sluice/aws/digest.hpp>
#include <sluice/aws/xml.hpp>
#include <sluice/error.hpp>
#include <sluice/transport/transport.hpp>

#include <string>
#include <string_view>

/// What S3 answers (Amazon S3 API reference, 2006-03-01).
namespace sluice::s3 {

/// The upload that CreateMultipartUpload began; else `error::malformed`.
[[nodiscard]] inline result<std::string> parse_upload(std::string_view xml) {
    const auto root = aws::parse_xml(xml);
    if (!root) return root.error();
    const auto& id = (*root)["UploadId"].text;
    if (root->name != "InitiateMultipartUploadResult" || id.empty()) return error::malformed;
    return id;
}

/// Whether CompleteMultipartUpload did it: it answers 200 before it knows, so that a refusal may follow as the body.
/// Else `error::malformed`.
[[nodiscard]] inline result<void> parse_completed(std::string_view xml) {
    const auto root = aws::parse_xml(xml);
    if (!root) return root.error();
    // An emulator's name for it ends in another word.
    const bool ours = root->name.starts_with("CompleteMultipartUpload");
    if (!ours || (*root)["ETag"].text.empty()) return error::malformed;
    return {};
}

namespace detail {

/// Whether the checksum of that name is there and not that of the body. Those of whole uploads, `...-3`, are made of
/// the parts' checksums, and tell nothing of the body alone.
[[nodiscard]] inline bool contradicts(const HttpResponse& response, std::string_view name, std::string_view sum) {
    const auto told = find_header(response.headers, name);
    if (told.empty() || told.find('-') != std::string_view::npos) return false;
    std::string text;
    aws::append_base64(text, sum);
    return told != text;
}

} // namespace detail

/// Whether an object arrived as S3 has it, by the CRC-32 and SHA-256 that came with it; else `error::response_invalid`.
[[nodiscard]] inline result<void> check_object(const HttpResponse& response) {
    const bool summed = !find_header(response.headers, "x-amz-checksum-crc32").empty();
    const auto crc = summed ? aws::crc32(response.body) : 0;
    std::string bytes;
    for (unsigned shift = 32; shift > 0; shift -= 8) bytes += static_cast<char>(crc >> (shift - 8) & 0xFFU);
    if (detail::contradicts(response, "x-amz-checksum-crc32", bytes)) return error::response_invalid;
    const auto told = find_header(response.headers, "x-amz-checksum-sha256");
    if (told.empty()) return {};
    const auto digest = aws::sha256(response.body);
    const std::string_view text(reinterpret_cast<const char*>(digest.data()), digest.size());
    if (detail::contradicts(response, "x-amz-checksum-sha256", text)) return error::response_invalid;
    return {};
}

} // namespace sluice::s3
