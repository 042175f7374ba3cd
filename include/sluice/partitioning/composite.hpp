#pragma once

#include <sluice/aws/field_reader.hpp>
#include <sluice/kinesis/limits.hpp>
#include <sluice/kinesis/validate.hpp>
#include <sluice/partitioning/partitioning.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

/// The values of several fields of the data, which is a JSON object: `composite_{first}_{second}...`, in the order of
/// the paths.
///
/// Paths, values and errors are those of FieldKey, but that values may be empty. A value is not told from another that
/// has the same `_` elsewhere: `a_b` and `c` give the key of `a` and `b_c`, and share its shard, no more.
class CompositeKey {
public:
    using policy_kind = kind::partitioning;

    /// Throws `std::invalid_argument` if one is no path.
    template <std::convertible_to<std::string_view>... Paths>
    explicit CompositeKey(std::string_view first, const Paths&... others) {
        fields_.add(first);
        (fields_.add(others), ...);
    }

    /// Throws `std::invalid_argument` if there are none, or one is no path.
    explicit CompositeKey(const std::vector<std::string>& paths) {
        if (paths.empty()) throw std::invalid_argument("sluice: CompositeKey needs at least one path");
        for (const auto& path : paths) fields_.add(path);
    }

    [[nodiscard]] error_code key(const RecordView& record, std::uint64_t, std::string& key) {
        if (const auto failure = fields_.read(record.data)) return failure;
        constexpr std::size_t most_bytes = 4 * kinesis::limits::partition_key_characters;
        key += "composite";
        for (std::size_t i = 0; i < fields_.size(); ++i) {
            const auto value = fields_.value(i);
            if (value.size() > most_bytes) return error::partition_key_too_long;
            (key += '_') += value;
        }
        return kinesis::check_partition_key(key);
    }

private:
    aws::FieldReader fields_;
};

} // namespace sluice
