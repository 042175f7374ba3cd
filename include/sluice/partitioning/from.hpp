#pragma once

#include <sluice/kinesis/validate.hpp>
#include <sluice/partitioning/partitioning.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace sluice {

/// What `KeyFrom` takes: a value that, called with a `const RecordView&`, gives the key as a text, or as
/// `result<std::string>`.
template <class F>
concept KeyCallable =
    std::move_constructible<F> && std::invocable<F&, const RecordView&> &&
    (std::convertible_to<std::invoke_result_t<F&, const RecordView&>, std::string_view> ||
     std::same_as<std::remove_cvref_t<std::invoke_result_t<F&, const RecordView&>>, result<std::string>>);

/// The key that a callable of the user gives: `KeyFrom([](const RecordView& record) { return host_of(record.data); })`.
///
/// It is called as a partitioning is: within the put, on whichever thread that is, one call at a time, while no other
/// record can be put. So it is quick, and does not use its producer, which would wait for itself. A key that is none
/// is refused (`partition_key_empty`, `partition_key_too_long`, `not_utf8`), and what it throws refuses the record.
template <KeyCallable F>
class KeyFrom {
public:
    using policy_kind = kind::partitioning;

    explicit KeyFrom(F callable) : callable_(std::move(callable)) {}

    [[nodiscard]] error_code key(const RecordView& record, std::uint64_t, std::string& key) {
        if constexpr (std::convertible_to<std::invoke_result_t<F&, const RecordView&>, std::string_view>) {
            return use(std::invoke(callable_, record), key);
        } else {
            const result<std::string>& given = std::invoke(callable_, record);
            return given ? use(*given, key) : given.error();
        }
    }

private:
    [[nodiscard]] static error_code use(std::string_view chosen, std::string& key) {
        if (const auto invalid = kinesis::check_partition_key(chosen)) return invalid;
        key += chosen;
        return {};
    }

    F callable_;
};

} // namespace sluice
