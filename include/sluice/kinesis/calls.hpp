#pragma once

#include <sluice/aws/cbor_writer.hpp>
#include <sluice/aws/json_writer.hpp>
#include <sluice/aws/reply_reader.hpp>
#include <sluice/error.hpp>
#include <sluice/kinesis/requests.hpp>
#include <sluice/options.hpp>

#include <string>
#include <string_view>
#include <type_traits>

namespace sluice::kinesis {

/// The `Content-Type` of requests; answers come in the same (Kinesis speaks awsJson1_1 and the AWS dialect of CBOR).
[[nodiscard]] constexpr std::string_view content_type(Wire wire) noexcept {
    return wire == Wire::json ? "application/x-amz-json-1.1" : "application/x-amz-cbor-1.1";
}

/// The `X-Amz-Target` of an operation.
[[nodiscard]] inline std::string target(std::string_view operation) {
    return std::string("Kinesis_20131202.").append(operation);
}

/// The body of a request.
template <class Request>
[[nodiscard]] std::string encode(const Request& request, Wire wire) {
    std::string body;
    const auto write = [&request](auto out) {
        out.begin_map();
        request.write(out);
        out.end_map();
    };
    wire == Wire::json ? write(aws::JsonWriter(body)) : write(aws::CborWriter(body));
    return body;
}

/// What the body of a 200 answer says; `error::response_invalid` if it is not what the service documents.
template <class Reply>
[[nodiscard]] result<Reply> decode(std::string_view body, Wire wire) {
    Reply reply;
    if constexpr (!std::is_same_v<Reply, Nothing>) {
        const auto read = [&reply](auto in) { return reply.read(in); };
        const bool well = wire == Wire::json ? read(aws::ReplyReader<aws::JsonReader>(body))
                                             : read(aws::ReplyReader<aws::CborReader>(body));
        if (!well) return error::response_invalid;
    }
    return reply;
}

} // namespace sluice::kinesis
