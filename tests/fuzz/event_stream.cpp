#include "fuzz.hpp"

#include <sluice/aws/crc32.hpp>
#include <sluice/aws/event_stream.hpp>
#include <sluice/kinesis/subscription.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace sluice;

namespace {

void append_number(std::string& out, std::uint32_t number) {
    for (unsigned shift = 32; shift > 0; shift -= 8) out += static_cast<char>(number >> (shift - 8));
}

/// A frame with checksums that are right, so that what they guard is reached too.
std::string framed(std::string_view headers, std::string_view payload) {
    std::string frame;
    append_number(frame, static_cast<std::uint32_t>(headers.size() + payload.size() + 16));
    append_number(frame, static_cast<std::uint32_t>(headers.size()));
    append_number(frame, aws::crc32(frame));
    frame.append(headers).append(payload);
    append_number(frame, aws::crc32(frame));
    return frame;
}

/// What comes out, piece by piece; the last element tells whether the stream may end there.
std::vector<std::string> decoded(std::string_view bytes, std::size_t piece) {
    std::vector<std::string> told;
    aws::EventDecoder decoder;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        decoder.feed(bytes.substr(at, piece));
        for (auto message = decoder.next(); message && *message; message = decoder.next()) {
            const auto again = aws::encode_event(**message);
            demand(again.has_value());
            told.push_back(*again);
        }
    }
    told.emplace_back(decoder.complete() ? "whole" : "cut");
    return told;
}

void subscribe(std::string_view bytes, std::size_t piece) {
    kinesis::Subscription subscription;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        subscription.feed(bytes.substr(at, piece));
        for (auto event = subscription.next(); event && *event; event = subscription.next()) {}
    }
}

} // namespace

/// Frames, raw or with checksums put right; the pieces in which they come make no difference.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::size_t piece = std::size_t{1} + data[0] % 32;
    std::string bytes(text_of(data + 2, size - 2));
    if (data[1] != 0) {
        const auto cut = std::min<std::size_t>(data[1] - 1U, bytes.size());
        bytes = framed(std::string_view(bytes).substr(0, cut), std::string_view(bytes).substr(cut));
    }
    demand(decoded(bytes, piece) == decoded(bytes, bytes.size() + 1));
    subscribe(bytes, piece);
    return 0;
}
