#include "adapter.hpp"
#include "cases.hpp"

#include <sluice/aws/endpoint_rules.hpp>

#include <string>

namespace conform {
namespace {

using namespace sluice;

void read_account(aws::EndpointParameters& parameters, const json::object& in) {
    if (in.contains("AccountId")) parameters.account_id = text(in, "AccountId");
    const auto mode = text(in, "AccountIdEndpointMode");
    if (mode == "disabled") parameters.account_endpoints = aws::AccountEndpoints::disabled;
    if (mode == "required") parameters.account_endpoints = aws::AccountEndpoints::required;
}

void read_arns(aws::EndpointParameters& parameters, const json::object& in) {
    for (const auto* name : {"StreamARN", "ConsumerARN", "ResourceARN", "ResourceArn"}) {
        if (in.contains(name)) parameters.arns.push_back(text(in, name));
    }
    if (const auto* list = in.if_contains("ResourceArnList"); list != nullptr && !list->as_array().empty()) {
        parameters.arns.emplace_back(list->as_array().front().as_string());
    }
    if (!in.contains("OperationType")) return;
    const bool data = text(in, "OperationType") == "data";
    parameters.operation_type = data ? aws::OperationType::data : aws::OperationType::control;
}

json::object resolve(const json::object& in) {
    const auto& given = in.at("params").as_object();
    aws::EndpointParameters parameters(text(given, "Region"));
    parameters.fips = flag(given, "UseFIPS");
    parameters.dual_stack = flag(given, "UseDualStack");
    parameters.custom = text(given, "Endpoint");
    parameters.bucket = text(given, "Bucket");
    parameters.path_style = flag(given, "ForcePathStyle");
    read_account(parameters, given);
    read_arns(parameters, given);
    const auto resolved = accepted(aws::resolve_endpoint(service_of(text(in, "service")), parameters));
    json::object out;
    out["url"] = resolved.endpoint.url;
    out["signing_region"] = resolved.signing_region;
    out["signing_name"] = resolved.signing_name;
    return out;
}

} // namespace

void add_endpoints(Operations& operations) { operations["endpoint.resolve"] = resolve; }

} // namespace conform
