#include <sluice/repository/dynamodb_follower.hpp>

#include <aws/fakes.hpp>
#include <run.hpp>

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace sluice;
using repository::DynamoDbFollower;

namespace {

/// A table with a change stream, behind a transport.
class FakeStream final : public AnyTransport {
public:
    class Shard {
    public:
        std::string parent;
        bool closed = false;
        std::vector<std::string> records;
    };

    void put(const std::string& shard, const std::string& id, int version, std::string_view kind = "INSERT") {
        const auto image = R"({"$id":{"S":")" + id + R"("},"$version":{"N":")" + std::to_string(version) + R"("}})";
        const auto sequence = std::to_string(++last);
        shards[shard].records.push_back(R"({"eventName":")" + std::string(kind) + R"(","dynamodb":{"SequenceNumber":")" +
                                        sequence + "\"," + (kind == "REMOVE" ? "\"OldImage\":" : "\"NewImage\":") +
                                        image + "}}");
    }

    [[nodiscard]] asio::awaitable<result<HttpResponse>> send(HttpRequest request) override {
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        const auto target = find_header(request.headers, "X-Amz-Target");
        const auto operation = std::string(target.substr(target.find('.') + 1));
        ++asked[operation];
        const auto body = boost::json::parse(*request.body).as_object();
        if (instead) {
            if (auto answer = instead(operation)) co_return *answer;
        }
        if (operation == "DescribeTable") co_return HttpResponse(200, table);
        if (operation == "DescribeStream") co_return HttpResponse(200, describe(body));
        if (operation == "GetShardIterator") co_return HttpResponse(200, iterator(body));
        co_return records(std::string(body.at("ShardIterator").as_string()));
    }

    std::string table = R"({"Table":{"TableName":"t","TableStatus":"ACTIVE","LatestStreamArn":"arn",)"
                        R"("StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES"}}})";
    std::string status = "ENABLED";
    std::map<std::string, Shard> shards;
    std::map<std::string, int> asked;
    std::function<std::optional<result<HttpResponse>>(const std::string& operation)> instead;
    int last = 0;

private:
    /// Pages of two shards.
    [[nodiscard]] std::string describe(const boost::json::object& body) const {
        const auto* const start = body.if_contains("ExclusiveStartShardId");
        auto next = start != nullptr ? shards.upper_bound(std::string(start->as_string())) : shards.begin();
        std::string list;
        std::string last_id;
        for (int count = 0; next != shards.end() && count < 2; ++count, ++next) {
            const auto& [id, shard] = *next;
            last_id = id;
            list += (list.empty() ? "" : ",") + (R"({"ShardId":")" + id + "\"");
            if (!shard.parent.empty()) list += R"(,"ParentShardId":")" + shard.parent + "\"";
            list += std::string(R"(,"SequenceNumberRange":{"StartingSequenceNumber":"1")") +
                    (shard.closed ? R"(,"EndingSequenceNumber":"9")" : "") + "}}";
        }
        const auto end = next == shards.end() ? "" : R"(,"LastEvaluatedShardId":")" + last_id + "\"";
        return R"({"StreamDescription":{"StreamStatus":")" + status + R"(","Shards":[)" + list + "]" + end + "}}";
    }

    [[nodiscard]] std::string iterator(const boost::json::object& body) {
        const std::string shard(body.at("ShardId").as_string());
        const auto& records = shards[shard].records;
        std::size_t place = 0;
        if (body.at("ShardIteratorType") == "LATEST") place = records.size();
        if (body.at("ShardIteratorType") == "AFTER_SEQUENCE_NUMBER") {
            const auto number = "\"" + std::string(body.at("SequenceNumber").as_string()) + "\"";
            while (records.at(place++).find(number) == std::string::npos) {}
        }
        return R"({"ShardIterator":")" + shard + " " + std::to_string(place) + "\"}";
    }

    [[nodiscard]] HttpResponse records(const std::string& iterator) {
        const auto space = iterator.find(' ');
        const auto& shard = shards[iterator.substr(0, space)];
        const auto place = std::stoul(iterator.substr(space + 1));
        const auto end = std::min(place + 2, shard.records.size());
        std::string list;
        for (auto i = place; i < end; ++i) list += (list.empty() ? "" : ",") + shard.records[i];
        const auto next = shard.closed && end == shard.records.size()
                              ? std::string("null")
                              : "\"" + iterator.substr(0, space) + " " + std::to_string(end) + "\"";
        return {200, R"({"Records":[)" + list + R"(],"NextShardIterator":)" + next + "}"};
    }
};

/// Writes down what it is told.
class Notes final : public repository::Watcher {
public:
    explicit Notes(bool only_news = false) : only_news_(only_news) {}

    void changed(std::span<const repository::Document> documents) override {
        for (const auto& document : documents) {
            text += document.id + std::to_string(document.version) + (document.body ? " " : "- ");
        }
    }
    void ended(error_code why) override { end = why; }
    [[nodiscard]] bool wants_only_news() const noexcept override { return only_news_; }

    std::string text;
    error_code end;

private:
    bool only_news_;
};

class Bench {
public:
    explicit Bench(const asio::any_io_executor& executor) : fake(executor) {
        fake.world.offer(stream);
        stream.shards["s1"];
        aws::ResolvedEndpoint where;
        where.endpoint = aws::Endpoint("http://127.0.0.1:8000", "127.0.0.1:8000");
        where.signing_name = "dynamodb";
        where.signing_region = "eu-west-1";
        follower = std::make_shared<DynamoDbFollower>(
            fake.world, std::make_shared<dynamodb::Client>(fake.world, where),
            dynamodb::StreamsClient(fake.world, where), "t", std::chrono::milliseconds(100));
    }

    /// Until it has looked for changes a few times more.
    asio::awaitable<void> looks() {
        const auto until = stream.asked["GetRecords"] + 6;
        for (int i = 0; i < 1'000 && stream.asked["GetRecords"] < until; ++i) {
            co_await asio::post(fake.world.executor(), asio::use_awaitable);
        }
    }

    FakeStream stream;
    FakeWorld fake;
    std::shared_ptr<DynamoDbFollower> follower;
};

/// The bench is there until the follower has come to its end, too.
template <class Body>
void with_bench(Body body) {
    std::unique_ptr<Bench> bench;
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        bench = std::make_unique<Bench>(context.get_executor());
        co_await body(*bench);
    });
}

asio::awaitable<void> watch_into(Bench& bench, std::shared_ptr<Notes> notes, std::vector<error_code>& ends) {
    const auto watched = co_await bench.follower->watch(notes);
    ends.push_back(watched ? error_code() : watched.error());
}

HttpResponse refusal(std::string_view code) { return {400, R"({"__type":")" + std::string(code) + "\"}"}; }

} // namespace

TEST_CASE("every change is told from now on, in order") {
    with_bench([](Bench& bench) -> asio::awaitable<void> {
        bench.stream.put("s1", "before", 1);
        const auto notes = std::make_shared<Notes>();
        const auto watched = co_await bench.follower->watch(notes);
        REQUIRE(watched.has_value());
        bench.stream.put("s1", "a", 1);
        bench.stream.put("s1", "a", 5, "MODIFY");
        bench.stream.put("s1", "b", 2);
        bench.stream.put("s1", "a", 5, "REMOVE");
        co_await bench.looks();
        CHECK(notes->text == "a1 a5 b2 a6- ");
        bench.stream.put("s1", "c", 3);
        co_await bench.looks();
        CHECK(notes->text == "a1 a5 b2 a6- c3 ");
        CHECK_FALSE(notes->end);
    });
}

TEST_CASE("a change says which version it found, if the stream does") {
    using Kind = dynamodb::StreamRecord::Kind;
    const auto told = [](Kind kind, int before, int after) {
        dynamodb::StreamRecord record;
        record.kind = kind;
        if (before != 0) record.before = repository::item_of("a", static_cast<std::uint64_t>(before), {}).value();
        if (after != 0) record.after = repository::item_of("a", static_cast<std::uint64_t>(after), {}).value();
        return repository::change_of(record);
    };
    const auto added = told(Kind::insert, 0, 3);
    CHECK((added && added->body && added->version == 3 && added->found == 0));
    const auto changed = told(Kind::modify, 3, 5);
    CHECK((changed && changed->body && changed->version == 5 && changed->found == 3));
    const auto removed = told(Kind::remove, 5, 0);
    CHECK((removed && !removed->body && removed->version == 6 && removed->found == 5));
    const auto untold = told(Kind::modify, 0, 5);
    CHECK((untold && untold->version == 5 && !untold->found));
}

TEST_CASE("it looks as long as somebody watches, and begins anew") {
    with_bench([](Bench& bench) -> asio::awaitable<void> {
        auto notes = std::make_shared<Notes>();
        static_cast<void>(co_await bench.follower->watch(notes));
        co_await bench.looks();
        notes.reset();
        co_await bench.looks();
        const auto asked = bench.stream.asked["GetRecords"];
        co_await bench.looks();
        CHECK(bench.stream.asked["GetRecords"] == asked);
        bench.stream.put("s1", "a", 1);
        notes = std::make_shared<Notes>();
        static_cast<void>(co_await bench.follower->watch(notes));
        bench.stream.put("s1", "b", 1);
        co_await bench.looks();
        CHECK(notes->text == "b1 ");
    });
}

TEST_CASE("who watches at the same time follows together") {
    with_bench([](Bench& bench) -> asio::awaitable<void> {
        const auto one = std::make_shared<Notes>();
        const auto two = std::make_shared<Notes>();
        std::vector<error_code> ends;
        asio::co_spawn(bench.fake.world.executor(), watch_into(bench, one, ends), asio::detached);
        asio::co_spawn(bench.fake.world.executor(), watch_into(bench, two, ends), asio::detached);
        while (ends.size() < 2) co_await asio::post(bench.fake.world.executor(), asio::use_awaitable);
        CHECK(bench.stream.asked["DescribeTable"] == 1);
        CHECK(bench.stream.asked["GetShardIterator"] == 1);
        bench.stream.put("s1", "a", 1);
        co_await bench.looks();
        CHECK(one->text == "a1 ");
        CHECK(two->text == "a1 ");
    });
}

TEST_CASE("who joins and wants only news is not told of what the stream has already; others are told all the same") {
    with_bench([](Bench& bench) -> asio::awaitable<void> {
        const auto first = std::make_shared<Notes>();
        static_cast<void>(co_await bench.follower->watch(first));
        for (int round = 0; round < 5; ++round) { // at several moments of a look
            const auto newcomer = std::make_shared<Notes>(true);
            const auto other = std::make_shared<Notes>(true);
            std::vector<error_code> ends;
            first->text.clear();
            for (int i = 0; i < 3; ++i) {
                bench.stream.put("s1", "a", 1);
                bench.stream.put("s1", "a", 1, "REMOVE");
            }
            asio::co_spawn(bench.fake.world.executor(), watch_into(bench, newcomer, ends), asio::detached);
            asio::co_spawn(bench.fake.world.executor(), watch_into(bench, other, ends), asio::detached);
            while (ends.size() < 2) co_await asio::post(bench.fake.world.executor(), asio::use_awaitable);
            CHECK(newcomer->text.empty());
            bench.stream.put("s1", "b", 1);
            co_await bench.looks();
            CHECK(newcomer->text == "b1 ");
            CHECK(other->text == "b1 ");
            CHECK(first->text == "a1 a2- a1 a2- a1 a2- b1 ");
            for (int i = 0; i < round; ++i) co_await asio::post(bench.fake.world.executor(), asio::use_awaitable);
        }
    });
}

TEST_CASE("who wants only news begins all the same where the stream cannot be read") {
    with_bench([](Bench& bench) -> asio::awaitable<void> {
        const auto first = std::make_shared<Notes>();
        static_cast<void>(co_await bench.follower->watch(first));
        bench.stream.instead = [](const std::string&) -> std::optional<result<HttpResponse>> {
            return result<HttpResponse>(error::connection_failed);
        };
        const auto newcomer = std::make_shared<Notes>(true);
        const auto watched = co_await bench.follower->watch(newcomer);
        CHECK(watched.has_value());
        bench.stream.instead = nullptr;
        bench.stream.put("s1", "a", 1);
        co_await bench.looks();
        CHECK(newcomer->text == "a1 ");
    });
}

TEST_CASE("a shard that ends is followed by its children, and never after them") {
    with_bench([](Bench& bench) -> asio::awaitable<void> {
        const auto notes = std::make_shared<Notes>();
        static_cast<void>(co_await bench.follower->watch(notes));
        for (int i = 1; i <= 7; ++i) bench.stream.put("s1", "a", i);
        bench.stream.shards["s1"].closed = true;
        bench.stream.shards["s2"].parent = "s1";
        bench.stream.shards["s3"].parent = "s1";
        bench.stream.put("s2", "a", 8);
        bench.stream.put("s3", "b", 1);
        for (int i = 0; i < 5; ++i) co_await bench.looks();
        CHECK(notes->text == "a1 a2 a3 a4 a5 a6 a7 a8 b1 ");
    });
}

TEST_CASE("shards of every page are followed") {
    with_bench([](Bench& bench) -> asio::awaitable<void> {
        for (int i = 2; i <= 5; ++i) bench.stream.shards["s" + std::to_string(i)];
        auto notes = std::make_shared<Notes>();
        const auto watched = co_await bench.follower->watch(notes);
        CHECK(watched.has_value());
        CHECK(bench.stream.asked["DescribeStream"] == 3);
        for (int i = 1; i <= 5; ++i) bench.stream.put("s" + std::to_string(i), "a", i);
        for (int i = 0; i < 3; ++i) co_await bench.looks();
        for (int i = 1; i <= 5; ++i) CHECK(notes->text.find("a" + std::to_string(i) + " ") != std::string::npos);
        CHECK(notes->text.size() == 15);
        notes.reset();
        co_await bench.looks(); // until no request is under way
    });
}

TEST_CASE("children of a shard may be told of late, though others are open") {
    with_bench([](Bench& bench) -> asio::awaitable<void> {
        bench.stream.shards["s2"];
        const auto notes = std::make_shared<Notes>();
        static_cast<void>(co_await bench.follower->watch(notes));
        bench.stream.shards["s1"].closed = true;
        for (int i = 0; i < 3; ++i) co_await bench.looks();
        const auto begun = bench.fake.clock.steady();
        bench.stream.shards["s3"].parent = "s1";
        bench.stream.put("s3", "a", 1);
        for (int i = 0; i < 3; ++i) co_await bench.looks();
        CHECK(notes->text == "a1 ");
        CHECK(bench.fake.clock.steady() - begun < std::chrono::seconds(10));
    });
}

TEST_CASE("a shard that fails holds up no other") {
    with_bench([](Bench& bench) -> asio::awaitable<void> {
        bench.stream.shards["s2"];
        const auto notes = std::make_shared<Notes>();
        static_cast<void>(co_await bench.follower->watch(notes));
        bench.stream.shards["s1"].records.emplace_back("rubbish");
        bench.stream.put("s2", "a", 1);
        for (int i = 0; i < 3; ++i) co_await bench.looks();
        CHECK(notes->text == "a1 ");
    });
}

TEST_CASE("an iterator that expired is renewed where the reading was") {
    with_bench([](Bench& bench) -> asio::awaitable<void> {
        const auto notes = std::make_shared<Notes>();
        static_cast<void>(co_await bench.follower->watch(notes));
        bench.stream.put("s1", "a", 1);
        co_await bench.looks();
        bool expired = false;
        bench.stream.instead = [&](const std::string& operation) -> std::optional<result<HttpResponse>> {
            if (operation != "GetRecords" || std::exchange(expired, true)) return std::nullopt;
            bench.stream.put("s1", "a", 2);
            return refusal("ExpiredIteratorException");
        };
        co_await bench.looks();
        CHECK(expired);
        CHECK(notes->text == "a1 a2 ");
        CHECK_FALSE(notes->end);
    });
}

TEST_CASE("an iterator that expired before there was anything begins where the shard does") {
    with_bench([](Bench& bench) -> asio::awaitable<void> {
        bench.stream.put("s1", "a", 1);
        const auto notes = std::make_shared<Notes>();
        static_cast<void>(co_await bench.follower->watch(notes));
        bool expired = false;
        bench.stream.instead = [&](const std::string& operation) -> std::optional<result<HttpResponse>> {
            if (operation != "GetRecords" || std::exchange(expired, true)) return std::nullopt;
            bench.stream.put("s1", "a", 2);
            return refusal("ExpiredIteratorException");
        };
        co_await bench.looks();
        CHECK(notes->text == "a1 a2 "); // rather twice than never
    });
}

TEST_CASE("what was not kept until it was read ends the watching") {
    with_bench([](Bench& bench) -> asio::awaitable<void> {
        const auto notes = std::make_shared<Notes>();
        static_cast<void>(co_await bench.follower->watch(notes));
        bench.stream.instead = [](const std::string& operation) -> std::optional<result<HttpResponse>> {
            if (operation != "GetRecords") return std::nullopt;
            return refusal("TrimmedDataAccessException");
        };
        co_await bench.looks();
        CHECK(notes->end == error::iterator_expired);
        const auto described = bench.stream.asked["DescribeStream"];
        const auto again = std::make_shared<Notes>();
        const auto watched = co_await bench.follower->watch(again); // at once: it begins anew
        CHECK(watched.has_value());
        CHECK(bench.stream.asked["DescribeStream"] == described + 1);
        bench.stream.instead = nullptr;
        bench.stream.put("s1", "a", 1);
        co_await bench.looks();
        CHECK(again->text == "a1 ");
    });
}

TEST_CASE("what passes is waited for, what does not is told") {
    with_bench([](Bench& bench) -> asio::awaitable<void> {
        const auto notes = std::make_shared<Notes>();
        static_cast<void>(co_await bench.follower->watch(notes));
        int failures = 0;
        bench.stream.instead = [&](const std::string&) -> std::optional<result<HttpResponse>> {
            if (++failures > 20) return std::nullopt;
            return result<HttpResponse>(error::connection_failed);
        };
        bench.stream.put("s1", "a", 1);
        while (failures <= 20) co_await bench.looks();
        co_await bench.looks();
        CHECK(notes->text == "a1 ");
        CHECK(bench.fake.log == "DynamoDB Streams did not do GetRecords: " +
                                    error_code(error::connection_failed).message() + "\n"); // once, whenever it looked
        CHECK_FALSE(notes->end);
        bench.stream.instead = [](const std::string&) -> std::optional<result<HttpResponse>> {
            return refusal("AccessDeniedException");
        };
        co_await bench.looks();
        CHECK(notes->end == error::access_denied);
    });
}

TEST_CASE("a stream that has ended is told, once all of it was read") {
    with_bench([](Bench& bench) -> asio::awaitable<void> {
        const auto notes = std::make_shared<Notes>();
        static_cast<void>(co_await bench.follower->watch(notes));
        bench.stream.put("s1", "a", 1);
        bench.stream.shards["s1"].closed = true;
        bench.stream.status = "DISABLED";
        for (int i = 0; i < 5; ++i) co_await bench.looks();
        CHECK(notes->text == "a1 ");
        CHECK(notes->end == error::table_unfit);
    });
}

TEST_CASE("a table without a stream of both images cannot be watched") {
    with_bench([](Bench& bench) -> asio::awaitable<void> {
        const auto notes = std::make_shared<Notes>();
        bench.stream.table = R"({"Table":{"TableName":"t","LatestStreamArn":"arn"}})";
        const auto without = co_await bench.follower->watch(notes);
        CHECK(without.error() == error::table_unfit);
        bench.stream.table = R"({"Table":{"TableName":"t","LatestStreamArn":"arn",)"
                             R"("StreamSpecification":{"StreamEnabled":true,"StreamViewType":"KEYS_ONLY"}}})";
        const auto keys_only = co_await bench.follower->watch(notes);
        CHECK(keys_only.error() == error::table_unfit);
        CHECK(bench.fake.log.find("NEW_AND_OLD_IMAGES") != std::string::npos);
        CHECK(bench.stream.asked["DescribeStream"] == 0);
    });
}

TEST_CASE("items that are no documents are passed over") {
    with_bench([](Bench& bench) -> asio::awaitable<void> {
        const auto notes = std::make_shared<Notes>();
        static_cast<void>(co_await bench.follower->watch(notes));
        bench.stream.shards["s1"].records.emplace_back(
            R"({"eventName":"INSERT","dynamodb":{"SequenceNumber":"1","NewImage":{"other":{"S":"x"}}}})");
        bench.stream.put("s1", "a", 1);
        co_await bench.looks();
        CHECK(notes->text == "a1 ");
    });
}
