#pragma once

#include <sluice/aws/json_reader.hpp>
#include <sluice/aws/json_writer.hpp>
#include <sluice/aws/reply_reader.hpp>
#include <sluice/error.hpp>

#include <string>
#include <string_view>

namespace sluice::aws {

/// The body of a call in AWS JSON: a map of what `request.write(out)` puts into it.
template <class Request>
[[nodiscard]] std::string encode_json(const Request& request) {
    std::string body;
    JsonWriter out(body);
    out.begin_map();
    request.write(out);
    out.end_map();
    return body;
}

/// What the body of a 200 answer in AWS JSON says, as `reply.read(in)` takes it; `error::response_invalid` if that is
/// not what the service documents.
template <class Reply>
[[nodiscard]] result<Reply> decode_json(std::string_view body) {
    Reply reply;
    ReplyReader<JsonReader> in(body);
    if (!reply.read(in)) return error::response_invalid;
    return reply;
}

} // namespace sluice::aws
