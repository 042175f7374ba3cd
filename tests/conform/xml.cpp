#include "adapter.hpp"

#include <sluice/aws/xml.hpp>
#include <sluice/iam/replies.hpp>
#include <sluice/s3/list.hpp>
#include <sluice/sts/replies.hpp>

#include <chrono>

namespace conform {
namespace {

using namespace sluice;

json::array branch(const aws::XmlElement& element) {
    json::array pair{json::string(element.name)};
    if (element.children.empty()) {
        pair.emplace_back(element.text);
        return pair;
    }
    json::array children;
    for (const auto& child : element.children) children.push_back(branch(child));
    pair.push_back(std::move(children));
    return pair;
}

json::object tree(const json::object& in) {
    json::object out;
    out["tree"] = branch(accepted(aws::parse_xml(text(in, "xml"))));
    return out;
}

json::object list(const json::object& in) {
    const auto page = accepted(s3::parse_list(text(in, "xml")));
    json::array contents;
    for (const auto& object : page.objects) {
        json::object entry;
        entry["key"] = object.key;
        entry["size"] = object.size;
        entry["etag"] = object.etag;
        contents.push_back(std::move(entry));
    }
    json::array prefixes;
    for (const auto& prefix : page.common_prefixes) prefixes.emplace_back(prefix);
    json::object out;
    out["is_truncated"] = !page.next_token.empty();
    if (!page.next_token.empty()) out["next_continuation_token"] = page.next_token;
    out["contents"] = std::move(contents);
    out["common_prefixes"] = std::move(prefixes);
    return out;
}

json::object credentials(const json::object& in) {
    const auto secrets = accepted(sts::parse_credentials(text(in, "xml")));
    json::object out;
    out["access_key_id"] = secrets.access_key_id;
    out["secret_access_key"] = secrets.secret_access_key.reveal();
    out["session_token"] = secrets.session_token.reveal();
    out["expiration_ms"] =
        std::chrono::floor<std::chrono::milliseconds>(secrets.expires.value().time_since_epoch()).count();
    if (!secrets.account_id.empty()) out["account_id"] = secrets.account_id;
    return out;
}

json::object caller_identity(const json::object& in) {
    const auto identity = accepted(sts::parse_caller_identity(text(in, "xml")));
    json::object out;
    out["account"] = identity.account;
    out["arn"] = identity.arn;
    return out;
}

json::object role(const json::object& in) {
    const auto told = accepted(iam::parse_role(text(in, "xml")));
    json::object out;
    out["role_name"] = told.name;
    out["arn"] = told.arn;
    out["assume_role_policy"] = told.assume_role_policy;
    return out;
}

} // namespace

void add_xml(Operations& operations) {
    operations["xml.tree"] = tree;
    operations["s3.parse_list"] = list;
    operations["sts.parse_credentials"] = credentials;
    operations["sts.parse_caller_identity"] = caller_identity;
    operations["iam.parse_role"] = role;
}

} // namespace conform
