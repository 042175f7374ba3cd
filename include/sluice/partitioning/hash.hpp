#pragma once

#include <sluice/aws/field_reader.hpp>
#include <sluice/partitioning/partitioning.hpp>
#include <sluice/partitioning/text_hash.hpp>

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sluice {

/// A hash of a field of the data, or of all of it, as a short key: `hash_{|h|}`, where h starts at 0 and becomes
/// `((h << 5) - h) + unit` on 32 bits, for each UTF-16 code unit.
///
/// JavaScript that does so over the same text gives the same key; there bytes that are no UTF-8 read U+FFFD, and here
/// too. Equal texts have equal keys, so that records of one user, or of one long URL, stay together; texts that differ
/// may share a key.
class HashKey {
public:
    using policy_kind = kind::partitioning;

    /// Of all the data, whatever it is.
    HashKey() = default;

    /// Of all the data, and not more than so many different keys: `hash_{|h| % keys}`. Ten times as many as there are
    /// shards, or more, spread over them.
    ///
    /// Throws `std::invalid_argument` if there is no key.
    explicit HashKey(std::uint32_t keys) : keys_(keys) {
        if (keys == 0) throw std::invalid_argument("sluice: HashKey needs at least one key");
    }

    /// Of one field, which is found, read and refused as by FieldKey, but may have any length.
    ///
    /// Throws `std::invalid_argument` if this is no path.
    explicit HashKey(std::string_view path) { fields_.add(path); }

    /// Of one field, and not more than so many different keys.
    ///
    /// Throws `std::invalid_argument` if this is no path, or there is no key.
    HashKey(std::string_view path, std::uint32_t keys) : HashKey(keys) { fields_.add(path); }

    [[nodiscard]] error_code key(const RecordView& record, std::uint64_t, std::string& key) {
        auto text = record.data;
        if (fields_.size() > 0) {
            if (const auto failure = fields_.read(text)) return failure;
            text = fields_.value(0);
        }
        const std::int64_t hash = detail::hash_text(text); // so wide that the least has its opposite, too
        (key += "hash_") += std::to_string((hash < 0 ? -hash : hash) % keys_);
        return {};
    }

private:
    aws::FieldReader fields_; ///< Without one: all the data.
    std::int64_t keys_ = std::numeric_limits<std::int64_t>::max();
};

} // namespace sluice
