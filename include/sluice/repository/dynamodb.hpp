#pragma once

#include <sluice/aws/machine.hpp>
#include <sluice/aws/this_machine.hpp>
#include <sluice/dynamodb/client.hpp>
#include <sluice/dynamodb/streams_client.hpp>
#include <sluice/dynamodb/table_name.hpp>
#include <sluice/error.hpp>
#include <sluice/repository/collection.hpp>
#include <sluice/repository/dynamodb_documents.hpp>
#include <sluice/repository/dynamodb_follower.hpp>
#include <sluice/repository/dynamodb_index.hpp>
#include <sluice/repository/dynamodb_table.hpp>
#include <sluice/repository/repository.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

/// Values in a table of Amazon DynamoDB: `DynamoDbRepository<Product>("products")`.
///
/// Each value is an item with its id in `$id`, the key, and the version of its last change in `$version`; the fields of
/// its document are attributes beside them (one that begins with `$` has one `$` more), so that indexes, filters and
/// other programs can use them. Items of others are read as near as JSON comes, and when `update` replaces one, what it
/// does not change stays exactly as it was: sets, bytes, numbers of 38 digits. Whoever else changes items has to raise
/// `$version`, or what is live may miss his changes, or end, and an update at the same time may overwrite them.
///
/// Reads are consistent, but for those by an index. A query without one reads the whole table, in several parts at a
/// time if told so, and filters there what it can: of values that JSON does not have, numbers of more digits and bytes,
/// a condition holds by what they are there. One change of several items takes up to 100 of them, and 4 MB.
///
/// What is live follows the table's change stream, and looks there `look_every`; it ends with `iterator_expired` if it
/// falls 24 hours behind. The stream lags behind the table, and does not say how far: what it had before a live query
/// began is not shown, but what came into it later may be of something that was gone already, which is shown for that
/// moment; in the end a live query shows what there is.
///
/// Errors beside those of `RunningRepository`: `table_not_found`, `table_unfit`, `throttled`, `access_denied`, and
/// those of the connection and the credentials. Nothing is half written. A change whose answer was lost is known by its
/// version, and `timed_out` if somebody changed the item after that; a removal may then remove what was added since.
///
/// Permissions: `dynamodb:DescribeTable`, `GetItem`, `PutItem`, `DeleteItem`, `Scan`, and `Query` for indexes; for what
/// is live `DescribeStream`, `GetShardIterator`, `GetRecords`; to make the table `CreateTable`, and `UpdateTimeToLive`
/// and `DescribeTimeToLive` if items expire.
template <class T>
class DynamoDbRepository {
public:
    /// The table exists, unless `create_table` is asked for. Throws `std::invalid_argument` for what cannot be the name
    /// of a table: 3 to 255 of `a-zA-Z0-9_.-`.
    explicit DynamoDbRepository(std::string table)
        requires std::default_initializable<Mapping<T>>
        : DynamoDbRepository(std::move(table), Mapping<T>()) {}

    DynamoDbRepository(std::string table, Mapping<T> mapping) : table_(std::move(table)), mapping_(std::move(mapping)) {
        dynamodb::require_table_name(table_.name);
    }

    /// The same repository at another endpoint than the region's: `http://127.0.0.1:8000`. Its change stream is there,
    /// too, unless streams have one of their own.
    [[nodiscard]] DynamoDbRepository at(std::string endpoint, std::string streams = {}) const {
        auto changed = *this;
        changed.streams_endpoint_ = streams.empty() ? endpoint : std::move(streams);
        changed.endpoint_ = std::move(endpoint);
        return changed;
    }

    /// The same repository, which makes its table if it is not there: paid by request, with its indexes and a change
    /// stream; and sees to it that its items expire.
    [[nodiscard]] DynamoDbRepository create_table() const {
        auto changed = *this;
        changed.creates_ = true;
        return changed;
    }

    /// The same repository, which asks an index where it can: a condition that the first of its fields is equal to
    /// something, and if there is a second one that this compares with something. An index lags behind the table for
    /// some moments. It has all attributes, and its fields are of the document itself. A document whose field is there,
    /// but of another kind than the index has, cannot be kept: `request_refused`.
    [[nodiscard]] DynamoDbRepository index(DynamoDbIndex more) const {
        auto changed = *this;
        changed.table_.indexes.push_back(std::move(more));
        return changed;
    }

    /// The same repository, whose items are gone once the second that a field names is over: a number, counted since
    /// 1970. The service removes them within two days; here nobody sees them any more. Live queries see them until they
    /// are removed.
    [[nodiscard]] DynamoDbRepository expire_by(std::string field) const {
        if (field.empty()) throw std::invalid_argument("sluice: expire_by needs the name of a field");
        auto changed = *this;
        changed.table_.expiry = std::move(field);
        return changed;
    }

    /// The same repository, which reads whole tables in so many parts at a time. Throws `std::invalid_argument` unless
    /// that is 1 to 1,000.
    [[nodiscard]] DynamoDbRepository parallel_scan(std::size_t parts) const {
        if (parts < 1 || parts > 1'000) throw std::invalid_argument("sluice: a table is scanned in 1 to 1,000 parts");
        auto changed = *this;
        changed.scans_ = parts;
        return changed;
    }

    /// The same repository, which looks for changes so often, while something is live. Throws `std::invalid_argument`
    /// unless it is a time.
    [[nodiscard]] DynamoDbRepository look_every(std::chrono::nanoseconds interval) const {
        if (interval <= std::chrono::nanoseconds(0)) throw std::invalid_argument("sluice: look_every needs a time");
        auto changed = *this;
        changed.look_every_ = interval;
        return changed;
    }

    /// The same repository on a machine that knows other settings, for tests.
    [[nodiscard]] DynamoDbRepository on_machine(aws::Machine machine) const {
        auto changed = *this;
        changed.machine_ = std::move(machine);
        return changed;
    }

    using Running = Collection<T, repository::DynamoDbDocuments>;

    static constexpr bool persistent = true;

    /// Looks whether the table is there, is what is needed, and can be used; waits up to five minutes until it can.
    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) const {
        return open_collection(*this, world);
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<repository::DynamoDbDocuments>> open_documents(World& world) const {
        return open_table(*this, world);
    }

private:
    static constexpr std::chrono::seconds patience{300};

    static asio::awaitable<result<Running>> open_collection(DynamoDbRepository recipe, World& world) {
        auto documents = co_await recipe.open_documents(world);
        if (!documents) co_return documents.error();
        co_return Running(world, recipe.mapping_, *std::move(documents));
    }

    static asio::awaitable<result<repository::DynamoDbDocuments>> open_table(DynamoDbRepository recipe, World& world) {
        auto tables = dynamodb::Client::open(world, recipe.endpoint_, recipe.machine_);
        if (!tables) co_return tables.error();
        auto streams = dynamodb::StreamsClient::open(world, recipe.streams_endpoint_, recipe.machine_);
        if (!streams) co_return streams.error();
        const auto client = std::make_shared<dynamodb::Client>(*std::move(tables));
        const dynamodb::DescribeTable question(recipe.table_.name);
        auto table = co_await client->call(question);
        const bool missing = !table && table.error() == error::table_not_found;
        if (missing && recipe.creates_) table = co_await make_table(recipe.table_, *client);
        else if (table && !table->active()) table = co_await client->wait_until_active(recipe.table_.name, patience);
        if (!table) co_return table.error();
        const auto complaint = recipe.table_.complaint(*table);
        if (!complaint.empty()) {
            world.log().error("the table ", recipe.table_.name, " is not of this repository: ", complaint);
            co_return error::table_unfit;
        }
        recipe.table_.learn(*table);
        if (recipe.creates_ && !recipe.table_.expiry.empty()) {
            const auto enabled = co_await enable_expiry(recipe.table_, *client);
            if (!enabled) {
                world.log().error("the items of the table ", recipe.table_.name, " do not expire by `",
                                  recipe.table_.expiry, "`: ", enabled.error());
                co_return enabled.error();
            }
        }
        auto follower = std::make_shared<repository::DynamoDbFollower>(world, client, *std::move(streams),
                                                                       recipe.table_.name, recipe.look_every_);
        co_return repository::DynamoDbDocuments(world, recipe.table_, client, std::move(follower), recipe.scans_);
    }

    static asio::awaitable<result<dynamodb::TableDescription>> make_table(repository::DynamoDbTable wanted,
                                                                          dynamodb::Client& client) {
        const auto request = wanted.creation();
        const auto made = co_await client.call(request);
        // Somebody else may be making it.
        if (!made && made.error() != error::resource_in_use) co_return made.error();
        co_return co_await client.wait_until_active(wanted.name, patience);
    }

    /// Sees to it that items expire, whoever made the table, and however far he came.
    static asio::awaitable<result<void>> enable_expiry(repository::DynamoDbTable wanted, dynamodb::Client& client) {
        const auto attribute = repository::attribute_of(wanted.expiry);
        const dynamodb::DescribeTimeToLive question(wanted.name);
        auto now = co_await client.call(question);
        if (now && !now->enabled) {
            const dynamodb::UpdateTimeToLive wish(wanted.name, attribute);
            const auto enabled = co_await client.call(wish);
            if (enabled) co_return result<void>();
            if (enabled.error() != error::request_refused) co_return enabled.error();
            now = co_await client.call(question); // somebody else was faster
        }
        if (!now) co_return now.error();
        if (now->enabled && now->attribute == attribute) co_return result<void>();
        co_return error::table_unfit;
    }

    repository::DynamoDbTable table_;
    Mapping<T> mapping_;
    std::string endpoint_;
    std::string streams_endpoint_;
    bool creates_ = false;
    std::size_t scans_ = 1;
    std::chrono::nanoseconds look_every_ = std::chrono::milliseconds(500);
    aws::Machine machine_ = aws::this_machine();
};

static_assert(DocumentRepository<DynamoDbRepository<boost::json::object>>);

} // namespace sluice
