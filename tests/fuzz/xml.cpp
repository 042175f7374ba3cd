#include "fuzz.hpp"

#include <sluice/aws/utf8.hpp>
#include <sluice/aws/xml.hpp>
#include <sluice/s3/list.hpp>

#include <string>

using namespace sluice;

namespace {

std::size_t checked(const aws::XmlElement& element) {
    demand(!element.name.empty() && aws::utf8_length(element.text).has_value());
    std::size_t size = element.name.size() + element.text.size();
    for (const auto& child : element.children) size += checked(child);
    return size;
}

} // namespace

/// Documents, and listings among them: what is read is text, and not larger than what was there.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(data, size);
    const auto root = aws::parse_xml(text);
    if (root) demand(checked(*root) <= size);
    const auto listing = s3::parse_list(text);
    demand(root || !listing);
    return 0;
}
