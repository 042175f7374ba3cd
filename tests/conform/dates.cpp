#include "adapter.hpp"

#include <sluice/aws/timestamp.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace conform {
namespace {

using namespace sluice;

json::object parse(const json::object& in) {
    const auto format = text(in, "format");
    const auto form = text(in, "text");
    std::optional<wall_time> time;
    if (format == "iso8601") time = aws::parse_iso_date(form);
    else if (format == "http") time = aws::parse_http_date(form);
    else if (format == "epoch") time = aws::parse_epoch_seconds(form);
    else throw Unsupported();
    if (!time) throw Refused("no time");
    json::object out;
    out["ms"] = std::chrono::floor<std::chrono::milliseconds>(time->time_since_epoch()).count();
    return out;
}

json::object format(const json::object& in) {
    const auto name = text(in, "format");
    const wall_time time(std::chrono::milliseconds(number<std::int64_t>(in, "ms")));
    json::object out;
    if (name == "iso8601") out["text"] = aws::iso_date(time);
    else if (name == "http") out["text"] = aws::http_date(time);
    else if (name == "amz") out["text"] = aws::amz_date(time);
    else if (name == "epoch") out["text"] = aws::epoch_seconds(time);
    else throw Unsupported();
    return out;
}

} // namespace

void add_dates(Operations& operations) {
    operations["date.parse"] = parse;
    operations["date.format"] = format;
}

} // namespace conform
