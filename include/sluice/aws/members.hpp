#pragma once

#include <cstddef>
#include <string_view>

/// Writes members of a map, name and value, into a `JsonWriter` or a `CborWriter`. What is optional is left out if it
/// is empty or zero; everything else is always written.
namespace sluice::aws {

template <class Out>
void write_text(Out& out, std::string_view name, std::string_view value) {
    out.key(name);
    out.text(value);
}

template <class Out>
void write_optional_text(Out& out, std::string_view name, std::string_view value) {
    if (!value.empty()) write_text(out, name, value);
}

template <class Out>
void write_number(Out& out, std::string_view name, std::size_t value) {
    out.key(name);
    out.unsigned_integer(value);
}

template <class Out>
void write_optional_number(Out& out, std::string_view name, std::size_t value) {
    if (value > 0) write_number(out, name, value);
}

template <class Out>
void write_flag(Out& out, std::string_view name, bool value) {
    out.key(name);
    out.boolean(value);
}

} // namespace sluice::aws
