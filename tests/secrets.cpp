#include <sluice/log.hpp>
#include <sluice/secrets.hpp>

#include <doctest/doctest.h>

#include <array>
#include <concepts>
#include <cstddef>
#include <new>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>

static_assert(!std::is_aggregate_v<sluice::Secret>);
static_assert(!std::is_aggregate_v<sluice::Secrets>);
static_assert(std::regular<sluice::Secret>);
static_assert(std::is_nothrow_move_constructible_v<sluice::Secret>);
static_assert(!std::convertible_to<sluice::Secret, std::string_view>, "a secret is revealed by name only");
static_assert(!std::convertible_to<sluice::Secret, std::string>);
static_assert(!std::convertible_to<std::string, sluice::Secret>);

namespace {

// A short text lies inside the string object, and so inside the Secret: raw storage outlives it, and shows what is left.
class Grave {
public:
    explicit Grave(const std::string& text) : secret_(new (bytes_.data()) sluice::Secret(text)) {}
    Grave(const Grave&) = delete;
    Grave& operator=(const Grave&) = delete;

    [[nodiscard]] sluice::Secret& secret() const { return *secret_; }
    void bury() { secret_->~Secret(); }

    [[nodiscard]] bool shows(std::string_view text) const {
        const volatile std::byte* bytes = bytes_.data();
        for (std::size_t at = 0; at + text.size() <= bytes_.size(); ++at) {
            std::size_t same = 0;
            while (same < text.size() && bytes[at + same] == static_cast<std::byte>(text[same])) ++same;
            if (same == text.size()) return true;
        }
        return false;
    }

private:
    alignas(sluice::Secret) std::array<std::byte, sizeof(sluice::Secret)> bytes_{};
    sluice::Secret* secret_;
};

} // namespace

TEST_CASE("a secret prints as stars, whatever it holds") {
    std::ostringstream out;
    out << sluice::Secret("hunter2") << sluice::Secret();
    CHECK(out.str() == "******");
}

TEST_CASE("only reveal shows a secret") {
    const sluice::Secret secret("hunter2");
    CHECK(secret.reveal() == "hunter2");
    CHECK_FALSE(secret.empty());
    CHECK(sluice::Secret().empty());
}

TEST_CASE("a destroyed secret leaves nothing in memory") {
    Grave grave("hunter2");
    REQUIRE(grave.shows("hunter2"));
    grave.bury();
    CHECK_FALSE(grave.shows("unter2"));
}

TEST_CASE("a secret that was moved from is wiped") {
    Grave grave("hunter2");
    const sluice::Secret taken(std::move(grave.secret()));
    CHECK(taken.reveal() == "hunter2");
    CHECK_FALSE(grave.shows("unter2"));
    CHECK(grave.secret().empty());
    grave.bury();
}

TEST_CASE("assigning over a secret wipes what stood there") {
    Grave grave("hunter2");
    const sluice::Secret other("x");
    grave.secret() = other;
    CHECK_FALSE(grave.shows("nter2"));
    CHECK(grave.secret() == other);
    grave.secret() = sluice::Secret("yy");
    CHECK(grave.secret().reveal() == "yy");
    grave.bury();
}

TEST_CASE("a secret assigned to itself stays") {
    sluice::Secret secret(std::string(100, 'x'));
    auto& same = secret;
    secret = same;
    CHECK(secret.reveal().size() == 100);
    secret = std::move(same);
    CHECK(secret.reveal().size() == 100);
}

TEST_CASE("secrets compare by every character") {
    const sluice::Secret secret("hunter2");
    CHECK(secret == sluice::Secret("hunter2"));
    CHECK(secret != sluice::Secret("hunter3"));
    CHECK(secret != sluice::Secret("Hunter2"));
    CHECK(secret != sluice::Secret("hunter"));
    CHECK(sluice::Secret(std::string("a\0b", 3)) != sluice::Secret(std::string("a\0c", 3)));
}

TEST_CASE("secrets compare and copy with all members") {
    const auto end = std::chrono::system_clock::time_point(std::chrono::hours(1));
    const sluice::Secrets secrets("AKID", sluice::Secret("key"), sluice::Secret("token"), end);
    auto other = secrets;
    CHECK(other == secrets);
    other.expires.reset();
    CHECK(other != secrets);
    other = secrets;
    other.session_token = sluice::Secret("else");
    CHECK(other != secrets);
    CHECK_FALSE(sluice::Secrets("AKID", sluice::Secret("key")).expires.has_value());
}

// A line with a secret does not compile.
static_assert(!sluice::detail::Loggable<sluice::Secret>);
static_assert(!sluice::detail::Loggable<sluice::Secrets>);
