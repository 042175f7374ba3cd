#include <sluice/aws/endpoint.hpp>

#include <doctest/doctest.h>

#include <map>
#include <string>

using namespace sluice;

namespace {

aws::Environment environment(std::map<std::string, std::string, std::less<>> variables) {
    return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
    };
}

Options with_endpoint(std::string url) {
    Options options{"stream"};
    options.endpoint = std::move(url);
    return options;
}

std::string url_of(std::string_view region) {
    return aws::resolve_endpoint("kinesis", region, Options{}, environment({})).value().url;
}

} // namespace

TEST_CASE("the region comes from the options, then from the environment") {
    Options options{"stream"};
    const auto both = environment({{"AWS_REGION", "eu-west-1"}, {"AWS_DEFAULT_REGION", "eu-west-2"}});
    CHECK(aws::resolve_region(options, both).value() == "eu-west-1");
    const auto second = environment({{"AWS_REGION", ""}, {"AWS_DEFAULT_REGION", "eu-west-2"}});
    CHECK(aws::resolve_region(options, second).value() == "eu-west-2");
    options.region = "us-east-1";
    CHECK(aws::resolve_region(options, both).value() == "us-east-1");
}

TEST_CASE("without a region there is an error that says so") {
    CHECK(aws::resolve_region(Options{"stream"}, environment({})).error() == error::region_missing);
    CHECK(aws::resolve_region(Options{"stream"}, aws::Environment{}).error() == error::region_missing);
}

TEST_CASE("a region that no host may have is refused") {
    for (const std::string wrong : {"us-east-1.evil.example", "us east", "-us", "us-", "us/east", "us@east",
                                    "us\r\nX: y", "us:1", "us_east", "\xc3\xbc", ""}) {
        CAPTURE(wrong);
        Options options{"stream"};
        options.region = wrong;
        CHECK(aws::resolve_region(options, environment({})).error() == error::region_missing);
        CHECK(aws::resolve_endpoint("kinesis", wrong, Options{}, environment({})).error() == error::region_missing);
    }
    Options options{"stream"};
    options.region = std::string(64, 'a');
    CHECK(aws::resolve_region(options, environment({})).error() == error::region_missing);
    options.region = std::string(63, 'a');
    CHECK(aws::resolve_region(options, environment({})).has_value());
}

TEST_CASE("each region has the domain of its partition") {
    CHECK(url_of("eu-west-1") == "https://kinesis.eu-west-1.amazonaws.com");
    CHECK(url_of("us-gov-west-1") == "https://kinesis.us-gov-west-1.amazonaws.com");
    CHECK(url_of("cn-north-1") == "https://kinesis.cn-north-1.amazonaws.com.cn");
    CHECK(url_of("us-iso-east-1") == "https://kinesis.us-iso-east-1.c2s.ic.gov");
    CHECK(url_of("us-isob-east-1") == "https://kinesis.us-isob-east-1.sc2s.sgov.gov");
    CHECK(url_of("eu-isoe-west-1") == "https://kinesis.eu-isoe-west-1.cloud.adc-e.uk");
    CHECK(url_of("us-isof-south-1") == "https://kinesis.us-isof-south-1.csp.hci.ic.gov");
    CHECK(url_of("eusc-de-east-1") == "https://kinesis.eusc-de-east-1.amazonaws.eu");
    CHECK(url_of("mars-north-1") == "https://kinesis.mars-north-1.amazonaws.com");
    CHECK(url_of("cnn-north-1") == "https://kinesis.cnn-north-1.amazonaws.com");
}

TEST_CASE("the host of a regional endpoint is its name") {
    const auto endpoint = aws::resolve_endpoint("firehose", "eu-west-1", Options{}, environment({})).value();
    CHECK(endpoint.host == "firehose.eu-west-1.amazonaws.com");
}

TEST_CASE("a configured endpoint wins, code before service before all") {
    const auto all =
        environment({{"AWS_ENDPOINT_URL_KINESIS", "http://service:1"}, {"AWS_ENDPOINT_URL", "http://all:2"}});
    const auto resolve = [](const Options& options, const aws::Environment& variables) {
        return aws::resolve_endpoint("kinesis", "eu-west-1", options, variables).value().url;
    };
    CHECK(resolve(with_endpoint("http://code:3"), all) == "http://code:3");
    CHECK(resolve(Options{}, all) == "http://service:1");
    CHECK(resolve(Options{}, environment({{"AWS_ENDPOINT_URL", "http://all:2"}})) == "http://all:2");
    CHECK(resolve(Options{}, environment({{"AWS_ENDPOINT_URL_FIREHOSE", "http://x"}})) ==
          "https://kinesis.eu-west-1.amazonaws.com");
    CHECK(resolve(Options{}, environment({{"AWS_ENDPOINT_URL_KINESIS", ""}, {"AWS_ENDPOINT_URL", "http://all:2"}})) ==
          "http://all:2");
}

TEST_CASE("configured endpoints can be ignored, but for those in code") {
    for (const std::string yes : {"true", "TRUE", "True"}) {
        const auto variables =
            environment({{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", yes}, {"AWS_ENDPOINT_URL", "http://x"}});
        CHECK(aws::resolve_endpoint("kinesis", "eu-west-1", Options{}, variables).value().url ==
              "https://kinesis.eu-west-1.amazonaws.com");
        CHECK(aws::resolve_endpoint("kinesis", "eu-west-1", with_endpoint("http://y"), variables).value().url ==
              "http://y");
    }
    const auto no = environment({{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false"}, {"AWS_ENDPOINT_URL", "http://x"}});
    CHECK(aws::resolve_endpoint("kinesis", "eu-west-1", Options{}, no).value().url == "http://x");
}

TEST_CASE("the variable of a service has underscores") {
    const auto variables = environment({{"AWS_ENDPOINT_URL_DYNAMODB_STREAMS", "http://x"}});
    CHECK(aws::resolve_endpoint("dynamodb-streams", "eu-west-1", Options{}, variables).value().url == "http://x");
    CHECK(aws::resolve_endpoint("dynamodb streams", "eu-west-1", Options{}, variables).value().url == "http://x");
}

TEST_CASE("a URL is brought into one form") {
    const auto parse = [](std::string_view text) { return aws::parse_endpoint(text).value(); };
    CHECK(parse("http://127.0.0.1:4568") == aws::Endpoint("http://127.0.0.1:4568", "127.0.0.1:4568"));
    CHECK(parse("http://127.0.0.1:4568/") == aws::Endpoint("http://127.0.0.1:4568", "127.0.0.1:4568"));
    CHECK(parse("HTTPS://Example.COM:443") == aws::Endpoint("https://example.com", "example.com"));
    CHECK(parse("http://example.com:443") == aws::Endpoint("http://example.com:443", "example.com:443"));
    CHECK(parse("http://example.com:80") == aws::Endpoint("http://example.com", "example.com"));
    CHECK(parse("https://[FD00::1]:8443") == aws::Endpoint("https://[fd00::1]:8443", "[fd00::1]:8443"));
    CHECK(parse("https://h/Base/path//") == aws::Endpoint("https://h/Base/path", "h"));
    CHECK(parse("http://my_kinesis:4567") == aws::Endpoint("http://my_kinesis:4567", "my_kinesis:4567"));
    CHECK(parse("http://a-b.c:00080").host == "a-b.c");
}

TEST_CASE("a name that begins like an address is a name, or refused") {
    const auto endpoint = aws::parse_endpoint("http://1.2.3.4.example");
    CHECK((endpoint.has_error() || endpoint->host == "1.2.3.4.example"));
}

TEST_CASE("what is no endpoint is refused") {
    for (const std::string_view wrong :
         {"", "kinesis", "127.0.0.1:4568", "//host", "ftp://host", "http:", "http://", "http:///path", "http://:80",
          "http://host:99999", "http://host:0", "http://host:", "http://host:4294967297",
          "http://host:x", "http://user@host", "http://user:word@host",
          "http://host?x", "http://host#x", "http://ho st", " http://host", "http://host ", "http://host\r\nX: y",
          "http://h%0d%0aost", "http://h!ost", "http://[::1", "http://[v1.x]", "file:///etc/passwd", "http://h\\ost"}) {
        CAPTURE(wrong);
        CHECK(aws::parse_endpoint(wrong).error() == error::endpoint_invalid);
    }
    CHECK(aws::parse_endpoint(std::string_view("http://h\0ost", 12)).error() == error::endpoint_invalid);
    CHECK(aws::resolve_endpoint("kinesis", "eu-west-1", with_endpoint("nonsense"), environment({})).error() ==
          error::endpoint_invalid);
}
