#pragma once

#include <sluice/aws/ascii.hpp>
#include <sluice/aws/percent.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::aws {

namespace detail {

/// Percent escapes are read first, so that `%7e`, `%7E` and `~` are the same; a stray `%` stands for itself.
[[nodiscard]] inline std::string recoded(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
            append_percent_encoded(out, static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])));
            i += 2;
        } else {
            append_percent_encoded(out, text[i]);
        }
    }
    return out;
}

/// Orders names by byte as if they were in lower case.
[[nodiscard]] inline bool name_before(std::string_view a, std::string_view b) noexcept {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return static_cast<unsigned char>(to_lower(x)) < static_cast<unsigned char>(to_lower(y));
    });
}

} // namespace detail

/// How a path becomes canonical. Signature Version 4 does both for every service but S3, which does neither.
class PathRules {
public:
    PathRules() = default;
    PathRules(bool its_normalize, bool its_double_encode)
        : normalize(its_normalize), double_encode(its_double_encode) {}

    bool normalize = true;     ///< Without dot segments and doubled slashes.
    bool double_encode = true; ///< Encoded once more than in the request line, so that `%20` becomes `%2520`.
};

namespace detail {

inline void append_segment(std::string& out, std::string_view segment, const PathRules& rules) {
    if (rules.double_encode) {
        append_percent_encoded(out, segment);
    } else {
        out += recoded(segment);
    }
}

/// Segment by segment, none left out.
inline void append_whole_path(std::string& out, std::string_view path, const PathRules& rules) {
    if (!path.starts_with('/')) out += '/';
    while (!path.empty()) {
        const bool more = path.find('/') != std::string_view::npos;
        append_segment(out, next_piece(path, '/'), rules);
        if (more) out += '/';
    }
}

} // namespace detail

/// The path as Signature Version 4 wants it. `path` is that of the request line; empty means `/`.
[[nodiscard]] inline std::string canonical_path(std::string_view path, const PathRules& rules = {}) {
    std::string out;
    if (!rules.normalize) {
        detail::append_whole_path(out, path, rules);
        return out;
    }
    std::vector<std::string_view> segments;
    for (auto rest = path; !rest.empty();) {
        const auto segment = next_piece(rest, '/');
        if (segment.empty() || segment == ".") continue;
        if (segment != "..") {
            segments.push_back(segment);
        } else if (!segments.empty()) {
            segments.pop_back();
        }
    }
    for (const auto segment : segments) {
        out += '/';
        detail::append_segment(out, segment, rules);
    }
    if (segments.empty() || path.ends_with('/')) out += '/';
    return out;
}

/// The query as Signature Version 4 wants it: encoded, sorted by encoded name, then by encoded value; a name without a
/// value ends with `=`. `query` is that of the request line, without the `?`.
[[nodiscard]] inline std::string canonical_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> pairs;
    while (!query.empty()) {
        auto value = next_piece(query, '&');
        if (value.empty()) continue;
        auto name = detail::recoded(next_piece(value, '='));
        pairs.emplace_back(std::move(name), detail::recoded(value));
    }
    std::sort(pairs.begin(), pairs.end());
    std::string out;
    for (const auto& [name, value] : pairs) {
        if (!out.empty()) out += '&';
        out.append(name).append("=").append(value);
    }
    return out;
}

/// A header that takes part in a signature. It views what others hold.
class SignedHeader {
public:
    SignedHeader() = default;
    SignedHeader(std::string_view its_name, std::string_view its_value) : name(its_name), value(its_value) {}

    std::string_view name;  ///< In any case.
    std::string_view value; ///< As it was sent.
    std::size_t place = 0;  ///< Among the headers of its request; `CanonicalRequest` sees to it.
};

/// What Signature Version 4 signs of a request; the texts are as they stand in the request line and the headers. It
/// views what others hold, so that neither signing nor verifying copies a request.
class CanonicalRequest {
public:
    CanonicalRequest() = default;
    CanonicalRequest(std::string_view its_method, std::string_view its_path, std::string_view its_query,
                     std::vector<SignedHeader> its_headers, std::string_view its_payload_hash)
        : method(its_method), path(its_path), query(its_query), headers(std::move(its_headers)),
          payload_hash(its_payload_hash) {
        for (std::size_t i = 0; i < headers.size(); ++i) headers[i].place = i;
        std::sort(headers.begin(), headers.end(), [](const SignedHeader& a, const SignedHeader& b) {
            return same_name(a.name, b.name) ? a.place < b.place : detail::name_before(a.name, b.name);
        });
    }

    std::string_view method;
    std::string_view path;             ///< Escaped, as in the request line.
    std::string_view query;            ///< The same, without the `?`.
    std::vector<SignedHeader> headers; ///< Sorted by name; those of one name in the order in which they were sent.
    std::string_view payload_hash;     ///< `sha256_hex` of the body, or the value of `X-Amz-Content-SHA256`.
    PathRules path_rules;
};

namespace detail {

/// The value without spaces around it, and each run of spaces within as one.
inline void append_trimmed(std::string& out, std::string_view value) {
    const auto space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
    const auto start = out.size();
    for (auto word = value.begin(); word != value.end();) {
        word = std::find_if_not(word, value.end(), space);
        const auto end = std::find_if(word, value.end(), space);
        if (word != end && out.size() != start) out += ' ';
        out.append(word, end);
        word = end;
    }
}

inline void append_lower(std::string& out, std::string_view text) {
    for (const char c : text) out += to_lower(c);
}

/// `name:value` lines; what has one name stands in one line, its values joined with commas.
inline void append_headers(std::string& out, std::span<const SignedHeader> headers) {
    for (std::size_t i = 0; i < headers.size(); ++i) {
        if (i != 0 && same_name(headers[i].name, headers[i - 1].name)) {
            out.back() = ',';
        } else {
            append_lower(out, headers[i].name);
            out += ':';
        }
        append_trimmed(out, headers[i].value);
        out += '\n';
    }
}

inline void append_names(std::string& out, std::span<const SignedHeader> headers) {
    for (std::size_t i = 0; i < headers.size(); ++i) {
        if (i != 0 && same_name(headers[i].name, headers[i - 1].name)) continue;
        if (i != 0) out += ';';
        append_lower(out, headers[i].name);
    }
}

} // namespace detail

/// The names that `SignedHeaders=` lists: `content-type;host;x-amz-date`.
[[nodiscard]] inline std::string signed_headers(const CanonicalRequest& request) {
    std::string names;
    detail::append_names(names, request.headers);
    return names;
}

/// Appends the text whose digest is signed.
inline void append_canonical_text(std::string& text, const CanonicalRequest& request) {
    std::size_t size = text.size() + 128 + request.path.size() + request.query.size();
    for (const auto& header : request.headers) size += 2 * header.name.size() + header.value.size() + 3;
    text.reserve(size);
    text.append(request.method).append("\n");
    text.append(canonical_path(request.path, request.path_rules)).append("\n");
    text.append(canonical_query(request.query)).append("\n");
    detail::append_headers(text, request.headers);
    text.append("\n");
    detail::append_names(text, request.headers);
    text.append("\n").append(request.payload_hash);
}

/// The text whose digest is signed.
[[nodiscard]] inline std::string canonical_text(const CanonicalRequest& request) {
    std::string text;
    append_canonical_text(text, request);
    return text;
}

} // namespace sluice::aws
