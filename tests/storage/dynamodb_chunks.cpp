#include <sluice/storage/dynamodb_chunks.hpp>

#include "storage/odd_chunk.hpp"

#include <sluice/dynamodb/item_size.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace sluice;
using namespace sluice::detail;
using dynamodb::AttributeValue;

StoredChunk written(const Chunk& chunk, std::string writer = std::string(20, '7')) {
    StoredChunk made(chunk);
    made.writer = std::move(writer);
    return made;
}

StoreItem some_store() {
    StoreItem store;
    for (std::size_t i = 0; i < store.id.size(); ++i) store.id[i] = static_cast<std::uint8_t>(i * 17);
    store.owner = "me";
    store.version = 9;
    store.its.next = 12;
    store.its.cleared = 5;
    store.lease = std::chrono::milliseconds(30'000);
    return store;
}

std::string partition_of(const dynamodb::Item& key) { return *key.at("store").get<std::string>(); }

} // namespace

TEST_CASE("a chunk comes back from its item as it was") {
    const StoreKeys keys("buffer");
    const auto stored = written(odd_chunk());
    const auto item = chunk_item(keys, stored);
    CHECK_FALSE(dynamodb::check_attribute(AttributeValue::of(item)));
    const auto name = StoreKeys::read_chunk(StoreKeys::place_of(item));
    REQUIRE(name.has_value());
    const auto read = read_chunk(name->first, name->second, item);
    check_same(read, stored);
}

TEST_CASE("any attribute that is missing or wrong makes a damaged chunk of one record") {
    const StoreKeys keys("buffer");
    const auto whole = chunk_item(keys, written(odd_chunk()));
    for (const auto& [name, value] : whole) {
        if (name == StoreKeys::partition || name == StoreKeys::place) continue;
        CAPTURE(name);
        auto spoiled = whole;
        spoiled.erase(name);
        CHECK(read_chunk("stream", 7, spoiled).damaged);
        spoiled[name] = AttributeValue();
        CHECK(read_chunk("stream", 7, spoiled).damaged);
        CHECK(read_chunk("stream", 7, spoiled).head.first == 7);
    }
    auto impossible = whole;
    impossible["live"] = AttributeValue::of(dynamodb::Number(21));
    CHECK(read_chunk("stream", 7, impossible).damaged);
    impossible = whole;
    impossible["body_bytes"] = AttributeValue::of(dynamodb::Number(std::uint64_t{1} << 40U));
    CHECK(read_chunk("stream", 7, impossible).damaged);
}

TEST_CASE("a body is cut into pieces that fit into items, and put together from its own") {
    const StoreKeys keys(std::string(200, 'n'));
    std::string body(dynamodb_piece_bytes * 2 + 5, '\0');
    for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7);
    const Chunk large(std::string(600, 's'), 1, 1, std::make_shared<const std::string>(body));
    const Chunk small("s", 2, 1, std::make_shared<const std::string>("small"));
    const std::vector<StoredChunk> chunks{written(large), written(small)};
    BodiesOf bodies(chunks);
    bodies.add(piece_item(keys, written(small, std::string(20, '8')), "other", 0)); // of one who was not to write it
    for (std::size_t piece = 0; piece < 3; ++piece) {
        const auto item = piece_item(keys, chunks[0], body, piece);
        CHECK(dynamodb::item_size(item) < 400 * 1'024);
        bodies.add(item);
    }
    bodies.add(piece_item(keys, chunks[1], *small.body, 0));
    bodies.add(dynamodb::Item());
    bodies.add(keys.store());
    CHECK(chunks[0].is_body(bodies.take(0)));
    CHECK(bodies.take(1) == "small");
}

TEST_CASE("keys sort as streams and sequences do, and are read back whatever the stream's name") {
    const StoreKeys keys("my/buffer");
    CHECK(partition_of(keys.store()) == "my%2Fbuffer");
    CHECK(StoreKeys::place_of(keys.store()) == "store");
    CHECK(StoreKeys::place_of(keys.chunk("clicks", 12)) == "chunks/clicks/00000000000000000012");
    CHECK(StoreKeys::place_of(keys.stream("a/b")) == "streams/a%2Fb");
    const auto piece = keys.piece(written(odd_chunk()), 3);
    CHECK(partition_of(piece) == "my%2Fbuffer/stream");
    CHECK(StoreKeys::place_of(piece) == "00000000000000000007/77777777777777777777/0003");
    for (const auto& stream : {std::string("clicks"), std::string("a/b"), std::string(), std::string("%41\0\xFF", 5)}) {
        const auto read = StoreKeys::read_chunk(StoreKeys::place_of(keys.chunk(stream, 42)));
        REQUIRE(read.has_value());
        CHECK(read->first == stream);
        CHECK(read->second == 42);
        CHECK(StoreKeys::read_stream(StoreKeys::place_of(keys.stream(stream))) == stream);
    }
    for (const auto* place : {"store", "", "streams/a", "chunks/", "chunks/a/1", "chunks/%2/00000000000000000012",
                              "chunks/a/0000000000000000001x", "chunks/a-00000000000000000012"}) {
        CAPTURE(place);
        CHECK_FALSE(StoreKeys::read_chunk(place).has_value());
    }
    CHECK_FALSE(StoreKeys::read_stream("chunks/a/00000000000000000012").has_value());
    CHECK_FALSE(StoreKeys::read_stream("streams/%").has_value());
    CHECK(keys.has_room(std::string(900, 'x')));
    CHECK_FALSE(keys.has_room(std::string(1'000, 'x')));
    CHECK_FALSE(keys.has_room(std::string(400, '/')));
}

TEST_CASE("a store's own item comes back, and others are told from damaged ones") {
    const StoreKeys keys("buffer");
    const auto item = store_item(keys, some_store());
    CHECK(*item.at("identity").get<std::string>() == "00112233445566778899aabbccddeeff");
    const auto read = read_store(item);
    REQUIRE(read.has_value());
    CHECK(read->id == some_store().id);
    CHECK(read->owner == "me");
    CHECK(read->version == 9);
    CHECK(read->its == some_store().its);
    CHECK(read->lease == some_store().lease);
    CHECK(read_store(dynamodb::Item()).error() == error::storage_foreign);
    auto newer = item;
    newer["format"] = AttributeValue::of(dynamodb::Number(2));
    CHECK(read_store(newer).error() == error::storage_foreign);
    for (const auto* name : {"format", "identity", "owner", "version", "next_sequence", "cleared_below",
                             "lease_ms"}) {
        CAPTURE(name);
        auto spoiled = item;
        spoiled[name] = AttributeValue();
        CHECK(read_store(spoiled).error() == error::storage_corrupt);
        spoiled.erase(name);
        CHECK(read_store(spoiled).error() == error::storage_corrupt);
    }
    auto none = item;
    none["next_sequence"] = AttributeValue::of(dynamodb::Number(0));
    CHECK(read_store(none).error() == error::storage_corrupt);
    none = item;
    none["identity"] = AttributeValue::of(std::string("0011"));
    CHECK(read_store(none).error() == error::storage_corrupt);
}

TEST_CASE("a table is one for stores if its key is") {
    dynamodb::TableDescription table;
    table.key = {"store", "place"};
    table.types = {{"store", "S"}, {"place", "S"}};
    CHECK(is_store_table(table));
    auto other = table;
    other.types["place"] = "N";
    CHECK_FALSE(is_store_table(other));
    other = table;
    other.key = {"store"};
    CHECK_FALSE(is_store_table(other));
    other = table;
    other.key = {"place", "store"};
    CHECK_FALSE(is_store_table(other));
    const auto request = store_table("chunks");
    CHECK(request.table == "chunks");
    REQUIRE(request.key.attributes.size() == 2);
    CHECK(request.key.attributes[0].name == "store");
    CHECK(request.key.attributes[1].name == "place");
}
