#pragma once

#include <sluice/aws/percent.hpp>
#include <sluice/aws/xml.hpp>
#include <sluice/error.hpp>

#include <string>
#include <string_view>
#include <utility>

/// What IAM answers (AWS Identity and Access Management API reference, 2010-05-08). What lacks something that the
/// service always tells is `error::malformed`.
namespace sluice::iam {

/// A role, and who may take it.
class Role {
public:
    Role() = default;

    std::string name;
    std::string arn;
    std::string id;
    std::string assume_role_policy; ///< JSON.
};

/// The role in the answer to GetRole or CreateRole.
[[nodiscard]] inline result<Role> parse_role(std::string_view xml) {
    const auto root = aws::parse_xml(xml);
    if (!root) return root.error();
    if (root->name != "GetRoleResponse" && root->name != "CreateRoleResponse") return error::malformed;
    const auto& told = (*root)[root->name == "GetRoleResponse" ? "GetRoleResult" : "CreateRoleResult"]["Role"];
    auto policy = aws::decode_percent(told["AssumeRolePolicyDocument"].text);
    if (!policy) return policy.error();
    Role role;
    role.name = told["RoleName"].text;
    role.arn = told["Arn"].text;
    role.id = told["RoleId"].text;
    role.assume_role_policy = *std::move(policy);
    if (role.name.empty() || role.arn.empty()) return error::malformed;
    return role;
}

} // namespace sluice::iam
