#pragma once

#include "adapter.hpp"

#include <sluice/aws/machine.hpp>
#include <sluice/aws/process.hpp>
#include <sluice/aws/service.hpp>
#include <sluice/kinesis/replies.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What the cases of several operations have in common.
namespace conform {

/// The environment of a case.
[[nodiscard]] inline sluice::aws::Environment environment_of(const json::object& in) {
    std::map<std::string, std::string, std::less<>> variables;
    if (const auto* given = in.if_contains("env")) {
        for (const auto& [name, value] : given->as_object()) variables[name] = value.as_string();
    }
    return [variables](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
}

/// Environment and files of a case; programs are real, names are not resolved but for this host's.
[[nodiscard]] inline sluice::aws::Machine machine_of(const json::object& in) {
    sluice::aws::Machine machine(environment_of(in));
    std::map<std::string, std::string> files;
    if (const auto* given = in.if_contains("files")) {
        for (const auto& [path, content] : given->as_object()) files[path] = content.as_string();
    }
    machine.read_file = [files](const std::string& path) -> sluice::result<std::string> {
        const auto found = files.find(path);
        if (found == files.end()) return make_error_code(boost::system::errc::no_such_file_or_directory);
        return found->second;
    };
    machine.write_file = [](const std::string&, const std::string&) { return sluice::error_code(); };
    machine.run = [](std::string command, std::chrono::milliseconds patience) {
        return sluice::aws::run_command(std::move(command), patience);
    };
    return machine;
}

/// The service that a case names.
[[nodiscard]] inline sluice::aws::Service service_of(const std::string& name) {
    for (const auto& [known, service] : std::map<std::string, sluice::aws::Service>{
             {"kinesis", sluice::aws::Service::kinesis},
             {"firehose", sluice::aws::Service::firehose},
             {"dynamodb", sluice::aws::Service::dynamodb},
             {"dynamodbstreams", sluice::aws::Service::dynamodb_streams},
             {"s3", sluice::aws::Service::s3},
             {"sts", sluice::aws::Service::sts},
             {"iam", sluice::aws::Service::iam},
             {"kms", sluice::aws::Service::kms},
             {"cloudwatch", sluice::aws::Service::cloudwatch},
             {"sso", sluice::aws::Service::sso},
             {"sso-oidc", sluice::aws::Service::sso_oidc},
         }) {
        if (name == known) return service;
    }
    throw Unsupported();
}

/// Records as the answers show them.
[[nodiscard]] inline json::array told_records(const std::vector<sluice::kinesis::StreamRecord>& page) {
    json::array records;
    for (const auto& record : page) {
        json::object entry;
        entry["sequence_number"] = record.sequence_number;
        entry["partition_key"] = record.partition_key;
        entry["data_b64"] = base64(record.data);
        if (record.arrival) {
            entry["arrival_ms"] =
                std::chrono::floor<std::chrono::milliseconds>(record.arrival->time_since_epoch()).count();
        }
        records.push_back(std::move(entry));
    }
    return records;
}

} // namespace conform
