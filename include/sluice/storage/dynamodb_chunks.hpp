#pragma once

#include <sluice/aws/digest.hpp>
#include <sluice/aws/integer.hpp>
#include <sluice/aws/percent.hpp>
#include <sluice/dynamodb/attribute.hpp>
#include <sluice/dynamodb/expression.hpp>
#include <sluice/dynamodb/number.hpp>
#include <sluice/dynamodb/replies.hpp>
#include <sluice/dynamodb/requests.hpp>
#include <sluice/error.hpp>
#include <sluice/storage/chunk.hpp>
#include <sluice/storage/chunk_documents.hpp>
#include <sluice/storage/store_rules.hpp>
#include <sluice/storage/stored_chunk.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A storage as items of a table of DynamoDB: their keys, and what is in them.
namespace sluice::detail {

/// The bytes of a body in one item, which has room for 400 KB with its names and its key.
inline constexpr std::size_t dynamodb_piece_bytes = 400'000;

/// The item of a store itself: which it is, who has it and for how long, and which sequences count.
class StoreItem {
public:
    std::array<std::uint8_t, 16> id{};
    std::string owner;         ///< Of each opening another one.
    std::uint64_t version = 0; ///< Grows with each write.
    OwnerRecord its;
    std::chrono::milliseconds lease{0}; ///< How long it is the owner's after each write; zero: it was given back.

    static constexpr std::chrono::hours longest_lease{1};
};

/// The keys of a store's items.
///
/// | `store`               | `place`                              | what                                             |
/// |-----------------------|--------------------------------------|--------------------------------------------------|
/// | `buffer`              | `store`                              | the store itself                                 |
/// | `buffer`              | `chunks/<stream>/<first sequence>`   | a chunk, but for its body                        |
/// | `buffer`              | `streams/<stream>`                   | that there were chunks of this stream            |
/// | `buffer/<stream>`     | `<first sequence>/<writer>/<number>` | a piece of a chunk's body                        |
///
/// Numbers are padded, so that places sort as these do. Names of any bytes are percent-encoded.
class StoreKeys {
public:
    static constexpr std::string_view partition = "store";
    static constexpr std::string_view place = "place";

    explicit StoreKeys(std::string_view name) : root_(encoded(name)) {}

    [[nodiscard]] const std::string& root() const noexcept { return root_; }
    [[nodiscard]] std::string pieces_of(std::string_view stream) const { return root_ + '/' + encoded(stream); }

    [[nodiscard]] dynamodb::Item store() const { return key(root_, "store"); }
    [[nodiscard]] dynamodb::Item stream(std::string_view name) const { return key(root_, "streams/" + encoded(name)); }
    [[nodiscard]] dynamodb::Item chunk(std::string_view stream, std::uint64_t first) const {
        return key(root_, chunk_place(stream, first));
    }
    [[nodiscard]] dynamodb::Item piece(const StoredChunk& chunk, std::size_t number) const {
        return key(pieces_of(chunk.head.stream),
                   padded(chunk.head.first, 20) + '/' + chunk.writer + '/' + padded(number, 4));
    }

    /// Whether a stream's name is not too long for a key (Amazon DynamoDB developer guide, Constraints).
    [[nodiscard]] bool has_room(std::string_view stream) const {
        const auto size = encoded(stream).size();
        return root_.size() + 1 + size <= 2'048 && 28 + size <= 1'024;
    }

    /// All but the pieces.
    [[nodiscard]] dynamodb::Query all(const std::string& table) const { return of_partition(table, root_); }

    /// The pieces of a stream's chunks in a range of their first sequences, both included.
    [[nodiscard]] dynamodb::Query pieces(const std::string& table, std::string_view stream, std::uint64_t from,
                                         std::uint64_t to) const {
        auto query = of_partition(table, pieces_of(stream));
        const auto low = query.filter.value(dynamodb::AttributeValue::of(padded(from, 20)));
        const auto high = query.filter.value(dynamodb::AttributeValue::of(padded(to, 20) + '~'));
        query.key_condition += " AND " + query.filter.name(place) + " BETWEEN " + low + " AND " + high;
        return query;
    }

    [[nodiscard]] static std::string place_of(const dynamodb::Item& item) {
        const auto found = item.find(place);
        const auto* const text = found == item.end() ? nullptr : found->second.get<std::string>();
        return text ? *text : std::string();
    }

    /// The stream of such an item; none for another place.
    [[nodiscard]] static std::optional<std::string> read_stream(std::string_view from) {
        if (!from.starts_with("streams/")) return std::nullopt;
        auto stream = aws::decode_percent(from.substr(8));
        if (!stream || encoded(*stream) != from.substr(8)) return std::nullopt;
        return *std::move(stream);
    }

    /// Who wrote a piece of a body.
    [[nodiscard]] static std::string writer_of(const dynamodb::Item& piece) {
        const auto from = place_of(piece);
        return from.size() > 26 ? from.substr(21, from.size() - 26) : std::string();
    }

    /// The stream and the first sequence of a chunk; none for another place.
    [[nodiscard]] static std::optional<std::pair<std::string, std::uint64_t>> read_chunk(std::string_view from) {
        if (!from.starts_with("chunks/") || from.size() < 28) return std::nullopt;
        const auto end = from.size() - 21;
        auto stream = aws::decode_percent(from.substr(7, end - 7));
        const auto first = aws::parse_integer<std::uint64_t>(from.substr(end + 1));
        if (!stream || !first || chunk_place(*stream, *first) != from) return std::nullopt;
        return std::pair(*std::move(stream), *first);
    }

private:
    [[nodiscard]] static std::string chunk_place(std::string_view stream, std::uint64_t first) {
        return "chunks/" + encoded(stream) + '/' + padded(first, 20);
    }

    [[nodiscard]] static std::string encoded(std::string_view name) {
        std::string text;
        aws::append_percent_encoded(text, name);
        return text;
    }

    [[nodiscard]] static dynamodb::Item key(std::string its_partition, std::string its_place) {
        dynamodb::Item made;
        made.emplace(std::string(partition), dynamodb::AttributeValue::of(std::move(its_partition)));
        made.emplace(std::string(place), dynamodb::AttributeValue::of(std::move(its_place)));
        return made;
    }

    [[nodiscard]] static dynamodb::Query of_partition(const std::string& table, const std::string& its_partition) {
        dynamodb::Query query(table);
        const auto value = query.filter.value(dynamodb::AttributeValue::of(its_partition));
        query.key_condition = query.filter.name(partition) + " = " + value;
        return query;
    }

    std::string root_;
};

/// Reads the attributes of an item; `ok` tells whether all were there.
class AttributesOf {
public:
    explicit AttributesOf(const dynamodb::Item& item) : item_(item) {}

    template <class Integer>
    [[nodiscard]] Integer whole(std::string_view name) {
        const auto* const number = get<dynamodb::Number>(name);
        const auto value = number ? number->to<Integer>() : result<Integer>(error::malformed);
        ok_ = ok_ && value.has_value();
        return value ? *value : Integer();
    }

    [[nodiscard]] std::string text(std::string_view name) {
        const auto* const found = get<std::string>(name);
        return found ? *found : std::string();
    }

    [[nodiscard]] std::vector<std::uint8_t> bytes(std::string_view name) {
        const auto* const found = get<dynamodb::Bytes>(name);
        if (!found) return {};
        return {found->data.begin(), found->data.end()};
    }

    [[nodiscard]] bool ok() const noexcept { return ok_; }

private:
    template <class T>
    [[nodiscard]] const T* get(std::string_view name) {
        const auto found = item_.find(name);
        const auto* const value = found == item_.end() ? nullptr : found->second.get<T>();
        ok_ = ok_ && value != nullptr;
        return value;
    }

    const dynamodb::Item& item_;
    bool ok_ = true;
};

/// Adds attributes to an item.
class AttributesInto {
public:
    explicit AttributesInto(dynamodb::Item& item) : item_(item) {}

    AttributesInto& text(std::string_view name, std::string value) {
        return add(name, dynamodb::AttributeValue::of(std::move(value)));
    }
    template <class Integer>
    AttributesInto& whole(std::string_view name, Integer value) {
        return add(name, dynamodb::AttributeValue::of(dynamodb::Number(value)));
    }
    AttributesInto& bytes(std::string_view name, std::string value) {
        return add(name, dynamodb::AttributeValue::of(dynamodb::Bytes(std::move(value))));
    }
    AttributesInto& bytes(std::string_view name, const std::vector<std::uint8_t>& value) {
        return bytes(name, std::string(value.begin(), value.end()));
    }

private:
    AttributesInto& add(std::string_view name, dynamodb::AttributeValue value) {
        item_.emplace(std::string(name), std::move(value));
        return *this;
    }

    dynamodb::Item& item_;
};

[[nodiscard]] inline dynamodb::Item store_item(const StoreKeys& keys, const StoreItem& store) {
    auto item = keys.store();
    AttributesInto(item)
        .text("kind", std::string(store_mark))
        .whole("format", store_format)
        .text("identity", aws::hex(store.id))
        .text("owner", store.owner)
        .whole("version", store.version)
        .whole("next_sequence", store.its.next)
        .whole("cleared_below", store.its.cleared)
        .whole("lease_ms", std::int64_t{store.lease.count()});
    return item;
}

/// `storage_foreign` if it is no store, or one of a newer sluice; `storage_corrupt`.
[[nodiscard]] inline result<StoreItem> read_store(const dynamodb::Item& item) {
    AttributesOf fields(item);
    if (fields.text("kind") != store_mark) return error::storage_foreign;
    const auto format = fields.whole<std::uint64_t>("format");
    if (fields.ok() && format > store_format) return error::storage_foreign;
    StoreItem store;
    const auto identity = fields.text("identity");
    store.owner = fields.text("owner");
    store.version = fields.whole<std::uint64_t>("version");
    store.its.next = fields.whole<std::uint64_t>("next_sequence");
    store.its.cleared = fields.whole<std::uint64_t>("cleared_below");
    store.lease = std::chrono::milliseconds(fields.whole<std::int64_t>("lease_ms"));
    const auto id = read_identity(identity);
    const bool possible = store.its.next > 0 && store.its.next <= largest_stored_number &&
                          store.lease >= std::chrono::milliseconds(0) && store.lease <= StoreItem::longest_lease;
    if (!fields.ok() || !id || !possible) return error::storage_corrupt;
    store.id = *id;
    return store;
}

/// That a store is still as it was in this version, with this owner.
[[nodiscard]] inline dynamodb::Expression unchanged(const StoreItem& store) {
    dynamodb::Expression condition;
    condition.text = condition.name("owner") + " = " + condition.value(dynamodb::AttributeValue::of(store.owner));
    const auto version = condition.value(dynamodb::AttributeValue::of(dynamodb::Number(store.version)));
    condition.text += " AND " + condition.name("version") + " = " + version;
    return condition;
}

/// That there is no item under the key.
[[nodiscard]] inline dynamodb::Expression nothing_there() {
    dynamodb::Expression condition;
    condition.text = "attribute_not_exists(" + condition.name(StoreKeys::partition) + ")";
    return condition;
}

[[nodiscard]] inline dynamodb::Item chunk_item(const StoreKeys& keys, const StoredChunk& stored) {
    const auto& head = stored.head;
    const auto put = std::chrono::duration_cast<std::chrono::nanoseconds>(head.oldest_put.time_since_epoch()).count();
    auto item = keys.chunk(head.stream, head.first);
    AttributesInto(item)
        .whole("count", std::uint64_t{head.count})
        .whole("live", std::uint64_t{head.live})
        .whole("live_bytes", head.live_bytes)
        .whole("oldest_put", static_cast<std::int64_t>(put))
        .bytes("settled", head.settled.bytes())
        .bytes("attempts", head.attempts)
        .whole("body_bytes", std::uint64_t{stored.body_bytes})
        .whole("checksum", stored.sum)
        .text("writer", stored.writer);
    return item;
}

/// The chunk of an item that has this name; if it is no chunk, one that is damaged.
[[nodiscard]] inline StoredChunk read_chunk(std::string stream, std::uint64_t first, const dynamodb::Item& item) {
    AttributesOf fields(item);
    auto stored = read_head(std::move(stream), first, fields);
    stored.sum = fields.whole<std::uint64_t>("checksum");
    stored.writer = fields.text("writer");
    return checked(std::move(stored), fields.ok());
}

[[nodiscard]] inline dynamodb::Item piece_item(const StoreKeys& keys, const StoredChunk& stored, std::string_view body,
                                               std::size_t piece) {
    auto item = keys.piece(stored, piece);
    const auto size = stored.piece_size(piece, dynamodb_piece_bytes);
    AttributesInto(item).bytes("body", std::string(body.substr(piece * dynamodb_piece_bytes, size)));
    return item;
}

/// Adds the bytes of a piece to the body that it is of; what is none is left out, and the body is found to be damaged.
class BodiesOf {
public:
    explicit BodiesOf(const std::vector<StoredChunk>& chunks) {
        for (const auto& chunk : chunks) {
            auto& body = bodies_.emplace_back(chunk.head.first, chunk.writer);
            body.bytes.reserve(chunk.body_bytes);
        }
    }

    void add(const dynamodb::Item& item) {
        const auto place = StoreKeys::place_of(item);
        const auto first = aws::parse_integer<std::uint64_t>(std::string_view(place).substr(0, 20));
        const auto writer = StoreKeys::writer_of(item);
        const auto body = std::find_if(bodies_.begin(), bodies_.end(), [&](const auto& each) {
            return first == each.first && writer == each.writer;
        });
        const auto found = item.find("body");
        const auto* const bytes = found == item.end() ? nullptr : found->second.get<dynamodb::Bytes>();
        if (body != bodies_.end() && bytes) body->bytes += bytes->data;
    }

    /// That of the chunk at this place.
    [[nodiscard]] std::string take(std::size_t index) { return std::move(bodies_[index].bytes); }

private:
    class Body {
    public:
        Body(std::uint64_t its_first, std::string its_writer) : first(its_first), writer(std::move(its_writer)) {}
        std::uint64_t first;
        std::string writer;
        std::string bytes;
    };

    std::vector<Body> bodies_;
};

/// The request that makes a table for stores.
[[nodiscard]] inline dynamodb::CreateTable store_table(std::string name) {
    const auto text = [](std::string_view attribute) { return dynamodb::KeyAttribute(std::string(attribute)); };
    dynamodb::KeySchema key(text(StoreKeys::partition), text(StoreKeys::place));
    return dynamodb::CreateTable(std::move(name), std::move(key));
}

/// Whether a table has the key that stores need.
[[nodiscard]] inline bool is_store_table(const dynamodb::TableDescription& table) {
    const auto text = [&](std::string_view name) {
        const auto type = table.types.find(name);
        return type != table.types.end() && type->second == "S";
    };
    return table.key.size() == 2 && table.key[0] == StoreKeys::partition && table.key[1] == StoreKeys::place &&
           text(StoreKeys::partition) && text(StoreKeys::place);
}

} // namespace sluice::detail
