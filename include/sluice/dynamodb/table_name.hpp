#pragma once

#include <stdexcept>
#include <string_view>

namespace sluice::dynamodb {

/// Throws `std::invalid_argument` for what cannot be the name of a table (Amazon DynamoDB developer guide, "Naming
/// rules").
inline void require_table_name(std::string_view name) {
    const std::string_view known = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    if (name.size() < 3 || name.size() > 255 || name.find_first_not_of(known) != std::string_view::npos) {
        throw std::invalid_argument("sluice: the name of a table is 3 to 255 of a-z, A-Z, 0-9, '_', '.' and '-'");
    }
}

} // namespace sluice::dynamodb
