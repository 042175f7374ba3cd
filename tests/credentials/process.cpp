#include <sluice/credentials/process.hpp>

#include <credentials/fakes.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>

using namespace sluice;
using namespace std::chrono_literals;

static_assert(Credentials<ProcessCredentials>);
static_assert(RunningCredentials<ProcessCredentials::Running>);

namespace {

/// A program that ends as a test says.
class Program {
public:
    [[nodiscard]] aws::Machine machine() {
        aws::Machine machine;
        machine.run = [this](std::string line, std::chrono::milliseconds time) {
            command = std::move(line);
            patience = time;
            return end();
        };
        return machine;
    }

    void prints(std::string text) {
        aws::ProcessOutput output;
        output.output = std::move(text);
        outcome = std::move(output);
    }

    result<aws::ProcessOutput> outcome = error_code(error::closed);
    std::string command;
    std::chrono::milliseconds patience{0};

private:
    asio::awaitable<result<aws::ProcessOutput>> end() { co_return outcome; }
};

constexpr const char* keys = R"("Version": 1, "AccessKeyId": "id", "SecretAccessKey": "key")";

bool is_malformed(const std::string& json) {
    const auto secrets = parse_process_output(json);
    return !secrets.has_value() && secrets.error() == error::malformed;
}

} // namespace

TEST_CASE("output of a program is read") {
    const auto secrets = parse_process_output(std::string("{") + keys + R"(, "SessionToken": "token", "Other": [{}],
        "Expiration": "2026-01-02T03:04:05Z", "AccountId": "123456789012"})");
    REQUIRE(secrets.has_value());
    CHECK(secrets->access_key_id == "id");
    CHECK(secrets->secret_access_key.reveal() == "key");
    CHECK(secrets->session_token.reveal() == "token");
    CHECK(secrets->account_id == "123456789012");
    CHECK(secrets->expires == wall_time(1'767'323'045s));
}

TEST_CASE("without an expiration credentials do not expire") {
    CHECK(!parse_process_output(std::string("{") + keys + "}\n").value().expires);
    CHECK(!parse_process_output(std::string("{") + keys + R"(, "Expiration": null, "SessionToken": null})").value()
               .expires);
}

TEST_CASE("credentials that end in the year 9999 are good for as long as there are times") {
    CHECK(parse_process_output(std::string("{") + keys + R"(, "Expiration": "9999-12-31T23:59:59Z"})").value()
              .expires == sluice::detail::last_expiration);
}

TEST_CASE("any other output is malformed") {
    for (const std::string text :
         {"", "{}", "[]", "null", "invalid json", R"({"AccessKeyId": "id", "SecretAccessKey": "key"})",
          R"({"Version": 2, "AccessKeyId": "id", "SecretAccessKey": "key"})",
          R"({"Version": "1", "AccessKeyId": "id", "SecretAccessKey": "key"})",
          R"({"Version": 1, "AccessKeyId": "id"})", R"({"Version": 1, "SecretAccessKey": "key"})",
          R"({"Version": 1, "AccessKeyId": "", "SecretAccessKey": "key"})",
          R"({"Version": 1, "AccessKeyId": 5, "SecretAccessKey": "key"})",
          R"({"Version": 1, "AccessKeyId": "id", "SecretAccessKey": "key"} x)",
          R"({"Version": 1, "AccessKeyId": "id", "SecretAccessKey": "key", "Expiration": "soon"})",
          R"({"Version": 1, "AccessKeyId": "id", "SecretAccessKey": "key", "Expiration": 5})"}) {
        CAPTURE(text);
        CHECK(is_malformed(text));
    }
    const std::string whole = std::string("{") + keys + "}";
    for (std::size_t size = 0; size < whole.size(); ++size) CHECK(is_malformed(whole.substr(0, size)));
}

TEST_CASE("the program is run at each fetch, for no longer than was said") {
    Program program;
    Asked asked(ProcessCredentials("give --me 'keys'", 7s, program.machine()));
    program.prints(std::string("{") + keys + "}");
    CHECK(asked.fetch().value() == Secrets("id", Secret("key")));
    CHECK(program.command == "give --me 'keys'");
    CHECK(program.patience == 7s);
    program.prints(R"({"Version": 1, "AccessKeyId": "other", "SecretAccessKey": "key"})");
    CHECK(asked.fetch().value().access_key_id == "other");
    CHECK(asked.fake.log.empty());
}

TEST_CASE("a program that fails is told of, and at the debug level what it complains of") {
    Program program;
    Asked asked(ProcessCredentials("x", 5s, program.machine()));
    aws::ProcessOutput failed;
    failed.exit_code = 3;
    failed.output = "hunter2";
    failed.complaint = "no\tluck\x1b[1m \xc3\xa4\nhunter2";
    program.outcome = failed;
    CHECK(asked.fetch().error() == error::credentials_failed);
    const std::string words = "credentials: process: the command complains: no?luck?[1m ??\n";
    CHECK(asked.fake.log == words + "credentials: process: the command ended with code 3\n");
    asked.fake.log.clear();
    CHECK(asked.fetch().error() == error::credentials_failed);
    CHECK(asked.fake.log == words);
    asked.fake.log.clear();
    for (int i = 0; i < 1000; ++i) failed.complaint.insert(0, "x ");
    program.outcome = failed;
    CHECK(asked.fetch().error() == error::credentials_failed);
    CHECK(asked.fake.log.size() < 300);
    asked.fake.log.clear();
    failed.complaint = "";
    program.outcome = failed;
    CHECK(asked.fetch().error() == error::credentials_failed);
    CHECK(asked.fake.log.empty());

    std::string errors;
    Options discreet{"stream"};
    discreet.log = Log([&](LogLevel, std::string_view line) { errors.append(line).append("\n"); }, LogLevel::info);
    asio::io_context context;
    FakeClock clock;
    World world(context.get_executor(), clock, discreet);
    failed.complaint = "no luck";
    program.outcome = failed;
    ProcessCredentials::Running running("x", 5s, program.machine(), world);
    asio::co_spawn(context, running.fetch(), [](const std::exception_ptr&, const result<Secrets>&) {});
    context.run();
    CHECK(errors == "credentials: process: the command ended with code 3\n");
}

TEST_CASE("a complaint that may hold a key is not told at any level") {
    for (const std::string complaint :
         {"export AWS_SECRET_ACCESS_KEY=hunter2", "the Token is hunter2", "Key: hunter2", "password hunter2",
          "+ echo hunter2wJalrXUtnFEMI/K7MDENG/bPxRfi", "hunter2_-4567890123456789012345678"}) {
        CAPTURE(complaint);
        Program program;
        Asked asked(ProcessCredentials("x", 5s, program.machine()));
        aws::ProcessOutput failed;
        failed.exit_code = 1;
        failed.complaint = complaint;
        program.outcome = failed;
        CHECK(asked.fetch().error() == error::credentials_failed);
        CHECK(asked.fake.log == "credentials: process: the command ended with code 1\n");
    }
}

TEST_CASE("a program of which nobody knows how it ended is judged by its output") {
    Program program;
    Asked asked(ProcessCredentials("x", 5s, program.machine()));
    program.prints(std::string("{") + keys + "}");
    REQUIRE(!program.outcome->exit_code);
    CHECK(asked.fetch().has_value());
    program.prints("");
    CHECK(asked.fetch().error() == error::credentials_failed);
}

TEST_CASE("a program that prints something else is told of, but not what it prints") {
    Program program;
    Asked asked(ProcessCredentials("x", 1min, program.machine()));
    program.prints("hunter2");
    CHECK(asked.fetch().error() == error::credentials_failed);
    CHECK(asked.fake.log == "credentials: process: the command did not print credentials as JSON of version 1\n");
}

TEST_CASE("a program that cannot be run, or does not end, is told of") {
    Program program;
    Asked asked(ProcessCredentials("x", 5s, program.machine()));
    program.outcome = error_code(error::timed_out);
    CHECK(asked.fetch().error() == error::credentials_failed);
    program.outcome = error_code(error::response_too_large);
    CHECK(asked.fetch().error() == error::credentials_failed);
    program.outcome = make_error_code(boost::system::errc::too_many_files_open);
    CHECK(asked.fetch().error() == error::credentials_failed);
    CHECK(asked.fake.log ==
          "credentials: process: the command was ended, since it took longer than 5000 ms\n"
          "credentials: process: the command was ended, since it printed too much\n"
          "credentials: process: the command could not be run: Too many open files\n");
    Asked helpless(ProcessCredentials("x", 1min, aws::Machine()));
    CHECK(helpless.fetch().error() == error::credentials_failed);
}

TEST_CASE("what was cancelled is no failure of the program") {
    Program program;
    Asked asked(ProcessCredentials("x", 1min, program.machine()));
    program.outcome = error_code(asio::error::operation_aborted);
    CHECK(asked.fetch().error() == asio::error::operation_aborted);
    CHECK(asked.fake.log.empty());
}

TEST_CASE("an empty command can never work") {
    CHECK_THROWS_AS(ProcessCredentials(""), std::invalid_argument);
}

TEST_CASE("a real program gives credentials") {
    Asked asked(ProcessCredentials(std::string("echo '{") + keys + "}'"));
    CHECK(asked.fetch().value() == Secrets("id", Secret("key")));
    Asked failing(ProcessCredentials("echo no luck >&2; exit 1"));
    CHECK(failing.fetch().error() == error::credentials_failed);
    CHECK(failing.fake.log == "credentials: process: the command complains: no luck\n"
                              "credentials: process: the command ended with code 1\n");
}
