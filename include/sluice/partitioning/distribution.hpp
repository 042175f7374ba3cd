#pragma once

#include <sluice/kinesis/validate.hpp>
#include <sluice/partitioning/partitioning.hpp>
#include <sluice/partitioning/text_hash.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sluice {

/// `{log_group}-{schema}-{place}-0`: a few keys for the records of one log group and schema.
///
/// The data decides which place a record has, from 0 to `factor` - 1: the same data has the same key, different data
/// spreads evenly over all places, and so does one call that puts many. The last number was that of the attempt in
/// the writer that made the formula; a key is chosen once here, whatever becomes of the requests, and it is 0.
class DistributionKey {
public:
    using policy_kind = kind::partitioning;

    /// Throws `std::invalid_argument` if `factor` is zero, or log group and schema make no key: UTF-8, together up to
    /// about 240 characters.
    DistributionKey(std::string_view log_group, std::string_view schema, std::uint32_t factor) : factor_(factor) {
        ((((front_ += log_group) += '-') += schema) += '-');
        if (factor == 0) throw std::invalid_argument("sluice: DistributionKey needs a factor of at least one");
        const bool fits = !kinesis::check_partition_key(front_ + std::to_string(factor - 1) + "-0");
        if (!fits) throw std::invalid_argument("sluice: DistributionKey needs a log group and a schema of UTF-8, that "
                                               "make a key of at most 256 characters");
    }

    [[nodiscard]] error_code key(const RecordView& record, std::uint64_t, std::string& key) const {
        ((key += front_) += std::to_string(place_of(record.data))) += "-0";
        return {};
    }

private:
    [[nodiscard]] std::uint64_t place_of(std::string_view data) const {
        // Texts that differ in their last letters only have hashes that are near: turned over, so that all bits count
        // (the finalizer of MurmurHash3).
        auto hash = detail::hash_bytes(0, data);
        hash = (hash ^ (hash >> 16U)) * 0x85EB'CA6BU;
        hash = (hash ^ (hash >> 13U)) * 0xC2B2'AE35U;
        hash ^= hash >> 16U;
        return (std::uint64_t{hash} * factor_) >> 32U;
    }

    std::string front_;
    std::uint32_t factor_;
};

} // namespace sluice
