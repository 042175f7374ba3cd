#pragma once

#include <time.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

/// What every benchmark shares: CPU clocks, medians, the table in which ours stands beside a yardstick, and points for
/// a plot.
namespace bench {

/// The nanoseconds that a thread, the process or everybody spent since it was made.
class Stopwatch {
public:
    static constexpr clockid_t thread = CLOCK_THREAD_CPUTIME_ID;
    static constexpr clockid_t process = CLOCK_PROCESS_CPUTIME_ID;
    static constexpr clockid_t wall = CLOCK_MONOTONIC;

    explicit Stopwatch(clockid_t clock) : clock_(clock), start_(read()) {}

    [[nodiscard]] double nanoseconds() const { return read() - start_; }

private:
    [[nodiscard]] double read() const {
        timespec time{};
        clock_gettime(clock_, &time);
        return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
    }

    clockid_t clock_;
    double start_;
};

/// What was measured, one number a round.
class Series {
public:
    void add(double value) { values_.push_back(value); }

    [[nodiscard]] bool empty() const { return values_.empty(); }

    [[nodiscard]] double median() const { return quantile(0.5); }

    /// What this share of the values, from 0 to 1, does not exceed.
    [[nodiscard]] double quantile(double share) const {
        auto sorted = values_;
        const auto last = static_cast<double>(sorted.size() - 1);
        const auto place = sorted.begin() + static_cast<std::ptrdiff_t>(share * last + 0.5);
        std::nth_element(sorted.begin(), place, sorted.end());
        return *place;
    }

    /// Round by round: what else the machine does meets both sides of a round alike.
    friend Series operator/(const Series& above, const Series& below) {
        Series ratios;
        for (std::size_t i = 0; i < above.values_.size(); ++i) ratios.add(above.values_[i] / below.values_[i]);
        return ratios;
    }

private:
    std::vector<double> values_;
};

/// Runs something so often, after once to warm up; it is told whether this round counts.
template <class Round>
void repeat(int rounds, Round round) {
    round(false);
    for (int i = 0; i < rounds; ++i) round(true);
}

/// Adds a point to a plot: a line of the file that the environment variable `BENCHMARK_POINTS` names, if it does.
inline void plot(std::string_view name, std::string_view series, std::string_view x, double y) {
    const char* const path = std::getenv("BENCHMARK_POINTS");
    std::FILE* const file = path != nullptr ? std::fopen(path, "a") : nullptr;
    if (file == nullptr) return;
    const auto width = [](std::string_view text) { return static_cast<int>(text.size()); };
    std::fprintf(file, "%.*s\t%.*s\t%.*s\t%.6g\n", width(name), name.data(), width(series), series.data(), width(x),
                 x.data(), y);
    std::fclose(file);
}

/// A Markdown table of medians, a line for each question, under a title and a few words on how to read it.
class Table {
public:
    Table(std::string_view title, std::string_view how_to_read) {
        std::printf("## %.*s\n\n%.*s\n\n", static_cast<int>(title.size()), title.data(),
                    static_cast<int>(how_to_read.size()), how_to_read.data());
        line("what", "ours", "yardstick", "ratio", "goal");
        line(std::string(54, '-'), "----------:", "----------:", "-----:", std::string(22, '-'));
    }

    /// Medians in `unit`; without a yardstick its columns stay empty.
    void row(std::string_view what, std::string_view unit, const Series& ours, const Series& yardstick,
             std::string_view goal) {
        const bool alone = yardstick.empty();
        line(what, number(ours.median()).append(unit), alone ? "" : number(yardstick.median()).append(unit),
             alone ? "" : number((ours / yardstick).median()), goal);
    }

private:
    static std::string number(double value) {
        char text[32];
        std::snprintf(text, sizeof text, value < 0.1 ? "%.4f" : value < 10 ? "%.2f" : "%.1f", value);
        return text;
    }

    static void line(std::string_view what, std::string_view ours, std::string_view yardstick, std::string_view ratio,
                     std::string_view goal) {
        const auto width = [](std::string_view text) { return static_cast<int>(text.size()); };
        std::printf("| %-54.*s | %11.*s | %11.*s | %6.*s | %-22.*s |\n", width(what), what.data(), width(ours),
                    ours.data(), width(yardstick), yardstick.data(), width(ratio), ratio.data(), width(goal),
                    goal.data());
        std::fflush(stdout);
    }
};

} // namespace bench
