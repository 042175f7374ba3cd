#include <sluice/credentials/default.hpp>

#include <credentials/fakes.hpp>
#include <sts/answers.hpp>

#include <doctest/doctest.h>

#include <map>
#include <string>

using namespace sluice;

namespace {

static_assert(Credentials<DefaultCredentials>);

constexpr auto container = R"({"AccessKeyId":"CONTAINER","SecretAccessKey":"key","Token":"tok",)"
                           R"("Expiration":"2026-01-02T09:04:05Z"})";
constexpr auto instance = R"({"Code":"Success","AccessKeyId":"INSTANCE","SecretAccessKey":"key","Token":"tok",)"
                          R"("Expiration":"2026-01-02T09:04:05Z"})";

/// A machine on which every source is set up, and whoever is asked answers.
class Bench : public FakeMachine, public Asked<DefaultCredentials> {
public:
    explicit Bench(Options options = Options{"stream"}) : Asked(DefaultCredentials(machine()), std::move(options)) {
        variables["HOME"] = "/home";
        variables["AWS_REGION"] = "eu-west-1";
        variables["AWS_ACCESS_KEY_ID"] = "ENVIRONMENT";
        variables["AWS_SECRET_ACCESS_KEY"] = "key";
        files["/home/.aws/credentials"] = "[default]\naws_access_key_id = PROFILE\naws_secret_access_key = key\n";
        variables["AWS_ROLE_ARN"] = "arn:role";
        variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/token";
        files["/token"] = "TOKEN";
        variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/c";
        for (int i = 0; i < 50; ++i) {
            fake.transport.script.push_back([this](const HttpRequest& request) { return reply(request); });
        }
    }

    /// Whose credentials they are.
    [[nodiscard]] std::string who() {
        const auto secrets = fetch();
        return secrets ? secrets->access_key_id : secrets.error().message();
    }

    result<HttpResponse> reply(const HttpRequest& request) {
        const auto& url = request.url;
        if (url.starts_with("https://sts.")) {
            return HttpResponse(200, assumed("AssumeRoleWithWebIdentity", "WEB"));
        }
        if (url == "http://169.254.170.2/c") return HttpResponse(200, container);
        if (url.ends_with("/latest/api/token")) return HttpResponse(200, "T");
        if (url.ends_with("-extended/")) return HttpResponse(200, "role");
        if (url.ends_with("-extended/role")) return HttpResponse(200, instance);
        return error::connection_failed;
    }
};

} // namespace

TEST_CASE("the sources are asked in the order of the SDKs, and the first that is set up decides") {
    Bench bench;
    CHECK(bench.who() == "ENVIRONMENT");
    bench.variables.erase("AWS_ACCESS_KEY_ID");
    bench.variables.erase("AWS_SECRET_ACCESS_KEY");
    CHECK(bench.who() == "PROFILE");
    CHECK(bench.fake.transport.requests.empty());
    bench.files.erase("/home/.aws/credentials");
    CHECK(bench.who() == "WEB");
    bench.variables.erase("AWS_WEB_IDENTITY_TOKEN_FILE");
    CHECK(bench.who() == "CONTAINER");
    bench.variables.erase("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    CHECK(bench.who() == "INSTANCE");
    bench.variables["AWS_EC2_METADATA_DISABLED"] = "true";
    CHECK(bench.who() == make_error_code(error::credentials_missing).message());
    CHECK(bench.fake.log.empty());
}

TEST_CASE("a profile that is chosen in code stands before the keys of the environment") {
    Options options{"stream"};
    options.profile = "default";
    Bench bench(options);
    CHECK(bench.who() == "PROFILE");
    bench.variables["AWS_PROFILE"] = "other";
    CHECK(bench.who() == "PROFILE");
}

TEST_CASE("a profile that was named and has no credentials is told, before others are asked") {
    Bench bench;
    bench.variables.erase("AWS_ACCESS_KEY_ID");
    bench.variables.erase("AWS_SECRET_ACCESS_KEY");
    bench.variables["AWS_PROFILE"] = "prod";
    bench.files["/home/.aws/config"] = "[profile prod]\naws_acess_key_id = typo\nregion = eu-west-1\n";
    CHECK(bench.who() == "WEB");
    CHECK(bench.fake.log.find("prod has no credentials") != std::string::npos);
    const auto told = bench.fake.log;
    CHECK(bench.who() == "WEB");
    CHECK(bench.fake.log == told);
    bench.variables.erase("AWS_PROFILE");
    bench.files["/home/.aws/config"] = "[default]\nregion = eu-west-1\n";
    bench.files.erase("/home/.aws/credentials");
    Bench quiet;
    quiet.variables = bench.variables;
    quiet.files = bench.files;
    CHECK(quiet.who() == "WEB");
    CHECK(quiet.fake.log.empty());
}

TEST_CASE("a source that is set up and fails is not passed over") {
    Bench bench;
    bench.variables.erase("AWS_SECRET_ACCESS_KEY");
    CHECK(bench.fetch().error() == error::credentials_failed);
    bench.variables.erase("AWS_ACCESS_KEY_ID");
    bench.files["/home/.aws/credentials"] = "[default]\naws_access_key_id = PROFILE\n";
    CHECK(bench.fetch().error() == error::credentials_failed);
    bench.files.erase("/home/.aws/credentials");
    bench.files.erase("/token");
    CHECK(bench.fetch().error() == error::credentials_failed);
    CHECK(bench.fake.transport.requests.empty());
    bench.variables.erase("AWS_WEB_IDENTITY_TOKEN_FILE");
    bench.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://192.0.2.1/";
    bench.variables.erase("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    CHECK(bench.fetch().error() == error::credentials_failed);
    CHECK(bench.fake.transport.requests.empty());
}

TEST_CASE("what changes on the machine is noticed at the next refresh") {
    Bench bench;
    CHECK(bench.who() == "ENVIRONMENT");
    bench.variables["AWS_ACCESS_KEY_ID"] = "NEWER";
    CHECK(bench.who() == "NEWER");
}
