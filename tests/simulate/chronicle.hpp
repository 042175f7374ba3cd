#pragma once

#include "clock.hpp"

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simulate {

/// What happened, line by line: shown if somebody wants to read it, and summed up, so that two histories compare.
class Chronicle {
public:
    Chronicle(const Timeline& timeline, bool shown) : timeline_(&timeline), shown_(shown) {}

    template <class... Parts>
    void line(const Parts&... parts) {
        std::string text;
        (append(text, parts), ...);
        sum(text);
        if (!shown_) return;
        const auto ms = std::chrono::duration<double, std::milli>(timeline_->since_start()).count();
        std::printf("%14.3f ms  %s\n", ms, text.c_str());
        std::fflush(stdout);
    }

    /// A promise was broken. Goes on: the first of these is the one to look at.
    template <class... Parts>
    void broken(int promise, const Parts&... parts) {
        std::string text = "promise " + std::to_string(promise) + " is broken: ";
        (append(text, parts), ...);
        line("*** ", text);
        if (broken_.size() < 20) broken_.push_back(std::move(text));
    }

    [[nodiscard]] const std::vector<std::string>& broken_promises() const { return broken_; }
    [[nodiscard]] std::uint64_t sum() const { return sum_; }
    [[nodiscard]] bool shown() const { return shown_; }

private:
    static void append(std::string& text, std::string_view part) { text += part; }
    static void append(std::string& text, const char* part) { text += part; }
    static void append(std::string& text, sluice::error_code part) {
        const auto whole = part.message();
        text += part ? std::string_view(whole).substr(0, whole.find(';')) : std::string_view("success");
    }
    template <class Number>
        requires std::is_arithmetic_v<Number>
    static void append(std::string& text, Number part) {
        text += std::to_string(part);
    }
    static void append(std::string& text, std::chrono::nanoseconds part) {
        text += std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(part).count()) + " ms";
    }

    /// FNV-1a, with the time.
    void sum(std::string_view text) {
        const auto mix = [this](std::uint64_t byte) { sum_ = (sum_ ^ byte) * 0x100000001B3U; };
        for (const char c : text) mix(static_cast<unsigned char>(c));
        mix(static_cast<std::uint64_t>(timeline_->since_start().count()));
    }

    const Timeline* timeline_;
    bool shown_;
    std::uint64_t sum_ = 0xCBF29CE484222325U;
    std::vector<std::string> broken_;
};

} // namespace simulate
