#include "adapter.hpp"
#include "cases.hpp"

#include <sluice/aws/digest.hpp>
#include <sluice/aws/event_stream.hpp>
#include <sluice/kinesis/subscription.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace conform {
namespace {

using namespace sluice;

/// The pieces in which a case wants its bytes to be fed.
std::vector<std::string_view> pieces(std::string_view bytes, std::size_t chunk) {
    std::vector<std::string_view> all;
    if (chunk == 0) chunk = bytes.size();
    for (; !bytes.empty(); bytes.remove_prefix(all.back().size())) all.push_back(bytes.substr(0, chunk));
    return all;
}

json::object typed(std::string_view name, std::string_view type, json::value value) {
    json::object header;
    header["name"] = name;
    header["type"] = type;
    header["value"] = std::move(value);
    return header;
}

class Header {
public:
    explicit Header(std::string_view name) : name_(name) {}

    json::object operator()(bool value) const { return typed(name_, "bool", value); }
    json::object operator()(std::int8_t value) const { return typed(name_, "byte", value); }
    json::object operator()(std::int16_t value) const { return typed(name_, "short", value); }
    json::object operator()(std::int32_t value) const { return typed(name_, "int", value); }
    json::object operator()(std::int64_t value) const { return typed(name_, "long", json::string(std::to_string(value))); }
    json::object operator()(const aws::EventBytes& value) const {
        return typed(name_, "bytes", json::string(base64(value.data)));
    }
    json::object operator()(const std::string& value) const { return typed(name_, "string", json::string(value)); }
    json::object operator()(aws::EventTime value) const {
        return typed(name_, "timestamp", json::string(std::to_string(value.time_since_epoch().count())));
    }
    json::object operator()(const aws::EventUuid& value) const {
        return typed(name_, "uuid", json::string(aws::hex(value)));
    }

private:
    std::string_view name_;
};

json::object decode(const json::object& in) {
    const auto stream = bytes(in, "b64");
    aws::EventDecoder decoder;
    json::array frames;
    for (const auto piece : pieces(stream, number<std::size_t>(in, "chunk"))) {
        decoder.feed(piece);
        for (auto next = accepted(decoder.next()); next; next = accepted(decoder.next())) {
            json::array headers;
            for (const auto& header : next->headers) headers.push_back(std::visit(Header(header.name), header.value));
            json::object frame;
            frame["headers"] = std::move(headers);
            frame["payload_b64"] = base64(next->payload);
            frames.push_back(std::move(frame));
        }
    }
    if (!decoder.complete()) throw Refused("cut off");
    json::object out;
    out["frames"] = std::move(frames);
    return out;
}

json::object told(const kinesis::SubscriptionEvent& event) {
    json::array children;
    for (const auto& child : event.child_shards) children.emplace_back(child.shard.id);
    json::object out;
    out["records"] = told_records(event.records);
    out["continuation"] = event.continuation.empty() ? json::value() : json::value(event.continuation);
    out["millis_behind"] = event.behind ? json::value(event.behind->count()) : json::value();
    out["child_shards"] = std::move(children);
    return out;
}

json::object subscribe(const json::object& in) {
    const auto stream = bytes(in, "b64");
    kinesis::Subscription subscription;
    json::array events;
    json::object out;
    out["error"] = nullptr;
    for (const auto piece : pieces(stream, number<std::size_t>(in, "chunk"))) {
        subscription.feed(piece);
        auto next = subscription.next();
        for (; next && *next; next = subscription.next()) events.push_back(told(**next));
        if (next) continue;
        const auto& failure = subscription.failure();
        if (failure.code.empty()) throw Refused(next.error().message());
        json::object error;
        error["code"] = failure.code;
        error["message"] = failure.message;
        out["error"] = std::move(error);
        break;
    }
    if (out["error"].is_null() && !subscription.complete()) throw Refused("cut off");
    out["events"] = std::move(events);
    return out;
}

} // namespace

void add_event_stream(Operations& operations) {
    operations["eventstream.decode"] = decode;
    operations["kinesis.subscribe_stream"] = subscribe;
}

} // namespace conform
