#include <sluice/credentials/web_identity.hpp>

#include <credentials/fakes.hpp>
#include <sts/answers.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace sluice;

namespace {

static_assert(Credentials<WebIdentityCredentials>);

class Bench : public FakeMachine, public Asked<WebIdentityCredentials> {
public:
    explicit Bench(WebIdentitySettings settings = {})
        : Asked(WebIdentityCredentials(std::move(settings), machine())) {
        variables["AWS_REGION"] = "eu-west-1";
    }

    [[nodiscard]] const std::string& form(std::size_t index = 0) const {
        return *fake.transport.requests.at(index).body;
    }
};

} // namespace

TEST_CASE("a web identity comes from the environment and the file that it names") {
    Bench bench;
    bench.variables["AWS_ROLE_ARN"] = "arn:role";
    bench.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/token";
    bench.variables["AWS_ROLE_SESSION_NAME"] = "pod";
    bench.files["/token"] = "FIRST\n";
    bench.fake.transport.answer(200, assumed("AssumeRoleWithWebIdentity", "ASIAWEB"));
    const auto secrets = bench.fetch();
    REQUIRE(secrets.has_value());
    CHECK(secrets->access_key_id == "ASIAWEB");
    CHECK(bench.fake.transport.requests[0].url == "https://sts.eu-west-1.amazonaws.com/");
    CHECK(bench.form().find("&RoleArn=arn%3Arole&RoleSessionName=pod&WebIdentityToken=FIRST&") != std::string::npos);
    bench.files["/token"] = "SECOND";
    bench.fake.transport.answer(200, assumed("AssumeRoleWithWebIdentity", "ASIAWEB"));
    CHECK(bench.fetch().has_value());
    CHECK(bench.form(1).find("WebIdentityToken=SECOND&") != std::string::npos);
}

TEST_CASE("settings in code stand before the environment") {
    WebIdentitySettings settings("arn:mine", "/mine");
    settings.session_name = "me";
    Bench bench(settings);
    bench.variables["AWS_ROLE_ARN"] = "arn:role";
    bench.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/token";
    bench.files["/mine"] = "MINE";
    bench.fake.transport.answer(200, assumed("AssumeRoleWithWebIdentity", "ASIAWEB"));
    CHECK(bench.fetch().has_value());
    CHECK(bench.form().find("&RoleArn=arn%3Amine&RoleSessionName=me&WebIdentityToken=MINE&") != std::string::npos);
}

TEST_CASE("a web identity that is not set up is missing; one half of it is a mistake") {
    Bench nothing;
    CHECK(nothing.fetch().error() == error::credentials_missing);
    CHECK(nothing.fake.log.empty());
    Bench role_only;
    role_only.variables["AWS_ROLE_ARN"] = "arn:role";
    CHECK(role_only.fetch().error() == error::credentials_missing);
    Bench file_only;
    file_only.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/token";
    CHECK(file_only.fetch().error() == error::credentials_failed);
    CHECK(file_only.fake.log.find("AWS_ROLE_ARN") != std::string::npos);
    for (const std::string content : {"absent", "", "\n"}) {
        Bench unreadable;
        unreadable.variables["AWS_ROLE_ARN"] = "arn:role";
        unreadable.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/token";
        if (content != "absent") unreadable.files["/token"] = content;
        CHECK(unreadable.fetch().error() == error::credentials_failed);
        CHECK(unreadable.fake.log.find("/token") != std::string::npos);
        CHECK(unreadable.fake.transport.requests.empty());
    }
    Bench nowhere;
    nowhere.variables["AWS_ROLE_ARN"] = "arn:role";
    nowhere.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/token";
    nowhere.variables.erase("AWS_REGION");
    nowhere.files["/token"] = "TOKEN";
    CHECK(nowhere.fetch().error() == error::region_missing);
}

TEST_CASE("a web identity that STS refuses is its refusal, with its words in the log") {
    Bench bench(WebIdentitySettings("arn:role", "/token"));
    bench.files["/token"] = "TOKEN";
    bench.fake.transport.answer(403, refused("AccessDenied", "not you"));
    CHECK(bench.fetch().error() == error::access_denied);
    CHECK(bench.fake.log.find("not you") != std::string::npos);
    CHECK(bench.fake.log.find("TOKEN") == std::string::npos);
}
