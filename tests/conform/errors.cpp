#include "adapter.hpp"

#include <sluice/aws/service_error.hpp>
#include <sluice/transport/transport.hpp>

namespace conform {
namespace {

using namespace sluice;

/// What each protocol's services say of their bodies; a case may lack it.
std::string_view content_type(std::string_view protocol) {
    if (protocol == "cbor") return "application/cbor";
    return protocol == "xml" ? "text/xml" : "application/x-amz-json-1.1";
}

json::object parse(const json::object& in) {
    HttpResponse response;
    response.status = number<int>(in, "status");
    for (const auto& [name, value] : in.at("headers").as_object()) {
        response.headers.emplace_back(std::string(name), std::string(value.as_string()));
    }
    if (find_header(response.headers, "Content-Type").empty()) {
        response.headers.emplace_back("Content-Type", std::string(content_type(text(in, "protocol"))));
    }
    response.body = bytes(in, "body_b64");
    const auto failure = aws::parse_service_error(response);
    json::object out;
    out["code"] = failure.code;
    out["message"] = failure.message;
    out["request_id"] = failure.request_id;
    return out;
}

} // namespace

void add_errors(Operations& operations) { operations["error.parse"] = parse; }

} // namespace conform
