#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/dynamodb/client.hpp>
#include <sluice/dynamodb/item_size.hpp>
#include <sluice/dynamodb/requests.hpp>
#include <sluice/error.hpp>
#include <sluice/repository/document.hpp>
#include <sluice/repository/dynamodb_follower.hpp>
#include <sluice/repository/dynamodb_item.hpp>
#include <sluice/repository/dynamodb_plan.hpp>
#include <sluice/repository/dynamodb_table.hpp>
#include <sluice/repository/dynamodb_write.hpp>
#include <sluice/repository/item.hpp>
#include <sluice/repository/match.hpp>
#include <sluice/repository/order.hpp>
#include <sluice/repository/page.hpp>
#include <sluice/repository/page_token.hpp>
#include <sluice/repository/query.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::repository {

/// Documents in a table of DynamoDB; on the strand of its world.
class DynamoDbDocuments {
public:
    /// `scans`: into how many parts a whole table is read at a time.
    DynamoDbDocuments(World& world, DynamoDbTable table, std::shared_ptr<dynamodb::Client> client,
                      std::shared_ptr<DynamoDbFollower> follower, std::size_t scans)
        : world_(&world), table_(std::make_shared<const DynamoDbTable>(std::move(table))), client_(std::move(client)),
          follower_(std::move(follower)), scans_(scans) {}

    template <class...>
    [[nodiscard]] asio::awaitable<result<Document>> get(std::string id) {
        const dynamodb::GetItem request(table_->name, table_->key_of(id));
        auto found = co_await client_->call(request);
        if (!found) co_return found.error();
        if (!found->item || has_expired(*table_, *found->item, world_->clock().wall())) co_return error::not_found;
        auto document = document_of(*found->item);
        if (document) document->source = std::make_shared<const DynamoDbSource>(*std::move(found->item));
        co_return document;
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> write(std::vector<Change> changes) {
        if (changes.size() > max_changes) co_return error::batch_too_large;
        std::vector<std::uint64_t> versions;
        for (const auto& change : changes) versions.push_back(change.version);
        for (unsigned tries = 1;; ++tries) {
            auto writes = writes_of(changes, versions);
            if (!writes) co_return writes.error();
            const auto made = *writes;
            auto outcome = co_await client_->write(*std::move(writes));
            if (outcome.error != error::conflict || !outcome.culprit) co_return told(outcome.error);
            const auto culprit = *outcome.culprit;
            if (!outcome.found) {
                const dynamodb::GetItem request(table_->name, table_->key_of(changes[culprit].id));
                auto there = co_await client_->call(request);
                if (!there) co_return there.error();
                outcome.found = std::move(there->item);
            }
            const bool doubtful = outcome.doubtful && changes.size() == 1;
            const auto verdict = verdict_on(*table_, changes[culprit], made[culprit], outcome.found, doubtful,
                                            world_->clock().wall());
            if (!verdict.retry || tries == most_tries) co_return told(verdict.error);
            // Whoever wrote that one has a clock that is ahead, and may have written the others.
            const auto ahead = std::min(verdict.version, UINT64_MAX - version_spread) + version_spread;
            for (auto& version : versions) version = std::max(version, ahead);
        }
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<DocumentPage>> find(Query query) {
        const auto plan = plan_of(*table_, query);
        if (plan.index.empty() && !query.order() && query.limit()) co_return co_await find_some(plan, query);
        auto maker = PageMaker::make(query);
        if (!maker) co_return maker.error();
        error_code failure;
        if (!plan.filter.never && plan.index.empty()) failure = co_await scan(plan, *maker);
        else if (!plan.filter.never) failure = co_await ask_index(plan, *maker);
        if (failure) co_return failure;
        co_return std::move(*maker).page();
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> watch(std::shared_ptr<Watcher> watcher) {
        return follower_->watch(std::move(watcher));
    }

private:
    static constexpr unsigned most_tries = 10;
    static constexpr std::size_t most_at_once = 1'000; ///< Of a page that may have any number.

    [[nodiscard]] static result<void> told(error_code failure) {
        return failure ? result<void>(failure) : result<void>();
    }

    [[nodiscard]] result<std::vector<dynamodb::Write>> writes_of(const std::vector<Change>& changes,
                                                                 const std::vector<std::uint64_t>& versions) {
        auto& clock = world_->clock();
        const auto now = clock.wall();
        std::vector<dynamodb::Write> writes;
        std::size_t bytes = 0;
        for (std::size_t i = 0; i < changes.size(); ++i) {
            auto write = write_of(*table_, changes[i], version_after(versions[i], now, clock.random()), now);
            if (!write) return write.error();
            const auto* const put = std::get_if<dynamodb::PutItem>(&*write);
            if (put != nullptr) bytes += dynamodb::item_size(put->item);
            writes.push_back(*std::move(write));
        }
        if (bytes > max_write_bytes) return error::batch_too_large;
        return writes;
    }

    /// What an item says, unless it is over.
    [[nodiscard]] result<std::optional<Document>> read(const dynamodb::Item& item) const {
        if (has_expired(*table_, item, world_->clock().wall())) return std::optional<Document>();
        auto document = document_of(item);
        if (!document) return document.error();
        return std::optional<Document>(*std::move(document));
    }

    [[nodiscard]] error_code add(const std::vector<dynamodb::Item>& items, PageMaker& maker) const {
        for (const auto& item : items) {
            const auto document = read(item);
            if (!document) return document.error();
            if (*document) maker.add(**document);
        }
        return {};
    }

    /// A page in the order in which the table gives its items; the page before ended with one of them.
    template <class...>
    [[nodiscard]] asio::awaitable<result<DocumentPage>> find_some(DynamoDbPlan plan, Query query) {
        DocumentPage page;
        dynamodb::Scan request(table_->name);
        request.filter = std::move(plan.filter.expression);
        if (request.filter.text.empty()) request.limit = std::min(*query.limit(), most_at_once) + 1;
        if (!query.token().empty()) {
            const auto last = read_page_token(std::nullopt, query.token());
            if (!last || check_id(last->id)) co_return error::query_invalid;
            request.start = table_->key_of(last->id);
        }
        while (!plan.filter.never) {
            const auto some = co_await client_->call(request);
            if (!some) co_return some.error();
            for (const auto& item : some->items) {
                auto document = read(item);
                if (!document) co_return document.error();
                if (!*document || !matches(query.condition(), *(*document)->body)) continue;
                if (page.documents.size() < *query.limit()) {
                    page.documents.push_back(**std::move(document));
                    continue;
                }
                const Place end(boost::json::value(), page.documents.back().id);
                page.next = page_token(std::nullopt, end);
                co_return page;
            }
            if (some->last.empty()) break;
            request.start = some->last;
        }
        co_return page;
    }

    template <class...>
    [[nodiscard]] asio::awaitable<error_code> ask_index(DynamoDbPlan plan, PageMaker& maker) {
        dynamodb::Query request(table_->name);
        request.index = std::move(plan.index);
        request.key_condition = std::move(plan.key_condition);
        request.filter = std::move(plan.filter.expression);
        request.consistent = false;
        return read_all(std::move(request), maker);
    }

    /// Everything, several parts at a time.
    template <class...>
    [[nodiscard]] asio::awaitable<error_code> scan(DynamoDbPlan plan, PageMaker& maker) {
        dynamodb::Scan request(table_->name);
        request.filter = std::move(plan.filter.expression);
        request.segments = scans_;
        if (scans_ == 1) co_return co_await read_all(request, maker);
        using Part = decltype(asio::co_spawn(world_->executor(), read_all(request, maker), asio::deferred));
        std::vector<Part> parts;
        for (; request.segment < scans_; ++request.segment) {
            parts.push_back(asio::co_spawn(world_->executor(), read_all(request, maker), asio::deferred));
        }
        auto group = asio::experimental::make_parallel_group(std::move(parts));
        const asio::experimental::wait_for_all all;
        const auto ends = co_await group.async_wait(all, asio::use_awaitable);
        for (const auto& thrown : std::get<1>(ends)) {
            if (thrown) std::rethrow_exception(thrown);
        }
        const auto& failures = std::get<2>(ends);
        const auto failed = std::find_if(failures.begin(), failures.end(), [](auto why) { return why.failed(); });
        co_return failed == failures.end() ? error_code() : *failed;
    }

    /// Page after page, of a `Scan` or a `Query`.
    template <class Request>
    [[nodiscard]] asio::awaitable<error_code> read_all(Request request, PageMaker& maker) {
        for (;;) {
            auto some = co_await client_->call(request);
            if (!some) co_return some.error();
            if (const auto failure = add(some->items, maker)) co_return failure;
            if (some->last.empty()) co_return error_code();
            request.start = std::move(some->last);
        }
    }

    World* world_;
    std::shared_ptr<const DynamoDbTable> table_;
    std::shared_ptr<dynamodb::Client> client_;
    std::shared_ptr<DynamoDbFollower> follower_;
    std::size_t scans_;
};

} // namespace sluice::repository
