#pragma once

#include <boost/system/error_code.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

[[nodiscard]] constexpr std::string_view to_string(LogLevel level) noexcept {
    switch (level) {
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warning: return "warning";
    case LogLevel::error: return "error";
    }
    return "unknown";
}

/// Where log lines go. Called on the producer's strand, one call a line; must neither block nor throw.
using LogSink = std::function<void(LogLevel, std::string_view line)>;

namespace detail {

/// What may stand in a log line. `Secret` and `Secrets` do not model it: a line with one does not compile.
template <class T>
concept Loggable = (std::convertible_to<const T&, std::string_view> && !std::same_as<T, std::nullptr_t>) ||
                   std::integral<T> || std::floating_point<T> || std::same_as<T, boost::system::error_code>;

template <Loggable T>
void append_loggable(std::string& line, const T& part) {
    if constexpr (std::convertible_to<const T&, std::string_view>) {
        line += std::string_view(part);
    } else if constexpr (std::same_as<T, boost::system::error_code>) {
        line += part.message();
    } else {
        line += std::to_string(part);
    }
}

} // namespace detail

/// Joins its arguments to lines and gives them to the sink; without a sink it costs a comparison.
class Log {
public:
    Log() = default;

    explicit Log(LogSink sink, LogLevel least = LogLevel::info) : sink_(std::move(sink)), least_(least) {}

    template <detail::Loggable... Parts>
    void debug(const Parts&... parts) const {
        write(LogLevel::debug, parts...);
    }
    template <detail::Loggable... Parts>
    void info(const Parts&... parts) const {
        write(LogLevel::info, parts...);
    }
    template <detail::Loggable... Parts>
    void warning(const Parts&... parts) const {
        write(LogLevel::warning, parts...);
    }
    template <detail::Loggable... Parts>
    void error(const Parts&... parts) const {
        write(LogLevel::error, parts...);
    }

private:
    template <class... Parts>
    void write(LogLevel level, const Parts&... parts) const {
        if (!sink_ || level < least_) return;
        std::string line;
        (detail::append_loggable(line, parts), ...);
        // What others wrote must not look like a line of its own.
        std::replace_if(line.begin(), line.end(), [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }, ' ');
        sink_(level, line);
    }

    LogSink sink_;
    LogLevel least_ = LogLevel::info;
};

} // namespace sluice
