#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/detail/back_off.hpp>
#include <sluice/detail/call_queue.hpp>
#include <sluice/dynamodb/client.hpp>
#include <sluice/dynamodb/shard_order.hpp>
#include <sluice/dynamodb/streams.hpp>
#include <sluice/dynamodb/streams_client.hpp>
#include <sluice/error.hpp>
#include <sluice/repository/document.hpp>
#include <sluice/repository/dynamodb_item.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sluice::repository {

/// What a record of a change stream says of a document; none if it is no document.
[[nodiscard]] inline std::optional<Document> change_of(const dynamodb::StreamRecord& record) {
    const bool removed = record.kind == dynamodb::StreamRecord::Kind::remove;
    auto document = document_of(removed ? record.before : record.after);
    if (!document) return std::nullopt;
    if (removed) *document = Document(std::move(document->id), document->version + 1, nullptr);
    const bool told = !record.before.empty() || record.kind == dynamodb::StreamRecord::Kind::insert;
    if (told) document->found = version_of(record.before);
    return *std::move(document);
}

/// Tells what changes in a table, by following its change stream, as long as somebody watches. On its world's strand.
class DynamoDbFollower : public std::enable_shared_from_this<DynamoDbFollower> {
public:
    DynamoDbFollower(World& world, std::shared_ptr<dynamodb::Client> tables, dynamodb::StreamsClient streams,
                     std::string table, std::chrono::nanoseconds look_every)
        : world_(world), tables_(std::move(tables)), streams_(std::move(streams)), table_(std::move(table)),
          look_every_(look_every), turns_(world.executor()) {}

    /// Tells of every change from now on, and of some that were made shortly before: the stream lags behind. Who wants
    /// only news is told of none that the stream had when it was looked at after this call began.
    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> watch(std::shared_ptr<Watcher> watcher) {
        auto begin = [self = shared_from_this(), looks = looks_, watcher = std::move(watcher)] {
            return self->begin(watcher, looks);
        };
        co_return co_await turns_.perform<void>(world_.hold(), std::move(begin));
    }

private:
    /// A shard that is being read.
    class Reader {
    public:
        explicit Reader(dynamodb::ShardOrder::Start start)
            : shard(std::move(start.shard)), place(std::move(start.place)) {}

        std::string shard;
        dynamodb::ShardPosition place; ///< Where to begin, and later where the last change was.
        std::string iterator;       ///< Empty: to be asked for.
        bool ended = false;
    };

    static constexpr std::size_t pages_in_a_row = 16; ///< Of one shard, before others have their turn.
    static constexpr std::size_t few = 16;            ///< Changes; as many as wait for a reader.
    static constexpr std::chrono::minutes describe_every{1};
    static constexpr std::chrono::seconds longest_back_off{30};

    [[nodiscard]] bool watched() {
        std::erase_if(watchers_, [](const auto& each) { return each.expired(); });
        return !watchers_.empty();
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> begin(std::shared_ptr<Watcher> watcher, std::size_t looks) {
        if (following_ && watcher->wants_only_news() && looks == looks_) {
            (void)co_await look(); // what fails will fail again, for all
        }
        if (!following_) {
            const auto ready = co_await find_stream();
            if (!ready) co_return ready;
        }
        watchers_.push_back(watcher);
        if (std::exchange(following_, true)) co_return result<void>();
        asio::co_spawn(world_.executor(), follow(shared_from_this(), world_.hold()), asio::detached);
        co_return result<void>();
    }

    /// Begins with what is added from now on.
    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> find_stream() {
        const dynamodb::DescribeTable request(table_);
        const auto table = co_await tables_->call(request);
        if (!table) co_return table.error();
        if (!table->stream || table->stream_view != "NEW_AND_OLD_IMAGES") {
            world_.log().error("the table ", table_, " has no change stream of NEW_AND_OLD_IMAGES, which live needs");
            co_return error::table_unfit;
        }
        stream_ = table->stream_arn;
        order_ = dynamodb::ShardOrder();
        readers_.clear();
        const auto failure = co_await look_for_shards();
        if (failure) co_return failure;
        for (auto& reader : readers_) {
            const auto placed = co_await find_place(reader);
            if (placed) co_return placed;
        }
        co_return result<void>();
    }

    template <class...>
    static asio::awaitable<void> follow(std::shared_ptr<DynamoDbFollower> self, std::shared_ptr<const void> world) {
        auto& clock = self->world_.clock();
        unsigned failures = 0;
        while (self->watched()) {
            auto turn = [self] { return self->look(); };
            const auto looked = co_await self->turns_.template perform<void>(world, std::move(turn));
            const auto failure = looked ? error_code() : looked.error();
            if (!failure) self->streams_.settle();
            if (failure && is_final(failure)) {
                self->end(failure); // whoever watches from now on begins anew
                break;
            }
            failures = failure ? failures + 1 : 0;
            const auto rest = sluice::detail::back_off(self->look_every_, longest_back_off, failures, clock.random());
            const auto next = clock.steady() + std::max<std::chrono::nanoseconds>(rest, self->look_every_);
            const auto interrupted = co_await clock.async_wait_until(next);
            if (!interrupted) continue;
            self->end(interrupted);
            break;
        }
        self->following_ = false;
        world.reset();
    }

    /// What no patience helps against; all else may pass.
    [[nodiscard]] static bool is_final(error_code failure) {
        return failure == error::iterator_expired || failure == error::stream_not_found ||
               failure == error::access_denied || failure == error::request_refused || failure == error::table_unfit;
    }

    void end(error_code why) {
        const auto watchers = std::exchange(watchers_, {});
        for (const auto& each : watchers) {
            if (const auto watcher = each.lock()) watcher->ended(why);
        }
    }

    /// Reads what there is, of every shard; one that fails holds up no other.
    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> look() {
        ++looks_;
        const auto now = world_.clock().steady();
        if (readers_.empty() || now < expecting_until_ || now >= describe_at_) {
            const auto failure = co_await look_for_shards();
            if (failure) co_return failure;
        }
        error_code first;
        for (auto& reader : readers_) {
            const auto failure = co_await read(reader);
            if (failure && !first) first = failure;
            if (!reader.ended) continue;
            order_.end(reader.shard);
            expecting_until_ = now + describe_every;
        }
        std::erase_if(readers_, [](const auto& reader) { return reader.ended; });
        co_return first ? result<void>(first) : result<void>();
    }

    template <class...>
    [[nodiscard]] asio::awaitable<error_code> look_for_shards() {
        const auto page = co_await streams_.describe(stream_);
        if (!page) co_return page.error();
        for (auto& start : order_.see(page->shards)) readers_.emplace_back(std::move(start));
        if (readers_.empty() && !page->enabled) {
            world_.log().error("the change stream of the table ", table_, " has ended");
            co_return error::table_unfit;
        }
        describe_at_ = world_.clock().steady() + describe_every;
        co_return error_code();
    }

    template <class...>
    [[nodiscard]] asio::awaitable<error_code> find_place(Reader& reader) {
        const dynamodb::GetShardIterator request(stream_, reader.shard, reader.place);
        auto found = co_await streams_.call(request);
        if (!found) co_return found.error();
        reader.iterator = std::move(found->iterator);
        co_return error_code();
    }

    template <class...>
    [[nodiscard]] asio::awaitable<error_code> read(Reader& reader) {
        bool renewed = false;
        for (std::size_t pages = 0; pages < pages_in_a_row && !reader.ended;) {
            if (reader.iterator.empty()) {
                const auto lost = co_await find_place(reader);
                if (lost) co_return lost;
            }
            const dynamodb::GetRecords request(reader.iterator);
            auto page = co_await streams_.call(request);
            if (!page) {
                if (page.error() != error::iterator_expired || std::exchange(renewed, true)) co_return page.error();
                // Nothing was read since it began: what was there before is told again, rather than something never.
                if (reader.place.type == "LATEST") reader.place = dynamodb::ShardPosition::oldest();
                reader.iterator.clear();
                continue;
            }
            ++pages;
            tell(page->records);
            if (!page->records.empty()) {
                reader.place = dynamodb::ShardPosition::after(std::move(page->records.back().sequence_number));
            }
            reader.ended = page->next.empty();
            reader.iterator = std::move(page->next);
            if (page->records.empty()) break;
        }
        co_return error_code();
    }

    void tell(const std::vector<dynamodb::StreamRecord>& records) {
        std::vector<Document> changed;
        for (const auto& record : records) {
            if (auto document = change_of(record)) changed.push_back(*std::move(document));
        }
        if (changed.empty()) return;
        // The stream does not say what was changed together. A few changes are told one by one, so that a live query
        // shows each of them; of many, its reader would see but the last.
        const auto at_once = changed.size() <= few ? std::size_t{1} : changed.size();
        for (const auto& each : watchers_) {
            const auto watcher = each.lock();
            for (std::size_t done = 0; watcher && done < changed.size(); done += at_once) {
                watcher->changed(std::span(changed).subspan(done, at_once));
            }
        }
    }

    World& world_;
    std::shared_ptr<dynamodb::Client> tables_;
    dynamodb::StreamsClient streams_;
    const std::string table_;
    const std::chrono::nanoseconds look_every_;
    sluice::detail::CallQueue turns_; ///< Of looks and beginnings.
    std::size_t looks_ = 0;           ///< That were begun.
    std::vector<std::weak_ptr<Watcher>> watchers_;
    bool following_ = false;
    std::string stream_;
    dynamodb::ShardOrder order_;
    std::vector<Reader> readers_;
    steady_time expecting_until_; ///< A shard ended: those that follow it are not always told of at once.
    steady_time describe_at_;
};

} // namespace sluice::repository
