#include <sluice/aws/environment.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

using namespace sluice;

TEST_CASE("the environment of the process tells what is set, and nothing else") {
    ::setenv("SLUICE_TEST_SET", "value", 1);
    ::setenv("SLUICE_TEST_EMPTY", "", 1);
    ::unsetenv("SLUICE_TEST_ABSENT");
    const auto environment = aws::process_environment();
    CHECK(environment("SLUICE_TEST_SET") == "value");
    CHECK_FALSE(environment("SLUICE_TEST_EMPTY").has_value());
    CHECK_FALSE(environment("SLUICE_TEST_ABSENT").has_value());
    CHECK_FALSE(environment("").has_value());
}

TEST_CASE("a name is read to its end even if its text goes on") {
    ::setenv("SLUICE_TEST_SET", "value", 1);
    const std::string longer = "SLUICE_TEST_SETTLED";
    CHECK(aws::process_environment()(std::string_view(longer).substr(0, 15)) == "value");
}

TEST_CASE("the environment is read at each call") {
    const auto environment = aws::process_environment();
    ::setenv("SLUICE_TEST_SET", "first", 1);
    CHECK(aws::variable(environment, "SLUICE_TEST_SET") == "first");
    ::setenv("SLUICE_TEST_SET", "second", 1);
    CHECK(aws::variable(environment, "SLUICE_TEST_SET") == "second");
    ::unsetenv("SLUICE_TEST_SET");
    CHECK_FALSE(aws::variable(environment, "SLUICE_TEST_SET").has_value());
}

TEST_CASE("a variable that an environment reports as empty is unset") {
    const aws::Environment environment = [](std::string_view name) -> std::optional<std::string> {
        if (name == "EMPTY") return "";
        if (name == "FULL") return "x";
        return std::nullopt;
    };
    CHECK(aws::variable(environment, "FULL") == "x");
    CHECK_FALSE(aws::variable(environment, "EMPTY").has_value());
    CHECK_FALSE(aws::variable(environment, "OTHER").has_value());
}

TEST_CASE("an environment that was never given has no variables") {
    CHECK_FALSE(aws::variable(aws::Environment{}, "HOME").has_value());
}
