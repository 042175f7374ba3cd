#include <sluice/aws/profiles.hpp>

#include <doctest/doctest.h>

#include <boost/system/errc.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

using namespace sluice;
using namespace sluice::aws;

namespace {

using Properties = Profiles::Properties;
using Texts = std::map<std::string, std::string, std::less<>>;

Profiles parsed(std::string_view config, std::string_view credentials = {}) {
    auto profiles = parse_profiles(config, credentials);
    REQUIRE(profiles.has_value());
    return *std::move(profiles);
}

std::string complaint_about(std::string_view config, std::string_view credentials = {}) {
    std::string complaint;
    const auto profiles = parse_profiles(config, credentials, &complaint);
    REQUIRE(!profiles.has_value());
    CHECK(profiles.error() == error::malformed);
    return complaint;
}

Environment environment(Texts variables) {
    return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
}

Machine machine(Texts variables, Texts files) {
    Machine made(environment(std::move(variables)));
    made.read_file = [files = std::move(files)](const std::string& path) -> result<std::string> {
        const auto found = files.find(path);
        if (found != files.end()) return found->second;
        return boost::system::errc::make_error_code(boost::system::errc::no_such_file_or_directory);
    };
    return made;
}

} // namespace

TEST_CASE("sections of the config file go where their prefix says") {
    const auto found = parsed("[default]\nregion = a\n[profile dev]\nregion = b\n[sso-session s]\nsso_region = c\n"
                              "[services dev]\nkinesis =\n  endpoint_url = http://x\n[other]\nregion = d\n[plugins]\n");
    CHECK(found.profiles == Profiles::Sections{{"default", {{"region", "a"}}}, {"dev", {{"region", "b"}}}});
    CHECK(found.sso_sessions == Profiles::Sections{{"s", {{"sso_region", "c"}}}});
    CHECK(found.services == Profiles::Sections{{"dev", {{"kinesis", "\nendpoint_url = http://x"}}}});
}

TEST_CASE("a property is found in its profile, and an empty one is none") {
    const auto found = parsed("[profile dev]\nregion = b\noutput =");
    CHECK(found.find("dev", "region") == "b");
    CHECK(!found.find("dev", "output"));
    CHECK(!found.find("dev", "role_arn"));
    CHECK(!found.find("prod", "region"));
}

TEST_CASE("a mark begins a comment only at the line's beginning or after a blank") {
    const auto found = parsed("# a\n;b\n[profile dev] # c\na = x#y ;z\nb = x;y\t# z\nc = # nothing\nd = a=b\n");
    CHECK(found.profiles.at("dev") == Properties{{"a", "x#y"}, {"b", "x;y"}, {"c", ""}, {"d", "a=b"}});
}

TEST_CASE("keys are compared without regard to case, and the last one counts") {
    CHECK(parsed("[default]\nRegion = a\nREGION = b").profiles.at("default") == Properties{{"region", "b"}});
}

TEST_CASE("line ends of both kinds are the same, and the last line needs none") {
    CHECK(parsed("[default]\r\n\r\na = b\r\n").profiles == parsed("[default]\n\na = b").profiles);
}

TEST_CASE("a default profile with the prefix hides the one without") {
    CHECK(parsed("[default]\na = 1\n[profile default]\n").profiles.at("default").empty());
    CHECK(parsed("[default]\n").profiles.contains("default"));
    CHECK(!parsed("[profile a]\n").profiles.contains("default"));
}

TEST_CASE("what has a name that no profile may have is passed over, but its syntax is checked") {
    const auto found = parsed("[profile a b]\nx = 1\n[profile a!]\nx = 1\n[profile a]\nwith space = 1\n  more\ny = 2\n"
                              "[]\n"
                              "[profile]\nx = 1\n[profile ]\nx = 1\n");
    CHECK(found.profiles == Profiles::Sections{{"a", {{"y", "2"}}}});
    CHECK(complaint_about("[profile a!]\nnonsense") == "line 2 of the config file is not of the form name = value");
}

TEST_CASE("the credentials file knows names only, and wins") {
    const auto found = parsed("[profile a]\nx = 1\ny = 1",
                              "[a]\nx = 2\n[profile b]\nx = 3\n[sso-session c]\n[default]\n");
    CHECK(found.profiles == Profiles::Sections{{"a", {{"x", "2"}, {"y", "1"}}}, {"default", {}}});
    CHECK(found.sso_sessions.empty());
}

TEST_CASE("sub-properties are read from a value") {
    const auto found = parsed("[profile a]\ns3 =\n  Max_Queue = 5 # five\n\n\t# alone\n  b=\n  max_queue = 6\n"
                              "plain = x=y");
    const auto value = found.find("a", "s3");
    REQUIRE(value);
    CHECK(*value == "\nMax_Queue = 5 # five\nb=\nmax_queue = 6");
    CHECK(sub_properties(*value) == Properties{{"b", ""}, {"max_queue", "6"}});
    CHECK(sub_properties("x=y").empty());
    CHECK(sub_properties("").empty());
    CHECK(sub_properties("\n").empty());
    CHECK(sub_properties("\n\n=\n\na=b\n") == Properties{{"a", "b"}});
}

TEST_CASE("a complaint names the line and quotes nothing") {
    CHECK(complaint_about("a = 1") == "line 1 of the config file has a property before the first section");
    CHECK(complaint_about("", "\n[a]\nhunter2") == "line 3 of the credentials file is not of the form name = value");
    CHECK(complaint_about("[default]\n= hunter2") == "line 2 of the config file is not of the form name = value");
    CHECK(complaint_about("[default]\na # = hunter2") == "line 2 of the config file is not of the form name = value");
    CHECK(complaint_about("[default") == "line 1 of the config file has a section header without a closing bracket");
    CHECK(complaint_about("[default] x") == "line 1 of the config file has text after a section header");
    CHECK(complaint_about(" x") == "line 1 of the config file continues a property, but there is none before it");
    CHECK(complaint_about("[default]\na =\n hunter2") == "line 3 of the config file is not of the form name = value");
    CHECK(!parse_profiles("x", "").has_value());
}

TEST_CASE("any bytes are survived") {
    std::string bytes;
    std::uint32_t seed = 1;
    constexpr std::string_view alphabet("[]=#; \t\r\nabp\0\xff", 15);
    for (int round = 0; round < 20'000; ++round) {
        bytes = round % 2 == 0 ? "" : "[profile a]\n";
        for (int i = 0; i < 24; ++i) {
            seed = seed * 1'664'525U + 1'013'904'223U;
            bytes += alphabet[(seed >> 16U) % alphabet.size()];
        }
        const auto found = parse_profiles(bytes, bytes);
        if (!found) continue;
        for (const auto& [name, properties] : found->profiles) {
            CHECK(!name.empty());
            for (const auto& [key, value] : properties) (void)sub_properties(value);
        }
    }
}

TEST_CASE("paths follow the environment") {
    const auto home = locate_profiles(environment({{"HOME", "/home/u"}}), Platform::posix);
    CHECK(home.config == "/home/u/.aws/config");
    CHECK(home.credentials == "/home/u/.aws/credentials");
    const auto chosen = locate_profiles(environment({{"HOME", "/home/u/"},
                                                     {"AWS_CONFIG_FILE", "~/c"},
                                                     {"AWS_SHARED_CREDENTIALS_FILE", "rel~/d"}}),
                                        Platform::posix);
    CHECK(chosen.config == "/home/u/c");
    CHECK(chosen.credentials == "rel~/d");
    const auto drive = locate_profiles(environment({{"HOMEDRIVE", "D:"},
                                                    {"HOMEPATH", "\\u"},
                                                    {"AWS_CONFIG_FILE", "~\\c"}}),
                                       Platform::windows);
    CHECK(drive.config == "D:\\u\\c");
    CHECK(drive.credentials == "D:\\u\\.aws\\credentials");
}

TEST_CASE("without a home there are no paths, and no profiles") {
    const auto none = locate_profiles(environment({{"USERPROFILE", "/u"}}), Platform::posix);
    CHECK(none.config.empty());
    CHECK(none.credentials.empty());
    const auto found = read_profiles(machine({}, {{"", "[default]\n"}}));
    REQUIRE(found.has_value());
    CHECK(found->profiles.empty());
}

TEST_CASE("the profile's name is the code's, then the environment's") {
    const auto both = environment({{"AWS_PROFILE", "a"}, {"AWS_DEFAULT_PROFILE", "b"}});
    CHECK(profile_name("c", both) == "c");
    CHECK(profile_name("", both) == "a");
    CHECK(profile_name("", environment({{"AWS_PROFILE", ""}, {"AWS_DEFAULT_PROFILE", "b"}})) == "b");
    CHECK(profile_name("", {}) == "default");
}

TEST_CASE("files are read through the machine, and an absent one is empty") {
    const auto found = read_profiles(machine({{"HOME", "/h"}}, {{"/h/.aws/credentials", "[a]\nx = 1"}}));
    REQUIRE(found.has_value());
    CHECK(found->find("a", "x") == "1");
    const auto none = read_profiles(Machine());
    REQUIRE(none.has_value());
    CHECK(none->profiles.empty());
}

TEST_CASE("a file that cannot be read, or not be parsed, is an error that names it") {
    auto broken = machine({{"HOME", "/h"}}, {});
    broken.read_file = [](const std::string&) -> result<std::string> {
        return boost::system::errc::make_error_code(boost::system::errc::permission_denied);
    };
    std::string complaint;
    const auto refused = read_profiles(broken, &complaint);
    CHECK(refused.error() == boost::system::errc::permission_denied);
    CHECK(complaint == "/h/.aws/config cannot be read: Permission denied");
    CHECK(!read_profiles(broken).has_value());
    const auto malformed = read_profiles(machine({{"HOME", "/h"}}, {{"/h/.aws/credentials", "hunter2"}}), &complaint);
    CHECK(malformed.error() == error::malformed);
    CHECK(complaint == "line 1 of /h/.aws/credentials has a property before the first section");
}
