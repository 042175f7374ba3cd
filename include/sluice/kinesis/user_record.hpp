#pragma once

#include <sluice/record.hpp>

#include <string_view>
#include <utility>
#include <vector>

namespace sluice::kinesis {

/// What a user put, as it goes into a Kinesis record, alone or with others, and comes out of it. All of it lies in
/// somebody else's memory.
class UserRecord {
public:
    UserRecord() = default;
    UserRecord(std::string_view key, std::string_view hash_key, std::string_view bytes,
               std::vector<HeaderView> its_headers = {})
        : partition_key(key), explicit_hash_key(hash_key), data(bytes), headers(std::move(its_headers)) {}

    std::string_view partition_key;
    std::string_view explicit_hash_key; ///< Decimal; empty: none.
    std::string_view data;
    std::vector<HeaderView> headers;

    friend bool operator==(const UserRecord&, const UserRecord&) = default;
};

} // namespace sluice::kinesis
