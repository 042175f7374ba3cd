#pragma once

#include <sluice/dynamodb/attribute.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What DynamoDB answers. Each reply has `read(in)`, which takes it from an `aws::ReplyReader`, and is false if the
/// answer is not what the service documents. Unknown members are skipped.
namespace sluice::dynamodb {

namespace detail {

/// An item that may be absent: a null, or one of no attributes, as emulators have it, is none.
template <class In>
[[nodiscard]] bool read_optional_item(In& in, std::optional<Item>& item) {
    const bool well = read_item(in, item.emplace());
    if (item->empty()) item.reset();
    return well;
}

} // namespace detail

/// The answer of a call whose answer tells nothing of use.
class Nothing {
public:
    Nothing() = default;

    template <class In>
    bool read(In& in) {
        return in.whole([&](std::string_view) { return in.skip(); });
    }
};

/// What is under a key.
class FoundItem {
public:
    FoundItem() = default;

    std::optional<Item> item; ///< None: nothing.

    template <class In>
    bool read(In& in) {
        return in.whole([&](std::string_view name) {
            return name == "Item" ? detail::read_optional_item(in, item) : in.skip();
        });
    }
};

/// Some items of a table.
class ItemPage {
public:
    ItemPage() = default;

    std::vector<Item> items; ///< There may be none though more pages follow.
    Item last;               ///< The key where this page ends; empty: nothing follows.

    template <class In>
    bool read(In& in) {
        return in.whole([&](std::string_view name) {
            if (name == "Items") return in.list([&] { return read_item(in, items.emplace_back()); });
            if (name == "LastEvaluatedKey") return read_item(in, last);
            return in.skip();
        });
    }
};

/// What a batch left undone.
class UnprocessedItems {
public:
    UnprocessedItems() = default;

    std::vector<Item> puts;
    std::vector<Item> removals; ///< Keys.

    template <class In>
    bool read(In& in) {
        const auto write = [&](std::string_view name) {
            if (name == "PutRequest") return read_member(in, "Item", puts);
            if (name == "DeleteRequest") return read_member(in, "Key", removals);
            return in.skip();
        };
        // Each is one of the two; of another form it would be taken for done.
        const auto one = [&] {
            const auto before = puts.size() + removals.size();
            return in.map(write) && puts.size() + removals.size() == before + 1;
        };
        const auto table = [&](std::string_view) { return in.list(one); };
        return in.whole([&](std::string_view name) {
            return name == "UnprocessedItems" ? in.map(table) : in.skip();
        });
    }

private:
    /// A null is no request, as an emulator may have it beside the one that is.
    template <class In>
    static bool read_member(In& in, std::string_view wanted, std::vector<Item>& items) {
        Item item;
        const bool well =
            in.map([&](std::string_view name) { return name == wanted ? read_item(in, item) : in.skip(); });
        if (!item.empty()) items.push_back(std::move(item));
        return well;
    }
};

enum class TableStatus : std::uint8_t { creating, updating, deleting, active, unknown };

/// A table, as far as it matters to who uses it.
class TableDescription {
public:
    TableDescription() = default;

    /// The names of a key's attributes, the partition key first.
    using Key = std::vector<std::string>;
    /// The type of each attribute of a key: `S`, `N`, `B`.
    using Types = std::map<std::string, std::string, std::less<>>;

    class Index {
    public:
        Index() = default;
        std::string name;
        Key key;
        bool complete = true; ///< It has all attributes.
        bool active = true; ///< Else it is being made, or deleted.
    };

    std::string name;
    TableStatus status = TableStatus::unknown;
    Key key;
    Types types;
    std::vector<Index> indexes; ///< The global ones.
    bool stream = false;
    std::string stream_arn; ///< Of the latest one; there may have been one though there is none now.
    std::string stream_view; ///< `NEW_AND_OLD_IMAGES` and others.

    /// Whether it can be used, with its indexes.
    [[nodiscard]] bool active() const {
        return status == TableStatus::active &&
               std::all_of(indexes.begin(), indexes.end(), [](const auto& index) { return index.active; });
    }

    template <class In>
    bool read(In& in) {
        const bool well = in.whole([&](std::string_view member) {
            if (member != "Table" && member != "TableDescription") return in.skip();
            return in.map([&](std::string_view its_member) { return read_member(in, its_member); });
        });
        return well && !name.empty();
    }

private:
    template <class In>
    bool read_member(In& in, std::string_view member) {
        if (member == "TableName") return in.text(name);
        if (member == "TableStatus") return read_status(in);
        if (member == "KeySchema") return read_key(in, key);
        if (member == "AttributeDefinitions") return in.list([&] { return read_type(in, types); });
        if (member == "GlobalSecondaryIndexes") {
            return in.list([&] { return read_index(in, indexes.emplace_back()); });
        }
        if (member == "LatestStreamArn") return in.text(stream_arn);
        if (member != "StreamSpecification") return in.skip();
        return in.map([&](std::string_view its_member) {
            if (its_member == "StreamEnabled") return in.boolean(stream);
            if (its_member == "StreamViewType") return in.text(stream_view);
            return in.skip();
        });
    }

    template <class In>
    bool read_status(In& in) {
        std::string word;
        if (!in.text(word)) return false;
        status = word == "CREATING"   ? TableStatus::creating
                 : word == "UPDATING" ? TableStatus::updating
                 : word == "DELETING" ? TableStatus::deleting
                 : word == "ACTIVE"   ? TableStatus::active
                                      : TableStatus::unknown;
        return true;
    }

    template <class In>
    static bool read_type(In& in, Types& types) {
        std::string name, type;
        const bool well = in.map([&](std::string_view member) {
            if (member == "AttributeName") return in.text(name);
            return member == "AttributeType" ? in.text(type) : in.skip();
        });
        types.insert_or_assign(std::move(name), std::move(type));
        return well;
    }

    template <class In>
    static bool read_index(In& in, Index& index) {
        std::string word = "ACTIVE", projected = "ALL";
        const auto projection = [&](std::string_view member) {
            return member == "ProjectionType" ? in.text(projected) : in.skip();
        };
        const bool well = in.map([&](std::string_view member) {
            if (member == "IndexName") return in.text(index.name);
            if (member == "KeySchema") return read_key(in, index.key);
            if (member == "IndexStatus") return in.text(word);
            return member == "Projection" ? in.map(projection) : in.skip();
        });
        index.complete = projected == "ALL";
        index.active = word == "ACTIVE" || word == "UPDATING";
        return well;
    }

    template <class In>
    static bool read_key(In& in, Key& key) {
        return in.list([&] {
            std::string attribute, type;
            const bool well = in.map([&](std::string_view member) {
                if (member == "AttributeName") return in.text(attribute);
                if (member == "KeyType") return in.text(type);
                return in.skip();
            });
            key.insert(type == "HASH" ? key.begin() : key.end(), attribute);
            return well;
        });
    }
};

/// Whether a table forgets items, and by which attribute.
class TimeToLive {
public:
    TimeToLive() = default;

    bool enabled = false; ///< Or about to be.
    std::string attribute;

    template <class In>
    bool read(In& in) {
        std::string status;
        const auto member = [&](std::string_view name) {
            if (name == "TimeToLiveStatus") return in.text(status);
            if (name == "AttributeName") return in.text(attribute);
            return in.skip();
        };
        const bool well = in.whole([&](std::string_view name) {
            return name == "TimeToLiveDescription" ? in.map(member) : in.skip();
        });
        enabled = status == "ENABLED" || status == "ENABLING";
        return well;
    }
};

/// What a refused write tells beside its code: why each part of it was refused, in the order of the request.
class WriteRefusal {
public:
    WriteRefusal() = default;

    class Reason {
    public:
        Reason() = default;
        std::string code; ///< `None`: nothing was wrong with this one.
        std::string message;
        std::optional<Item> item; ///< What there was instead of what its condition wanted, if that is told.
    };

    std::vector<Reason> reasons;

    /// What is no refusal of a write has no reasons.
    template <class In>
    bool read(In& in) {
        std::optional<Item> item; // of a single write
        const bool well = in.whole([&](std::string_view name) {
            if (name == "CancellationReasons") {
                return in.list([&] { return read_reason(in, reasons.emplace_back()); });
            }
            return name == "Item" ? detail::read_optional_item(in, item) : in.skip();
        });
        if (item) reasons.emplace_back().item = std::move(item);
        return well;
    }

private:
    template <class In>
    static bool read_reason(In& in, Reason& reason) {
        return in.map([&](std::string_view name) {
            if (name == "Code") return in.text(reason.code);
            if (name == "Message" || name == "message") return in.text(reason.message);
            return name == "Item" ? detail::read_optional_item(in, reason.item) : in.skip();
        });
    }
};

} // namespace sluice::dynamodb
