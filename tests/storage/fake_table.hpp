#pragma once

#include <sluice/transport/transport.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A DynamoDB with one table, whose key is `store` and `place`, behind a transport; as far as a storage uses it.
class FakeTable final : public sluice::AnyTransport {
public:
    /// What becomes of a request.
    enum class Fate {
        done,
        refused,    ///< Not done: an error of the server.
        unanswered, ///< Done, and the answer is lost.
        half,       ///< A batch is done by half, and the answer says so.
    };

    using object = boost::json::object;
    using Key = std::pair<std::string, std::string>;

    std::map<Key, object> items;
    std::function<Fate(std::string_view operation)> fate; ///< None: all is done.
    bool removes = true;                                  ///< Else batches with removals fail.
    std::vector<std::string> operations;                  ///< Of every request.
    std::size_t page = 1'000;                             ///< Items of one page of a query.
    std::size_t largest_request = 0;
    std::chrono::milliseconds longest_timeout{0};
    std::size_t most_writes = 0; ///< Of one transaction.
    bool there = true;           ///< Else the table is to be made first.
    std::string sort_key = "place";

    [[nodiscard]] sluice::asio::awaitable<sluice::result<sluice::HttpResponse>> send(
        sluice::HttpRequest request) override {
        const auto target = sluice::find_header(request.headers, "X-Amz-Target");
        const std::string operation(target.substr(target.find('.') + 1));
        operations.push_back(operation);
        largest_request = std::max(largest_request, request.body->size());
        longest_timeout = std::max(longest_timeout, request.timeout);
        const auto its_fate = fate ? fate(operation) : Fate::done;
        if (!removes && request.body->find("DeleteRequest") != std::string::npos) {
            co_return sluice::HttpResponse(500, "{}");
        }
        if (its_fate == Fate::refused) co_return sluice::HttpResponse(500, "{}");
        auto response = answer(operation, boost::json::parse(*request.body).as_object(), its_fate == Fate::half);
        if (its_fate == Fate::unanswered) co_return sluice::make_error_code(sluice::error::connection_failed);
        co_return response;
    }

    /// The places in a partition.
    [[nodiscard]] std::vector<std::string> places(const std::string& partition) const {
        std::vector<std::string> found;
        for (const auto& [key, item] : items) {
            if (key.first == partition) found.push_back(key.second);
        }
        return found;
    }

    /// Those that begin so.
    [[nodiscard]] std::size_t count(const std::string& partition, std::string_view beginning = {}) const {
        const auto all = places(partition);
        return static_cast<std::size_t>(std::count_if(
            all.begin(), all.end(), [&](const auto& place) { return place.starts_with(beginning); }));
    }

private:
    static Key key_of(const object& item) {
        const auto text = [&](const char* name) { return std::string(item.at(name).at("S").as_string()); };
        return {text("store"), text("place")};
    }

    sluice::HttpResponse answer(const std::string& operation, const object& request, bool half) {
        if (operation == "DescribeTable" || operation == "CreateTable") return table(operation);
        if (operation == "GetItem") return get(request);
        if (operation == "Query") return query(request);
        if (operation == "PutItem") return put(request);
        if (operation == "TransactWriteItems") return transact(request);
        if (operation == "BatchWriteItem") return batch(request.at("RequestItems").as_object(), half);
        return sluice::HttpResponse(400, R"({"__type":"ValidationException","message":"unknown to this fake"})");
    }

    sluice::HttpResponse table(const std::string& operation) {
        if (operation == "CreateTable") there = true;
        else if (!there) return sluice::HttpResponse(400, R"({"__type":"ResourceNotFoundException"})");
        const auto text = R"({"TableName":"chunks","TableStatus":"ACTIVE","AttributeDefinitions":[)"
                          R"({"AttributeName":"store","AttributeType":"S"},{"AttributeName":")" + sort_key +
                          R"(","AttributeType":"S"}],"KeySchema":[{"AttributeName":"store","KeyType":"HASH"},)"
                          R"({"AttributeName":")" + sort_key + R"(","KeyType":"RANGE"}]})";
        const auto* const member = operation == "CreateTable" ? "TableDescription" : "Table";
        return sluice::HttpResponse(200, std::string("{\"") + member + "\":" + text + "}");
    }

    sluice::HttpResponse get(const object& request) {
        const auto found = items.find(key_of(request.at("Key").as_object()));
        object reply;
        if (found != items.end()) reply["Item"] = found->second;
        return sluice::HttpResponse(200, boost::json::serialize(reply));
    }

    sluice::HttpResponse query(const object& request) {
        const auto& values = request.at("ExpressionAttributeValues").as_object();
        const auto text = [&](const char* name) { return std::string(values.at(name).at("S").as_string()); };
        const bool ranged = request.at("KeyConditionExpression").as_string().find("BETWEEN") != std::string::npos;
        const auto partition = text(":0");
        auto at = items.lower_bound({partition, ranged ? text(":1") : ""});
        if (request.contains("ExclusiveStartKey")) {
            at = items.upper_bound(key_of(request.at("ExclusiveStartKey").as_object()));
        }
        object reply;
        auto& found = reply["Items"].emplace_array();
        for (; at != items.end() && at->first.first == partition; ++at) {
            if (ranged && at->first.second > text(":2")) break;
            if (found.size() == page) {
                reply["LastEvaluatedKey"] = key_item(std::prev(at)->first);
                break;
            }
            found.push_back(request.contains("ProjectionExpression") ? key_item(at->first) : at->second);
        }
        return sluice::HttpResponse(200, boost::json::serialize(reply));
    }

    static object key_item(const Key& key) {
        return {{"store", object{{"S", key.first}}}, {"place", object{{"S", key.second}}}};
    }

    /// The two conditions that a storage has.
    bool holds(const object& write, const Key& key) const {
        const auto* const condition = write.if_contains("ConditionExpression");
        if (!condition) return true;
        const auto found = items.find(key);
        if (condition->as_string().starts_with("attribute_not_exists")) return found == items.end();
        if (found == items.end()) return false;
        const auto& names = write.at("ExpressionAttributeNames").as_object();
        const auto& values = write.at("ExpressionAttributeValues").as_object();
        const auto equal = [&](const char* name, const char* value) {
            const auto* const there_is = found->second.if_contains(names.at(name).as_string());
            return there_is && *there_is == values.at(value);
        };
        return equal("#0", ":0") && equal("#1", ":1");
    }

    sluice::HttpResponse put(const object& request) {
        const auto& item = request.at("Item").as_object();
        const auto key = key_of(item);
        if (!holds(request, key)) {
            object refusal{{"__type", "ConditionalCheckFailedException"}, {"message", "The conditional request failed"}};
            if (items.contains(key)) refusal["Item"] = items.at(key);
            return sluice::HttpResponse(400, boost::json::serialize(refusal));
        }
        items[key] = item;
        return sluice::HttpResponse(200, "{}");
    }

    sluice::HttpResponse transact(const object& request) {
        // With the token in it; of those whose dice stand still, tokens are all alike.
        if (done_.contains(boost::json::serialize(request))) return sluice::HttpResponse(200, "{}");
        const auto& writes = request.at("TransactItems").as_array();
        most_writes = std::max(most_writes, writes.size());
        boost::json::array reasons;
        bool cancelled = false;
        for (const auto& write : writes) {
            const auto& its = write.as_object().begin()->value().as_object();
            const auto key = key_of(its.contains("Item") ? its.at("Item").as_object() : its.at("Key").as_object());
            if (holds(its, key)) {
                reasons.push_back(object{{"Code", "None"}});
                continue;
            }
            cancelled = true;
            object reason{{"Code", "ConditionalCheckFailed"}};
            if (items.contains(key)) reason["Item"] = items.at(key);
            reasons.push_back(std::move(reason));
        }
        if (cancelled) {
            const object refusal{{"__type", "TransactionCanceledException"}, {"CancellationReasons", reasons}};
            return sluice::HttpResponse(400, boost::json::serialize(refusal));
        }
        done_.insert(boost::json::serialize(request));
        for (const auto& write : writes) {
            const auto& its = write.as_object().begin()->value().as_object();
            if (its.contains("Item")) items[key_of(its.at("Item").as_object())] = its.at("Item").as_object();
            else items.erase(key_of(its.at("Key").as_object()));
        }
        return sluice::HttpResponse(200, "{}");
    }

    sluice::HttpResponse batch(const object& tables, bool half) {
        const auto& writes = tables.begin()->value().as_array();
        object reply;
        for (std::size_t i = 0; i < writes.size(); ++i) {
            if (half && i >= writes.size() / 2) {
                reply["UnprocessedItems"].emplace_object()[tables.begin()->key()] =
                    boost::json::array(writes.begin() + static_cast<std::ptrdiff_t>(i), writes.end());
                break;
            }
            const auto& write = writes[i].as_object();
            if (write.contains("PutRequest")) {
                const auto& item = write.at("PutRequest").at("Item").as_object();
                items[key_of(item)] = item;
            } else {
                items.erase(key_of(write.at("DeleteRequest").at("Key").as_object()));
            }
        }
        return sluice::HttpResponse(200, boost::json::serialize(reply));
    }

    std::set<std::string> done_; ///< Transactions: what is asked twice is done once.
};
