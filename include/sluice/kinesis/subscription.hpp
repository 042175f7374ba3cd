#pragma once

#include <sluice/aws/event_stream.hpp>
#include <sluice/aws/json_reader.hpp>
#include <sluice/aws/reply_reader.hpp>
#include <sluice/aws/service_error.hpp>
#include <sluice/error.hpp>
#include <sluice/kinesis/replies.hpp>
#include <sluice/transport/transport.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What SubscribeToShard sends for as long as five minutes (Kinesis Data Streams API reference, 2013-12-02).
namespace sluice::kinesis {

/// Records that the service pushes. There may be none: about every five seconds something comes.
class SubscriptionEvent {
public:
    SubscriptionEvent() = default;

    std::vector<StreamRecord> records;
    std::string continuation; ///< The sequence number after which to subscribe again. Empty: the shard has ended.
    std::optional<std::chrono::milliseconds> behind; ///< How far these records are from the tip of the shard.
    std::vector<ChildShard> child_shards;            ///< Only at the end of a shard.

    template <class In>
    bool read(In& in) {
        return detail::read_records(in, *this, "ContinuationSequenceNumber", continuation);
    }
};

/// Reads the body of an answer to SubscribeToShard, however it is cut into pieces.
class Subscription {
public:
    /// The next bytes of the body. After each piece `next()` is to be called until it gives none.
    void feed(std::string_view piece) {
        if (!failure_.error) decoder_.feed(piece);
    }

    /// The next event; none if it is not all there yet. An error of the service inside the stream, or
    /// `error::response_invalid` if what came is damaged or not what the service documents; then nothing follows it.
    [[nodiscard]] result<std::optional<SubscriptionEvent>> next() {
        while (!failure_.error) {
            const auto message = decoder_.next();
            if (!message) return fail(error::response_invalid);
            if (!*message) return std::optional<SubscriptionEvent>();
            auto event = read(**message);
            if (!event || *event) return event;
        }
        return failure_.error;
    }

    /// Whether the body may end here: between events, and without a failure.
    [[nodiscard]] bool complete() const noexcept { return !failure_.error && decoder_.complete(); }

    /// What the service said when it broke off, in its own words; empty if it did not.
    [[nodiscard]] const aws::ServiceError& failure() const noexcept { return failure_; }

private:
    error_code fail(error_code why) { return failure_.error = why; }

    /// None for what is no event of records: the service's first answer, and what it may send one day.
    result<std::optional<SubscriptionEvent>> read(const aws::EventMessage& message) {
        const auto type = message.text(":message-type");
        if (type == "exception") return break_off(400, message.text(":exception-type"), message.payload);
        if (type == "error") return break_off(500, message.text(":error-code"), message.text(":error-message"));
        if (type != "event") return fail(error::response_invalid);
        std::optional<SubscriptionEvent> event;
        if (message.text(":event-type") != "SubscribeToShardEvent") return event;
        aws::ReplyReader<aws::JsonReader> in(message.payload);
        if (!event.emplace().read(in)) return fail(error::response_invalid);
        return event;
    }

    /// Inside a stream a failure looks as it does outside, but for the headers' names and the status.
    error_code break_off(int status, std::string_view code, std::string_view body) {
        HttpResponse response;
        response.status = status;
        response.headers.emplace_back("x-amzn-ErrorType", std::string(code));
        response.body = body;
        failure_ = aws::parse_service_error(response);
        return failure_.error;
    }

    aws::EventDecoder decoder_;
    aws::ServiceError failure_;
};

} // namespace sluice::kinesis
