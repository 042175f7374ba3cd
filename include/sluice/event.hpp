#pragma once

#include <sluice/aws/timestamp.hpp>
#include <sluice/clock/clock.hpp>
#include <sluice/clock/system.hpp>
#include <sluice/error.hpp>
#include <sluice/json.hpp>
#include <sluice/record.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

/// Something that happened to an entity, in an envelope of JSON.
///
/// `{"eventId","eventType","entityId","entityType","timestamp","version","data","metadata":{"source","correlationId"}}`
///
/// The entity's id is the partition key, so that events of one entity stay in one shard, in their order if
/// `Ordering::per_key` is asked for.
class Event {
public:
    Event() = default;

    std::string id;   ///< `evt_{milliseconds since 1970}_{nine of 0-9a-z}`, of those that `EventFactory` makes.
    std::string type; ///< As `ORDER_PLACED`.
    std::string entity_id;
    std::string entity_type = "unknown";
    wall_time timestamp;
    std::string version = "1.0"; ///< Of the data's form.
    json::value data;
    std::string source;
    std::string correlation_id; ///< The same for all that one request, or one user's action, led to.

    /// What is sent for it: its JSON under its entity's id, or without a key if it has none.
    [[nodiscard]] Record record() const {
        if (entity_id.empty()) return Record(json_text(*this));
        return Record(entity_id, json_text(*this));
    }

    friend void tag_invoke(const json::value_from_tag&, json::value& into, const Event& event) {
        into = json::object{{"eventId", event.id},
                            {"eventType", event.type},
                            {"entityId", event.entity_id},
                            {"entityType", event.entity_type},
                            {"timestamp", aws::iso_date_in_full(event.timestamp)},
                            {"version", event.version},
                            {"data", event.data},
                            {"metadata", {{"source", event.source}, {"correlationId", event.correlation_id}}}};
    }
};

/// How long the JSON text of an event's data may be, in bytes.
inline constexpr std::size_t longest_event_data = 1'000'000;

/// Whether this may be the data of an event: a JSON object (else `error::data_not_json`) of at most a million bytes of
/// text (else `error::record_too_large`). An event whose data is larger can be put as well, if `Options::max_payload`
/// allows it: this is for whoever has to stay below what any consumer reads.
[[nodiscard]] inline error_code check_event_data(const json::value& data) {
    if (!data.is_object()) return error::data_not_json;
    if (json::serialize(data).size() > longest_event_data) return error::record_too_large;
    return {};
}

/// Makes events: gives them an id, the time and a correlation, and knows whose they are.
///
/// One thread at a time. A clock of your own makes them repeatable.
template <Clock C = SystemClock>
class EventFactory {
public:
    /// `source` is the name of the program or service, and stands in every event.
    explicit EventFactory(std::string source, C clock = C()) : source_(std::move(source)), clock_(std::move(clock)) {}

    /// Events of this type are about entities of that type: (`ORDER_PLACED`, `order`). Of others it is `unknown`.
    EventFactory& about(std::string event_type, std::string entity_type) {
        entity_types_.insert_or_assign(std::move(event_type), std::move(entity_type));
        return *this;
    }

    /// An event that begins something: its correlation is new. `data` is anything that Boost.JSON can convert.
    template <class T>
    [[nodiscard]] Event make(std::string type, std::string entity_id, const T& data) {
        auto event = make_without_correlation(std::move(type), std::move(entity_id), data);
        event.correlation_id = "corr_" + stamp(event.timestamp);
        return event;
    }

    /// An event that follows from another: with its correlation.
    template <class T>
    [[nodiscard]] Event follow(const Event& cause, std::string type, std::string entity_id, const T& data) {
        auto event = make_without_correlation(std::move(type), std::move(entity_id), data);
        event.correlation_id = cause.correlation_id;
        return event;
    }

private:
    template <class T>
    [[nodiscard]] Event make_without_correlation(std::string type, std::string entity_id, const T& data) {
        Event event;
        event.timestamp = clock_.wall();
        event.id = "evt_" + stamp(event.timestamp);
        const auto known = entity_types_.find(type);
        if (known != entity_types_.end()) event.entity_type = known->second;
        event.type = std::move(type);
        event.entity_id = std::move(entity_id);
        event.data = json::value_from(data);
        event.source = source_;
        return event;
    }

    /// `{milliseconds}_{nine of 0-9a-z}`.
    [[nodiscard]] std::string stamp(wall_time now) {
        constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuvwxyz";
        const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
        auto text = std::to_string(since.count()) + '_';
        auto dice = clock_.random();
        for (int i = 0; i < 9; ++i, dice /= digits.size()) text += digits[dice % digits.size()];
        return text;
    }

    std::string source_;
    C clock_;
    std::map<std::string, std::string, std::less<>> entity_types_;
};

} // namespace sluice
