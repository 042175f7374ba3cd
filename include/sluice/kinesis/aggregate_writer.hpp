#pragma once

#include <sluice/aws/digest.hpp>
#include <sluice/aws/md5_lanes.hpp>
#include <sluice/aws/varint.hpp>
#include <sluice/detail/write_bytes.hpp>
#include <sluice/kinesis/aggregate.hpp>
#include <sluice/kinesis/aggregate_size.hpp>
#include <sluice/kinesis/key_table.hpp>
#include <sluice/kinesis/user_record.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::kinesis {

namespace detail {

/// What the trailer of an aggregate is the digest of.
[[nodiscard]] inline std::string_view message_of(std::span<const char> whole) noexcept {
    return {whole.data() + aggregate::magic.size(), whole.size() - aggregate::overhead};
}

inline void write_trailer(std::span<char> whole, const aws::Md5& digest) noexcept {
    std::memcpy(whole.last<aggregate::digest_bytes>().data(), digest.data(), digest.size());
}

} // namespace detail

/// Writes the trailer of an aggregate that has none: its last 16 bytes, as `AggregateWriter::append_unsealed_to` left
/// them. The span is the whole aggregate and nothing else; it has at least one record.
inline void seal(std::span<char> whole) { detail::write_trailer(whole, aws::md5(detail::message_of(whole))); }

/// The same for many aggregates, each in a span of its own: digests made side by side cost down to a quarter.
inline void seal(std::span<const std::span<char>> aggregates) {
    if (aggregates.size() == 1) return seal(aggregates.front());
    std::vector<std::string_view> messages;
    messages.reserve(aggregates.size());
    for (const auto& whole : aggregates) messages.push_back(detail::message_of(whole));
    std::vector<aws::Md5> digests(aggregates.size());
    aws::md5_all(messages, digests);
    for (std::size_t i = 0; i < digests.size(); ++i) detail::write_trailer(aggregates[i], digests[i]);
}

/// Builds the data of a Kinesis record that holds many user records, as the Kinesis Producer Library does; see
/// aggregate.hpp for the format.
///
/// Sizes are exact. What is added is not copied before `append_to` writes it, and must live until then. Made to be used
/// again: in the long run neither a record nor an aggregate allocates, but for the text that it is written to.
class AggregateWriter {
public:
    [[nodiscard]] bool empty() const noexcept { return items_.empty(); }

    /// How many records were added.
    [[nodiscard]] std::size_t records() const noexcept { return items_.size(); }

    /// Bytes of the whole; zero without a record.
    [[nodiscard]] std::size_t size() const noexcept { return size_.bytes(); }

    /// What `size()` would be with this record too.
    [[nodiscard]] std::size_t size_with(const UserRecord& record) const { return size_.fit(record).whole; }

    /// Adds a record: a `UserRecord`, or anything with its members.
    template <class Record = UserRecord>
    void add(const Record& record) {
        const auto its = size_.fit(record);
        size_.add(record, its);
        keep(record, its);
    }

    /// Adds a record whose key has this number, as an `AggregateSize` said to which the same records were added in the
    /// same order: there is no search for it. All of an aggregate are added so, or none.
    template <class Record = UserRecord>
    void add(const Record& record, std::uint32_t key) {
        const auto its = size_.fit(record, key);
        size_.add_by_number(record, its);
        keep(record, its);
    }

    /// Appends the whole, which is `size()` bytes. The records stay until `clear()`.
    void append_to(std::string& out) const {
        const auto begin = out.size();
        append_unsealed_to(out);
        if (!empty()) seal(std::span(out).subspan(begin));
    }

    /// The same, but for the trailer, for which there are 16 bytes at the end: `seal` is to write it.
    void append_unsealed_to(std::string& out) const {
        if (empty()) return;
        const auto begin = out.size();
        out.resize(begin + size());
        char* to = out.data() + begin;
        to = sluice::detail::write_bytes(to, aggregate::magic);
        to = write(to, aggregate::partition_keys, size_.keys());
        to = write(to, aggregate::explicit_hash_keys, size_.hash_keys());
        for (const auto& item : items_) to = write(to, item);
    }

    void clear() {
        size_.clear();
        items_.clear();
        headers_.clear();
    }

private:
    class Item {
    public:
        std::string_view data;
        std::size_t message = 0; ///< Bytes of the message.
        std::uint32_t key = 0;
        std::uint32_t hash_key = 0;     ///< From 1; 0: none.
        std::uint32_t first_header = 0; ///< Into `headers_`.
        std::uint32_t headers = 0;
    };

    template <class Record>
    void keep(const Record& record, const AggregateSize::Fit& its) {
        auto& item = items_.emplace_back();
        item.data = record.data;
        item.message = its.message;
        item.key = its.key.index;
        if (!record.explicit_hash_key.empty()) item.hash_key = its.hash_key.index + 1;
        if (record.headers.empty()) return;
        item.first_header = static_cast<std::uint32_t>(headers_.size());
        item.headers = static_cast<std::uint32_t>(record.headers.size());
        headers_.insert(headers_.end(), record.headers.begin(), record.headers.end());
    }

    static char* write_head(char* to, std::uint32_t id, std::size_t bytes) noexcept {
        *to++ = static_cast<char>((id << 3U) | 2U);
        return aws::write_varint(to, bytes);
    }

    static char* write(char* to, std::uint32_t id, std::string_view bytes) noexcept {
        return sluice::detail::write_bytes(write_head(to, id, bytes.size()), bytes);
    }

    static char* write(char* to, std::uint32_t id, const KeyTable& keys) noexcept {
        for (std::size_t i = 0; i < keys.size(); ++i) to = write(to, id, keys[i]);
        return to;
    }

    static char* write_number(char* to, std::uint32_t id, std::uint64_t number) noexcept {
        *to++ = static_cast<char>(id << 3U);
        return aws::write_varint(to, number);
    }

    [[nodiscard]] char* write(char* to, const Item& item) const noexcept {
        to = write_head(to, aggregate::records, item.message);
        to = write_number(to, aggregate::partition_key_index, item.key);
        if (item.hash_key > 0) to = write_number(to, aggregate::explicit_hash_key_index, item.hash_key - 1);
        to = write(to, aggregate::data, item.data);
        for (std::uint32_t i = 0; i < item.headers; ++i) {
            const auto& header = headers_[item.first_header + i];
            to = write_head(to, aggregate::tags, AggregateSize::tag(header));
            to = write(to, aggregate::tag_key, header.name);
            to = write(to, aggregate::tag_value, header.value);
        }
        return to;
    }

    AggregateSize size_;
    std::vector<Item> items_;
    std::vector<HeaderView> headers_; ///< Of all items.
};

} // namespace sluice::kinesis
