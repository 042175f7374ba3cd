#pragma once

#include <sluice/aws/protobuf_reader.hpp>
#include <sluice/kinesis/aggregate.hpp>
#include <sluice/kinesis/hash_key.hpp>
#include <sluice/kinesis/user_record.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::kinesis {

/// What a Kinesis record held.
class Deaggregated {
public:
    /// In order: the place of a record is its sub-sequence number. They point into what was read.
    std::vector<UserRecord> records;
    bool aggregated = false; ///< Else it is one record, handed through as it was.
};

namespace detail {

/// Where a user record lies, seen from a shard.
enum class Whereabouts : std::uint8_t { inside, outside, unreadable };

/// A range of hash keys, and what the Kinesis Client Library makes of a record's keys.
class KeyRange {
public:
    KeyRange(HashKey first, HashKey last) : first_(first), last_(last) {}

    [[nodiscard]] Whereabouts place(std::string_view partition_key) const {
        const bool everything = first_ == HashKey() && last_ == HashKey::max();
        return everything ? Whereabouts::inside : place(hash_of(partition_key));
    }

    /// Signs and leading zeros are read, as Java's BigInteger does.
    [[nodiscard]] Whereabouts place_explicit(std::string_view decimal) const {
        const bool negative = !decimal.empty() && decimal.front() == '-';
        if (negative || (!decimal.empty() && decimal.front() == '+')) decimal.remove_prefix(1);
        const auto digit = [](char c) { return c >= '0' && c <= '9'; };
        if (decimal.empty() || !std::all_of(decimal.begin(), decimal.end(), digit)) return Whereabouts::unreadable;
        decimal.remove_prefix(std::min(decimal.find_first_not_of('0'), decimal.size()));
        if (decimal.empty()) return place(HashKey());
        const auto key = HashKey::parse(decimal);
        return negative || !key ? Whereabouts::outside : place(*key);
    }

private:
    [[nodiscard]] Whereabouts place(HashKey key) const {
        return first_ <= key && key <= last_ ? Whereabouts::inside : Whereabouts::outside;
    }

    HashKey first_;
    HashKey last_;
};

/// Reads the message of an aggregate: first all of it, since the tables may stand behind the records, then the keys.
class AggregateReader {
public:
    /// Whether it is well-formed and no required field is missing.
    [[nodiscard]] bool read(std::string_view message) {
        aws::ProtobufReader reader(message);
        while (const auto field = reader.next()) {
            if (field->is_bytes(aggregate::partition_keys)) keys_.push_back(field->bytes);
            if (field->is_bytes(aggregate::explicit_hash_keys)) hash_keys_.push_back(field->bytes);
            if (field->is_bytes(aggregate::records) && !read_record(field->bytes)) return false;
        }
        return reader.ok();
    }

    /// The records that a reader of this shard gets.
    [[nodiscard]] std::vector<UserRecord> take(const KeyRange& shard) {
        for (std::size_t i = 0; i < records_.size(); ++i) {
            const auto found = resolve(records_[i], indices_[i], shard);
            if (found == Whereabouts::inside) continue;
            const auto kept = found == Whereabouts::outside ? 0 : static_cast<std::ptrdiff_t>(i);
            records_.erase(records_.begin() + kept, records_.end());
            break;
        }
        return std::move(records_);
    }

private:
    class Indices {
    public:
        std::optional<std::uint64_t> key;
        std::optional<std::uint64_t> hash_key;
    };

    bool read_record(std::string_view message) {
        auto& record = records_.emplace_back();
        auto& indices = indices_.emplace_back();
        bool has_data = false;
        aws::ProtobufReader reader(message);
        while (const auto field = reader.next()) {
            if (field->is_number(aggregate::partition_key_index)) indices.key = field->number;
            if (field->is_number(aggregate::explicit_hash_key_index)) indices.hash_key = field->number;
            if (field->is_bytes(aggregate::data)) {
                record.data = field->bytes;
                has_data = true;
            }
            if (field->is_bytes(aggregate::tags) && !read_tag(field->bytes, record.headers.emplace_back())) {
                return false;
            }
        }
        return reader.ok() && has_data && indices.key;
    }

    static bool read_tag(std::string_view message, HeaderView& header) {
        bool has_key = false;
        aws::ProtobufReader reader(message);
        while (const auto field = reader.next()) {
            if (field->is_bytes(aggregate::tag_key)) {
                header.name = field->bytes;
                has_key = true;
            }
            if (field->is_bytes(aggregate::tag_value)) header.value = field->bytes;
        }
        return reader.ok() && has_key;
    }

    Whereabouts resolve(UserRecord& record, const Indices& indices, const KeyRange& shard) const {
        if (*indices.key >= keys_.size()) return Whereabouts::unreadable;
        record.partition_key = keys_[static_cast<std::size_t>(*indices.key)];
        if (!indices.hash_key) return shard.place(record.partition_key);
        if (*indices.hash_key >= hash_keys_.size()) return Whereabouts::unreadable;
        record.explicit_hash_key = hash_keys_[static_cast<std::size_t>(*indices.hash_key)];
        return shard.place_explicit(record.explicit_hash_key);
    }

    std::vector<std::string_view> keys_;
    std::vector<std::string_view> hash_keys_;
    std::vector<UserRecord> records_;
    std::vector<Indices> indices_;
};

} // namespace detail

/// The user records in the data of a Kinesis record, for a reader of the shard with the keys `first` to `last`.
///
/// The rules are those of the Kinesis Client Library. What is no intact aggregate is handed through as one record, with
/// the key that it came with. A user record outside the shard drops the whole aggregate: it was sent again to where it
/// belongs. One whose key cannot be found or read ends the aggregate; those before it are given. Aggregates inside of
/// aggregates are data.
[[nodiscard]] inline Deaggregated deaggregate(std::string_view data, std::string_view partition_key,
                                              HashKey first = HashKey(), HashKey last = HashKey::max()) {
    Deaggregated found;
    detail::AggregateReader reader;
    found.aggregated =
        looks_aggregated(data) &&
        reader.read(data.substr(aggregate::magic.size(), data.size() - aggregate::overhead));
    if (found.aggregated) {
        found.records = reader.take(detail::KeyRange(first, last));
    } else {
        found.records.emplace_back(partition_key, std::string_view(), data);
    }
    return found;
}

} // namespace sluice::kinesis
