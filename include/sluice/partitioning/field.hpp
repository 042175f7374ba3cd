#pragma once

#include <sluice/aws/field_reader.hpp>
#include <sluice/kinesis/validate.hpp>
#include <sluice/partitioning/partitioning.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

/// The value of a field of the data, which is a JSON object: records of one user, or order, stay together.
///
/// Texts are taken as they are, numbers and booleans as they are written: `"42"` and `42` give the same key, `42.0`
/// another. All of the data is read, within the put; of a name that stands twice the last counts, as in JavaScript.
/// Refused are data that is no JSON object, or more than 128 deep (`data_not_json`), a field that is absent, null, an
/// object or an array (`key_field_missing`), and what cannot be a key (`partition_key_empty`,
/// `partition_key_too_long`): HashKey takes fields of any length.
class FieldKey {
public:
    using policy_kind = kind::partitioning;

    /// Names from the outermost, with dots between them (`user.id`, `items.0.sku`), or a JSON Pointer (RFC 6901:
    /// `/user/id`), which can also name what has a dot (`/http.status`).
    ///
    /// Throws `std::invalid_argument` if a name is missing, or a `~` of a pointer means nothing.
    explicit FieldKey(std::string_view path) { fields_.add(path); }

    [[nodiscard]] error_code key(const RecordView& record, std::uint64_t, std::string& key) {
        if (const auto failure = fields_.read(record.data)) return failure;
        const auto value = fields_.value(0);
        if (const auto invalid = kinesis::check_partition_key(value)) return invalid;
        key += value;
        return {};
    }

private:
    aws::FieldReader fields_;
};

} // namespace sluice
