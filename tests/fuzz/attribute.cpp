#include "fuzz.hpp"

#include <sluice/dynamodb/attribute.hpp>

#include <string>

using namespace sluice;

/// Values of DynamoDB: what was read is written and read again as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto value = dynamodb::parse_attribute(text_of(data, size));
    if (!value) return 0;
    std::string once;
    aws::JsonWriter writer(once);
    dynamodb::write_attribute(writer, *value);
    const auto again = dynamodb::parse_attribute(once);
    demand(again.has_value());
    std::string twice;
    aws::JsonWriter other(twice);
    dynamodb::write_attribute(other, *again);
    demand(once == twice);
    return 0;
}
