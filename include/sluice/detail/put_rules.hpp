#pragma once

#include <sluice/error.hpp>
#include <sluice/kinesis/validate.hpp>
#include <sluice/record.hpp>

#include <cstddef>

namespace sluice::detail {

/// What a put may look like, by the options and the other policies.
class PutRules {
public:
    /// What is wrong with a record, as far as it can be told before it has a key.
    [[nodiscard]] error_code check(const RecordView& record) const {
        if (!record.headers.empty() && !headers) return error::headers_need_aggregate;
        if (record.partition_key) {
            if (const auto invalid = kinesis::check_partition_key(*record.partition_key)) return invalid;
        }
        if (const auto invalid = kinesis::check_hash_key(record.explicit_hash_key)) return invalid;
        const auto key = record.partition_key ? record.partition_key->size() : 0;
        return check_size(record.data.size(), key);
    }

    [[nodiscard]] error_code check_size(std::size_t data, std::size_t key) const {
        return kinesis::check_record_size(data, key, max_record);
    }

    std::size_t max_record = 1U << 20U; ///< Data and key.
    bool headers = false;               ///< Whether the batching carries them.
};

} // namespace sluice::detail
