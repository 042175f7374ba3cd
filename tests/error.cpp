#include <sluice/error.hpp>

#include <doctest/doctest.h>

#include <boost/system/system_error.hpp>

#include <set>
#include <string>
#include <string_view>

namespace {

// The enumerators have no gaps, so that walking until the category knows no more finds every one.
constexpr int last = static_cast<int>(sluice::error::malformed);

const std::string& unknown() {
    static const std::string text = sluice::error_category().message(last + 1);
    return text;
}

std::string message(int value) {
    return sluice::error_category().message(value);
}

/// What somebody can do: a remedy begins with one of these.
const std::set<std::string> imperatives{
    "add", "await", "begin", "call", "change", "check", "choose", "close", "correct", "create", "encode",
    "free", "give", "grant", "keep", "leave", "lower", "make", "open", "put", "raise", "renew",
    "see", "set", "shorten", "split", "spread", "try", "update", "wait"};

} // namespace

TEST_CASE("zero is success, and no error of sluice is zero") {
    CHECK_FALSE(sluice::error_code{});
    CHECK(sluice::make_error_code(sluice::error::record_too_large).failed());
    CHECK(message(0) == unknown());
    CHECK(message(-1) == unknown());
}

TEST_CASE("every error has a message of its own") {
    std::set<std::string> seen{unknown()};
    for (int value = 1; value <= last; ++value) {
        CAPTURE(value);
        CHECK(seen.insert(message(value)).second);
    }
    CHECK(seen.size() == static_cast<std::size_t>(last) + 1);
}

TEST_CASE("every message is a sentence that ends with a remedy") {
    for (int value = 1; value <= last; ++value) {
        const auto text = message(value);
        CAPTURE(text);
        CHECK((text.front() >= 'A' && text.front() <= 'Z'));
        CHECK(text.back() == '.');
        const auto semicolon = text.find("; ");
        REQUIRE(semicolon != std::string::npos);
        const auto remedy = text.substr(semicolon + 2);
        CHECK(imperatives.contains(remedy.substr(0, remedy.find_first_of(" ,"))));
        CHECK(text.find("; ", semicolon + 1) == std::string::npos);
        CHECK(text.find("  ") == std::string::npos);
        CHECK(text.find(". ") == std::string::npos);
    }
}

TEST_CASE("a code compares with its enumerator and with no other") {
    const sluice::error_code code = sluice::error::expired;
    CHECK(code == sluice::error::expired);
    CHECK(code != sluice::error::dropped);
    CHECK(code.category() == sluice::error_category());
    CHECK(std::string_view(code.category().name()) == "sluice");
    CHECK(code != sluice::error_code(code.value(), boost::system::generic_category()));
}

TEST_CASE("a thrown error says what its code says") {
    const boost::system::system_error thrown(sluice::error::closed);
    CHECK(std::string_view(thrown.what()).find(message(static_cast<int>(sluice::error::closed))) !=
          std::string_view::npos);
}

TEST_CASE("a result holds a value or an error of sluice") {
    const sluice::result<int> good = 3;
    const sluice::result<int> bad = sluice::error::malformed;
    CHECK(good.value() == 3);
    CHECK(bad.error() == sluice::error::malformed);
    CHECK_THROWS_AS(static_cast<void>(bad.value()), boost::system::system_error);
}
