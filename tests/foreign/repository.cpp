// Uses a repository as it is told: of DynamoDB where PLACE is an endpoint, and of SQLite where it is a file.
//
//     repository rules PLACE NAME [KIND...]  which rules of a repository it breaks, a line each; its tables are NAME-1...;
//                                            KIND is items, queries or live
//     repository storage PLACE NAME KIND     which rules of a storage one breaks, a line each; KIND is `tuned`, for
//                                            DynamoDbStorage, or `documents`, for RepositoryStorage
//     repository fill PLACE NAME             puts chunks into a DynamoDbStorage, and tells the first sequence of each that
//                                            is there, a line each; for ever
//     repository drain PLACE NAME            opens it, and tells the first sequences of all chunks that are whole
//     repository indexes PLACE NAME          whether queries by indexes and by reading all of a new table find the same
//     repository add PLACE NAME              adds what stands in standard input, a line of {"id": .., "document": ..} each
//     repository add_all PLACE NAME          the same, all together
//     repository get PLACE NAME ID...        the documents, as a line of JSON each
//     repository set PLACE NAME ID DOCUMENT  fields of a document become those of DOCUMENT
//     repository find PLACE NAME FIELD VALUE the ids of those in which a field has a value, a line each
//     repository copy PLACE NAME ID NEW_ID   an item of a table with all of its attributes, as the client has them
#include <sluice/dynamodb/client.hpp>
#include <sluice/repository/conformance.hpp>
#include <sluice/repository/dynamodb.hpp>
#include <sluice/repository/random_documents.hpp>
#include <sluice/repository/sqlite.hpp>
#include <sluice/session.hpp>
#include <sluice/storage/conformance.hpp>
#include <sluice/storage/dynamodb.hpp>
#include <sluice/storage/repository.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using Words = std::vector<std::string>;
using Items = std::vector<sluice::Identified<json::object>>;

Items read_items() {
    Items items;
    for (std::string line; std::getline(std::cin, line);) {
        const auto item = json::parse(line).as_object();
        items.emplace_back(std::string(item.at("id").as_string()), item.at("document").as_object());
    }
    return items;
}

template <class Running>
asio::awaitable<void> obey(Running& kept, const Words& words) {
    const auto& verb = words[0];
    if (verb == "add") {
        for (const auto& item : read_items()) {
            const auto added = co_await kept.add(item);
            added.value();
        }
    } else if (verb == "add_all") {
        const auto items = read_items();
        const auto added = co_await kept.add_all(items);
        added.value();
    } else if (verb == "get") {
        for (auto i = words.begin() + 3; i != words.end(); ++i) {
            const auto document = co_await kept.get(*i);
            std::cout << json::serialize(document.value()) << '\n';
        }
    } else if (verb == "set") {
        const auto fields = json::parse(words.at(4)).as_object();
        const auto change = [&fields](json::object document) {
            for (const auto& field : fields) document[field.key()] = field.value();
            return document;
        };
        const auto updated = co_await kept.update(words.at(3), change);
        static_cast<void>(updated.value());
    } else if (verb == "find") {
        const sluice::Query query(sluice::Field(words.at(3)) == words.at(4));
        const auto page = co_await kept.query(query);
        for (const auto& item : page.value().items) std::cout << item.id << '\n';
    } else {
        throw std::invalid_argument("there is no verb " + verb);
    }
}

template <class Recipe>
asio::awaitable<void> open_and_obey(sluice::Session session, Recipe recipe, Words words) {
    auto opened = co_await session.open(recipe);
    co_await obey(opened.value(), words);
}

template <class...>
asio::awaitable<void> rules(sluice::Session session, Words words) {
    using Repository = sluice::DynamoDbRepository<json::object>;
    using Running = sluice::running_t<Repository>;
    int tables = 0;
    const auto make = [&] {
        const Repository table(words[2] + '-' + std::to_string(++tables));
        return table.at(words[1]).create_table().look_every(std::chrono::milliseconds(20));
    };
    std::vector<std::string> broken;
    if (words.size() == 3) broken = co_await sluice::check_repository(make, session.world());
    for (auto kind = words.begin() + 3; kind != words.end(); ++kind) {
        sluice::repository::ItemRules<Running> items(session.world());
        sluice::repository::QueryRules<Running> queries(session.world());
        sluice::repository::LiveRules<Running> live(session.world(), std::chrono::seconds(10));
        if (*kind == "items") co_await sluice::repository::check_rules(make, items, broken);
        if (*kind == "queries") co_await sluice::repository::check_rules(make, queries, broken);
        if (*kind == "live") co_await sluice::repository::check_rules(make, live, broken);
    }
    std::cout << tables << " rules were tried\n";
    for (const auto& rule : broken) std::cout << rule << '\n';
}

/// What a storage has written stays in its table: each has a name of its own there, or a table.
asio::awaitable<void> storage(sluice::Session session, Words words) {
    int storages = 0;
    const auto name = [&] { return "storage-" + std::to_string(++storages); };
    const auto documents = [&] {
        const sluice::DynamoDbRepository<json::object> table(words[2] + '-' + name());
        return sluice::RepositoryStorage(table.at(words[1]).create_table()); // it reads all of its table
    };
    const auto tuned = [&] { return sluice::DynamoDbStorage(words[2], name()).at(words[1]).create_table(); };
    std::vector<std::string> broken;
    if (words.at(3) == "tuned") broken = co_await sluice::check_storage(tuned, session.world());
    else broken = co_await sluice::check_storage(documents, session.world());
    std::cout << storages << " storages were tried\n";
    for (const auto& rule : broken) std::cout << rule << '\n';
}

sluice::DynamoDbStorage leased(const Words& words) {
    return sluice::DynamoDbStorage(words[2]).at(words[1]).create_table().lease(std::chrono::seconds(2));
}

/// Each third one needs several items.
std::string body_of(std::uint64_t first) {
    return std::string(first % 3 == 0 ? 900'000 : 1'000, static_cast<char>('a' + first % 26));
}

asio::awaitable<void> fill(sluice::Session session, Words words) {
    auto recipe = leased(words);
    auto opened = co_await recipe.open(session.world());
    auto& kept = opened.value();
    for (auto first = kept.identity().next_sequence;; ++first) {
        auto body = std::make_shared<const std::string>(body_of(first));
        std::vector<sluice::Chunk> one(1, sluice::Chunk("stream", first, 1, std::move(body)));
        const auto stored = co_await kept.append(std::move(one));
        stored.value();
        std::cout << first << std::endl;
    }
}

asio::awaitable<void> drain(sluice::Session session, Words words) {
    auto recipe = leased(words);
    auto opened = co_await recipe.open(session.world());
    auto& kept = opened.value();
    const auto found = co_await kept.read("stream", 0, std::numeric_limits<std::size_t>::max());
    for (const auto& chunk : found.value()) {
        if (chunk.body && *chunk.body == body_of(chunk.first)) std::cout << chunk.first << '\n';
    }
    const auto cleared = co_await kept.clear();
    cleared.value();
    co_await kept.close();
}

std::string ids_of(const sluice::Page<json::object>& page) {
    std::vector<std::string> ids;
    for (const auto& item : page.items) ids.push_back(item.id);
    std::sort(ids.begin(), ids.end());
    std::string all;
    for (const auto& id : ids) all += id + ' ';
    return all;
}

asio::awaitable<void> indexes(sluice::Session session, Words words) {
    const auto recipe = sluice::DynamoDbRepository<json::object>(words[2]).at(words[1]).create_table();
    const sluice::IndexedField kind("kind"), name("name"), price("price", sluice::IndexedField::Kind::number);
    const sluice::DynamoDbIndex by_kind("by-kind", kind, price), by_name("by-name", name);
    auto with_indexes = co_await session.open(recipe.index(by_kind).index(by_name)); // it makes the table
    auto& indexed = with_indexes.value();
    auto without = co_await session.open(recipe);
    auto& plain = without.value();
    sluice::repository::RandomDocuments some(7);
    for (int i = 0; i < 80; ++i) {
        auto document = some.document();
        for (const auto* field : {"kind", "name", "price"}) document.erase(field);
        if (some.one_in(4) > 0) document["kind"] = std::string(1, static_cast<char>('a' + some.one_in(3)));
        if (some.one_in(4) > 0) document["name"] = std::string(1, static_cast<char>('a' + some.one_in(3)));
        if (some.one_in(4) > 0) document["price"] = some.one_in(10);
        const sluice::Identified<json::object> item(std::to_string(i), std::move(document));
        const auto added = co_await plain.add(item);
        added.value();
    }
    int found = 0;
    for (int i = 0; i < 200; ++i) {
        sluice::Query query(some.condition(2));
        const std::string letter(1, static_cast<char>('a' + some.one_in(3)));
        query.where(some.one_in(2) == 0 ? sluice::Field("kind") == letter : sluice::Field("name") == letter);
        const auto bound = some.one_in(10);
        if (some.one_in(2) == 0) query.where(sluice::Field("price") <= bound);
        if (some.one_in(2) == 0) query.where(sluice::Field("price") > bound / 2);
        const auto by_index = co_await indexed.query(query);
        const auto by_scan = co_await plain.query(query);
        if (ids_of(by_index.value()) != ids_of(by_scan.value())) throw std::runtime_error("an index finds something else");
        found += static_cast<int>(by_scan->items.size());
    }
    std::cout << found << " items were found\n";
}

template <class...>
asio::awaitable<void> copy(sluice::Session session, Words words) {
    using sluice::dynamodb::AttributeValue;
    auto client = sluice::dynamodb::Client::open(session.world(), words[1]).value();
    sluice::dynamodb::Item key;
    key.emplace("$id", AttributeValue::of(words.at(3)));
    const sluice::dynamodb::GetItem question(words[2], key);
    const auto found = co_await client.call(question);
    auto item = found.value().item.value();
    item.insert_or_assign("$id", AttributeValue::of(words.at(4)));
    const sluice::dynamodb::PutItem order(words[2], item);
    const auto put = co_await client.call(order);
    static_cast<void>(put.value());
}

asio::awaitable<void> run(const sluice::Session& session, const Words& words) {
    if (words[0] == "rules") return rules(session, words);
    if (words[0] == "storage") return storage(session, words);
    if (words[0] == "fill") return fill(session, words);
    if (words[0] == "drain") return drain(session, words);
    if (words[0] == "indexes") return indexes(session, words);
    if (words[0] == "copy") return copy(session, words);
    if (!words[1].starts_with("http")) {
        return open_and_obey(session, sluice::SqliteRepository<json::object>(words[1], words[2]), words);
    }
    return open_and_obey(session,
                         sluice::DynamoDbRepository<json::object>(words[2]).at(words[1]).create_table(), words);
}

} // namespace

int main(int argc, char** argv) {
    const Words words(argv + 1, argv + argc);
    if (words.size() < 3) {
        std::cerr << "usage: repository VERB PLACE NAME [WORD...]\n";
        return 2;
    }
    try {
        sluice::Options options;
        options.log = sluice::Log([](sluice::LogLevel level, std::string_view text) {
            std::cerr << to_string(level) << ": " << text << '\n';
        });
        asio::io_context context;
        const sluice::Session session(context.get_executor(), options);
        asio::co_spawn(session.executor(), run(session, words), [](std::exception_ptr failure) {
            if (failure) std::rethrow_exception(failure);
        });
        context.run();
        return 0;
    } catch (const std::exception& failure) {
        std::cerr << "repository: " << failure.what() << '\n';
        return 1;
    }
}
