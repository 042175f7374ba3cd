#include "fuzz.hpp"

#include <sluice/aws/percent.hpp>
#include <sluice/aws/utf8.hpp>
#include <sluice/aws/xml.hpp>
#include <sluice/iam/replies.hpp>
#include <sluice/s3/list.hpp>
#include <sluice/sts/replies.hpp>

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

/// Documents, and listings, roles and callers among them: what is read is text, and not larger than what was there.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(data, size);
    const auto root = aws::parse_xml(text);
    if (root) demand(checked(*root) <= size);
    const auto listing = s3::parse_list(text);
    demand(root || !listing);
    if (const auto role = iam::parse_role(text)) demand(root && !role->arn.empty());
    if (const auto caller = sts::parse_caller_identity(text)) demand(root && !caller->arn.empty());
    if (const auto decoded = aws::decode_percent(text)) demand(decoded->size() <= size);
    return 0;
}
