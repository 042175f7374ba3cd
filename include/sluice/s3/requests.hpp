#pragma once

#include <sluice/aws/base64.hpp>
#include <sluice/aws/client.hpp>
#include <sluice/aws/digest.hpp>
#include <sluice/aws/percent.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What S3 is asked (Amazon S3 API reference, 2006-03-01). Paths are those behind the bucket.
namespace sluice::s3 {

inline constexpr std::size_t longest_key = 1'024;                   ///< Bytes of UTF-8.
inline constexpr std::size_t least_part_bytes = std::size_t{5} << 20U; ///< Of every part but the last.
inline constexpr std::size_t most_parts = 10'000;

/// A part of an upload that S3 has.
class Part {
public:
    Part() = default;
    Part(unsigned its_number, std::string its_etag, const aws::Sha256& its_digest)
        : number(its_number), etag(std::move(its_etag)), digest(its_digest) {}

    unsigned number = 1; ///< From 1 to 10,000.
    std::string etag;    ///< With its quotes.
    aws::Sha256 digest{};
};

/// `/a/b%20c`: all but `A-Za-z0-9-._~/` escaped, once; nothing is left out, not even dots and doubled slashes.
[[nodiscard]] inline std::string path_of(std::string_view key) {
    std::string path = "/";
    for (const char c : key) {
        if (c == '/') {
            path += c;
        } else {
            aws::append_percent_encoded(path, c);
        }
    }
    return path;
}

namespace detail {

[[nodiscard]] inline std::string_view text_of(const aws::Sha256& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

[[nodiscard]] inline std::string base64_of(const aws::Sha256& digest) {
    std::string text;
    aws::append_base64(text, text_of(digest));
    return text;
}

[[nodiscard]] inline aws::Call call(std::string method, std::string path) {
    aws::Call made;
    made.method = std::move(method);
    made.path = std::move(path);
    return made;
}

/// The digest is computed once, and serves signature and checksum at every attempt.
inline void carry(aws::Call& call, std::string_view data, const aws::Sha256& digest) {
    call.borrowed = data;
    call.headers.emplace_back("X-Amz-Content-SHA256", aws::hex(digest));
    call.headers.emplace_back("x-amz-sdk-checksum-algorithm", "SHA256");
    call.headers.emplace_back("x-amz-checksum-sha256", base64_of(digest));
}

/// As characters of an XML element.
[[nodiscard]] inline std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '&') {
            out += "&amp;";
        } else if (c == '<') {
            out += "&lt;";
        } else if (c == '>') {
            out += "&gt;";
        } else {
            out += c;
        }
    }
    return out;
}

[[nodiscard]] inline std::string upload_query(std::string_view upload_id) {
    std::string query = "uploadId=";
    aws::append_percent_encoded(query, upload_id);
    return query;
}

} // namespace detail

inline constexpr std::string_view any_bytes = "application/octet-stream";

/// PutObject. `data` is borrowed; `digest` is its SHA-256.
[[nodiscard]] inline aws::Call put_object(std::string_view key, std::string_view data, const aws::Sha256& digest) {
    auto call = detail::call("PUT", path_of(key));
    call.headers.emplace_back("Content-Type", std::string(any_bytes));
    detail::carry(call, data, digest);
    return call;
}

/// GetObject, with the checksums that the object has.
[[nodiscard]] inline aws::Call get_object(std::string_view key) {
    auto call = detail::call("GET", path_of(key));
    call.headers.emplace_back("x-amz-checksum-mode", "ENABLED");
    return call;
}

/// DeleteObject.
[[nodiscard]] inline aws::Call delete_object(std::string_view key) { return detail::call("DELETE", path_of(key)); }

/// HeadBucket.
[[nodiscard]] inline aws::Call head_bucket() { return detail::call("HEAD", "/"); }

/// CreateMultipartUpload.
[[nodiscard]] inline aws::Call create_upload(std::string_view key) {
    auto call = detail::call("POST", path_of(key) + "?uploads=");
    call.headers.emplace_back("Content-Type", std::string(any_bytes));
    call.headers.emplace_back("x-amz-checksum-algorithm", "SHA256");
    return call;
}

/// UploadPart. `data` is borrowed; `digest` is its SHA-256.
[[nodiscard]] inline aws::Call upload_part(std::string_view key, std::string_view upload_id, unsigned number,
                                           std::string_view data, const aws::Sha256& digest) {
    const auto query = "?partNumber=" + std::to_string(number) + '&' + detail::upload_query(upload_id);
    auto call = detail::call("PUT", path_of(key) + query);
    call.headers.emplace_back("Content-Type", std::string(any_bytes));
    detail::carry(call, data, digest);
    return call;
}

/// CompleteMultipartUpload, of parts in the order of their numbers.
[[nodiscard]] inline aws::Call complete_upload(std::string_view key, std::string_view upload_id,
                                               const std::vector<Part>& parts) {
    auto call = detail::call("POST", path_of(key) + '?' + detail::upload_query(upload_id));
    std::string xml = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
    for (const auto& part : parts) {
        xml.append("<Part><ETag>").append(detail::escaped(part.etag)).append("</ETag><PartNumber>");
        xml.append(std::to_string(part.number)).append("</PartNumber><ChecksumSHA256>");
        xml.append(detail::base64_of(part.digest)).append("</ChecksumSHA256></Part>");
    }
    xml += "</CompleteMultipartUpload>";
    call.headers.emplace_back("Content-Type", "application/xml");
    call.body = std::make_shared<const std::string>(std::move(xml));
    return call;
}

/// AbortMultipartUpload.
[[nodiscard]] inline aws::Call abort_upload(std::string_view key, std::string_view upload_id) {
    return detail::call("DELETE", path_of(key) + '?' + detail::upload_query(upload_id));
}

} // namespace sluice::s3
