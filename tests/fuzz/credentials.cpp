#include "fuzz.hpp"

#include <sluice/credentials/document.hpp>
#include <sluice/sts/replies.hpp>

using namespace sluice;

/// What endpoints of this host and STS answer: whoever reads credentials has all of them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(data, size);
    if (const auto document = parse_credentials_document(text); document && document->success()) {
        demand(!document->secrets.access_key_id.empty() && !document->secrets.secret_access_key.empty());
    }
    if (const auto secrets = sts::parse_credentials(text)) {
        demand(!secrets->secret_access_key.empty() && secrets->expires.has_value());
    }
    return 0;
}
