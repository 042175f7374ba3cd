#include <sluice/aws/endpoint_rules.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace sluice;

namespace {

using aws::EndpointParameters;
using aws::Service;

std::string url(Service service, const EndpointParameters& parameters) {
    const auto resolved = aws::resolve_endpoint(service, parameters);
    return resolved ? resolved->endpoint.url : "error: " + resolved.error().message().substr(0, 12);
}

EndpointParameters in(std::string region, bool fips = false, bool dual_stack = false) {
    EndpointParameters parameters(std::move(region));
    parameters.fips = fips;
    parameters.dual_stack = dual_stack;
    return parameters;
}

EndpointParameters stream(std::string arn, std::string region = "us-east-1") {
    auto parameters = in(std::move(region));
    parameters.arns.push_back(std::move(arn));
    parameters.operation_type = aws::OperationType::data;
    return parameters;
}

EndpointParameters bucket(std::string name, std::string custom = {}) {
    auto parameters = in("us-east-1");
    parameters.bucket = std::move(name);
    parameters.custom = std::move(custom);
    return parameters;
}

constexpr auto clicks = "arn:aws:kinesis:us-east-1:123456789012:stream/clicks";

} // namespace

// The conformance cases hold the rules of every service; these hold what they leave out.

TEST_CASE("a service is signed with its own name, in the region that it is called in") {
    const auto resolved = aws::resolve_endpoint(Service::sso_oidc, in("eu-west-1")).value();
    CHECK(resolved.endpoint == aws::Endpoint("https://oidc.eu-west-1.amazonaws.com", "oidc.eu-west-1.amazonaws.com"));
    CHECK(resolved.signing_region == "eu-west-1");
    CHECK(resolved.signing_name == "sso-oauth");
}

TEST_CASE("the host of an endpoint is lower case, whatever the region is") {
    const auto resolved = aws::resolve_endpoint(Service::kinesis, in("EU-West-1")).value();
    CHECK(resolved.endpoint.host == "kinesis.eu-west-1.amazonaws.com");
}

TEST_CASE("a region that no host may have is refused, by every service") {
    for (int i = 0; i <= static_cast<int>(Service::sso_oidc); ++i) {
        const auto service = static_cast<Service>(i);
        CAPTURE(aws::names_of(service).id);
        for (const std::string wrong : {"", "a.b", "-x", "x-", "a b", "us_east_1", "evil.com/x", "x\r\n", "x:1"}) {
            CHECK(aws::resolve_endpoint(service, in(wrong)).error() == error::region_missing);
        }
    }
}

TEST_CASE("a configured URL goes with neither FIPS nor dual stack") {
    auto parameters = in("us-east-1");
    parameters.custom = "http://127.0.0.1:4568/base/";
    CHECK(url(Service::kinesis, parameters) == "http://127.0.0.1:4568/base");
    parameters.fips = true;
    CHECK(aws::resolve_endpoint(Service::kinesis, parameters).error() == error::endpoint_invalid);
    parameters.fips = false;
    parameters.dual_stack = true;
    CHECK(aws::resolve_endpoint(Service::kinesis, parameters).error() == error::endpoint_invalid);
    parameters.dual_stack = false;
    parameters.custom = "kinesis";
    CHECK(aws::resolve_endpoint(Service::kinesis, parameters).error() == error::endpoint_invalid);
}

TEST_CASE("a stream's ARN leads to its account, unless that is switched off") {
    auto parameters = stream(clicks);
    CHECK(url(Service::kinesis, parameters) == "https://123456789012.data-kinesis.us-east-1.amazonaws.com");
    parameters.operation_type = aws::OperationType::control;
    CHECK(url(Service::kinesis, parameters) == "https://123456789012.control-kinesis.us-east-1.amazonaws.com");
    parameters.account_endpoints = aws::AccountEndpoints::disabled;
    CHECK(url(Service::kinesis, parameters) == "https://kinesis.us-east-1.amazonaws.com");
    // Whoever does not ask for the account needs no good ARN either: the service will say what is wrong with it.
    CHECK(url(Service::firehose, stream("nonsense")) == "https://firehose.us-east-1.amazonaws.com");
}

TEST_CASE("an ARN cannot smuggle a host in") {
    for (const std::string account : {"evil.example/", "1.2", "@evil", "1 2", "-", "", "1\r\nX: y"}) {
        CAPTURE(account);
        CHECK(aws::resolve_endpoint(Service::kinesis, stream("arn:aws:kinesis:us-east-1:" + account + ":stream/x"))
                  .error() == error::endpoint_invalid);
        auto table = in("us-east-1");
        table.account_id = account;
        CHECK(aws::resolve_endpoint(Service::dynamodb, table).error() == error::endpoint_invalid);
    }
}

TEST_CASE("a host that the whole world shares is signed in one region") {
    const auto sts = aws::resolve_endpoint(Service::sts, in("aws-global")).value();
    CHECK(sts.endpoint.url == "https://sts.amazonaws.com");
    CHECK(sts.signing_region == "us-east-1");
    const auto resolved = [](const EndpointParameters& parameters) {
        const auto iam = aws::resolve_endpoint(Service::iam, parameters).value();
        return iam.endpoint.host + " in " + iam.signing_region;
    };
    CHECK(resolved(in("eu-west-1")) == "iam.amazonaws.com in us-east-1");
    CHECK(resolved(in("eu-west-1", true)) == "iam-fips.amazonaws.com in us-east-1");
    CHECK(resolved(in("eu-west-1", false, true)) == "iam.global.api.aws in us-east-1");
    CHECK(resolved(in("cn-northwest-1")) == "iam.cn-north-1.amazonaws.com.cn in cn-north-1");
    CHECK(resolved(in("cn-north-1", false, true)) == "iam.global.api.amazonwebservices.com.cn in cn-north-1");
    CHECK(resolved(in("eusc-de-east-1")) == "iam.eusc-de-east-1.amazonaws.eu in eusc-de-east-1");
}

TEST_CASE("a bucket stands in the host where the host is a name and the certificate matches") {
    CHECK(url(Service::s3, bucket("")) == "https://s3.us-east-1.amazonaws.com");
    CHECK(url(Service::s3, bucket("b-1")) == "https://b-1.s3.us-east-1.amazonaws.com");
    CHECK(url(Service::s3, bucket("b.c")) == "https://s3.us-east-1.amazonaws.com/b.c");
    CHECK(url(Service::s3, bucket("b.c", "http://localhost:9000/x")) == "http://b.c.localhost:9000/x");
    CHECK(url(Service::s3, bucket("b.c", "https://localhost:9000")) == "https://localhost:9000/b.c");
    CHECK(url(Service::s3, bucket("b-1", "http://127.0.0.1:9000")) == "http://127.0.0.1:9000/b-1");
    CHECK(url(Service::s3, bucket("b-1", "http://[::1]:9000")) == "http://[::1]:9000/b-1");
    CHECK(url(Service::s3, bucket("b-1", "http://1.2.3")) == "http://b-1.1.2.3");
    for (const std::string odd : {"ab", "B-1", "b_1", "b..c", ".bc", "bc.", "b-", "-b1", "1.2.3.4", "b-.c"}) {
        CAPTURE(odd);
        CHECK(url(Service::s3, bucket(odd, "http://h")) == "http://h/" + odd);
    }
    CHECK(url(Service::s3, bucket(std::string(64, 'b'), "http://h")) == "http://h/" + std::string(64, 'b'));
    CHECK(aws::resolve_endpoint(Service::s3, bucket("b-1")).value().endpoint.host ==
          "b-1.s3.us-east-1.amazonaws.com");
}

TEST_CASE("a bucket in the path cannot leave its place") {
    CHECK(url(Service::s3, bucket("../x?y#z@", "http://h")) == "http://h/..%2Fx%3Fy%23z%40");
    auto plain = bucket("b-1");
    plain.path_style = true;
    CHECK(url(Service::s3, plain) == "https://s3.us-east-1.amazonaws.com/b-1");
}
