#pragma once

#include <sluice/transport/transport.hpp>

#include <string>

namespace sluice::local {

/// The usual words after a status; they mean nothing to any client.
[[nodiscard]] constexpr const char* reason_phrase(int status) noexcept {
    switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Status";
    }
}

/// What is sent before the body of a response: status line, headers, `Content-Length` and an empty line.
[[nodiscard]] inline std::string response_head(const HttpResponse& response, bool keep_alive) {
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + ' ' + reason_phrase(response.status) + "\r\n";
    for (const auto& header : response.headers)
        head.append(header.name).append(": ").append(header.value).append("\r\n");
    head += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
    if (!keep_alive) head += "Connection: close\r\n";
    return head += "\r\n";
}

} // namespace sluice::local
