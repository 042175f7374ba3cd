#include "fuzz.hpp"

#include <sluice/aws/service_error.hpp>
#include <sluice/aws/utf8.hpp>

#include <array>
#include <string>

using namespace sluice;

/// Refusals in any form: there is always a code, nothing is longer or stranger than a log line may be, and no secret
/// gets through.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static constexpr std::array<const char*, 4> types{"application/x-amz-json-1.1", "application/x-amz-cbor-1.1",
                                                      "text/xml", ""};
    if (size == 0) return 0;
    HttpResponse response(400 + data[0] / 4, std::string(text_of(data + 1, size - 1)));
    response.headers.emplace_back("Content-Type", types.at(data[0] % 4));
    const Secrets secrets("AKID", Secret("SECRET"), Secret("TOKEN"));
    const auto failure = aws::parse_service_error(response, secrets);
    demand(failure.error.failed() && !failure.code.empty());
    for (const auto* text : {&failure.code, &failure.message, &failure.request_id}) {
        demand(text->size() <= aws::ServiceError::max_message && aws::utf8_length(*text).has_value());
        demand(text->find("SECRET") == std::string::npos && text->find("TOKEN") == std::string::npos);
        demand(text->find('\n') == std::string::npos);
    }
    return 0;
}
