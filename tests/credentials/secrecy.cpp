#include <sluice/credentials/assume_role.hpp>
#include <sluice/credentials/default.hpp>

#include <sluice/aws/cached_credentials.hpp>
#include <sluice/aws/percent.hpp>

#include <credentials/fakes.hpp>
#include <sts/answers.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <sstream>
#include <string>
#include <vector>

using namespace sluice;

namespace {

/// What must not be told, in any form that a service or a file may give it.
const std::vector<std::string> secrets{"ENV+KEY/SECRET", "ENV+TOKEN=SECRET", "FILE+KEY/SECRET",  "FILE+TOKEN=SECRET",
                                       "WEB.TOKEN=SECRET", "CONTAINER+TOKEN=SECRET", "IMDS+TOKEN==SECRET",
                                       "SSO+ACCESS=SECRET", "SSO+REFRESH=SECRET", "SSO+CLIENT=SECRET",
                                       "PROCESS+KEY=SECRET", "role-key", "role-token"};

bool tells_a_secret(const std::string& text) {
    for (const auto& secret : secrets) {
        std::string encoded;
        aws::append_percent_encoded(encoded, secret);
        for (const auto& form : {secret, encoded}) {
            if (text.find(form) != std::string::npos) return true;
        }
    }
    return false;
}

/// Everything that a request holds: what a hostile or a helpful server sends back.
std::string echo(const HttpRequest& request) {
    std::string text = request.method + " " + request.url;
    for (const auto& header : request.headers) text.append(" ").append(header.name).append(": ").append(header.value);
    return request.body ? text + " " + *request.body : text;
}

using Answer = std::function<result<HttpResponse>(const HttpRequest&)>;

/// All the ways in which a server may say more than it should.
std::vector<Answer> indiscreet_answers() {
    std::vector<Answer> answers;
    for (const int status : {200, 201, 301, 400, 401, 403, 404, 500}) {
        answers.emplace_back([status](const HttpRequest& request) { return HttpResponse(status, echo(request)); });
        answers.emplace_back([status](const HttpRequest& request) {
            HttpResponse response(status, R"({"__type":"InvalidSignatureException","Code":"Failed","message":")" +
                                              echo(request) + R"(","error":"invalid_grant"})");
            response.headers.emplace_back("x-amzn-RequestId", echo(request));
            return response;
        });
        answers.emplace_back([status](const HttpRequest& request) {
            return HttpResponse(status, refused("SignatureDoesNotMatch", echo(request)));
        });
        answers.emplace_back([status](const HttpRequest& request) {
            HttpResponse response(status, "");
            response.headers.emplace_back("x-amzn-ErrorType", echo(request));
            response.headers.emplace_back("Location", "http://192.0.2.1/?" + echo(request));
            return response;
        });
        answers.emplace_back([status](const HttpRequest&) { // secrets of which nobody knew before
            return HttpResponse(status, R"({"AccessKeyId":"A","SecretAccessKey":"role-key","Token":"role-token",)"
                                        R"("Code":"role-key","Expiration":"role-token"})");
        });
    }
    return answers;
}

/// A machine full of secrets, in a world that keeps every line and every error.
template <class Recipe>
class Bench : public FakeMachine {
public:
    explicit Bench(const std::function<Recipe(const aws::Machine&)>& make) : asked_(make(equipped()), options()) {}

    /// What the log and the error told while the same answer came to every request.
    std::string told(const Answer& answer) {
        asked_.fake.transport.script.clear();
        for (int i = 0; i < 40; ++i) asked_.fake.transport.script.push_back(answer);
        const auto given = asked_.fetch();
        std::ostringstream text;
        if (given) text << given->secret_access_key << given->session_token;
        if (!given) text << given.error().message() << given.error().to_string();
        return asked_.fake.log + text.str();
    }

    void hear(std::string_view variable, std::string value) { variables[std::string(variable)] = std::move(value); }

private:
    static Options options() {
        Options options{"stream"};
        options.region = "eu-west-1";
        return options;
    }

    aws::Machine equipped() {
        auto its_machine = machine();
        its_machine.run = [](std::string, std::chrono::milliseconds) -> asio::awaitable<result<aws::ProcessOutput>> {
            aws::ProcessOutput output;
            output.output = R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"PROCESS+KEY=SECRET","Expiration":"x"})";
            co_return output;
        };
        return its_machine;
    }

    Asked<Recipe> asked_;
};

void check_discreet(const std::function<void(FakeMachine&)>& set_up) {
    int number = 0;
    for (const auto& answer : indiscreet_answers()) {
        CAPTURE(number++);
        Bench<DefaultCredentials> bench([](const aws::Machine& machine) { return DefaultCredentials(machine); });
        bench.variables["HOME"] = "/home";
        set_up(bench);
        const auto told = bench.told(answer);
        CAPTURE(told);
        CHECK_FALSE(tells_a_secret(told));
    }
}

} // namespace

TEST_CASE("the test finds a secret when there is one") {
    CHECK(tells_a_secret("x ENV+KEY/SECRET y"));
    CHECK(tells_a_secret("WEB.TOKEN%3DSECRET"));
    HttpRequest request("POST", "http://h/");
    request.headers.emplace_back("Authorization", "CONTAINER+TOKEN=SECRET");
    CHECK(tells_a_secret(echo(request)));
}

TEST_CASE("no source of credentials tells a secret, whatever it is answered") {
    SUBCASE("environment") {
        check_discreet([](FakeMachine& machine) {
            machine.variables["AWS_ACCESS_KEY_ID"] = "A";
            machine.variables["AWS_SECRET_ACCESS_KEY"] = "ENV+KEY/SECRET";
            machine.variables["AWS_SESSION_TOKEN"] = "ENV+TOKEN=SECRET";
        });
        check_discreet([](FakeMachine& machine) { machine.variables["AWS_SECRET_ACCESS_KEY"] = "ENV+KEY/SECRET"; });
    }
    SUBCASE("a role of a profile with keys") {
        check_discreet([](FakeMachine& machine) {
            machine.files["/home/.aws/config"] = "[default]\nrole_arn = arn:role\nsource_profile = base\n"
                                                 "[profile base]\naws_access_key_id = A\n"
                                                 "aws_secret_access_key = FILE+KEY/SECRET\n"
                                                 "aws_session_token = FILE+TOKEN=SECRET\n";
        });
    }
    SUBCASE("files with mistakes") {
        for (const std::string text :
             {"[default]\naws_secret_access_key FILE+KEY/SECRET\n", "FILE+KEY/SECRET = x\n", "[FILE+KEY/SECRET\n",
              "[default]\naws_secret_access_key = FILE+KEY/SECRET\n", " FILE+KEY/SECRET\n",
              "[default]\nsource_profile = FILE+KEY/SECRET\nrole_arn = x\n= FILE+KEY/SECRET\n"}) {
            check_discreet([&](FakeMachine& machine) { machine.files["/home/.aws/credentials"] = text; });
        }
    }
    SUBCASE("a program") {
        check_discreet([](FakeMachine& machine) {
            machine.files["/home/.aws/config"] = "[default]\ncredential_process = show\n";
        });
    }
    SUBCASE("a sign-in, about to end and over") {
        for (const std::string end : {"2026-01-02T03:10:00Z", "2026-01-02T02:00:00Z", "2030-01-01T00:00:00Z"}) {
            check_discreet([&](FakeMachine& machine) {
                machine.files["/home/.aws/config"] = "[default]\nsso_session = s\nsso_account_id = 1\n"
                                                     "sso_role_name = r\n[sso-session s]\nsso_region = eu-west-1\n"
                                                     "sso_start_url = https://x\n";
                machine.files["/home/.aws/sso/cache/a0f1490a20d0211c997b44bc357e1972deab8ae3.json"] =
                    R"({"accessToken":"SSO+ACCESS=SECRET","expiresAt":")" + end +
                    R"(","refreshToken":"SSO+REFRESH=SECRET","clientId":"c","clientSecret":"SSO+CLIENT=SECRET",)"
                    R"("registrationExpiresAt":"2030-01-01T00:00:00Z"})";
            });
        }
    }
    SUBCASE("a web identity") {
        check_discreet([](FakeMachine& machine) {
            machine.variables["AWS_ROLE_ARN"] = "arn:role";
            machine.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/token";
            machine.files["/token"] = "WEB.TOKEN=SECRET";
        });
    }
    SUBCASE("a container") {
        check_discreet([](FakeMachine& machine) {
            machine.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/c";
            machine.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "CONTAINER+TOKEN=SECRET";
        });
        check_discreet([](FakeMachine& machine) {
            machine.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/c";
            machine.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "CONTAINER+TOKEN=SECRET\r\nX: y";
        });
    }
    SUBCASE("an instance") { check_discreet([](FakeMachine&) {}); }
}

TEST_CASE("the sign-in of the test above is found") {
    Bench<DefaultCredentials> bench([](const aws::Machine& machine) { return DefaultCredentials(machine); });
    bench.variables["HOME"] = "/home";
    bench.files["/home/.aws/config"] = "[default]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n"
                                       "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://x\n";
    bench.files["/home/.aws/sso/cache/a0f1490a20d0211c997b44bc357e1972deab8ae3.json"] =
        R"({"accessToken":"SSO+ACCESS=SECRET","expiresAt":"2030-01-01T00:00:00Z"})";
    std::string sent;
    bench.told([&](const HttpRequest& request) {
        sent += echo(request);
        return HttpResponse(403, "");
    });
    CHECK(sent.find("SSO+ACCESS=SECRET") != std::string::npos);
}

TEST_CASE("a role of other credentials tells no secret, whatever STS answers") {
    for (const auto& answer : indiscreet_answers()) {
        Bench<AssumeRole<StaticCredentials>> bench([](const aws::Machine& machine) {
            StaticCredentials keys("A", Secret("ENV+KEY/SECRET"), Secret("ENV+TOKEN=SECRET"));
            return AssumeRole(keys, sts::Role("arn:role"), machine);
        });
        const auto told = bench.told(answer);
        CAPTURE(told);
        CHECK_FALSE(tells_a_secret(told));
    }
}
