#include "fuzz.hpp"

#include <sluice/aws/cbor.hpp>

#include <string>

using namespace sluice::aws;

/// What was understood is written and read again as the same value; NaN is like no other.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto value = decode_cbor(text_of(data, size));
    if (!value) return 0;
    std::string once;
    encode_cbor(once, *value);
    const auto again = decode_cbor(once);
    demand(again.has_value());
    std::string twice;
    encode_cbor(twice, *again);
    demand(once == twice);
    return 0;
}
