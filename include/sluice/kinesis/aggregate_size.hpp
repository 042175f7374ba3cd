#pragma once

#include <sluice/aws/varint.hpp>
#include <sluice/kinesis/aggregate.hpp>
#include <sluice/kinesis/key_table.hpp>
#include <sluice/record.hpp>

#include <cstddef>
#include <cstdint>

namespace sluice::kinesis {

/// How many bytes an aggregate has while records are added: exact, and without the records.
///
/// A record is anything with the members of `UserRecord`. What it views lives until `clear()`. Made to be used again:
/// in the long run nothing allocates.
class AggregateSize {
public:
    /// What a record would take.
    class Fit {
    public:
        KeyTable::Place key;
        KeyTable::Place hash_key;
        std::size_t message = 0; ///< Bytes of its message.
        std::size_t whole = 0;   ///< Bytes of the aggregate with it.
    };

    /// How many records were added.
    [[nodiscard]] std::size_t records() const noexcept { return records_; }

    /// Bytes of the whole; zero without a record.
    [[nodiscard]] std::size_t bytes() const noexcept { return records_ == 0 ? 0 : bytes_; }

    template <class Record>
    [[nodiscard]] Fit fit(const Record& record) const {
        return fit(record, keys_.find(record.partition_key));
    }

    /// The same for a record whose key has this number, if it is known already, or is the next: there is no search.
    template <class Record>
    [[nodiscard]] Fit fit(const Record& record, std::uint32_t key) const {
        return fit(record, KeyTable::Place(key, key < keys_.size()));
    }

    /// Adds a record that was fitted; nothing was added since.
    template <class Record>
    void add(const Record& record, const Fit& its) {
        keys_.use(its.key, record.partition_key);
        add_to_known_key(record, its);
    }

    /// The same where the key was not searched for, and none of this aggregate will be.
    template <class Record>
    void add_by_number(const Record& record, const Fit& its) {
        keys_.use(its.key.index, record.partition_key);
        add_to_known_key(record, its);
    }

    void clear() {
        keys_.clear();
        hash_keys_.clear();
        records_ = 0;
        bytes_ = aggregate::overhead;
    }

    [[nodiscard]] const KeyTable& keys() const noexcept { return keys_; }
    [[nodiscard]] const KeyTable& hash_keys() const noexcept { return hash_keys_; }

    /// Bytes of a header's message.
    [[nodiscard]] static std::size_t tag(const HeaderView& header) noexcept {
        return field(header.name.size()) + field(header.value.size());
    }

private:
    /// Bytes of a field with so many; every id here is small, and takes one.
    [[nodiscard]] static std::size_t field(std::size_t bytes) noexcept { return 1 + aws::varint_size(bytes) + bytes; }
    [[nodiscard]] static std::size_t number(std::uint64_t value) noexcept { return 1 + aws::varint_size(value); }

    template <class Record>
    [[nodiscard]] Fit fit(const Record& record, const KeyTable::Place& key) const {
        Fit its;
        its.key = key;
        its.message = number(key.index) + field(record.data.size());
        its.whole = bytes_ + (key.known ? 0 : field(record.partition_key.size()));
        if (!record.explicit_hash_key.empty()) {
            its.hash_key = hash_keys_.find(record.explicit_hash_key);
            its.message += number(its.hash_key.index);
            its.whole += its.hash_key.known ? 0 : field(record.explicit_hash_key.size());
        }
        for (const auto& header : record.headers) its.message += field(tag(header));
        its.whole += field(its.message);
        return its;
    }

    template <class Record>
    void add_to_known_key(const Record& record, const Fit& its) {
        if (!record.explicit_hash_key.empty()) hash_keys_.use(its.hash_key, record.explicit_hash_key);
        ++records_;
        bytes_ = its.whole;
    }

    KeyTable keys_;
    KeyTable hash_keys_;
    std::size_t records_ = 0;
    std::size_t bytes_ = aggregate::overhead;
};

} // namespace sluice::kinesis
