#pragma once

#include <sluice/aws/arn.hpp>
#include <sluice/aws/timestamp.hpp>
#include <sluice/aws/xml.hpp>
#include <sluice/error.hpp>
#include <sluice/secrets.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

/// What STS answers (AWS Security Token Service API reference, 2011-06-15). What lacks something that the service
/// always tells is `error::malformed`.
namespace sluice::sts {

/// Who a request was signed by.
class CallerIdentity {
public:
    CallerIdentity() = default;

    std::string account; ///< Twelve digits.
    std::string arn;
    std::string user_id;
};

namespace detail {

/// The account in an ARN, `arn:aws:sts::123456789012:assumed-role/r/s`, if it is twelve digits; else empty.
[[nodiscard]] inline std::string account_of(std::string_view text) {
    const auto arn = aws::Arn::parse(text);
    const auto account = arn ? arn->account : std::string_view();
    const bool digits = account.find_first_not_of("0123456789") == std::string_view::npos;
    return std::string(digits && account.size() == 12 ? account : std::string_view());
}

} // namespace detail

/// The credentials in the answer to AssumeRole, AssumeRoleWithWebIdentity or GetSessionToken; they end some day.
/// `account_id` is told by the two that assume a role.
[[nodiscard]] inline result<Secrets> parse_credentials(std::string_view xml) {
    static constexpr std::array<std::string_view, 3> operations{"AssumeRole", "AssumeRoleWithWebIdentity",
                                                                "GetSessionToken"};
    const auto root = aws::parse_xml(xml);
    if (!root) return root.error();
    const auto operation = root->name.substr(0, root->name.rfind("Response"));
    const bool known = std::find(operations.begin(), operations.end(), operation) != operations.end();
    if (!known || root->name != operation + "Response") return error::malformed;
    const auto& reply = (*root)[operation + "Result"];
    const auto& told = reply["Credentials"];
    const auto end = aws::parse_iso_date(told["Expiration"].text);
    Secrets secrets(told["AccessKeyId"].text, Secret(told["SecretAccessKey"].text), Secret(told["SessionToken"].text),
                    end);
    if (secrets.access_key_id.empty() || secrets.secret_access_key.empty() || secrets.session_token.empty() || !end) {
        return error::malformed;
    }
    secrets.account_id = detail::account_of(reply["AssumedRoleUser"]["Arn"].text);
    return secrets;
}

/// The answer to GetCallerIdentity.
[[nodiscard]] inline result<CallerIdentity> parse_caller_identity(std::string_view xml) {
    const auto root = aws::parse_xml(xml);
    if (!root) return root.error();
    if (root->name != "GetCallerIdentityResponse") return error::malformed;
    const auto& told = (*root)["GetCallerIdentityResult"];
    CallerIdentity identity;
    identity.account = told["Account"].text;
    identity.arn = told["Arn"].text;
    identity.user_id = told["UserId"].text;
    if (identity.account.empty() || identity.arn.empty()) return error::malformed;
    return identity;
}

} // namespace sluice::sts
