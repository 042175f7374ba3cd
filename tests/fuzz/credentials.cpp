#include "fuzz.hpp"

#include <sluice/credentials/document.hpp>
#include <sluice/credentials/process.hpp>
#include <sluice/credentials/sso_token.hpp>
#include <sluice/sts/replies.hpp>

using namespace sluice;

/// What endpoints of this host, programs, STS and the sign-in portal answer, and what the file of a sign-in holds:
/// whoever reads credentials has all of them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(data, size);
    if (const auto document = parse_credentials_document(text); document && document->success()) {
        demand(!document->secrets.secret_access_key.empty() && document->secrets.expires.has_value());
    }
    if (const auto secrets = sts::parse_credentials(text)) {
        demand(!secrets->secret_access_key.empty() && secrets->expires.has_value());
    }
    if (const auto secrets = parse_process_output(text)) {
        demand(!secrets->access_key_id.empty() && !secrets->secret_access_key.empty());
    }
    if (const auto secrets = parse_role_credentials(text)) demand(secrets->expires.has_value());
    if (const auto token = parse_sso_token(text)) {
        const auto again = parse_sso_token(write_sso_token(*token, text));
        demand(again && again->access_token == token->access_token && again->refresh_token == token->refresh_token);
        const auto renewed = renewed_sso_token(*token, text, token->expires);
        demand(!renewed || !renewed->access_token.empty());
    }
    return 0;
}
