#pragma once

#include <sluice/aws/json_writer.hpp>
#include <sluice/clock/clock.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What CloudWatch is told (Amazon CloudWatch API reference, 2010-08-01, PutMetricData). The answer to it is empty.
namespace sluice::cloudwatch {

inline constexpr std::string_view target = "GraniteServiceVersion20100801.PutMetricData";
inline constexpr std::string_view content_type = "application/x-amz-json-1.0";

inline constexpr std::size_t most_datums = 1'000;     ///< In one request.
inline constexpr std::size_t most_bytes = 1'000'000;  ///< Of one request.
inline constexpr std::size_t most_dimensions = 30;    ///< Of one metric.

/// A name and a value that tell a metric from others of its name.
class Dimension {
public:
    Dimension() = default;
    Dimension(std::string its_name, std::string its_value) : name(std::move(its_name)), value(std::move(its_value)) {}

    std::string name;  ///< 1 to 255 characters of ASCII, the first no colon.
    std::string value; ///< 1 to 1,024 characters of ASCII.

    friend bool operator==(const Dimension&, const Dimension&) = default;
};

enum class Unit : std::uint8_t { count, bytes, milliseconds };

[[nodiscard]] constexpr std::string_view to_string(Unit unit) noexcept {
    switch (unit) {
    case Unit::count: return "Count";
    case Unit::bytes: return "Bytes";
    case Unit::milliseconds: return "Milliseconds";
    }
    return "None";
}

/// Many values as CloudWatch takes them together.
class StatisticSet {
public:
    StatisticSet() = default;

    /// Of values of which no more than this is known; `count` may be zero.
    StatisticSet(std::uint64_t count, double total, double least, double most)
        : samples(static_cast<double>(count)), sum(total), minimum(least), maximum(most) {}

    /// So many times the same value.
    void add(double value, std::uint64_t times = 1) {
        add(StatisticSet(times, value * static_cast<double>(times), value, value));
    }

    void add(const StatisticSet& others) {
        if (others.samples <= 0) return;
        minimum = samples > 0 ? std::min(minimum, others.minimum) : others.minimum;
        maximum = samples > 0 ? std::max(maximum, others.maximum) : others.maximum;
        samples += others.samples;
        sum += others.sum;
    }

    double samples = 0;
    double sum = 0;
    double minimum = 0;
    double maximum = 0;
};

/// What a metric was in one minute.
class Datum {
public:
    Datum(std::string_view its_name, std::vector<Dimension> its_dimensions, wall_time its_time, Unit its_unit,
          StatisticSet its_values)
        : name(its_name), dimensions(std::move(its_dimensions)), time(its_time), unit(its_unit), values(its_values) {}

    std::string name; ///< 1 to 255 characters.
    std::vector<Dimension> dimensions;
    wall_time time; ///< From two weeks ago to two hours ahead.
    Unit unit;
    StatisticSet values; ///< At least one.
};

namespace detail {

[[nodiscard]] inline bool is_text(std::string_view text, std::size_t most) noexcept {
    const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
    return !text.empty() && text.size() <= most && text.find_first_not_of(' ') != std::string_view::npos &&
           std::all_of(text.begin(), text.end(), printable);
}

inline void write(aws::JsonWriter& out, const Datum& datum) {
    out.begin_map();
    out.key("MetricName");
    out.text(datum.name);
    out.key("Dimensions");
    out.begin_array();
    for (const auto& dimension : datum.dimensions) {
        out.begin_map();
        out.key("Name");
        out.text(dimension.name);
        out.key("Value");
        out.text(dimension.value);
        out.end_map();
    }
    out.end_array();
    out.key("Timestamp");
    out.timestamp(datum.time);
    out.key("StatisticValues");
    out.begin_map();
    out.key("SampleCount");
    out.real(datum.values.samples);
    out.key("Sum");
    out.real(datum.values.sum);
    out.key("Minimum");
    out.real(datum.values.minimum);
    out.key("Maximum");
    out.real(datum.values.maximum);
    out.end_map();
    out.key("Unit");
    out.text(to_string(datum.unit));
    out.key("StorageResolution");
    out.unsigned_integer(60);
    out.end_map();
}

} // namespace detail

/// Whether metrics may be kept under this name: 1 to 255 characters of ASCII, the first no colon; what begins with
/// `AWS/` is the services' own.
[[nodiscard]] inline bool is_namespace(std::string_view text) noexcept {
    return detail::is_text(text, 255) && text.front() != ':' && text.substr(0, 4) != "AWS/";
}

[[nodiscard]] inline bool is_dimension(const Dimension& dimension) noexcept {
    return detail::is_text(dimension.name, 255) && dimension.name.front() != ':' &&
           detail::is_text(dimension.value, 1'024);
}

/// The body of one request, with as many datums from the front as it may hold; leaves the others in `datums`.
[[nodiscard]] inline std::string encode_put_metric_data(std::string_view name_space, std::span<const Datum>& datums) {
    static constexpr std::size_t closing = 2;
    std::string body;
    aws::JsonWriter out(body);
    out.begin_map();
    out.key("Namespace");
    out.text(name_space);
    out.key("MetricData");
    out.begin_array();
    for (std::size_t count = 0; count < most_datums && !datums.empty(); ++count) {
        const auto before = body.size();
        detail::write(out, datums.front());
        if (count > 0 && body.size() + closing > most_bytes) {
            body.resize(before);
            break;
        }
        datums = datums.subspan(1);
    }
    out.end_array();
    out.end_map();
    return body;
}

} // namespace sluice::cloudwatch
