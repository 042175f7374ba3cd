#include "adapter.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <exception>
#include <iostream>
#include <string>

namespace {

using namespace conform;

json::object answer(const Operations& operations, const json::object& question) {
    json::object reply;
    reply["id"] = question.at("id");
    try {
        const auto operation = operations.find(std::string(question.at("op").as_string()));
        if (operation == operations.end()) throw Unsupported();
        reply["out"] = operation->second(question.at("in").as_object());
        reply["ok"] = true;
    } catch (const Unsupported&) {
        reply["unsupported"] = true;
    } catch (const Refused& refused) {
        json::object error;
        error["code"] = "refused";
        error["message"] = refused.what();
        reply["ok"] = false;
        reply["error"] = std::move(error);
    }
    return reply;
}

} // namespace

/// Answers one line for each line; every other exception is a fault of the adapter, and ends it.
int main() {
    Operations operations;
    add_aggregates(operations);
    add_cbor(operations);
    add_credentials(operations);
    add_dates(operations);
    add_dynamodb(operations);
    add_errors(operations);
    add_event_stream(operations);
    add_kinesis(operations);
    add_profiles(operations);
    add_endpoints(operations);
    add_settings(operations);
    add_repository(operations);
    add_retry(operations);
    add_signing(operations);
    add_xml(operations);

    json::parse_options deep;
    deep.max_depth = 256;
    std::ios::sync_with_stdio(false);
    for (std::string line; std::getline(std::cin, line);) {
        const auto question = json::parse(line, {}, deep);
        std::cout << json::serialize(answer(operations, question.as_object())) << std::endl;
    }
}
