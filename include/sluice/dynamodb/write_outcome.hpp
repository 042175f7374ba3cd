#pragma once

#include <sluice/aws/client.hpp>
#include <sluice/aws/json_call.hpp>
#include <sluice/aws/json_reader.hpp>
#include <sluice/aws/reply_reader.hpp>
#include <sluice/dynamodb/attribute.hpp>
#include <sluice/dynamodb/replies.hpp>
#include <sluice/dynamodb/requests.hpp>
#include <sluice/error.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::dynamodb {

/// What became of writes that were made together, all or none.
class WriteOutcome {
public:
    WriteOutcome() = default;
    explicit WriteOutcome(error_code why) : error(why) {}

    error_code error; ///< Empty: all were made. `conflict`: others were writing, or the condition of one did not hold.
    std::optional<std::size_t> culprit; ///< Whose condition did not hold, or what was refused: the first of these.
    std::optional<Item> found;          ///< What was there instead; none: nothing, or an emulator does not tell.
    bool again = false;                 ///< They would perhaps be made if they were tried again, after a while.
    /// They may have been made by an attempt before this one, whose answer was lost: what was found may be their own.
    /// After an error that is no refusal, as `timed_out`, nobody knows either.
    bool doubtful = false;
};

namespace detail {

/// The service has no code for it: "Item size has exceeded the maximum allowed size", or "Item size to update has ...".
[[nodiscard]] inline bool is_too_large(std::string_view message) {
    return message.find("Item size ") != std::string_view::npos;
}

/// What the service says of one of several writes.
[[nodiscard]] inline error error_of_reason(std::string_view code, std::string_view message) {
    if (code == "ConditionalCheckFailed" || code == "TransactionConflict") return error::conflict;
    if (code == "ThrottlingError" || code == "ProvisionedThroughputExceeded") return error::throttled;
    return is_too_large(message) ? error::item_too_large : error::request_refused;
}

/// A transaction that was cancelled: what cannot be helped counts before conditions, and these before what passes. One
/// without a reason that can be read is `response_invalid`: nobody knows whether it would ever be made.
[[nodiscard]] inline WriteOutcome judge_reasons(WriteRefusal refusal) {
    WriteOutcome outcome(error::response_invalid);
    for (std::size_t i = 0; i < refusal.reasons.size(); ++i) {
        auto& reason = refusal.reasons[i];
        if (reason.code.empty() || reason.code == "None") continue;
        const auto why = error_of_reason(reason.code, reason.message);
        if (why == error::request_refused || why == error::item_too_large) {
            WriteOutcome refused(why);
            refused.culprit = i;
            return refused;
        }
        if (outcome.culprit) continue;
        if (reason.code == "ConditionalCheckFailed") {
            outcome = WriteOutcome(why);
            outcome.culprit = i;
            outcome.found = std::move(reason.item);
        } else {
            outcome.again = true;
            if (outcome.error != error::throttled) outcome.error = why;
        }
    }
    return outcome;
}

} // namespace detail

/// Why a call was not done, in the words of a table.
[[nodiscard]] inline error_code failure_of(const aws::Reply& reply) {
    if (reply.error == error::stream_not_found) return error::table_not_found;
    if (reply.error != error::request_refused) return reply.error;
    if (detail::is_too_large(reply.message)) return error::item_too_large;
    // "Transaction payload size cannot exceed 4MB": how it counts is not documented.
    if (reply.message.find("payload size") != std::string::npos) return error::batch_too_large;
    return reply.error;
}

/// What the answer to `PutItem`, `DeleteItem` or `TransactWriteItems` says.
[[nodiscard]] inline WriteOutcome judge_write(const aws::Reply& reply) {
    WriteRefusal refusal;
    if (reply.error == error::conflict) {
        aws::ReplyReader<aws::JsonReader> in(reply.response.body);
        if (!refusal.read(in)) refusal = WriteRefusal();
    }
    WriteOutcome outcome(failure_of(reply));
    if (reply.code == "TransactionCanceledException") {
        outcome = detail::judge_reasons(std::move(refusal));
    } else if (reply.code == "ConditionalCheckFailedException") {
        outcome.culprit = 0;
        if (!refusal.reasons.empty()) outcome.found = std::move(refusal.reasons.front().item);
    } else {
        outcome.again = reply.code == "TransactionConflictException" || reply.error == error::throttled;
    }
    outcome.doubtful = reply.doubtful;
    return outcome;
}

/// What is left to do of a batch: all of it if the call was throttled, or why there is no use in going on.
[[nodiscard]] inline result<UnprocessedItems> judge_batch(const aws::Reply& reply, BatchWriteItem asked) {
    const auto count = asked.puts.size() + asked.removals.size();
    if (reply.error == error::throttled) {
        UnprocessedItems all;
        all.puts = std::move(asked.puts);
        all.removals = std::move(asked.removals);
        return all;
    }
    if (reply.error) return failure_of(reply);
    auto left = aws::decode_json<UnprocessedItems>(reply.response.body);
    if (left && left->puts.size() + left->removals.size() > count) return error::response_invalid;
    return left;
}

} // namespace sluice::dynamodb
