#include <sluice/storage/chunk_documents.hpp>

#include "storage/odd_chunk.hpp"

#include <sluice/repository/item.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace sluice;
using namespace sluice::detail;
using boost::json::object;

} // namespace

TEST_CASE("a chunk comes back from its document as it was") {
    const StoreNames names("buffer");
    const StoredChunk stored(odd_chunk());
    const auto document = chunk_document(names, stored);
    CHECK_FALSE(repository::check_document(document));
    CHECK(document.at("chunk_of") == "buffer");
    const auto read = read_chunk("stream", 7, document);
    check_same(read, stored);
}

TEST_CASE("any field that is missing or wrong makes a damaged chunk of one record, and no other") {
    const auto whole = chunk_document(StoreNames("buffer"), StoredChunk(odd_chunk()));
    for (const auto& member : whole) {
        if (member.key() == "chunk_of") continue;
        const std::string name(member.key());
        CAPTURE(name);
        for (const auto& wrong : {boost::json::value(nullptr), boost::json::value(-0.5), boost::json::value("?")}) {
            auto spoiled = whole;
            spoiled[name] = wrong;
            const auto read = read_chunk("stream", 7, spoiled);
            CHECK(read.damaged);
            CHECK(read.head.stream == "stream");
            CHECK(read.head.first == 7);
            CHECK(read.head.live == 1);
            CHECK(read.head.oldest_put == wall_time::max());
            CHECK(read.pieces() == 0);
        }
        auto without = whole;
        without.erase(name);
        CHECK(read_chunk("stream", 7, without).damaged);
    }
    auto impossible = whole;
    impossible["live"] = 21;
    CHECK(read_chunk("stream", 7, impossible).damaged);
    impossible = whole;
    impossible["body_bytes"] = StoredChunk::largest_body + 1;
    CHECK(read_chunk("stream", 7, impossible).damaged);
}

TEST_CASE("a body is cut into pieces that fit into an item of 400 KB, and joined again") {
    std::string body(StoredChunk::piece_bytes * 2 + 5, '\0');
    for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7);
    const StoredChunk stored(Chunk("stream", 1, 1, std::make_shared<const std::string>(body)));
    REQUIRE(stored.pieces() == 3);
    std::string joined;
    for (std::size_t piece = 0; piece < 3; ++piece) {
        const auto document = piece_document(stored, body, piece);
        CHECK(document.at("piece").get_string().size() == aws::base64_size(stored.piece_size(piece)));
        CHECK(document.at("piece").get_string().size() + 2'048 + 100 < 400 * 1'024);
        joined += read_piece(document).value();
    }
    CHECK(stored.is_body(joined));
    const object no_text{{"piece", 1}}, no_base64{{"piece", "abc"}};
    CHECK(read_piece({}).error() == error::storage_corrupt);
    CHECK(read_piece(no_text).error() == error::storage_corrupt);
    CHECK(read_piece(no_base64).error() == error::storage_corrupt);
}

TEST_CASE("ids sort as streams and sequences do, and are read back whatever the stream's name") {
    const StoreNames names("my/buffer");
    CHECK(names.root() == "my%2Fbuffer");
    CHECK(names.store() == "my%2Fbuffer/store");
    CHECK(names.owner(7) == "my%2Fbuffer/owner/00000000000000000007");
    CHECK(names.chunk("clicks", 12) == "my%2Fbuffer/chunks/clicks/00000000000000000012");
    CHECK(StoreNames::piece(names.chunk("clicks", 12), 3) == "my%2Fbuffer/chunks/clicks/00000000000000000012/0003");
    const std::vector<std::uint64_t> firsts{1, 9, 10, 99, 100'000, largest_stored_number};
    std::vector<std::string> ids;
    for (const auto first : firsts) ids.push_back(names.chunk("clicks", first));
    CHECK(std::is_sorted(ids.begin(), ids.end()));
    for (const auto& stream : {std::string("clicks"), std::string("a/b"), std::string(), std::string("%41\0\xFF", 5),
                               std::string("\xC3\xBC \"'")}) {
        const auto id = names.chunk(stream, 42);
        CHECK_FALSE(repository::check_id(id));
        const auto read = names.read_chunk(id);
        REQUIRE(read.has_value());
        CHECK(read->first == stream);
        CHECK(read->second == 42);
    }
    for (const auto& id : {names.store(), names.owner(1), StoreNames::piece(names.chunk("clicks", 12), 3),
                           StoreNames("other").chunk("clicks", 1), std::string("my%2Fbuffer/chunks/"), std::string(),
                           names.root() + "/chunks/clicks/12", names.root() + "/chunks/%2/00000000000000000012"}) {
        CAPTURE(id);
        CHECK_FALSE(names.read_chunk(id).has_value());
    }
}

TEST_CASE("a store's own documents come back, and others are told from damaged ones") {
    StoreRecord store;
    for (std::size_t i = 0; i < store.id.size(); ++i) store.id[i] = static_cast<std::uint8_t>(i * 17);
    store.owner = 9;
    const auto document = store_document(store);
    CHECK(document.at("identity") == "00112233445566778899aabbccddeeff");
    const auto read = read_store(document);
    REQUIRE(read.has_value());
    CHECK(read->id == store.id);
    CHECK(read->owner == 9);
    CHECK(read_store({}).error() == error::storage_foreign);
    const object other{{"kind", "order"}, {"format", 1}};
    CHECK(read_store(other).error() == error::storage_foreign);
    auto newer = document;
    newer["format"] = 2;
    CHECK(read_store(newer).error() == error::storage_foreign);
    for (const auto* name : {"format", "identity", "owner"}) {
        auto spoiled = document;
        spoiled[name] = "00112233445566778899aabbccddeefg";
        CHECK(read_store(spoiled).error() == error::storage_corrupt);
        spoiled.erase(name);
        CHECK(read_store(spoiled).error() == error::storage_corrupt);
    }

    OwnerRecord owner;
    owner.next = 12;
    owner.cleared = 5;
    const auto again = read_owner(owner_document(owner));
    REQUIRE(again.has_value());
    CHECK(again->next == 12);
    CHECK(again->cleared == 5);
    CHECK(read_owner({}).error() == error::storage_corrupt);
    const object none{{"next_sequence", 0}, {"cleared_below", 0}};
    CHECK(read_owner(none).error() == error::storage_corrupt);
    const object huge{{"next_sequence", std::numeric_limits<std::uint64_t>::max()}, {"cleared_below", 0}};
    CHECK(read_owner(huge).error() == error::storage_corrupt);
}
