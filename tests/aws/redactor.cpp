#include <sluice/aws/redactor.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace sluice;

TEST_CASE("a secret is struck out as it is and percent-encoded, and nothing else is") {
    const aws::Redactor redactor(Secrets("AKID", Secret("*"), Secret("a+b=")), Secret("other"));
    CHECK(redactor.redact("x*a+b=*&Token=a%2Bb%3D, other AKID") == "x*********&Token=***, *** AKID");
    CHECK(redactor.redact("nothing") == "nothing");
    CHECK(aws::Redactor(Secrets()).redact("nothing") == "nothing");
    CHECK(redactor.redact("").empty());
}

TEST_CASE("of two secrets of which one begins the other, all is struck out") {
    const aws::Redactor redactor(Secrets("AKID", Secret("abc"), Secret("abcdef")));
    CHECK(redactor.redact("abcdef abc") == "*** ***");
}

TEST_CASE("a secret that the limit would cut in two is struck out whole") {
    const aws::Redactor redactor(Secrets("AKID", Secret("key"), Secret("SESSIONTOKEN")));
    for (std::size_t before = 0; before < 40; ++before) {
        const auto text = redactor.redact(std::string(before, 'x') + "SESSIONTOKEN" + std::string(40, 'y'), 20);
        CHECK(text.find("SES") == std::string::npos);
        CHECK(text.size() <= 23);
    }
    // What is struck out makes room for more, and that is no part of a secret either.
    std::string many;
    for (int i = 0; i < 100; ++i) many += "SESSIONTOKEN";
    CHECK(redactor.redact(many, 20) == std::string(21, '*'));
}

TEST_CASE("a text of nothing but secrets takes no longer than another") {
    const std::string token(700, 'T');
    const aws::Redactor redactor(Secrets("AKID", Secret("test"), Secret(token + "x")));
    std::string text;
    while (text.size() < 8U << 20U) text += "test";
    const auto begin = std::chrono::steady_clock::now();
    CHECK(redactor.redact(text, 1'024).size() <= 1'027);
    CHECK(redactor.redact(text).size() == text.size() / 4 * 3);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20)); // it was minutes
}
