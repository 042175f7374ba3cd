#pragma once

#include <sluice/aws/ascii.hpp>
#include <sluice/transport/transport.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::local {

/// Reads HTTP/1.1 requests out of bytes as they arrive, within bounds, whatever the bytes are.
///
/// Bodies need a `Content-Length`: chunked ones are refused with 411, as nothing that speaks to Kinesis sends them.
class RequestReader {
public:
    enum class State : std::uint8_t {
        head,     ///< The head is not complete.
        body,     ///< `head()` is there, more bytes are to come.
        complete, ///< `take()` gives the request.
        refused,  ///< These bytes are no request; `refusal()` is the status to answer before closing.
    };

    static constexpr std::size_t max_head = 64U << 10U;
    static constexpr std::size_t max_body = 20U << 20U; ///< A full PutRecords in JSON takes about 14 MiB.
    static constexpr std::size_t max_headers = 100;

    /// Takes what arrived and tells where the reader stands.
    State feed(std::string_view bytes) {
        if (state_ == State::refused) return state_;
        pending_ += bytes;
        return advance();
    }

    [[nodiscard]] State state() const { return state_; }

    /// The request without its body; from `State::body` on.
    [[nodiscard]] const HttpRequest& head() const { return request_; }

    /// Whether the client waits for `100 Continue` before it sends the body.
    [[nodiscard]] bool expects_continue() const { return expects_continue_; }

    /// Whether the connection stays open after this exchange.
    [[nodiscard]] bool keep_alive() const { return keep_alive_; }

    [[nodiscard]] int refusal() const { return refusal_; }

    /// The complete request; the reader starts on the bytes that followed it.
    [[nodiscard]] HttpRequest take() {
        std::string rest = pending_.substr(length_);
        pending_.resize(length_);
        request_.body = std::make_shared<const std::string>(std::move(pending_));
        HttpRequest complete = std::move(request_);
        *this = RequestReader();
        feed(rest);
        return complete;
    }

private:
    State advance() {
        if (state_ == State::head) {
            const auto end = pending_.find("\r\n\r\n", searched_);
            if (end == std::string::npos ? pending_.size() > max_head : end > max_head) return refuse(431);
            if (end == std::string::npos) {
                searched_ = pending_.size() - std::min<std::size_t>(pending_.size(), 3);
                return state_;
            }
            refusal_ = read_head(std::string_view(pending_).substr(0, end));
            if (refusal_ != 0) return refuse(refusal_);
            pending_.erase(0, end + 4);
            state_ = State::body;
        }
        if (pending_.size() >= length_) state_ = State::complete;
        return state_;
    }

    State refuse(int status) {
        refusal_ = status;
        pending_.clear();
        return state_ = State::refused;
    }

    /// 0, or the status that says what is wrong with the head.
    int read_head(std::string_view text) {
        std::string_view start_line = next_line(text);
        while (!text.empty()) {
            if (request_.headers.size() == max_headers) return 431;
            if (!read_header(next_line(text))) return 400;
        }
        if (const int wrong = read_start_line(start_line); wrong != 0) return wrong;
        return read_framing();
    }

    static std::string_view next_line(std::string_view& text) {
        const auto end = std::min(text.find("\r\n"), text.size());
        const auto line = text.substr(0, end);
        text.remove_prefix(std::min(end + 2, text.size()));
        return line;
    }

    int read_start_line(std::string_view line) {
        const auto first = line.find(' ');
        const auto last = line.rfind(' ');
        if (first == std::string_view::npos || first == last) return 400;
        const auto method = line.substr(0, first);
        const auto target = line.substr(first + 1, last - first - 1);
        const auto version = line.substr(last + 1);
        if (version != "HTTP/1.1" && version != "HTTP/1.0") return version.starts_with("HTTP/") ? 505 : 400;
        if (!std::all_of(method.begin(), method.end(), is_token) || method.empty()) return 400;
        if (!target.starts_with('/') || !std::all_of(target.begin(), target.end(), is_visible)) return 400;
        const auto host = find_header(request_.headers, "host");
        if (host.empty()) return 400;
        keep_alive_ = version == "HTTP/1.1";
        request_.method = method;
        request_.url = "http://" + std::string(host) + std::string(target);
        return 0;
    }

    bool read_header(std::string_view line) {
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || colon == 0) return false;
        const auto name = line.substr(0, colon);
        auto value = line.substr(colon + 1);
        while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
        while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);
        if (!std::all_of(name.begin(), name.end(), is_token)) return false;
        if (!std::all_of(value.begin(), value.end(), [](char c) { return is_blank(c) || is_visible(c); })) return false;
        request_.headers.emplace_back(std::string(name), std::string(value));
        return true;
    }

    int read_framing() {
        if (!find_header(request_.headers, "transfer-encoding").empty()) return 411;
        std::optional<std::size_t> length;
        for (const auto& header : request_.headers) {
            if (!is_named(header, "content-length")) continue;
            std::size_t said = 0;
            const char* end = header.value.data() + header.value.size();
            const auto [stopped, failure] = std::from_chars(header.value.data(), end, said);
            if (failure == std::errc::result_out_of_range) return 413;
            if (failure != std::errc{} || stopped != end || (length && *length != said)) return 400;
            length = said;
        }
        length_ = length.value_or(0);
        if (length_ > max_body) return 413;
        read_wishes();
        return 0;
    }

    void read_wishes() {
        const auto connection = aws::to_lower(find_header(request_.headers, "connection"));
        if (connection.find("close") != std::string::npos) keep_alive_ = false;
        if (connection.find("keep-alive") != std::string::npos) keep_alive_ = true;
        expects_continue_ = aws::same_name(find_header(request_.headers, "expect"), "100-continue");
    }

    static bool is_named(const HttpHeader& header, std::string_view name) { return aws::same_name(header.name, name); }

    static bool is_blank(char c) { return c == ' ' || c == '\t'; }

    /// Neither space nor control; bytes over 127 are let through.
    static bool is_visible(char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; }

    /// RFC 9110 §5.6.2.
    static bool is_token(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    }

    State state_ = State::head;
    std::string pending_; ///< Head and then body, as far as they arrived, and what follows.
    std::size_t searched_ = 0;
    std::size_t length_ = 0;
    HttpRequest request_;
    bool expects_continue_ = false;
    bool keep_alive_ = true;
    int refusal_ = 0;
};

} // namespace sluice::local
