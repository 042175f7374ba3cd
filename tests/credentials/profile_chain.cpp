#include <sluice/credentials/profile_chain.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <variant>

using namespace sluice;
using namespace std::chrono_literals;

namespace {

using Sections = aws::Profiles::Sections;

class Answer {
public:
    Answer(Sections sections, const std::string& name, Sections sessions = {}) {
        aws::Profiles profiles;
        profiles.profiles = std::move(sections);
        profiles.sso_sessions = std::move(sessions);
        chain = profile_chain(profiles, name, &complaint);
        const auto silent = profile_chain(profiles, name);
        CHECK(silent.has_value() == chain.has_value());
    }

    template <class Step>
    [[nodiscard]] const Step& step(std::size_t number, std::size_t count) const {
        REQUIRE(chain.has_value());
        REQUIRE(chain->steps.size() == count);
        REQUIRE(std::holds_alternative<Step>(chain->steps[number]));
        return std::get<Step>(chain->steps[number]);
    }

    [[nodiscard]] error_code error() const {
        REQUIRE(!chain.has_value());
        return chain.error();
    }

    result<ProfileChain> chain = error_code(error::closed);
    std::string complaint;
};

/// What is wrong with a profile that is set up.
std::string fault(Sections sections, const std::string& name = "a", Sections sessions = {}) {
    const Answer answer(std::move(sections), name, std::move(sessions));
    CHECK(answer.error() == error::credentials_failed);
    return answer.complaint;
}

const std::string arn = "arn:aws:iam::123456789012:role/R";

} // namespace

TEST_CASE("keys in the profile are one step") {
    const Answer answer({{"a",
                          {{"aws_access_key_id", "id"},
                           {"aws_secret_access_key", "key"},
                           {"aws_session_token", "token"},
                           {"aws_account_id", "1"}}}},
                        "a");
    const auto& secrets = answer.step<ProfileChain::StaticKeys>(0, 1).secrets;
    CHECK(secrets.access_key_id == "id");
    CHECK(secrets.secret_access_key.reveal() == "key");
    CHECK(secrets.session_token.reveal() == "token");
    CHECK(secrets.account_id == "1");
    CHECK(answer.complaint.empty());
}

TEST_CASE("roles are assumed one after the other, the farthest first") {
    const Answer answer({{"a", {{"role_arn", arn + "a"}, {"source_profile", "b"}, {"region", "eu-west-1"}}},
                         {"b",
                          {{"role_arn", arn + "b"},
                           {"source_profile", "c"},
                           {"external_id", "x"},
                           {"role_session_name", "s"},
                           {"duration_seconds", "900"}}},
                         {"c", {{"credential_source", "ecscontainer"}}}},
                        "a");
    CHECK(answer.step<ProfileChain::NamedSource>(0, 3).source == ProfileChain::Source::container);
    const auto& inner = answer.step<ProfileChain::AssumeRole>(1, 3);
    CHECK(inner.role_arn == arn + "b");
    CHECK(inner.external_id == "x");
    CHECK(inner.role_session_name == "s");
    CHECK(inner.duration == 900s);
    const auto& outer = answer.step<ProfileChain::AssumeRole>(2, 3);
    CHECK(outer.role_arn == arn + "a");
    CHECK(!outer.duration);
}

TEST_CASE("a source profile gives its own keys, even if it has a role") {
    const Answer answer({{"a", {{"role_arn", arn}, {"source_profile", "b"}}},
                         {"b",
                          {{"role_arn", arn},
                           {"source_profile", "a"},
                           {"aws_access_key_id", "id"},
                           {"aws_secret_access_key", "key"}}}},
                        "a");
    CHECK(answer.step<ProfileChain::StaticKeys>(0, 2).secrets.access_key_id == "id");
}

TEST_CASE("a profile may be its own source if it has something beside its role") {
    const Answer answer({{"a",
                          {{"role_arn", arn},
                           {"source_profile", "a"},
                           {"aws_access_key_id", "id"},
                           {"aws_secret_access_key", "key"}}}},
                        "a");
    CHECK(answer.step<ProfileChain::StaticKeys>(0, 2).secrets.access_key_id == "id");
    CHECK(answer.step<ProfileChain::AssumeRole>(1, 2).role_arn == arn);
    CHECK(fault({{"a", {{"role_arn", arn}, {"source_profile", "a"}}}}) == "profile a has no credentials");
}

TEST_CASE("profiles that lead back to themselves are a mistake, however long the way") {
    const auto to = [](const std::string& name) {
        return aws::Profiles::Properties{{"role_arn", arn}, {"source_profile", name}};
    };
    CHECK(fault({{"a", to("b")}, {"b", to("a")}}) == "profile a is its own source_profile, by a detour");
    CHECK(fault({{"a", to("b")}, {"b", to("c")}, {"c", to("b")}}) ==
          "profile b is its own source_profile, by a detour");
    Sections ring;
    for (int i = 0; i < 1000; ++i) ring["p" + std::to_string(i)] = to("p" + std::to_string((i + 1) % 1000));
    CHECK(fault(ring, "p0") == "profile p0 is its own source_profile, by a detour");
}

TEST_CASE("within one profile the order is source, web identity, single sign-on, process, keys") {
    aws::Profiles::Properties all{{"credential_source", "Environment"}, {"role_arn", arn},
                                  {"web_identity_token_file", "/t"},    {"sso_account_id", "1"},
                                  {"sso_role_name", "r"},               {"sso_region", "eu-west-1"},
                                  {"sso_start_url", "https://x"},       {"login_session", "l"},
                                  {"credential_process", "p"},          {"aws_access_key_id", "id"},
                                  {"aws_secret_access_key", "key"}};
    CHECK(Answer({{"a", all}}, "a").step<ProfileChain::NamedSource>(0, 1).source == ProfileChain::Source::environment);
    all.erase("credential_source");
    CHECK(Answer({{"a", all}}, "a").step<ProfileChain::WebIdentity>(0, 1).token_file == "/t");
    all.erase("web_identity_token_file");
    CHECK(fault({{"a", all}}) == "profile a has role_arn, but neither source_profile nor credential_source");
    all.erase("role_arn");
    CHECK(Answer({{"a", all}}, "a").step<ProfileChain::Sso>(0, 1).region == "eu-west-1");
    for (const auto* name : {"sso_account_id", "sso_role_name", "sso_region", "sso_start_url"}) all.erase(name);
    CHECK(fault({{"a", all}}) == "profile a has login_session, which sluice cannot use");
    all.erase("login_session");
    CHECK(Answer({{"a", all}}, "a").step<ProfileChain::Process>(0, 1).command == "p");
    all.erase("credential_process");
    CHECK(Answer({{"a", all}}, "a").step<ProfileChain::StaticKeys>(0, 1).secrets.access_key_id == "id");
}

TEST_CASE("a role needs one source, and no more") {
    CHECK(fault({{"a", {{"role_arn", arn}, {"source_profile", "b"}, {"credential_source", "Environment"}}}}) ==
          "profile a has both source_profile and credential_source");
    CHECK(fault({{"a", {{"role_arn", arn}, {"source_profile", ""}}}}) ==
          "profile a has role_arn, but neither source_profile nor credential_source");
    CHECK(fault({{"a", {{"role_arn", arn}, {"source_profile", "nobody"}}}}) ==
          "profile a has a source_profile that is not in the files");
    CHECK(fault({{"a", {{"role_arn", arn}, {"credential_source", "hunter2"}}}}) ==
          "profile a has a credential_source that is none of Environment, EcsContainer, Ec2InstanceMetadata");
    CHECK(fault({{"a", {{"role_arn", arn}, {"source_profile", "b"}, {"mfa_serial", "m"}}}, {"b", {}}}) ==
          "profile a has mfa_serial, but nobody is there to be asked for the code");
    CHECK(fault({{"a", {{"role_arn", arn}, {"source_profile", "b"}}}, {"b", {{"region", "x"}}}}) ==
          "profile b has no credentials");
}

TEST_CASE("a duration is a whole number that the service takes") {
    for (const std::string text : {"899", "43201", "900s", "x", "-900", "99999999999", "900 "}) {
        CAPTURE(text);
        const Sections sections{
            {"a", {{"role_arn", arn}, {"credential_source", "Environment"}, {"duration_seconds", text}}}};
        CHECK(fault(sections) == "profile a has a duration_seconds outside of 900 to 43200");
    }
    const Sections most{
        {"a", {{"role_arn", arn}, {"credential_source", "Environment"}, {"duration_seconds", "43200"}}}};
    const Answer answer(most, "a");
    CHECK(answer.step<ProfileChain::AssumeRole>(1, 2).duration == 43'200s);
}

TEST_CASE("web identity needs a role") {
    CHECK(fault({{"a", {{"web_identity_token_file", "/t"}}}}) ==
          "profile a has web_identity_token_file, but not role_arn");
}

TEST_CASE("one key without the other is a mistake") {
    CHECK(fault({{"a", {{"aws_access_key_id", "id"}}}}) ==
          "profile a has aws_access_key_id, but not aws_secret_access_key");
    CHECK(fault({{"a", {{"aws_secret_access_key", "hunter2"}, {"aws_access_key_id", ""}}}}) ==
          "profile a has aws_secret_access_key, but not aws_access_key_id");
}

TEST_CASE("single sign-on takes what its session tells, and no contradiction") {
    const aws::Profiles::Properties profile{{"sso_session", "s"}, {"sso_account_id", "1"}, {"sso_role_name", "r"}};
    const Sections sessions{{"s", {{"sso_region", "eu-west-1"}, {"sso_start_url", "https://x"}}}};
    const Answer answer({{"a", profile}}, "a", sessions);
    const auto& sso = answer.step<ProfileChain::Sso>(0, 1);
    CHECK(sso.session == "s");
    CHECK(sso.region == "eu-west-1");
    CHECK(sso.start_url == "https://x");
    auto same = profile;
    same["sso_region"] = "eu-west-1";
    CHECK(Answer({{"a", same}}, "a", sessions).step<ProfileChain::Sso>(0, 1).region == "eu-west-1");
    CHECK(Answer({{"a", same}}, "a", {{"s", {{"sso_start_url", "https://x"}}}}).chain.has_value());
    same["sso_region"] = "eu-west-2";
    CHECK(fault({{"a", same}}, "a", sessions) == "profile a and its sso-session differ in sso_region");
    CHECK(fault({{"a", profile}}, "a", {{"s", {{"sso_region", "x"}}}}) ==
          "profile a is for single sign-on, but has no sso_start_url");
    CHECK(fault({{"a", profile}}) == "profile a has an sso_session that is not in the file");
    CHECK(fault({{"a", {{"sso_session", "s"}}}}, "a", sessions) ==
          "profile a is for single sign-on, but has no sso_account_id");
}

TEST_CASE("what is not set up is missing, and what was asked for by name is not") {
    CHECK(Answer({}, "default").error() == error::credentials_missing);
    CHECK(Answer({{"default", {{"region", "x"}}}}, "default").error() == error::credentials_missing);
    CHECK(Answer({{"a", {{"region", "x"}}}}, "a").error() == error::credentials_missing);
    CHECK(fault({}) == "profile a is not in the files");
}
