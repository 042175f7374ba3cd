#include <sluice/repository/dynamodb_documents.hpp>

#include <sluice/repository/document_text.hpp>

#include <aws/fakes.hpp>
#include <run.hpp>

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace sluice;
using repository::Change;
using repository::DynamoDbDocuments;
using repository::DynamoDbTable;

namespace {

/// A table behind a scripted transport.
class Bench {
public:
    explicit Bench(const asio::any_io_executor& executor, DynamoDbTable table = DynamoDbTable("table"),
                   std::size_t scans = 1)
        : fake(executor),
          documents(fake.world, std::move(table), std::make_shared<dynamodb::Client>(fake.world, there()), nullptr,
                    scans) {}

    static aws::ResolvedEndpoint there() {
        aws::ResolvedEndpoint where;
        where.endpoint = aws::Endpoint("http://127.0.0.1:8000", "127.0.0.1:8000");
        where.signing_name = "dynamodb";
        where.signing_region = "eu-west-1";
        return where;
    }

    /// What was asked: the operation and the members that matter.
    [[nodiscard]] std::string operation(std::size_t i) const {
        const auto target = find_header(fake.transport.requests.at(i).headers, "X-Amz-Target");
        return std::string(target.substr(target.find('.') + 1));
    }
    [[nodiscard]] boost::json::object request(std::size_t i) const {
        return boost::json::parse(*fake.transport.requests.at(i).body).as_object();
    }

    FakeWorld fake;
    DynamoDbDocuments documents;
};

std::string item(const std::string& id, int version, const std::string& more = "") {
    return R"({"$id":{"S":")" + id + R"("},"$version":{"N":")" + std::to_string(version) + R"("})" + more + "}";
}

std::string page(const std::string& items, const std::string& last = "") {
    const auto next = last.empty() ? "" : R"(,"LastEvaluatedKey":{"$id":{"S":")" + last + R"("}})";
    return R"({"Items":[)" + items + "]" + next + "}";
}

constexpr std::string_view refused = R"({"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",)"
                                     R"("message":"The conditional request failed")";

std::string refusal(const std::string& found = "") {
    return std::string(refused) + (found.empty() ? "" : ",\"Item\":" + found) + "}";
}

std::vector<Change> changes(Change one) {
    std::vector<Change> all;
    all.push_back(std::move(one));
    return all;
}

std::string ids_of(const repository::DocumentPage& page) {
    std::string ids;
    for (const auto& document : page.documents) ids += document.id;
    return ids;
}

/// Lets answers through once everybody has asked who asks at the same time; how many that were.
asio::awaitable<void> open_later(Gate& gate, const ScriptedTransport& transport, std::size_t& asked) {
    for (int i = 0; i < 20; ++i) co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    asked = transport.requests.size();
    gate.open();
}

} // namespace

TEST_CASE("a document is read as it is now") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(200, R"({"Item":)" + item("a", 7, R"(,"tags":{"SS":["x"]})") + "}");
        const auto got = co_await bench.documents.get("a");
        REQUIRE(got.has_value());
        CHECK(got->version == 7);
        CHECK(repository::document_text(*got->body) == R"({"tags":["x"]})");
        CHECK(got->source != nullptr);
        CHECK(bench.operation(0) == "GetItem");
        CHECK(bench.request(0).at("ConsistentRead") == true);
        CHECK(bench.request(0).at("Key") == boost::json::parse(R"({"$id":{"S":"a"}})"));
        bench.fake.transport.answer(200, "{}");
        const auto none = co_await bench.documents.get("a");
        CHECK(none.error() == error::not_found);
        bench.fake.transport.answer(400, R"({"__type":"ResourceNotFoundException"})");
        const auto nowhere = co_await bench.documents.get("a");
        CHECK(nowhere.error() == error::table_not_found);
    });
}

TEST_CASE("what is over is not found, neither by its id nor by a query") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        DynamoDbTable sessions("sessions");
        sessions.expiry = "until";
        Bench bench(context.get_executor(), sessions);
        const auto over = item("a", 1, R"(,"until":{"N":"5"})");
        bench.fake.transport.answer(200, R"({"Item":)" + over + "}");
        const auto got = co_await bench.documents.get("a");
        CHECK(got.error() == error::not_found);
        bench.fake.transport.answer(200, page(over + "," + item("b", 1)));
        const auto found = co_await bench.documents.find(Query());
        CHECK(ids_of(found.value()) == "b");
        bench.fake.transport.answer(200, page(over + "," + item("b", 1)));
        const auto some = co_await bench.documents.find(Query().limit(5));
        CHECK(ids_of(some.value()) == "b");
    });
}

TEST_CASE("one change is one write, and says what it found instead") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(200, "{}");
        auto add = changes(Change::add("a", {{"x", 1}}));
        const auto added = co_await bench.documents.write(add);
        CHECK(added.has_value());
        CHECK(bench.operation(0) == "PutItem");
        CHECK(bench.request(0).at("Item").at("x") == boost::json::parse(R"({"N":"1"})"));

        bench.fake.transport.answer(400, refusal(item("a", 1)));
        const auto again = co_await bench.documents.write(add);
        CHECK(again.error() == error::already_exists);

        bench.fake.transport.answer(400, refusal(item("a", 8)));
        auto replace = changes(Change::replace("a", {}, 7));
        const auto late = co_await bench.documents.write(replace);
        CHECK(late.error() == error::conflict);
        CHECK(bench.fake.transport.requests.size() == 3);
    });
}

TEST_CASE("where a refusal does not tell what was there, it is looked up") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(400, refusal());
        bench.fake.transport.answer(200, "{}");
        auto remove = changes(Change::remove("a"));
        const auto gone = co_await bench.documents.write(remove);
        CHECK(gone.error() == error::not_found);
        CHECK(bench.operation(0) == "DeleteItem");
        CHECK(bench.operation(1) == "GetItem");
        bench.fake.transport.answer(400, refusal());
        bench.fake.transport.answer(200, R"({"Item":)" + item("a", 8) + "}");
        auto replace = changes(Change::replace("a", {}, 7));
        const auto late = co_await bench.documents.write(replace);
        CHECK(late.error() == error::conflict);
    });
}

TEST_CASE("a change follows one that somebody with another clock made") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        const auto future = R"({"$id":{"S":"a"},"$version":{"N":"9000000000000000000"}})";
        bench.fake.transport.answer(400, refusal(future));
        bench.fake.transport.answer(200, "{}");
        auto replace = changes(Change::replace("a", {}));
        const auto replaced = co_await bench.documents.write(replace);
        CHECK(replaced.has_value());
        const auto version = bench.request(1).at("Item").at("$version").at("N").as_string();
        CHECK(std::stoull(std::string(version)) > 9'000'000'000'000'000'000U);
    });
}

TEST_CASE("many changes follow those of another clock together") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        const auto future = R"({"$id":{"S":"0"},"$version":{"N":"9000000000000000000"}})";
        bench.fake.transport.answer(400, std::string(R"({"__type":"TransactionCanceledException",)") +
                                             R"("CancellationReasons":[{"Code":"ConditionalCheckFailed","Item":)" +
                                             future + R"(},{"Code":"None"}]})");
        bench.fake.transport.answer(200, "{}");
        std::vector<Change> two;
        two.push_back(Change::replace("0", {}));
        two.push_back(Change::replace("1", {}));
        const auto replaced = co_await bench.documents.write(two);
        CHECK(replaced.has_value());
        const auto request = bench.request(1);
        for (const auto& write : request.at("TransactItems").as_array()) {
            const auto version = write.at("Put").at("Item").at("$version").at("N").as_string();
            CHECK(std::stoull(std::string(version)) > 9'000'000'000'000'000'000U);
        }
    });
}

TEST_CASE("an addition whose answer was lost is not taken for another's") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.fail(error::timed_out);
        bench.fake.transport.script.push_back([](const HttpRequest& request) -> result<HttpResponse> {
            const auto asked = boost::json::parse(*request.body);
            return HttpResponse(400, refusal(repository::document_text(asked.at("Item").as_object())));
        });
        auto add = changes(Change::add("a", {{"x", 1}}));
        const auto added = co_await bench.documents.write(add);
        CHECK(added.has_value());
        CHECK(bench.fake.transport.requests.size() == 2);

        bench.fake.transport.fail(error::timed_out);
        bench.fake.transport.answer(400, refusal(item("a", 3)));
        const auto other = co_await bench.documents.write(add);
        CHECK(other.error() == error::already_exists);

        bench.fake.transport.fail(error::timed_out);
        bench.fake.transport.answer(400, refusal());
        bench.fake.transport.answer(200, "{}");
        auto remove = changes(Change::remove("a"));
        const auto removed = co_await bench.documents.write(remove);
        CHECK(removed.has_value());
    });
}

TEST_CASE("several changes are one transaction, and the first that was refused tells why") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(400, R"({"__type":"TransactionCanceledException","CancellationReasons":[)"
                                         R"({"Code":"None"},{"Code":"ConditionalCheckFailed"}]})");
        bench.fake.transport.answer(200, R"({"Item":)" + item("b", 1) + "}");
        std::vector<Change> two;
        two.push_back(Change::add("a", {}));
        two.push_back(Change::add("b", {}));
        const auto refused_both = co_await bench.documents.write(two);
        CHECK(refused_both.error() == error::already_exists);
        CHECK(bench.operation(0) == "TransactWriteItems");
        CHECK(bench.request(1).at("Key") == boost::json::parse(R"({"$id":{"S":"b"}})"));
    });
}

TEST_CASE("a removal of a cancelled transaction was not made, whatever was lost before") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.fail(error::timed_out);
        bench.fake.transport.answer(400, R"({"__type":"TransactionCanceledException","CancellationReasons":[)"
                                         R"({"Code":"ConditionalCheckFailed"},{"Code":"None"}]})");
        bench.fake.transport.answer(200, "{}");
        std::vector<Change> two;
        two.push_back(Change::remove("a"));
        two.push_back(Change::remove("b"));
        const auto removed = co_await bench.documents.write(two);
        CHECK(removed.error() == error::not_found);
    });
}

TEST_CASE("what is too much for one transaction is refused before anything is sent") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        std::vector<Change> many, large, huge;
        for (int i = 0; i < 101; ++i) many.push_back(Change::add(std::to_string(i), {}));
        for (int i = 0; i < 11; ++i) {
            large.push_back(Change::add(std::to_string(i), {{"x", std::string(390'000, 'x')}}));
        }
        huge.push_back(Change::add("a", {{"x", std::string(410'000, 'x')}}));
        const auto too_many = co_await bench.documents.write(many);
        CHECK(too_many.error() == error::batch_too_large);
        const auto too_large = co_await bench.documents.write(large);
        CHECK(too_large.error() == error::batch_too_large);
        const auto one_too_large = co_await bench.documents.write(huge);
        CHECK(one_too_large.error() == error::item_too_large);
        CHECK(bench.fake.transport.requests.empty());
    });
}

TEST_CASE("a query reads page after page, and looks at what it finds once more") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(200, page(item("c", 1, R"(,"x":{"N":"1"})"), "c"));
        bench.fake.transport.answer(200, page("", "d"));
        bench.fake.transport.answer(200, page(item("a", 1, R"(,"x":{"N":"1"})") + "," + item("b", 1)));
        const auto found = co_await bench.documents.find(Query(Field("x") == 1).order_by("name"));
        CHECK(ids_of(found.value()) == "ac");
        CHECK(bench.operation(0) == "Scan");
        CHECK(bench.request(0).at("FilterExpression") == "#0 = :0");
        CHECK(bench.request(2).at("ExclusiveStartKey") == boost::json::parse(R"({"$id":{"S":"d"}})"));
        bench.fake.transport.answer(200, page(item("c", 1), "c"));
        bench.fake.transport.answer(400, R"({"__type":"AccessDeniedException"})");
        const auto failed = co_await bench.documents.find(Query());
        CHECK(failed.error() == error::access_denied);
    });
}

TEST_CASE("pages follow the order of the table") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(200, page(item("z", 1) + "," + item("a", 1), "a"));
        bench.fake.transport.answer(200, page(item("m", 1), "m"));
        auto query = Query().limit(2);
        const auto first = co_await bench.documents.find(query);
        CHECK(ids_of(first.value()) == "za");
        REQUIRE_FALSE(first->next.empty());
        CHECK(bench.request(0).at("Limit") == 3);
        bench.fake.transport.answer(200, page(item("m", 1)));
        query.after(first->next);
        const auto second = co_await bench.documents.find(query);
        CHECK(ids_of(second.value()) == "m");
        CHECK(second->next.empty());
        CHECK(bench.request(2).at("ExclusiveStartKey") == boost::json::parse(R"({"$id":{"S":"a"}})"));
        query.after("rubbish");
        const auto bad = co_await bench.documents.find(query);
        CHECK(bad.error() == error::query_invalid);
    });
}

TEST_CASE("what can hold for nothing is not asked") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        for (const auto& query : {Query(Field("x") != nullptr), Query(Field("x") != nullptr).limit(1)}) {
            const auto found = co_await bench.documents.find(query);
            CHECK(found.value().documents.empty());
        }
        CHECK(bench.fake.transport.requests.empty());
    });
}

TEST_CASE("an index is asked without consistency") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        DynamoDbTable table("table");
        table.indexes.emplace_back("by-kind", IndexedField("kind"));
        Bench bench(context.get_executor(), table);
        const auto kind = R"(,"kind":{"S":"x"})";
        bench.fake.transport.answer(200, page(item("b", 1, kind), "b"));
        bench.fake.transport.answer(200, page(item("a", 1, kind)));
        const auto found = co_await bench.documents.find(Query(Field("kind") == "x").limit(1));
        CHECK(ids_of(found.value()) == "a");
        CHECK_FALSE(found->next.empty());
        CHECK(bench.operation(1) == "Query");
        CHECK(bench.request(0).at("IndexName") == "by-kind");
        CHECK(bench.request(0).at("ConsistentRead") == false);
        CHECK(bench.request(0).at("KeyConditionExpression") == "#0 = :0");
    });
}

TEST_CASE("a table is scanned in parts at the same time") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor(), DynamoDbTable("table"), 3);
        const auto part = [](const HttpRequest& request) -> result<HttpResponse> {
            const auto asked = boost::json::parse(*request.body);
            const auto segment = asked.at("Segment").to_number<int>();
            const bool more = asked.as_object().if_contains("ExclusiveStartKey") == nullptr;
            const auto id = std::to_string(segment) + (more ? "a" : "b");
            return HttpResponse(200, page(item(id, 1), more ? id : ""));
        };
        for (int i = 0; i < 6; ++i) bench.fake.transport.script.emplace_back(part);
        Gate gate(context.get_executor());
        bench.fake.transport.gate = &gate;
        std::size_t asked = 0;
        asio::co_spawn(context, open_later(gate, bench.fake.transport, asked), asio::detached);
        const auto found = co_await bench.documents.find(Query());
        CHECK(asked == 3);
        CHECK(ids_of(found.value()) == "0a0b1a1b2a2b");
        CHECK(bench.fake.transport.requests.size() == 6);
        CHECK(bench.request(0).at("TotalSegments") == 3);
        CHECK(bench.request(1).at("Segment") == 1);

        bench.fake.transport.script.clear();
        bench.fake.transport.script.emplace_back(part);
        bench.fake.transport.answer(400, R"({"__type":"AccessDeniedException"})");
        for (int i = 0; i < 4; ++i) bench.fake.transport.script.emplace_back(part);
        const auto failed = co_await bench.documents.find(Query());
        CHECK(failed.error() == error::access_denied);
    });
}
