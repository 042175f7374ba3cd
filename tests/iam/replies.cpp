#include <sluice/iam/replies.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace sluice;

namespace {

std::string reply(const std::string& operation, const std::string& inside) {
    return "<" + operation + "Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><" + operation +
           "Result><Role>" + inside + "</Role></" + operation + "Result></" + operation + "Response>";
}

const std::string name = "<RoleName>r1</RoleName>";
const std::string arn = "<Arn>arn:aws:iam::123456789012:role/r1</Arn>";
const std::string policy = "<AssumeRolePolicyDocument>%7B%22a%22%3A1%7D</AssumeRolePolicyDocument>";

} // namespace

TEST_CASE("a role is read, its policy decoded") {
    for (const std::string operation : {"GetRole", "CreateRole"}) {
        const auto role = iam::parse_role(reply(operation, name + "<RoleId>AROA1</RoleId>" + arn + policy));
        REQUIRE(role.has_value());
        CHECK(role->name == "r1");
        CHECK(role->arn == "arn:aws:iam::123456789012:role/r1");
        CHECK(role->id == "AROA1");
        CHECK(role->assume_role_policy == R"({"a":1})");
    }
    CHECK(iam::parse_role(reply("CreateRole", name + arn)).value().assume_role_policy.empty());
}

TEST_CASE("a role that lacks something is none") {
    CHECK(iam::parse_role(reply("GetRole", name)).error() == error::malformed);
    CHECK(iam::parse_role(reply("GetRole", arn)).error() == error::malformed);
    CHECK(iam::parse_role(reply("GetUser", name + arn)).error() == error::malformed);
    CHECK(iam::parse_role("<Role>" + name + arn + "</Role>").error() == error::malformed);
    CHECK(iam::parse_role("").error() == error::malformed);
    const std::string wrong = "<AssumeRolePolicyDocument>%7</AssumeRolePolicyDocument>";
    CHECK(iam::parse_role(reply("GetRole", name + arn + wrong)).error() == error::malformed);
}
