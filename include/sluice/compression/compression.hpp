#pragma once

#include <sluice/error.hpp>
#include <sluice/policy.hpp>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

/// What is compressed as one piece.
enum class Scope : std::uint8_t {
    record,    ///< Each record's data, inside an aggregate if there is one: every consumer can still take it apart.
    aggregate, ///< The data of a whole entry: smaller, but only consumers that know of it can read it.
};

/// How payloads are shrunk, when a request is built.
///
/// | expression                   | meaning                                                                          |
/// |------------------------------|----------------------------------------------------------------------------------|
/// | `c.compress(data, scratch)`  | A view of the compressed data, in `scratch` or, if nothing was done, `data` itself. |
/// | `c.scope()`                  | What one call is given.                                                          |
///
/// Called on the producer's strand. Models: NoCompression (default), Gzip, Zstd.
template <class C>
concept Compression = PolicyOf<C, kind::compression> &&
                      requires(C compression, const C constant, std::string_view data, std::string& scratch) {
                          { compression.compress(data, scratch) } -> std::same_as<result<std::string_view>>;
                          { constant.scope() } -> std::same_as<Scope>;
                      };

} // namespace sluice
