#pragma once

#include <sluice/aws/base64.hpp>
#include <sluice/aws/digest.hpp>
#include <sluice/aws/hex.hpp>
#include <sluice/aws/integer.hpp>
#include <sluice/aws/percent.hpp>
#include <sluice/error.hpp>
#include <sluice/storage/store_rules.hpp>
#include <sluice/storage/stored_chunk.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A storage as documents of a repository: their ids, and what is in them.
namespace sluice::detail {

/// The ids of the documents of a store.
///
/// `buffer/store`, `buffer/owner/<number>`, `buffer/chunks/<stream>/<first sequence>`, and the same with
/// `/<number of the piece>`; numbers are padded, so that ids sort as these do. Names of any bytes are percent-encoded.
class StoreNames {
public:
    explicit StoreNames(std::string_view name) { aws::append_percent_encoded(root_, name); }

    [[nodiscard]] const std::string& root() const noexcept { return root_; }
    [[nodiscard]] std::string store() const { return root_ + "/store"; }
    [[nodiscard]] std::string owner(std::uint64_t number) const { return root_ + "/owner/" + padded(number, 20); }

    [[nodiscard]] std::string chunk(std::string_view stream, std::uint64_t first) const {
        auto id = root_ + "/chunks/";
        aws::append_percent_encoded(id, stream);
        return id + '/' + padded(first, 20);
    }

    [[nodiscard]] static std::string piece(const std::string& chunk, std::size_t number) {
        return chunk + '/' + padded(number, 4);
    }

    /// The stream and the first sequence of the chunk that has this id; none if no chunk of the store has it.
    [[nodiscard]] std::optional<std::pair<std::string, std::uint64_t>> read_chunk(std::string_view id) const {
        const auto before = root_ + "/chunks/";
        const auto last = id.rfind('/');
        if (!id.starts_with(before) || last < before.size()) return std::nullopt;
        auto stream = aws::decode_percent(id.substr(before.size(), last - before.size()));
        const auto first = aws::parse_integer<std::uint64_t>(id.substr(last + 1));
        if (!stream || !first || chunk(*stream, *first) != id) return std::nullopt;
        return std::pair(*std::move(stream), *first);
    }

private:
    std::string root_;
};

/// What the first document of a store says: which store it is, and the number of its owner.
class StoreRecord {
public:
    std::array<std::uint8_t, 16> id{};
    std::uint64_t owner = 1;
};

/// What the owner of a store says: chunks have their sequences from `cleared` on, and below `next`; what has others is
/// on its way, or was removed.
class OwnerRecord {
public:
    std::uint64_t next = 1;
    std::uint64_t cleared = 1;

    friend bool operator==(const OwnerRecord&, const OwnerRecord&) = default;
};

/// Reads the fields of a document; `ok` tells whether all were there.
class FieldsOf {
public:
    explicit FieldsOf(const boost::json::object& document) : document_(document) {}

    template <class Integer>
    [[nodiscard]] Integer whole(std::string_view name) {
        const auto* const value = document_.if_contains(name);
        boost::system::error_code failure;
        if (value && value->is_number()) {
            const auto number = value->to_number<Integer>(failure);
            if (!failure) return number;
        }
        ok_ = false;
        return {};
    }

    [[nodiscard]] std::string_view text(std::string_view name) {
        const auto* const value = document_.if_contains(name);
        const auto* const text = value ? value->if_string() : nullptr;
        if (text) return *text;
        ok_ = false;
        return {};
    }

    [[nodiscard]] std::vector<std::uint8_t> bytes(std::string_view name) {
        const auto decoded = aws::decode_base64(text(name));
        if (decoded) return {decoded->begin(), decoded->end()};
        ok_ = false;
        return {};
    }

    [[nodiscard]] bool ok() const noexcept { return ok_; }

private:
    const boost::json::object& document_;
    bool ok_ = true;
};

inline constexpr std::string_view store_mark = "sluice storage";
inline constexpr std::uint64_t store_format = 1;

/// The id of a store from its hexadecimal digits; none if it is no such text.
[[nodiscard]] inline std::optional<std::array<std::uint8_t, 16>> read_identity(std::string_view text) {
    std::array<std::uint8_t, 16> id{};
    if (!aws::decode_hex(text, id)) return std::nullopt;
    return id;
}

[[nodiscard]] inline boost::json::object store_document(const StoreRecord& store) {
    return {{"kind", store_mark}, {"format", store_format}, {"identity", aws::hex(store.id)}, {"owner", store.owner}};
}

/// `storage_foreign` if it is no store, or one of a newer sluice; `storage_corrupt`.
[[nodiscard]] inline result<StoreRecord> read_store(const boost::json::object& document) {
    FieldsOf fields(document);
    if (fields.text("kind") != store_mark) return error::storage_foreign;
    const auto format = fields.whole<std::uint64_t>("format");
    if (fields.ok() && format > store_format) return error::storage_foreign;
    StoreRecord store;
    store.owner = fields.whole<std::uint64_t>("owner");
    const auto id = read_identity(fields.text("identity"));
    if (!fields.ok() || !id) return error::storage_corrupt;
    store.id = *id;
    return store;
}

[[nodiscard]] inline boost::json::object owner_document(const OwnerRecord& owner) {
    return {{"next_sequence", owner.next}, {"cleared_below", owner.cleared}};
}

/// `storage_corrupt`.
[[nodiscard]] inline result<OwnerRecord> read_owner(const boost::json::object& document) {
    FieldsOf fields(document);
    OwnerRecord owner;
    owner.next = fields.whole<std::uint64_t>("next_sequence");
    owner.cleared = fields.whole<std::uint64_t>("cleared_below");
    if (!fields.ok() || owner.next == 0 || owner.next > largest_stored_number) return error::storage_corrupt;
    return owner;
}

/// Bytes as a text of a document.
[[nodiscard]] inline boost::json::value base64_value(std::string_view bytes) {
    std::string text;
    text.reserve(aws::base64_size(bytes.size()));
    aws::append_base64(text, bytes);
    return boost::json::value(text);
}

[[nodiscard]] inline boost::json::value base64_value(const std::vector<std::uint8_t>& bytes) {
    return base64_value(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

/// By `chunk_of`, which no other document has, the chunks of a store are found.
[[nodiscard]] inline boost::json::object chunk_document(const StoreNames& names, const StoredChunk& stored) {
    const auto& head = stored.head;
    const auto put = std::chrono::duration_cast<std::chrono::nanoseconds>(head.oldest_put.time_since_epoch()).count();
    return {{"chunk_of", names.root()},
            {"count", head.count},
            {"live", head.live},
            {"live_bytes", head.live_bytes},
            {"oldest_put", static_cast<std::int64_t>(put)},
            {"settled", base64_value(head.settled.bytes())},
            {"attempts", base64_value(head.attempts)},
            {"body_bytes", stored.body_bytes},
            {"checksum", std::to_string(stored.sum)}};
}

/// The chunk of a document that has this name; if it is no chunk, one that is damaged.
[[nodiscard]] inline StoredChunk read_chunk(std::string stream, std::uint64_t first,
                                            const boost::json::object& document) {
    FieldsOf fields(document);
    auto stored = read_head(std::move(stream), first, fields);
    const auto sum = aws::parse_integer<std::uint64_t>(fields.text("checksum"));
    stored.sum = sum.value_or(0);
    return checked(std::move(stored), fields.ok() && sum);
}

/// One of the documents that hold the body of a chunk.
[[nodiscard]] inline boost::json::object piece_document(const StoredChunk& stored, std::string_view body,
                                                        std::size_t piece) {
    return {{"piece", base64_value(body.substr(piece * StoredChunk::piece_bytes, stored.piece_size(piece)))}};
}

/// Its bytes; `storage_corrupt`.
[[nodiscard]] inline result<std::string> read_piece(const boost::json::object& document) {
    FieldsOf fields(document);
    auto bytes = aws::decode_base64(fields.text("piece"));
    if (!fields.ok() || !bytes) return error::storage_corrupt;
    return bytes;
}

} // namespace sluice::detail
