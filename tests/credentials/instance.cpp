#include <sluice/credentials/instance.hpp>

#include <credentials/fakes.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <map>
#include <string>

using namespace sluice;
using namespace std::chrono_literals;

namespace {

static_assert(Credentials<InstanceCredentials>);

constexpr auto extended = "/latest/meta-data/iam/security-credentials-extended/";
constexpr auto legacy = "/latest/meta-data/iam/security-credentials/";

std::string document(std::string_view id, std::string_view end = "2026-01-02T09:04:05Z") {
    std::string text = R"({"Code":"Success","AccessKeyId":")";
    return text.append(id).append(R"(","SecretAccessKey":"key","Token":"tok","Expiration":")").append(end).append("\"}");
}

/// An instance's metadata, of version 2.
class Metadata : public FakeMachine, public Asked<InstanceCredentials> {
public:
    explicit Metadata(InstanceSettings settings = {}) : Asked(InstanceCredentials(std::move(settings), machine())) {
        for (int i = 0; i < 200; ++i) {
            fake.transport.script.push_back([this](const HttpRequest& request) { return reply(request); });
        }
        pages[std::string(extended)] = "role";
        pages[std::string(extended) + "role"] = document("ASIA1");
    }

    result<HttpResponse> reply(const HttpRequest& request) {
        const auto path = request.url.substr(request.url.find('/', 8));
        log += request.method + " " + path + "\n";
        CHECK_FALSE(request.proxy);
        if (failure) return failure;
        if (path == "/latest/api/token") {
            CHECK(request.method == "PUT");
            CHECK(find_header(request.headers, "x-aws-ec2-metadata-token-ttl-seconds") == "21600");
            if (token_failure) return token_failure;
            HttpResponse response(token_status, token);
            response.headers.emplace_back("X-aws-ec2-metadata-token-ttl-seconds", "21600");
            return response;
        }
        CHECK(request.method == "GET");
        if (hangs_after_token) return error::timed_out;
        const auto shown = find_header(request.headers, "x-aws-ec2-metadata-token");
        if (version_1 ? !shown.empty() && token_status == 200 : shown != token) return HttpResponse(401, "");
        const auto page = pages.find(path);
        return page == pages.end() ? HttpResponse(404, "") : HttpResponse(200, page->second);
    }

    std::map<std::string, std::string> pages;
    std::string log; ///< Of requests, since it was last cleared.
    std::string token = "TOKEN==";
    int token_status = 200;
    error_code token_failure;
    error_code failure;
    bool version_1 = false;
    bool hangs_after_token = false;
};

std::string endpoint(InstanceSettings settings) {
    auto endpoint = instance_endpoint(settings);
    return endpoint ? endpoint->url : "";
}

} // namespace

TEST_CASE("the endpoint of instance metadata is that of the mode, or another") {
    InstanceSettings settings;
    CHECK(endpoint(settings) == "http://169.254.169.254");
    settings.mode = "ipV6";
    CHECK(endpoint(settings) == "http://[fd00:ec2::254]");
    settings.mode = "IPv5";
    CHECK(endpoint(settings).empty());
    settings.endpoint = "http://127.0.0.1:1338/";
    CHECK(endpoint(settings) == "http://127.0.0.1:1338");
    settings.endpoint = "not a url";
    CHECK(endpoint(settings).empty());
}

TEST_CASE("instance metadata: code stands before environment, environment before profile") {
    FakeMachine fake;
    fake.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "IPv6";
    fake.variables["AWS_EC2_METADATA_V1_DISABLED"] = "TRUE";
    const auto environment = fake.machine().environment;
    aws::Profiles::Properties profile{{"ec2_metadata_service_endpoint_mode", "IPv4"},
                                      {"ec2_instance_profile_name", "p"}, {"ec2_metadata_v1_disabled", "false"}};
    auto settings = instance_settings({}, environment, profile);
    CHECK(settings.mode == "IPv6");
    CHECK(settings.role == "p");
    CHECK(settings.v1_disabled);
    CHECK_FALSE(settings.disabled);
    InstanceSettings chosen;
    chosen.mode = "IPv4";
    chosen.role = "mine";
    settings = instance_settings(chosen, environment, profile);
    CHECK(settings.mode == "IPv4");
    CHECK(settings.role == "mine");
}

TEST_CASE("an instance's credentials come with a token that is kept") {
    Metadata metadata;
    auto secrets = metadata.fetch();
    REQUIRE(secrets.has_value());
    CHECK(secrets->access_key_id == "ASIA1");
    CHECK(secrets->session_token == Secret("tok"));
    CHECK(metadata.log == "PUT /latest/api/token\nGET " + std::string(extended) + "\nGET " + extended + "role\n");
    CHECK(metadata.fake.transport.requests[0].url == "http://169.254.169.254/latest/api/token");
    metadata.log.clear();
    CHECK(metadata.fetch().has_value());
    CHECK(metadata.log == "GET " + std::string(extended) + "role\n");
    metadata.fake.clock.advance(6h);
    metadata.log.clear();
    CHECK(metadata.fetch().has_value());
    CHECK(metadata.log == "PUT /latest/api/token\nGET " + std::string(extended) + "role\n");
    CHECK(metadata.fake.log.find("TOKEN") == std::string::npos);
}

TEST_CASE("a token that the metadata no longer knows is replaced") {
    Metadata metadata;
    CHECK(metadata.fetch().has_value());
    metadata.token = "SECOND";
    metadata.log.clear();
    CHECK(metadata.fetch().has_value());
    CHECK(metadata.log == "GET " + std::string(extended) + "role\nPUT /latest/api/token\nGET " + extended + "role\n");
}

TEST_CASE("metadata without the extended path is asked in the old way for good") {
    Metadata metadata;
    metadata.pages.clear();
    metadata.pages[std::string(legacy)] = "old\n";
    metadata.pages[std::string(legacy) + "old"] = document("ASIA2");
    const auto secrets = metadata.fetch();
    REQUIRE(secrets.has_value());
    CHECK(secrets->access_key_id == "ASIA2");
    metadata.log.clear();
    CHECK(metadata.fetch().has_value());
    CHECK(metadata.log == "GET " + std::string(legacy) + "old\n");
}

TEST_CASE("version 1 is spoken only if there are no tokens and it is not disabled") {
    for (const int status : {403, 404, 405}) {
        CAPTURE(status);
        Metadata metadata;
        metadata.token_status = status;
        metadata.version_1 = true;
        CHECK(metadata.fetch().has_value());
        Metadata strict;
        strict.token_status = status;
        strict.version_1 = true;
        strict.variables["AWS_EC2_METADATA_V1_DISABLED"] = "true";
        CHECK(strict.fetch().error() == error::credentials_failed);
        CHECK(strict.log == "PUT /latest/api/token\n");
    }
    Metadata slow;
    slow.token_failure = error::timed_out;
    slow.version_1 = true;
    CHECK(slow.fetch().has_value());
    Metadata refused;
    refused.token_status = 400;
    refused.version_1 = true;
    CHECK(refused.fetch().error() == error::credentials_failed);
    CHECK(refused.log == "PUT /latest/api/token\n");
    Metadata hostile;
    hostile.token = "a\r\nX-Evil: 1";
    CHECK(hostile.fetch().error() == error::credentials_failed);
}

TEST_CASE("a machine without metadata has no credentials, and hears no complaint") {
    Metadata metadata;
    metadata.failure = error::connection_failed;
    CHECK(metadata.fetch().error() == error::credentials_missing);
    CHECK(metadata.fake.log.empty());
    Metadata disabled;
    disabled.variables["AWS_EC2_METADATA_DISABLED"] = "True";
    CHECK(disabled.fetch().error() == error::credentials_missing);
    CHECK(disabled.log.empty());
    Metadata configured;
    configured.files["/home/.aws/config"] = "[default]\ndisable_ec2_metadata = true\n";
    configured.variables["HOME"] = "/home";
    CHECK(configured.fetch().error() == error::credentials_missing);
    CHECK(configured.log.empty());
}

TEST_CASE("metadata that never answered is asked once, metadata that did is tried again") {
    Metadata metadata;
    metadata.failure = error::timed_out;
    CHECK(metadata.fetch().error() == error::credentials_missing);
    CHECK(metadata.log == "PUT /latest/api/token\nGET " + std::string(extended) + "\n"); // without a token, too
    metadata.failure = {};
    metadata.token_status = 503;
    metadata.log.clear();
    CHECK(metadata.fetch().error() == error::credentials_failed);
    CHECK(metadata.log == "PUT /latest/api/token\nPUT /latest/api/token\nPUT /latest/api/token\n");
    metadata.token_status = 200;
    metadata.log.clear();
    CHECK(metadata.fetch().has_value());
    metadata.failure = error::timed_out;
    metadata.log.clear();
    CHECK(metadata.fetch().has_value()); // the last ones
    CHECK(metadata.log == "GET " + std::string(extended) + "role\nGET " + extended + "role\nGET " + extended + "role\n");
}

TEST_CASE("metadata that is there and fails is told, and is no machine without metadata") {
    Metadata hangs;
    hangs.pages.clear();
    hangs.hangs_after_token = true;
    CHECK(hangs.fetch().error() == error::credentials_failed);
    CHECK(hangs.fake.log.find("instance metadata") != std::string::npos);
    Metadata odd;
    odd.failure = error::response_too_large;
    CHECK(odd.fetch().error() == error::credentials_failed);
}

TEST_CASE("an instance without a role is told") {
    Metadata metadata;
    metadata.pages.clear();
    CHECK(metadata.fetch().error() == error::credentials_missing);
    CHECK(metadata.fake.log.find("no role") != std::string::npos);
}

TEST_CASE("an instance that lost its role has none to keep") {
    Metadata metadata;
    CHECK(metadata.fetch().has_value());
    metadata.pages.clear();
    CHECK(metadata.fetch().error() == error::credentials_missing);
}

TEST_CASE("an instance that got another role is asked for its name again") {
    Metadata metadata;
    CHECK(metadata.fetch().has_value());
    metadata.pages.clear();
    metadata.pages[std::string(extended)] = "new";
    metadata.pages[std::string(extended) + "new"] = document("ASIA3");
    metadata.log.clear();
    const auto secrets = metadata.fetch();
    REQUIRE(secrets.has_value());
    CHECK(secrets->access_key_id == "ASIA3");
    CHECK(metadata.log == "GET " + std::string(extended) + "role\nGET " + extended + "\nGET " + extended + "new\n");
}

TEST_CASE("a role that was chosen is asked for directly") {
    InstanceSettings settings;
    settings.role = "mine";
    Metadata metadata(settings);
    metadata.pages[std::string(extended) + "mine"] = document("ASIA4");
    CHECK(metadata.fetch()->access_key_id == "ASIA4");
    CHECK(metadata.log == "PUT /latest/api/token\nGET " + std::string(extended) + "mine\n");
    Metadata wrong(settings);
    CHECK(wrong.fetch().error() == error::credentials_failed);
}

TEST_CASE("a 200 that is no success is a failure with its word") {
    Metadata metadata;
    metadata.pages[std::string(extended) + "role"] = R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"m"})";
    CHECK(metadata.fetch().error() == error::credentials_failed);
    CHECK(metadata.fake.log.find("AssumeRoleUnauthorizedAccess") != std::string::npos);
}

TEST_CASE("the last credentials are used on while the metadata is away") {
    Metadata metadata;
    CHECK(metadata.fetch().has_value());
    metadata.failure = error::timed_out;
    metadata.fake.clock.advance(24h);
    const auto now = metadata.fake.clock.wall();
    auto kept = metadata.fetch();
    REQUIRE(kept.has_value());
    CHECK(kept->access_key_id == "ASIA1");
    CHECK(*kept->expires >= now + 20min);
    CHECK(*kept->expires <= now + 31min);
    metadata.failure = {};
    metadata.pages[std::string(extended) + "role"] = document("ASIA5", "2026-01-04T00:00:00Z");
    CHECK(metadata.fetch()->access_key_id == "ASIA5");
}

TEST_CASE("expired credentials are better than none, and given for some minutes") {
    Metadata metadata;
    metadata.pages[std::string(extended) + "role"] = document("ASIA6", "2026-01-01T00:00:00Z");
    const auto secrets = metadata.fetch();
    REQUIRE(secrets.has_value());
    CHECK(secrets->access_key_id == "ASIA6");
    CHECK(*secrets->expires > metadata.fake.clock.wall());
    CHECK(metadata.fake.log.find("used on") != std::string::npos);
}
