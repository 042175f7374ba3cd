#include "fuzz.hpp"

#include <sluice/aws/arn.hpp>
#include <sluice/aws/endpoint_rules.hpp>
#include <sluice/aws/sigv4.hpp>
#include <sluice/credentials/container.hpp>

#include <string>

using namespace sluice;

/// Endpoints that somebody configured: what is taken has one form, and a host that can stand in a header.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(data, size);
    if (const auto endpoint = aws::parse_endpoint(text)) {
        demand(aws::parse_endpoint(endpoint->url) == endpoint);
        demand(!endpoint->host.empty() && endpoint->host.find_first_of(" \r\n@/?#%") == std::string::npos);
        demand(aws::host_header(endpoint->url) == endpoint->host);
    }
    aws::EndpointParameters parameters("eu-west-1");
    parameters.arns.emplace_back(text);
    parameters.operation_type = aws::OperationType::data;
    if (const auto where = aws::resolve_endpoint(aws::Service::kinesis, parameters)) {
        demand(where->endpoint.url.ends_with(".data-kinesis.eu-west-1.amazonaws.com"));
    }
    const auto url = container_endpoint([&](std::string_view name) -> std::optional<std::string> {
        if (name == "AWS_CONTAINER_CREDENTIALS_FULL_URI") return std::string(text);
        return std::nullopt;
    });
    demand(url || url.error() == error::endpoint_invalid || size == 0);
    return 0;
}
