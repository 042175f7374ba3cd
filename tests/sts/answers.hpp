#pragma once

#include <string>
#include <string_view>

/// What STS says to whoever may act in a role until 2026-01-02T04:04:05Z.
inline std::string assumed(std::string_view operation, std::string_view access_key_id) {
    const std::string name(operation);
    std::string text = "<" + name + R"(Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><)" + name + "Result>";
    text.append("<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn>")
        .append("<AssumedRoleId>AROA:s</AssumedRoleId></AssumedRoleUser><Credentials><AccessKeyId>")
        .append(access_key_id)
        .append("</AccessKeyId><SecretAccessKey>role-key</SecretAccessKey><SessionToken>role-token</SessionToken>")
        .append("<Expiration>2026-01-02T04:04:05Z</Expiration></Credentials></" + name + "Result></" + name)
        .append("Response>");
    return text;
}

/// How STS refuses.
inline std::string refused(std::string_view code, std::string_view message) {
    std::string text = R"(<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>)";
    return text.append("<Code>").append(code).append("</Code><Message>").append(message).append(
        "</Message></Error><RequestId>r</RequestId></ErrorResponse>");
}
