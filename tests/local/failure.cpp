#include <sluice/local/failure.hpp>

#include <doctest/doctest.h>

#include <sstream>
#include <stdexcept>

using sluice::local::Failure;
using sluice::local::Reply;

TEST_CASE("a failure is the client's fault unless it says otherwise") {
    CHECK(Failure("ValidationException", "no").status == 400);
    CHECK(Failure("InternalFailure", "", 500).status == 500);
}

TEST_CASE("a failure prints its code and its sentence") {
    std::ostringstream out;
    out << Failure("ValidationException", "no");
    CHECK(out.str() == "ValidationException: no");
}

TEST_CASE("asking a refusal for its value throws the service's words") {
    const Reply<int> refusal = Failure("ValidationException", "no");
    const Reply<int> value = 7;
    CHECK_THROWS_WITH_AS((void)refusal.value(), "ValidationException: no", std::runtime_error);
    CHECK(value.value() == 7);
}
