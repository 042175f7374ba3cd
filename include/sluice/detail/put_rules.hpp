#pragma once

#include <sluice/error.hpp>
#include <sluice/kinesis/aggregate_size.hpp>
#include <sluice/kinesis/user_record.hpp>
#include <sluice/kinesis/validate.hpp>
#include <sluice/record.hpp>

#include <cstddef>
#include <string_view>

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
        return check_size(record, record.partition_key.value_or(std::string_view()));
    }

    /// A record with headers is framed, even if it goes alone.
    [[nodiscard]] error_code check_size(const RecordView& record, std::string_view key) const {
        const auto data = record.headers.empty() ? record.data.size() : framed_size(record, key);
        if (data - record.data.size() > max_frame) return error::record_too_large; // data alone can go elsewhere
        return kinesis::check_record_size(data, key.size(), max_record);
    }

    std::size_t max_record = 1U << 20U; ///< Data and key.
    std::size_t max_frame = std::size_t{10} << 20U; ///< Of it, what headers and their framing may take.
    bool headers = false;               ///< Whether the batching carries them.

private:
    [[nodiscard]] static std::size_t framed_size(const RecordView& record, std::string_view key) {
        const kinesis::UserRecord framed(key, record.explicit_hash_key, record.data,
                                         {record.headers.begin(), record.headers.end()});
        return kinesis::AggregateSize().fit(framed).whole;
    }
};

} // namespace sluice::detail
