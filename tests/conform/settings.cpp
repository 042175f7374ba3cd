#include "adapter.hpp"
#include "cases.hpp"

#include <sluice/aws/settings.hpp>

namespace conform {
namespace {

using namespace sluice;

json::object configured_url(const json::object& in) {
    const auto& client = in.at("client").as_object();
    Options options;
    if (const auto* ignore = client.if_contains("ignore_configured_endpoint_urls")) {
        options.ignore_configured_endpoints = ignore->as_bool();
    }
    aws::EndpointParameters code;
    code.custom = text(client, "endpoint_url");
    const auto settings = aws::Settings::read(options, machine_of(in));
    json::object out;
    out["url"] = accepted(settings.endpoint(service_of(text(in, "service")), code)).endpoint.url;
    return out;
}

} // namespace

void add_settings(Operations& operations) { operations["endpoint.configured_url"] = configured_url; }

} // namespace conform
