// Uses a repository as it is told: of DynamoDB where PLACE is an endpoint, and of SQLite where it is a file.
//
//     repository rules PLACE NAME [KIND...]  which rules of a repository it breaks, a line each; its tables are NAME-1...;
//                                            KIND is items, queries or live
//     repository add PLACE NAME              adds what stands in standard input, a line of {"id": .., "document": ..} each
//     repository add_all PLACE NAME          the same, all together
//     repository get PLACE NAME ID...        the documents, as a line of JSON each
//     repository set PLACE NAME ID DOCUMENT  fields of a document become those of DOCUMENT
//     repository find PLACE NAME FIELD VALUE the ids of those in which a field has a value, a line each
//     repository copy PLACE NAME ID NEW_ID   an item of a table with all of its attributes, as the client has them
#include <sluice/dynamodb/client.hpp>
#include <sluice/repository/conformance.hpp>
#include <sluice/repository/dynamodb.hpp>
#include <sluice/repository/sqlite.hpp>
#include <sluice/session.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <exception>
#include <iostream>
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
