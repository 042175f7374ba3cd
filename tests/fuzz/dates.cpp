#include "fuzz.hpp"

#include <sluice/aws/timestamp.hpp>

using namespace sluice;

/// Times in every form: what was read is written and read again as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(data, size);
    if (const auto time = aws::parse_http_date(text)) demand(aws::parse_http_date(aws::http_date(*time)) == time);
    if (const auto time = aws::parse_iso_date(text)) {
        const auto kept = std::chrono::floor<std::chrono::milliseconds>(*time);
        demand(aws::parse_iso_date(aws::iso_date(*time)) == wall_time(kept));
    }
    if (const auto time = aws::parse_epoch_seconds(text)) {
        const auto kept = std::chrono::floor<std::chrono::milliseconds>(*time);
        demand(aws::parse_epoch_seconds(aws::epoch_seconds(*time)) == wall_time(kept));
    }
    return 0;
}
