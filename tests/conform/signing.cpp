#include "adapter.hpp"

#include <sluice/aws/sigv4.hpp>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>

namespace conform {
namespace {

using namespace sluice;

/// `2015-08-30T12:36:00Z`.
wall_time time_of(const std::string& text) {
    const auto part = [&text](std::size_t from, std::size_t digits) { return std::stoi(text.substr(from, digits)); };
    namespace chrono = std::chrono;
    const chrono::sys_days day = chrono::year(part(0, 4)) / part(5, 2) / part(8, 2);
    return day + chrono::hours(part(11, 2)) + chrono::minutes(part(14, 2)) + chrono::seconds(part(17, 2));
}

HttpRequest request_of(const json::object& in) {
    HttpRequest request(text(in, "method"), "");
    for (const auto& header : in.at("headers").as_array()) {
        const auto& pair = header.as_array();
        request.headers.emplace_back(std::string(pair[0].as_string()), std::string(pair[1].as_string()));
    }
    request.url = "https://" + std::string(find_header(request.headers, "Host")) + text(in, "target");
    request.body = std::make_shared<const std::string>(bytes(in, "body_b64"));
    return request;
}

Secrets secrets_of(const json::object& in) {
    return Secrets(text(in, "access_key_id"), Secret(text(in, "secret_access_key")), Secret(text(in, "session_token")));
}

std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escape = text[i] == '%' && i + 2 < text.size();
        out += escape ? static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16)) : text[i];
        if (escape) i += 2;
    }
    return out;
}

json::array query_of(std::string_view url) {
    json::array pairs;
    for (auto rest = aws::UrlParts(url).query; !rest.empty();) {
        auto value = aws::next_piece(rest, '&');
        const auto name = aws::next_piece(value, '=');
        pairs.push_back(json::array{json::string(unescaped(name)), json::string(unescaped(value))});
    }
    return pairs;
}

json::object sign(const json::object& in) {
    auto request = request_of(in);
    const auto secrets = secrets_of(in.at("credentials").as_object());
    const auto region = text(in, "region");
    const auto service = text(in, "service");
    const auto now = time_of(text(in, "time"));
    aws::SigningRules rules;
    rules.path = aws::PathRules(flag(in, "normalize_path"), flag(in, "double_encode_path"));
    rules.sign_body = flag(in, "sign_body");
    rules.omit_session_token = flag(in, "omit_session_token");

    aws::Signer signer;
    json::object out;
    if (text(in, "mode") == "query") {
        const std::chrono::seconds expires(number<int>(in, "expires_in"));
        const auto url = accepted(signer.presign(request, secrets, region, service, now, expires, rules));
        out["query"] = query_of(url);
        out["signature"] = url.substr(url.size() - 64);
    } else {
        signer.sign(request, secrets, region, service, now, rules);
        const std::string line(find_header(request.headers, "Authorization"));
        out["authorization"] = line;
        out["signature"] = line.substr(line.size() - 64);
    }
    out["canonical_request"] = signer.last_canonical_text();
    out["string_to_sign"] = signer.last_string_to_sign();
    return out;
}

} // namespace

void add_signing(Operations& operations) { operations["sigv4.sign"] = sign; }

} // namespace conform
