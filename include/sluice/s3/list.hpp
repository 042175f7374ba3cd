#pragma once

#include <sluice/aws/integer.hpp>
#include <sluice/aws/percent.hpp>
#include <sluice/aws/timestamp.hpp>
#include <sluice/aws/xml.hpp>
#include <sluice/clock/clock.hpp>
#include <sluice/error.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::s3 {

/// An object as a listing tells of it.
class Object {
public:
    Object() = default;

    std::string key;
    std::uint64_t size = 0; ///< Bytes.
    std::string etag;       ///< With its quotes.
    std::optional<wall_time> modified;
};

/// Some of a bucket's objects.
class ObjectPage {
public:
    ObjectPage() = default;

    std::vector<Object> objects;
    std::vector<std::string> common_prefixes; ///< Of keys that were rolled up at a delimiter.
    std::string next_token;                   ///< Empty: these were the last.
};

namespace detail {

/// A key, which the service encodes like a form if it was asked to; XML alone cannot carry every key.
[[nodiscard]] inline result<std::string> read_key(std::string_view text, bool encoded) {
    if (text.empty()) return error::malformed;
    if (!encoded) return std::string(text);
    std::string spaced(text);
    std::replace(spaced.begin(), spaced.end(), '+', ' ');
    return aws::decode_percent(spaced);
}

[[nodiscard]] inline result<Object> read_object(const aws::XmlElement& told, bool encoded) {
    auto key = read_key(told["Key"].text, encoded);
    if (!key) return key.error();
    Object object;
    object.key = *std::move(key);
    object.etag = told["ETag"].text;
    const auto size = aws::parse_integer<std::uint64_t>(told["Size"].text);
    if (!size) return error::malformed;
    object.size = *size;
    const auto& modified = told["LastModified"].text;
    object.modified = aws::parse_iso_date(modified);
    if (!object.modified && !modified.empty()) return error::malformed;
    return object;
}

} // namespace detail

/// The answer to ListObjectsV2 (Amazon S3 API reference, 2006-03-01), with or without `encoding-type=url`; else
/// `error::malformed`, also if more is promised but not how to get it.
[[nodiscard]] inline result<ObjectPage> parse_list(std::string_view xml) {
    const auto root = aws::parse_xml(xml);
    if (!root) return root.error();
    if (root->name != "ListBucketResult") return error::malformed;
    const auto& truncated = (*root)["IsTruncated"].text;
    const bool encoded = (*root)["EncodingType"].text == "url";
    ObjectPage page;
    if (truncated == "true") page.next_token = (*root)["NextContinuationToken"].text;
    if (truncated != "false" && page.next_token.empty()) return error::malformed;
    for (const auto& child : root->children) {
        if (child.name == "Contents") {
            auto object = detail::read_object(child, encoded);
            if (!object) return object.error();
            page.objects.push_back(*std::move(object));
        } else if (child.name == "CommonPrefixes") {
            auto prefix = detail::read_key(child["Prefix"].text, encoded);
            if (!prefix) return prefix.error();
            page.common_prefixes.push_back(*std::move(prefix));
        }
    }
    return page;
}

} // namespace sluice::s3
