#include <sluice/aws/settings.hpp>

#include <credentials/fakes.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace sluice;

namespace {

/// A machine whose settings are asked.
class Bench : public FakeMachine {
public:
    Bench() {
        variables["HOME"] = "/home";
        options.log = Log([this](LogLevel, std::string_view line) { log.append(line).append("\n"); });
    }

    void config(std::string text) { files["/home/.aws/config"] = std::move(text); }
    [[nodiscard]] aws::Settings settings() { return aws::Settings::read(options, machine()); }
    [[nodiscard]] std::string region() { return settings().region().value(); }
    [[nodiscard]] std::string url(aws::Service service = aws::Service::kinesis) {
        return settings().endpoint(service).value().endpoint.url;
    }

    Options options{"stream"};
    std::string log;
};

} // namespace

TEST_CASE("the region comes from the options, then from the environment, then from the profile") {
    Bench bench;
    CHECK(bench.settings().region().error() == error::region_missing);
    CHECK(aws::Settings(Options("stream")).region().error() == error::region_missing);
    bench.config("[default]\nregion = eu-west-3\n[profile other]\nregion = eu-west-4\n");
    CHECK(bench.region() == "eu-west-3");
    bench.variables["AWS_PROFILE"] = "other";
    CHECK(bench.region() == "eu-west-4");
    bench.options.profile = "default";
    CHECK(bench.region() == "eu-west-3");
    bench.variables["AWS_DEFAULT_REGION"] = "eu-west-2";
    CHECK(bench.region() == "eu-west-2");
    bench.variables["AWS_REGION"] = "eu-west-1";
    CHECK(bench.region() == "eu-west-1");
    bench.variables["AWS_REGION"] = "";
    CHECK(bench.region() == "eu-west-2");
    bench.options.region = "us-east-1";
    CHECK(bench.region() == "us-east-1");
}

TEST_CASE("a region that no host may have is refused") {
    for (const std::string wrong : {"us-east-1.evil.example", "us east", "-us", "us-", "us/east", "us@east",
                                    "us\r\nX: y", "us:1", "us_east", "\xc3\xbc", ""}) {
        CAPTURE(wrong);
        Bench bench;
        bench.options.region = wrong;
        CHECK(bench.settings().region().error() == error::region_missing);
        CHECK(bench.settings().endpoint(aws::Service::kinesis).error() == error::region_missing);
    }
}

TEST_CASE("FIPS and dual stack come from the options, then from the environment, then from the profile") {
    Bench bench;
    bench.options.region = "eu-west-1";
    CHECK(bench.url() == "https://kinesis.eu-west-1.amazonaws.com");
    bench.config("[default]\nuse_fips_endpoint = true\nuse_dualstack_endpoint = True\n");
    CHECK(bench.url() == "https://kinesis-fips.eu-west-1.api.aws");
    bench.variables["AWS_USE_FIPS_ENDPOINT"] = "false";
    CHECK(bench.url() == "https://kinesis.eu-west-1.api.aws");
    bench.options.fips = true;
    bench.options.dual_stack = false;
    CHECK(bench.url() == "https://kinesis-fips.eu-west-1.amazonaws.com");
}

TEST_CASE("a configured endpoint wins: code, environment by service, environment, services of the profile, profile") {
    Bench bench;
    bench.options.region = "eu-west-1";
    bench.config("[default]\nendpoint_url = http://profile\nservices = mine\n[services mine]\n"
                 "kinesis =\n  endpoint_url = http://profile-kinesis:1/base\n");
    CHECK(bench.url(aws::Service::sts) == "http://profile");
    CHECK(bench.url() == "http://profile-kinesis:1/base");
    bench.variables["AWS_ENDPOINT_URL"] = "http://all";
    CHECK(bench.url() == "http://all");
    bench.variables["AWS_ENDPOINT_URL_KINESIS"] = "http://service";
    CHECK(bench.url() == "http://service");
    CHECK(bench.url(aws::Service::sts) == "http://all");
    aws::EndpointParameters code;
    code.custom = "http://code";
    const auto where = bench.settings().endpoint(aws::Service::kinesis, code).value();
    CHECK(where.endpoint.url == "http://code");
    CHECK(where.signing_region == "eu-west-1");
    bench.options.endpoint = "http://kinesis-only"; // the destination's: others do not go there
    CHECK(bench.url(aws::Service::sts) == "http://all");
}

TEST_CASE("the variable of a service has underscores") {
    Bench bench;
    bench.options.region = "eu-west-1";
    bench.variables["AWS_ENDPOINT_URL_DYNAMODB_STREAMS"] = "http://x";
    bench.variables["AWS_ENDPOINT_URL_SSO_OIDC"] = "http://y";
    CHECK(bench.url(aws::Service::dynamodb_streams) == "http://x");
    CHECK(bench.url(aws::Service::sso_oidc) == "http://y");
    CHECK(bench.url(aws::Service::dynamodb) == "https://dynamodb.eu-west-1.amazonaws.com");
}

TEST_CASE("configured endpoints can be ignored, but for those in code") {
    Bench bench;
    bench.options.region = "eu-west-1";
    bench.variables["AWS_ENDPOINT_URL"] = "http://x";
    aws::EndpointParameters code;
    code.custom = "http://code";
    for (const std::string yes : {"true", "TRUE", "True"}) {
        bench.variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = yes;
        CHECK(bench.url() == "https://kinesis.eu-west-1.amazonaws.com");
        CHECK(bench.settings().endpoint(aws::Service::kinesis, code).value().endpoint.url == "http://code");
    }
    bench.variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "false";
    CHECK(bench.url() == "http://x");
    bench.options.ignore_configured_endpoints = true;
    CHECK(bench.url() == "https://kinesis.eu-west-1.amazonaws.com");
}

TEST_CASE("what is configured wrongly is refused") {
    Bench bench;
    bench.options.region = "eu-west-1";
    bench.config("[default]\nservices = absent\n");
    CHECK(bench.settings().endpoint(aws::Service::kinesis).error() == error::endpoint_invalid);
    bench.variables["AWS_ENDPOINT_URL"] = "nonsense";
    CHECK(bench.settings().endpoint(aws::Service::kinesis).error() == error::endpoint_invalid);
    bench.variables["AWS_ENDPOINT_URL"] = "http://x";
    bench.options.fips = true;
    CHECK(bench.settings().endpoint(aws::Service::kinesis).error() == error::endpoint_invalid);
}

TEST_CASE("files that nobody understands are left aside with a warning that quotes nothing") {
    Bench bench;
    bench.options.region = "eu-west-1";
    bench.config("[default]\nSECRET\n");
    CHECK(bench.url() == "https://kinesis.eu-west-1.amazonaws.com");
    CHECK(bench.log.find("left aside") != std::string::npos);
    CHECK(bench.log.find("SECRET") == std::string::npos);
}

TEST_CASE("account endpoints can be switched off in code, in the environment, in the profile") {
    using enum aws::AccountEndpoints;
    Bench bench;
    bench.options.region = "eu-west-1";
    CHECK(bench.settings().account_endpoints() == preferred);
    bench.config("[default]\naccount_id_endpoint_mode = required\n");
    CHECK(bench.settings().account_endpoints() == required);
    bench.variables["AWS_ACCOUNT_ID_ENDPOINT_MODE"] = "Disabled";
    CHECK(bench.settings().account_endpoints() == disabled);
    bench.variables["AWS_ACCOUNT_ID_ENDPOINT_MODE"] = "nonsense";
    CHECK(bench.settings().account_endpoints() == preferred);

    aws::EndpointParameters stream;
    stream.arns.emplace_back("arn:aws:kinesis:eu-west-1:123456789012:stream/s");
    stream.operation_type = aws::OperationType::data;
    const auto host = [&] {
        return bench.settings().endpoint(aws::Service::kinesis, stream).value().endpoint.host;
    };
    CHECK(host() == "123456789012.data-kinesis.eu-west-1.amazonaws.com");
    bench.options.account_endpoints = false;
    bench.variables["AWS_ACCOUNT_ID_ENDPOINT_MODE"] = "required";
    CHECK(bench.settings().account_endpoints() == disabled);
    CHECK(host() == "kinesis.eu-west-1.amazonaws.com");
}

TEST_CASE("retries are as the options say, and else as environment and profile say") {
    Bench bench;
    CHECK_FALSE(bench.settings().retry().mode.has_value());
    CHECK_FALSE(bench.settings().retry().attempts.has_value());
    bench.config("[default]\nretry_mode = adaptive\nmax_attempts = 5\n");
    CHECK(bench.settings().retry().mode == RetryMode::adaptive);
    CHECK(bench.settings().retry().attempts == 5U);
    bench.variables["AWS_RETRY_MODE"] = "Standard";
    bench.variables["AWS_MAX_ATTEMPTS"] = "7";
    CHECK(bench.settings().retry().mode != RetryMode::adaptive);
    CHECK(bench.settings().retry().attempts == 7U);
    bench.variables["AWS_RETRY_MODE"] = "adaptive";
    bench.options.retry.mode = RetryMode::standard;
    bench.options.retry.attempts = 2;
    CHECK(bench.settings().retry().mode == RetryMode::standard);
    CHECK(bench.settings().retry().attempts == 2U);
}

TEST_CASE("a number of attempts that is none is passed over") {
    for (const std::string wrong : {"0", "-1", "x", "3x", " 3", "99999999999", "1.5"}) {
        CAPTURE(wrong);
        Bench bench;
        bench.variables["AWS_MAX_ATTEMPTS"] = wrong;
        CHECK_FALSE(bench.settings().retry().attempts.has_value());
    }
}
