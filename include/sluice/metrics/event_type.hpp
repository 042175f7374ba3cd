#pragma once

#include <sluice/aws/field_reader.hpp>
#include <sluice/metrics/accepted_record.hpp>

#include <string_view>

namespace sluice {

/// The header that tells the type of an event.
inline constexpr std::string_view event_type_header = "event-type";

/// Tells the type of an event from its record, for `SummaryMetrics(EventType())`: the header `event-type`, or else
/// `eventType` in the JSON of the data, which costs reading it; empty if there is neither.
class EventType {
public:
    EventType() { fields_.add("eventType"); }

    /// What it gives lives until the next call, at most as long as the headers and the data.
    [[nodiscard]] std::string_view operator()(const AcceptedRecord& record) const {
        const auto type = record.header(event_type_header);
        if (!type.empty()) return type;
        return fields_.read(record.data) ? std::string_view() : fields_.value(0);
    }

private:
    mutable aws::FieldReader fields_;
};

} // namespace sluice
