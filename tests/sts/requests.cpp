#include <sluice/sts/requests.hpp>

#include <doctest/doctest.h>

#include <chrono>

using namespace sluice;

TEST_CASE("a role is asked for with what is known of it") {
    sts::Role role("arn:aws:iam::123456789012:role/a+b");
    role.session_name = "me@host";
    CHECK(sts::encode(role) == "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole"
                               "%2Fa%2Bb&RoleSessionName=me%40host&DurationSeconds=3600");
    role.external_id = "x y";
    role.policy = "{}";
    role.duration = std::chrono::minutes(15);
    const auto form = sts::encode(role);
    CHECK(form.ends_with("&DurationSeconds=900&ExternalId=x%20y&Policy=%7B%7D"));
}

TEST_CASE("a web identity shows its token") {
    sts::WebIdentity identity("arn", Secret("a.b-c=="));
    identity.session_name = "s";
    CHECK(sts::encode(identity) == "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn&RoleSessionName=s"
                                   "&WebIdentityToken=a.b-c%3D%3D&DurationSeconds=3600");
}
