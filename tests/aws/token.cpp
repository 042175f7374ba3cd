#include <sluice/aws/token.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace {

using sluice::aws::Token;
using sluice::aws::TokenKind;

/// Gives the tokens that it was made with, and then fails.
class Script {
public:
    explicit Script(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

    Token next() { return at_ < tokens_.size() ? tokens_[at_++] : Token(TokenKind::failed); }
    [[nodiscard]] std::size_t read() const { return at_; }

private:
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
};

} // namespace

TEST_CASE("skipping reads one item and no more") {
    using enum TokenKind;
    Script nested({Token(map), Token(array), Token(end), Token(text), Token(end), Token(null)});
    CHECK(skip(nested, Token(array)) == false);
    Script one({Token(map), Token(end), Token(end), Token(null)});
    CHECK(skip(one, Token(array)));
    CHECK(one.read() == 3);
    Script tagged({Token(tag), Token(null), Token(null)});
    CHECK(skip(tagged, Token(tag)));
    CHECK(tagged.read() == 2);
    Script none({Token(null)});
    CHECK(skip(none, Token(null)));
    CHECK(none.read() == 0);
    for (const auto kind : {end, done, failed}) CHECK_FALSE(skip(none, Token(kind)));
}

TEST_CASE("integers are given if 64 bits with a sign hold them") {
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    constexpr auto past = static_cast<std::uint64_t>(most) + 1;
    CHECK(to_integer(Token(TokenKind::unsigned_integer, past - 1)) == most);
    CHECK_FALSE(to_integer(Token(TokenKind::unsigned_integer, past)).has_value());
    CHECK(to_integer(Token(TokenKind::negative_integer, past - 1)) == std::numeric_limits<std::int64_t>::min());
    CHECK_FALSE(to_integer(Token(TokenKind::negative_integer, past)).has_value());
    CHECK_FALSE(to_integer(Token(1.0)).has_value());
    CHECK_FALSE(to_integer(Token(TokenKind::boolean, 1)).has_value());
    CHECK(to_real(Token(TokenKind::negative_integer, 1)) == -2.0);
    CHECK(to_real(Token(0.5)) == 0.5);
    CHECK_FALSE(to_real(Token(TokenKind::text)).has_value());
}
