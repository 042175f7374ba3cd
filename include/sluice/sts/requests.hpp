#pragma once

#include <sluice/aws/query.hpp>
#include <sluice/secrets.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

/// What STS is asked (AWS Security Token Service API reference, 2011-06-15).
namespace sluice::sts {

inline constexpr std::string_view api_version = "2011-06-15";

/// A role to act in.
class Role {
public:
    Role() = default;
    explicit Role(std::string its_arn) : arn(std::move(its_arn)) {}

    std::string arn;          ///< `arn:aws:iam::123456789012:role/name`
    std::string session_name; ///< Shown in audit logs; 2 to 64 of `[\w+=,.@-]`. Empty: one is made up.
    std::string external_id;  ///< What the role's owner demands of third parties. May be empty.
    std::string policy;       ///< JSON that narrows what the session may do. May be empty.
    std::chrono::seconds duration{3'600}; ///< 900 to 43,200; at most an hour for a role taken on from a role.
};

/// A role to act in for somebody who has a token of another identity provider, as pods on EKS have.
class WebIdentity {
public:
    WebIdentity() = default;
    WebIdentity(std::string its_role_arn, Secret its_token)
        : role_arn(std::move(its_role_arn)), token(std::move(its_token)) {}

    std::string role_arn;
    Secret token;
    std::string session_name; ///< As in `Role`.
    std::chrono::seconds duration{3'600};
};

/// The form that asks for a role's credentials.
[[nodiscard]] inline std::string encode(const Role& role) {
    aws::QueryWriter form("AssumeRole", api_version);
    form.text("RoleArn", role.arn);
    form.text("RoleSessionName", role.session_name);
    form.number("DurationSeconds", role.duration.count());
    if (!role.external_id.empty()) form.text("ExternalId", role.external_id);
    if (!role.policy.empty()) form.text("Policy", role.policy);
    return std::move(form).body();
}

[[nodiscard]] inline std::string encode(const WebIdentity& identity) {
    aws::QueryWriter form("AssumeRoleWithWebIdentity", api_version);
    form.text("RoleArn", identity.role_arn);
    form.text("RoleSessionName", identity.session_name);
    form.text("WebIdentityToken", identity.token.reveal());
    form.number("DurationSeconds", identity.duration.count());
    return std::move(form).body();
}

} // namespace sluice::sts
