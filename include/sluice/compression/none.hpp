#pragma once

#include <sluice/compression/compression.hpp>

namespace sluice {

/// Data is sent as it was put.
class NoCompression {
public:
    using policy_kind = kind::compression;

    [[nodiscard]] result<std::string_view> compress(std::string_view data, std::string&) const { return data; }
    [[nodiscard]] Scope scope() const { return Scope::record; }
};

} // namespace sluice
