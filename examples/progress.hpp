#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string>

#include <sys/ioctl.h>
#include <unistd.h>

/// A line on standard error that is drawn anew, by any thread; where there is no terminal, a line every five seconds.
class ProgressLine {
public:
    ProgressLine() = default;
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;
    ~ProgressLine() {
        if (width_ > 0) std::fputc('\n', stderr);
    }

    void draw(std::string text, bool last = false) {
        const std::lock_guard lock(mutex_);
        const auto now = std::chrono::steady_clock::now();
        if (terminal_) {
            if (!last) text.resize(std::min(text.size(), columns() - 1)); // what wraps cannot be drawn over
            const auto padding = text.size() < width_ ? width_ - text.size() : 0;
            std::fprintf(stderr, "\r%s%s", text.c_str(), std::string(padding, ' ').c_str());
            width_ = text.size();
            if (last) {
                std::fputc('\n', stderr);
                width_ = 0;
            }
        } else if (last || now - drawn_ >= std::chrono::seconds(5)) {
            std::fprintf(stderr, "%s\n", text.c_str());
            drawn_ = now;
        }
    }

    /// Says something that stays.
    void note(const std::string& text) { draw(text, true); }

private:
    static std::size_t columns() {
        winsize size{};
        return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
    }

    std::mutex mutex_;
    bool terminal_ = isatty(STDERR_FILENO) != 0;
    std::size_t width_ = 0;
    std::chrono::steady_clock::time_point drawn_;
};

/// `[#######       ]`
inline std::string bar(double share, std::size_t width = 24) {
    const auto filled = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(width));
    return "[" + std::string(filled, '#') + std::string(width - filled, ' ') + "]";
}

/// `1,234,567`
inline std::string grouped(std::uint64_t number) {
    auto digits = std::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
        digits.insert(static_cast<std::size_t>(at), ",");
    }
    return digits;
}

/// `12.3`
inline std::string one_decimal(double number) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f", number);
    return text;
}

/// `2:05`, or `?` if nobody knows.
inline std::string as_minutes(double seconds) {
    if (!(seconds >= 0 && seconds < 360'000)) return "?";
    char text[32];
    const auto whole = static_cast<long>(seconds + 0.5);
    std::snprintf(text, sizeof text, "%ld:%02ld", whole / 60, whole % 60);
    return text;
}
