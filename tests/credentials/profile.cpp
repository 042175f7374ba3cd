#include <sluice/credentials/profile.hpp>

#include <credentials/fakes.hpp>
#include <sts/answers.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <utility>

using namespace sluice;
using namespace std::chrono_literals;

static_assert(Credentials<ProfileCredentials>);
static_assert(RunningCredentials<ProfileCredentials::Running>);

namespace {

constexpr const char* config = "/h/.aws/config";
constexpr const char* keys = "aws_access_key_id = AKIDBASE\naws_secret_access_key = hunter2\n";

/// A profile of a machine with these files.
class Desk {
public:
    explicit Desk(const std::string& text, const std::string& name = {}, Options options = Options{"stream"})
        : asked(with(text, name), std::move(options)) {}

    [[nodiscard]] ScriptedTransport& transport() { return asked.fake.transport; }

    /// An attempt that fails, and what the log says of it.
    [[nodiscard]] std::string failure() {
        asked.fake.log.clear();
        CHECK(asked.fetch().error() == error::credentials_failed);
        CHECK(asked.fake.log.find("hunter2") == std::string::npos);
        return asked.fake.log;
    }

    [[nodiscard]] std::string_view authorization(std::size_t request) {
        return find_header(transport().requests.at(request).headers, "Authorization");
    }

    FakeMachine fake;
    Asked<ProfileCredentials> asked;

private:
    ProfileCredentials with(const std::string& text, const std::string& name) {
        fake.variables["HOME"] = "/h";
        fake.files[config] = text;
        return ProfileCredentials(name, fake.machine());
    }
};

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

} // namespace

TEST_CASE("keys of the chosen profile are given") {
    Options options{"stream"};
    Desk desk(std::string("[default]\n") + keys + "[profile a]\naws_access_key_id = A\naws_secret_access_key = k\n" +
              "[profile b]\naws_access_key_id = B\naws_secret_access_key = k\n");
    CHECK(desk.asked.fetch().value().access_key_id == "AKIDBASE");
    CHECK(desk.asked.fake.log.empty());
    Desk named(desk.fake.files[config], "a");
    named.fake.variables["AWS_PROFILE"] = "b";
    CHECK(named.asked.fetch().value().access_key_id == "A");
    options.profile = "b";
    CHECK(Desk(desk.fake.files[config], "", options).asked.fetch().value().access_key_id == "B");
    CHECK(Desk(desk.fake.files[config], "a", options).asked.fetch().value().access_key_id == "A");
}

TEST_CASE("files are read anew at each fetch") {
    Desk desk(std::string("[default]\n") + keys);
    CHECK(desk.asked.fetch().value().access_key_id == "AKIDBASE");
    desk.fake.files[config] = "[default]\naws_access_key_id = NEW\naws_secret_access_key = k\n";
    CHECK(desk.asked.fetch().value().access_key_id == "NEW");
    desk.fake.files.clear();
    CHECK(desk.asked.fetch().error() == error::credentials_missing);
}

TEST_CASE("a default profile that is not set up is missing, without a word; one that was named is told of") {
    Desk none("");
    CHECK(none.asked.fetch().error() == error::credentials_missing);
    CHECK(none.asked.fake.log.empty());
    Desk region("[default]\nregion = x\n");
    CHECK(region.asked.fetch().error() == error::credentials_missing);
    CHECK(region.asked.fake.log.empty());
    Desk named("[profile a]\nregion = x\n", "a");
    CHECK(named.asked.fetch().error() == error::credentials_missing);
    CHECK(named.asked.fake.log == "credentials: shared files: profile a has no credentials\n");
}

TEST_CASE("a profile that is set up wrong is told of once") {
    CHECK(Desk("", "a").failure() == "credentials: shared files: profile a is not in the files\n");
    Desk desk("[default]\naws_access_key_id = hunter2\n");
    CHECK(desk.failure() ==
          "credentials: shared files: profile default has aws_access_key_id, but not aws_secret_access_key\n");
    CHECK(desk.failure().empty());
    desk.fake.files[config] = "[default]\nhunter2\n";
    CHECK(desk.failure() == "credentials: shared files: line 2 of /h/.aws/config is not of the form name = value\n");
    desk.fake.files[config] = std::string("[default]\n") + keys;
    CHECK(desk.asked.fetch().has_value());
    desk.fake.files[config] = "[default]\nhunter2\n";
    CHECK(!desk.failure().empty());
}

TEST_CASE("roles are assumed with what stands before them") {
    Desk desk(std::string("[default]\nrole_arn = arn:outer\nsource_profile = b\nregion = eu-west-1\n") +
              "external_id = x\nrole_session_name = me\nduration_seconds = 900\n[profile b]\nrole_arn = arn:inner\n" +
              "source_profile = c\nregion = eu-west-2\n[profile c]\n" + keys);
    desk.transport().answer(200, assumed("AssumeRole", "ASIAINNER"));
    desk.transport().answer(200, assumed("AssumeRole", "ASIAOUTER"));
    const auto secrets = desk.asked.fetch();
    REQUIRE(secrets.has_value());
    CHECK(secrets->access_key_id == "ASIAOUTER");
    CHECK(secrets->account_id == "123456789012");
    REQUIRE(desk.transport().requests.size() == 2);
    CHECK(desk.transport().requests[0].url == "https://sts.eu-west-1.amazonaws.com/");
    CHECK(contains(desk.authorization(0), "AKIDBASE"));
    CHECK(contains(*desk.transport().requests[0].body, "RoleArn=arn%3Ainner&RoleSessionName=sluice-"));
    CHECK(contains(desk.authorization(1), "ASIAINNER"));
    const auto& body = *desk.transport().requests[1].body;
    CHECK(contains(body, "RoleArn=arn%3Aouter&RoleSessionName=me"));
    CHECK(contains(body, "ExternalId=x"));
    CHECK(contains(body, "DurationSeconds=900"));
    CHECK(desk.asked.fake.log.empty());
}

TEST_CASE("STS is asked where the chosen profile says") {
    Desk desk(std::string("[profile a]\nrole_arn = arn:r\nsource_profile = b\nregion = eu-west-1\n") +
                  "endpoint_url = http://localhost:9\n[profile b]\n" + keys,
              "a");
    desk.transport().answer(200, assumed("AssumeRole", "ASIA"));
    CHECK(desk.asked.fetch().has_value());
    CHECK(desk.transport().requests.at(0).url == "http://localhost:9/");
}

TEST_CASE("a role that may not be assumed is STS's refusal") {
    Desk desk(std::string("[default]\nrole_arn = arn:r\nsource_profile = b\nregion = eu-west-1\n[profile b]\n") + keys);
    desk.transport().answer(403, refused("AccessDenied", "not you"));
    CHECK(desk.asked.fetch().error() == error::access_denied);
    CHECK(contains(desk.asked.fake.log, "not you"));
    desk.transport().answer(200, assumed("AssumeRole", "ASIA"));
    CHECK(desk.asked.fetch().has_value());
}

TEST_CASE("the first of two roles that is refused is the last one that is asked for") {
    Desk desk(std::string("[default]\nrole_arn = arn:o\nsource_profile = b\nregion = eu-west-1\n[profile b]\n") +
              "role_arn = arn:i\nsource_profile = c\n[profile c]\n" + keys);
    desk.transport().answer(403, refused("AccessDenied", "not you"));
    CHECK(desk.asked.fetch().error() == error::access_denied);
    CHECK(desk.transport().requests.size() == 1);
}

TEST_CASE("a role needs a region") {
    Desk desk(std::string("[default]\nrole_arn = arn:r\nsource_profile = b\n[profile b]\n") + keys);
    CHECK(desk.failure() == "credentials: shared files: STS cannot be reached for profile default: " +
                                error_code(error::region_missing).message() + "\n");
    desk.fake.variables["AWS_REGION"] = "eu-west-1";
    desk.transport().answer(200, assumed("AssumeRole", "ASIA"));
    CHECK(desk.asked.fetch().has_value());
}

TEST_CASE("a credential_source is asked, and must be there") {
    Desk desk("[default]\nrole_arn = arn:r\ncredential_source = environment\nregion = eu-west-1\n");
    CHECK(desk.failure() ==
          "credentials: shared files: profile default leads to a credential_source that has no credentials\n");
    desk.fake.variables["AWS_ACCESS_KEY_ID"] = "AKIDENV";
    desk.fake.variables["AWS_SECRET_ACCESS_KEY"] = "hunter2";
    desk.transport().answer(200, assumed("AssumeRole", "ASIA"));
    CHECK(desk.asked.fetch().value().access_key_id == "ASIA");
    CHECK(contains(desk.authorization(0), "AKIDENV"));
    Desk container("[default]\ncredential_source = EcsContainer\n");
    CHECK(container.asked.fetch().error() == error::credentials_failed);
    Desk instance("[default]\ncredential_source = Ec2InstanceMetadata\n");
    instance.fake.variables["AWS_EC2_METADATA_DISABLED"] = "true";
    CHECK(instance.asked.fetch().error() == error::credentials_failed);
}

TEST_CASE("a web identity is taken on, in the profile's region") {
    Desk desk("[profile a]\nrole_arn = arn:r\nweb_identity_token_file = /t\nregion = eu-west-3\n", "a");
    desk.fake.files["/t"] = "token-hunter2\n";
    desk.transport().answer(200, assumed("AssumeRoleWithWebIdentity", "ASIAWEB"));
    CHECK(desk.asked.fetch().value().access_key_id == "ASIAWEB");
    CHECK(desk.transport().requests.at(0).url == "https://sts.eu-west-3.amazonaws.com/");
    CHECK(desk.authorization(0).empty());
}

TEST_CASE("single sign-on leads to credentials, and remembers what it tried") {
    Desk desk("[default]\nsso_session = dev\nsso_account_id = 1\nsso_role_name = r\n[sso-session dev]\n"
              "sso_region = eu-west-1\nsso_start_url = https://x\n");
    auto& token = desk.fake.files["/h/.aws/sso/cache/34c6fceca75e456f25e7e99531e2425c6c1de443.json"];
    token = R"({"accessToken":"t","expiresAt":"2026-01-02T03:05:05Z","refreshToken":"r","clientId":"c",)"
            R"("clientSecret":"s","registrationExpiresAt":"2026-01-03T03:05:05Z"})";
    desk.transport().answer(400);
    desk.transport().answer(403);
    desk.transport().answer(403);
    CHECK(desk.asked.fetch().error() == error::credentials_failed);
    CHECK(desk.asked.fetch().error() == error::credentials_failed);
    CHECK(desk.transport().requests.size() == 3); // one renewal, not two
}

TEST_CASE("a program is run for its credentials") {
    Desk desk("[default]\ncredential_process = give\n");
    CHECK(desk.failure() == "credentials: process: programs cannot be run here\n");
}

TEST_CASE("a real profile with a real program works, roles and all") {
    Desk desk("");
    auto machine = desk.fake.machine();
    machine.run = aws::run_command<>;
    desk.fake.files[config] = "[default]\nrole_arn = arn:r\nsource_profile = p\nregion = eu-west-1\n[profile p]\n"
                              "credential_process = echo '{\"Version\": 1, \"AccessKeyId\": \"AKIDPROCESS\", "
                              "\"SecretAccessKey\": \"k\"}'\n";
    Asked<ProfileCredentials> asked(ProfileCredentials("", machine));
    asked.fake.transport.answer(200, assumed("AssumeRole", "ASIA"));
    CHECK(asked.fetch().value().access_key_id == "ASIA");
    CHECK(contains(find_header(asked.fake.transport.requests.at(0).headers, "Authorization"), "AKIDPROCESS"));
}

TEST_CASE("a profile named in code is the one whose region counts, whatever Options::profile says") {
    FakeMachine fake;
    fake.variables["HOME"] = "/h";
    fake.files["/h/.aws/config"] = "[profile a]\nrole_arn = arn:r\nweb_identity_token_file = /t\n"
                                   "region = eu-west-3\n[profile b]\nregion = us-east-1\n";
    fake.files["/t"] = "token";
    Options options{"stream"};
    options.profile = "b";
    Asked<ProfileCredentials> asked(ProfileCredentials("a", fake.machine()), options);
    asked.fake.transport.answer(200, assumed("AssumeRoleWithWebIdentity", "ASIAWEB"));
    CHECK(asked.fetch().has_value());
    CHECK(asked.fake.transport.requests.at(0).url == "https://sts.eu-west-3.amazonaws.com/");
}
