#pragma once

#include <sluice/aws/client.hpp>
#include <sluice/aws/endpoint_rules.hpp>
#include <sluice/aws/json_call.hpp>
#include <sluice/aws/json_client.hpp>
#include <sluice/aws/machine.hpp>
#include <sluice/aws/service.hpp>
#include <sluice/aws/this_machine.hpp>
#include <sluice/aws/uuid.hpp>
#include <sluice/detail/back_off.hpp>
#include <sluice/dynamodb/replies.hpp>
#include <sluice/dynamodb/requests.hpp>
#include <sluice/dynamodb/write_outcome.hpp>
#include <sluice/error.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::dynamodb {

/// Calls DynamoDB.
///
/// Calls are tried again as the settings say, and bodies are held against their checksums. Errors are those of
/// `sluice::error`, among them `table_not_found`; the service's own words go to the log. All on the strand of the
/// world, which outlives the client. To be moved only before the first call, and destroyed only after the last.
class Client {
public:
    /// What is done between two requests, where that is nothing.
    class NothingBetween {
    public:
        template <class...>
        [[nodiscard]] asio::awaitable<error_code> operator()() const {
            co_return error_code();
        }
    };

    /// How many requests may come to nothing before writes are given up. Each attempt of a call counts, so that its own
    /// retries are no factor; a call that has begun is not cut short.
    static constexpr unsigned most_requests = 10;

    /// Signs with the world's credentials.
    Client(World& world, const aws::ResolvedEndpoint& where)
        : Client(aws::JsonClient(world, dialect, where)) {}

    /// A client of `endpoint`, or else of the region and endpoint that environment and shared configuration name;
    /// `error::region_missing` or `error::endpoint_invalid`. `Options::endpoint` is not DynamoDB's.
    template <class...>
    [[nodiscard]] static result<Client> open(World& world, std::string endpoint = {},
                                             const aws::Machine& machine = aws::this_machine()) {
        auto client = aws::JsonClient::open(world, dialect, std::move(endpoint), machine);
        if (!client) return client.error();
        return Client(*std::move(client));
    }

    /// How long one attempt of a call takes at most, in place of `Options::request_timeout`.
    void set_timeout(std::chrono::milliseconds most) { client_.set_timeout(most); }

    /// Any call with a reply.
    template <class Request>
    [[nodiscard]] asio::awaitable<result<typename Request::Reply>> call(Request request) {
        auto reply = co_await send(request);
        if (reply.error) co_return failure_of(reply);
        co_return aws::decode_json<typename Request::Reply>(reply.response.body);
    }

    /// Makes up to 100 writes, each of another item, all or none; of more it makes none: `error::batch_too_large`.
    ///
    /// As long as they only meet others, or are throttled, they are tried again, until `most_requests` came to nothing.
    template <class...>
    [[nodiscard]] asio::awaitable<WriteOutcome> write(std::vector<Write> writes) {
        if (writes.empty()) co_return WriteOutcome();
        if (writes.size() > most_transaction_writes) co_return WriteOutcome(error::batch_too_large);
        bool doubtful = false;
        auto token = aws::uuid_v4(world_->clock());
        for (unsigned requests = 0;;) {
            aws::Reply reply;
            if (writes.size() > 1) {
                const TransactWriteItems request(token, writes);
                reply = co_await send(request);
            } else if (const auto* const put = std::get_if<PutItem>(&writes.front())) {
                reply = co_await send(*put);
            } else {
                reply = co_await send(std::get<DeleteItem>(writes.front()));
            }
            auto outcome = judge_write(reply);
            if (outcome.culprit >= writes.size()) outcome = WriteOutcome(error::response_invalid);
            doubtful = doubtful || reply.doubtful; // an answer that an earlier try lost is lost to this one too
            outcome.doubtful = doubtful;
            requests += reply.attempts;
            if (!outcome.again || requests >= most_requests) co_return outcome;
            // What was cancelled is over. What was throttled may have been made by an attempt whose answer was lost:
            // its token finds out.
            if (reply.error == error::conflict) token = aws::uuid_v4(world_->clock());
            const auto interrupted = co_await back_off(requests);
            if (!interrupted) continue;
            WriteOutcome stopped(interrupted);
            stopped.doubtful = doubtful;
            co_return stopped;
        }
    }

    /// Puts items and removes keys, any number, none twice, each on its own: after an error some of it may be done.
    /// What the service does not process in time is asked for again; `error::throttled` if `most_requests` in a row
    /// come to nothing. `between()`, an awaitable of `error_code`, is made between two requests; its error ends this.
    template <class Between = NothingBetween>
    [[nodiscard]] asio::awaitable<result<void>> write_batch(std::string table, std::vector<Item> puts,
                                                            std::vector<Item> removals = {}, Between between = {}) {
        for (unsigned failures = 0; !puts.empty() || !removals.empty();) {
            BatchWriteItem request(table, take(puts, most_batch_writes), {});
            request.removals = take(removals, most_batch_writes - request.puts.size());
            const auto asked = request.puts.size() + request.removals.size();
            const auto reply = co_await send(request);
            auto left = judge_batch(reply, std::move(request));
            if (!left) co_return left.error();
            const auto undone = left->puts.size() + left->removals.size();
            std::move(left->puts.begin(), left->puts.end(), std::back_inserter(puts));
            std::move(left->removals.begin(), left->removals.end(), std::back_inserter(removals));
            failures = undone < asked ? (undone > 0 ? 1 : 0) : failures + reply.attempts;
            if (failures >= most_requests) co_return error::throttled;
            if (puts.empty() && removals.empty()) break;
            if (const auto failure = co_await between()) co_return failure;
            if (failures == 0) continue;
            const auto interrupted = co_await back_off(failures);
            if (interrupted) co_return interrupted;
        }
        co_return result<void>();
    }

    /// Waits until a table and its indexes can be used; `timed_out` if that takes longer than `patience`. A table that
    /// was made just now may not be there yet: `table_not_found` only if it is not there at the end either.
    /// `operation_aborted` if the producer is to end.
    template <class...>
    [[nodiscard]] asio::awaitable<result<TableDescription>> wait_until_active(std::string table,
                                                                              std::chrono::seconds patience) {
        const auto end = world_->clock().steady() + patience;
        const DescribeTable request(std::move(table));
        auto pause = std::chrono::milliseconds(100);
        for (;; pause = std::min(pause * 2, std::chrono::milliseconds(1'000))) {
            auto now = co_await call(request);
            const bool missing = !now && now.error() == error::table_not_found;
            if (now ? now->active() : !missing) co_return now;
            const auto next = world_->clock().steady() + pause;
            if (next > end) co_return missing ? error::table_not_found : error::timed_out;
            const auto interrupted = co_await world_->clock().async_wait_until(next);
            if (interrupted) co_return interrupted;
            if (world_->is_leaving()) co_return error_code(asio::error::operation_aborted);
        }
    }

private:
    static constexpr aws::JsonDialect dialect{aws::Service::dynamodb, "DynamoDB", "DynamoDB_20120810.",
                                              "application/x-amz-json-1.0"};

    explicit Client(aws::JsonClient client) : world_(&client.world()), client_(std::move(client)) {}

    template <class Request>
    [[nodiscard]] asio::awaitable<aws::Reply> send(const Request& request) {
        auto reply = co_await client_.send(request);
        const bool is_usual = !reply.error || reply.error == error::conflict;
        if (!is_usual) client_.note(Request::operation, reply);
        co_return reply;
    }

    [[nodiscard]] static std::vector<Item> take(std::vector<Item>& items, std::size_t most) {
        const auto end = items.begin() + static_cast<std::ptrdiff_t>(std::min(most, items.size()));
        std::vector<Item> taken(std::make_move_iterator(items.begin()), std::make_move_iterator(end));
        items.erase(items.begin(), end);
        return taken;
    }

    template <class...>
    [[nodiscard]] asio::awaitable<error_code> back_off(unsigned failures) {
        auto& clock = world_->clock();
        const auto wait = sluice::detail::back_off(std::chrono::milliseconds(25), std::chrono::seconds(5), failures,
                                                   clock.random());
        return clock.async_wait_until(clock.steady() + wait);
    }

    World* world_;
    aws::JsonClient client_;
};

} // namespace sluice::dynamodb
