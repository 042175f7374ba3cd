#pragma once

#include <sluice/aws/json_writer.hpp>
#include <sluice/aws/members.hpp>
#include <sluice/dynamodb/attribute.hpp>
#include <sluice/dynamodb/expression.hpp>
#include <sluice/dynamodb/replies.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// What DynamoDB is asked (Amazon DynamoDB API reference, 2012-08-10). Each request names its operation and its reply,
/// and has `write(out)`, which puts its members into an `aws::JsonWriter`. A `table` is a name or an ARN, a key an item
/// of the key attributes alone. Items, keys and values have been checked: `check_attribute`.
namespace sluice::dynamodb {

/// Of one `BatchWriteItem`.
inline constexpr std::size_t most_batch_writes = 25;
/// Of one `TransactWriteItems`.
inline constexpr std::size_t most_transaction_writes = 100;

namespace detail {

using aws::JsonWriter;

inline void write_named_item(JsonWriter& out, std::string_view name, const Item& item) {
    out.key(name);
    write_item(out, item);
}

inline void write_condition(JsonWriter& out, const Expression& condition) {
    if (condition.text.empty()) return;
    aws::write_text(out, "ConditionExpression", condition.text);
    condition.write_names_and_values(out);
    aws::write_text(out, "ReturnValuesOnConditionCheckFailure", "ALL_OLD");
}

} // namespace detail

/// Reads what is under a key, everything that was written before included.
class GetItem {
public:
    static constexpr std::string_view operation = "GetItem";
    using Reply = FoundItem;

    GetItem(std::string its_table, Item its_key) : table(std::move(its_table)), key(std::move(its_key)) {}

    std::string table;
    Item key;
    bool consistent = true;

    void write(aws::JsonWriter& out) const {
        aws::write_text(out, "TableName", table);
        detail::write_named_item(out, "Key", key);
        aws::write_flag(out, "ConsistentRead", consistent);
    }
};

/// Puts an item in the place of what is under its key, if the condition holds for that; an empty one always does.
class PutItem {
public:
    static constexpr std::string_view operation = "PutItem";
    static constexpr std::string_view in_transaction = "Put";
    using Reply = Nothing;

    PutItem(std::string its_table, Item its_item, Expression its_condition = Expression())
        : table(std::move(its_table)), item(std::move(its_item)), condition(std::move(its_condition)) {}

    std::string table;
    Item item;
    Expression condition;

    void write(aws::JsonWriter& out) const {
        aws::write_text(out, "TableName", table);
        detail::write_named_item(out, "Item", item);
        detail::write_condition(out, condition);
    }
};

/// Removes what is under a key, if the condition holds for it.
class DeleteItem {
public:
    static constexpr std::string_view operation = "DeleteItem";
    static constexpr std::string_view in_transaction = "Delete";
    using Reply = Nothing;

    DeleteItem(std::string its_table, Item its_key, Expression its_condition = Expression())
        : table(std::move(its_table)), key(std::move(its_key)), condition(std::move(its_condition)) {}

    std::string table;
    Item key;
    Expression condition;

    void write(aws::JsonWriter& out) const {
        aws::write_text(out, "TableName", table);
        detail::write_named_item(out, "Key", key);
        detail::write_condition(out, condition);
    }
};

/// A write that may have a condition.
using Write = std::variant<PutItem, DeleteItem>;

/// Makes 1 to 100 writes, each of another item, all or none.
class TransactWriteItems {
public:
    static constexpr std::string_view operation = "TransactWriteItems";
    using Reply = Nothing;

    TransactWriteItems(std::string its_token, std::vector<Write> its_writes)
        : token(std::move(its_token)), writes(std::move(its_writes)) {}

    std::string token; ///< Up to 36 characters: what is asked twice within ten minutes is done once.
    std::vector<Write> writes;

    void write(aws::JsonWriter& out) const {
        aws::write_text(out, "ClientRequestToken", token);
        out.key("TransactItems");
        out.begin_array();
        for (const auto& each : writes) {
            std::visit(
                [&out](const auto& one) {
                    out.begin_map();
                    out.key(one.in_transaction);
                    out.begin_map();
                    one.write(out);
                    out.end_map();
                    out.end_map();
                },
                each);
        }
        out.end_array();
    }
};

/// Puts and removes 1 to 25 items of a table, each on its own; the reply has what was not done.
class BatchWriteItem {
public:
    static constexpr std::string_view operation = "BatchWriteItem";
    using Reply = UnprocessedItems;

    BatchWriteItem(std::string its_table, std::vector<Item> to_put, std::vector<Item> keys_to_remove)
        : table(std::move(its_table)), puts(std::move(to_put)), removals(std::move(keys_to_remove)) {}

    std::string table;
    std::vector<Item> puts;
    std::vector<Item> removals; ///< Keys.

    void write(aws::JsonWriter& out) const {
        out.key("RequestItems");
        out.begin_map();
        out.key(table);
        out.begin_array();
        for (const auto& item : puts) write_one(out, "PutRequest", "Item", item);
        for (const auto& key : removals) write_one(out, "DeleteRequest", "Key", key);
        out.end_array();
        out.end_map();
    }

private:
    static void write_one(aws::JsonWriter& out, std::string_view what, std::string_view member, const Item& item) {
        out.begin_map();
        out.key(what);
        out.begin_map();
        detail::write_named_item(out, member, item);
        out.end_map();
        out.end_map();
    }
};

/// One page of a table's items, in no order.
class Scan {
public:
    static constexpr std::string_view operation = "Scan";
    using Reply = ItemPage;

    explicit Scan(std::string its_table) : table(std::move(its_table)) {}

    std::string table;
    Expression filter;   ///< Judges what was read. At most 4 KB and 300 operators.
    Item start;          ///< `ItemPage::last` of the page before; empty: the first page.
    std::size_t limit = 0; ///< Items that are read, before the filter; 0: as many as are in 1 MB.
    std::size_t segment = 0;
    std::size_t segments = 1; ///< Into so many parts the table is split; this is a page of one of them.
    bool consistent = true;

    void write(aws::JsonWriter& out) const {
        aws::write_text(out, "TableName", table);
        aws::write_optional_text(out, "FilterExpression", filter.text);
        if (!filter.text.empty()) filter.write_names_and_values(out);
        if (!start.empty()) detail::write_named_item(out, "ExclusiveStartKey", start);
        aws::write_optional_number(out, "Limit", limit);
        if (segments > 1) {
            aws::write_number(out, "Segment", segment);
            aws::write_number(out, "TotalSegments", segments);
        }
        aws::write_flag(out, "ConsistentRead", consistent);
    }
};

/// One page of the items of one partition key, of a table or of an index, in the order of the sort key.
class Query {
public:
    static constexpr std::string_view operation = "Query";
    using Reply = ItemPage;

    explicit Query(std::string its_table) : table(std::move(its_table)) {}

    std::string table;
    std::string index;         ///< Empty: the table itself.
    std::string key_condition; ///< Of the placeholders of `filter`.
    Expression filter;         ///< Of attributes that are no keys of what is asked.
    std::string projection;    ///< Of the same placeholders; empty: everything.
    Item start;                ///< `ItemPage::last` of the page before; empty: the first page.
    std::size_t limit = 0;     ///< Items that are read, before the filter; 0: as many as are in 1 MB.
    bool backward = false;
    bool consistent = true; ///< An index across partitions has to be asked without.

    void write(aws::JsonWriter& out) const {
        aws::write_text(out, "TableName", table);
        aws::write_optional_text(out, "IndexName", index);
        aws::write_optional_text(out, "KeyConditionExpression", key_condition);
        aws::write_optional_text(out, "FilterExpression", filter.text);
        aws::write_optional_text(out, "ProjectionExpression", projection);
        filter.write_names_and_values(out);
        if (!start.empty()) detail::write_named_item(out, "ExclusiveStartKey", start);
        aws::write_optional_number(out, "Limit", limit);
        aws::write_flag(out, "ScanIndexForward", !backward);
        aws::write_flag(out, "ConsistentRead", consistent);
    }
};

/// An attribute that is part of a key.
class KeyAttribute {
public:
    enum class Type { text, number, bytes };

    explicit KeyAttribute(std::string its_name, Type its_type = Type::text)
        : name(std::move(its_name)), type(its_type) {}

    std::string name;
    Type type;

    friend bool operator==(const KeyAttribute&, const KeyAttribute&) = default;
};

/// What the service calls a type.
[[nodiscard]] inline std::string_view name_of(KeyAttribute::Type type) {
    if (type == KeyAttribute::Type::text) return "S";
    return type == KeyAttribute::Type::number ? "N" : "B";
}

/// A partition key, and perhaps a sort key.
class KeySchema {
public:
    explicit KeySchema(KeyAttribute its_partition) { attributes.push_back(std::move(its_partition)); }
    KeySchema(KeyAttribute its_partition, KeyAttribute its_sort) : KeySchema(std::move(its_partition)) {
        attributes.push_back(std::move(its_sort));
    }

    std::vector<KeyAttribute> attributes; ///< One or two.

    friend bool operator==(const KeySchema&, const KeySchema&) = default;
};

/// A global secondary index, which has every attribute.
class GlobalIndex {
public:
    GlobalIndex(std::string its_name, KeySchema its_key) : name(std::move(its_name)), key(std::move(its_key)) {}

    std::string name;
    KeySchema key;
};

/// Makes a table, paid by request. It can be used once it is active.
class CreateTable {
public:
    static constexpr std::string_view operation = "CreateTable";
    using Reply = TableDescription;

    CreateTable(std::string its_name, KeySchema its_key) : table(std::move(its_name)), key(std::move(its_key)) {}

    std::string table; ///< 3 to 255 of `a-zA-Z0-9_.-`.
    KeySchema key;
    std::vector<GlobalIndex> indexes;
    bool stream = false; ///< With a change stream, of new and old images.

    void write(aws::JsonWriter& out) const {
        aws::write_text(out, "TableName", table);
        write_definitions(out);
        write_schema(out, key);
        aws::write_text(out, "BillingMode", "PAY_PER_REQUEST");
        if (!indexes.empty()) write_indexes(out);
        if (!stream) return;
        out.key("StreamSpecification");
        out.begin_map();
        aws::write_flag(out, "StreamEnabled", true);
        aws::write_text(out, "StreamViewType", "NEW_AND_OLD_IMAGES");
        out.end_map();
    }

private:
    /// Each attribute of a key once.
    void write_definitions(aws::JsonWriter& out) const {
        auto defined = key.attributes;
        for (const auto& index : indexes) {
            for (const auto& attribute : index.key.attributes) {
                if (std::find(defined.begin(), defined.end(), attribute) == defined.end()) defined.push_back(attribute);
            }
        }
        out.key("AttributeDefinitions");
        out.begin_array();
        for (const auto& attribute : defined) {
            out.begin_map();
            aws::write_text(out, "AttributeName", attribute.name);
            aws::write_text(out, "AttributeType", name_of(attribute.type));
            out.end_map();
        }
        out.end_array();
    }

    static void write_schema(aws::JsonWriter& out, const KeySchema& schema) {
        out.key("KeySchema");
        out.begin_array();
        for (const auto& attribute : schema.attributes) {
            out.begin_map();
            aws::write_text(out, "AttributeName", attribute.name);
            aws::write_text(out, "KeyType", &attribute == &schema.attributes.front() ? "HASH" : "RANGE");
            out.end_map();
        }
        out.end_array();
    }

    void write_indexes(aws::JsonWriter& out) const {
        out.key("GlobalSecondaryIndexes");
        out.begin_array();
        for (const auto& index : indexes) {
            out.begin_map();
            aws::write_text(out, "IndexName", index.name);
            write_schema(out, index.key);
            out.key("Projection");
            out.begin_map();
            aws::write_text(out, "ProjectionType", "ALL");
            out.end_map();
            out.end_map();
        }
        out.end_array();
    }
};

/// What names nothing but a table.
template <class ItsReply>
class OfTable {
public:
    using Reply = ItsReply;

    explicit OfTable(std::string its_name) : table(std::move(its_name)) {}

    std::string table;

    void write(aws::JsonWriter& out) const { aws::write_text(out, "TableName", table); }
};

class DescribeTable : public OfTable<TableDescription> {
public:
    static constexpr std::string_view operation = "DescribeTable";
    using OfTable::OfTable;
};

/// Deletes a table and all that is in it.
class DeleteTable : public OfTable<TableDescription> {
public:
    static constexpr std::string_view operation = "DeleteTable";
    using OfTable::OfTable;
};

class DescribeTimeToLive : public OfTable<TimeToLive> {
public:
    static constexpr std::string_view operation = "DescribeTimeToLive";
    using OfTable::OfTable;
};

/// Has items deleted some time, up to two days, after the moment in an attribute: a number of seconds since 1970.
class UpdateTimeToLive {
public:
    static constexpr std::string_view operation = "UpdateTimeToLive";
    using Reply = Nothing;

    UpdateTimeToLive(std::string its_table, std::string its_attribute)
        : table(std::move(its_table)), attribute(std::move(its_attribute)) {}

    std::string table;
    std::string attribute;

    void write(aws::JsonWriter& out) const {
        aws::write_text(out, "TableName", table);
        out.key("TimeToLiveSpecification");
        out.begin_map();
        aws::write_flag(out, "Enabled", true);
        aws::write_text(out, "AttributeName", attribute);
        out.end_map();
    }
};

} // namespace sluice::dynamodb
