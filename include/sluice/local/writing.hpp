#pragma once

#include <sluice/kinesis/hash_key.hpp>
#include <sluice/kinesis/limits.hpp>
#include <sluice/local/calls.hpp>
#include <sluice/local/checks.hpp>
#include <sluice/local/settings.hpp>
#include <sluice/local/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::local {

/// Whether an entry fails although nothing is wrong with it, and how; for the fault script. None: it does not.
using Judge = std::function<std::optional<Failure>(std::size_t entry, const Shard& shard)>;

/// PutRecord and PutRecords on one stream.
class Writer {
public:
    Writer(Stream& stream, const Settings& settings) : stream_(stream), settings_(settings) {}

    /// One entry. What would be an entry's failure in `put_all` is the call's.
    [[nodiscard]] Reply<PutResult> put(PutEntry entry, Moment now, const Judge& judge) {
        Checks checks;
        check(entry, "", checks);
        if (auto failure = checks.failure()) return *std::move(failure);
        auto key = hash_key(entry);
        if (!key) return key.error();
        auto placed = place(0, std::move(entry), *key, now, judge);
        if (placed.taken()) return placed;
        if (placed.failure->code == "InternalFailure") placed.failure->status = 500;
        return *std::move(placed.failure);
    }

    /// All entries: those that the request's own limits refuse fail the whole call, others one by one.
    [[nodiscard]] Reply<std::vector<PutResult>> put_all(std::vector<PutEntry> entries, Moment now, const Judge& judge) {
        if (auto failure = check_all(entries)) return *std::move(failure);
        std::vector<HashKey> keys;
        keys.reserve(entries.size());
        for (const auto& entry : entries) {
            auto key = hash_key(entry);
            if (!key) return key.error();
            keys.push_back(*key);
        }
        std::vector<PutResult> results;
        results.reserve(entries.size());
        for (std::size_t i = 0; i < entries.size(); ++i) {
            results.push_back(place(i, std::move(entries[i]), keys[i], now, judge));
        }
        return results;
    }

private:
    static std::optional<Failure> too_large() {
        return Failure("InvalidArgumentException", "Records size exceeds 10 MB limit");
    }

    [[nodiscard]] std::optional<Failure> check_all(const std::vector<PutEntry>& entries) const {
        Checks checks;
        if (entries.empty()) checks.wrong("[]", "records", "Member must have length greater than or equal to 1");
        if (entries.size() > kinesis::limits::request_records) {
            checks.wrong("[" + std::to_string(entries.size()) + " entries]", "records",
                         "Member must have length less than or equal to 500");
            return checks.failure();
        }
        std::uint64_t bytes = 0;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            check(entries[i], "records." + std::to_string(i + 1) + ".member.", checks);
            bytes += entries[i].data.size() + entries[i].partition_key.size();
        }
        if (auto failure = checks.failure()) return failure;
        return bytes > kinesis::limits::request_bytes ? too_large() : std::nullopt;
    }

    void check(const PutEntry& entry, const std::string& path, Checks& checks) const {
        checks.length(entry.partition_key, path + "partitionKey", 1, kinesis::limits::partition_key_characters);
        if (entry.explicit_hash_key)
            checks.decimal(*entry.explicit_hash_key, path + "explicitHashKey", kinesis::limits::hash_key_digits);
        const auto most = static_cast<std::uint64_t>(stream_.max_record_kib) << 10U;
        if (entry.data.size() + entry.partition_key.size() > most) {
            checks.wrong("[" + std::to_string(entry.data.size()) + " bytes]", path + "data",
                         "Member must have length less than or equal to " + std::to_string(most));
        }
    }

    static Reply<HashKey> hash_key(const PutEntry& entry) {
        if (!entry.explicit_hash_key) return kinesis::hash_of(entry.partition_key);
        if (auto key = HashKey::parse(*entry.explicit_hash_key)) return *key;
        return Failure("InvalidArgumentException", "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, "
                                                   "2^128-1]. Specified value was " +
                                                       *entry.explicit_hash_key);
    }

    PutResult place(std::size_t i, PutEntry entry, HashKey key, Moment now, const Judge& judge) {
        Shard& shard = stream_.shard_for(key);
        if (judge) {
            if (auto failure = judge(i, shard)) return PutResult::failed(*std::move(failure));
        }
        StoredRecord record(std::move(entry.partition_key), std::move(entry.data), now.wall);
        if (!shard.writes.take(record.size(), settings_.limits, now.steady)) {
            return PutResult::failed(rate_exceeded(stream_.name, shard.id(), settings_));
        }
        const auto place = shard.append(std::move(record));
        shard.trim(stream_.horizon(now.wall), settings_.retention_bytes);
        return PutResult(shard.id(), shard.numbers.at(place));
    }

    Stream& stream_;
    const Settings& settings_;
};

} // namespace sluice::local
