#include <sluice/compression/compression.hpp>
#include <sluice/compression/none.hpp>

#include <doctest/doctest.h>

#include <string>

namespace {

class Untagged {
public:
    sluice::result<std::string_view> compress(std::string_view, std::string&);
    sluice::Scope scope() const;
};

class Tagged : public Untagged {
public:
    using policy_kind = sluice::kind::compression;
};

class OfAnotherKind : public Untagged {
public:
    using policy_kind = sluice::kind::batching;
};

class Copies {
public:
    using policy_kind = sluice::kind::compression;
    sluice::result<std::string> compress(std::string_view, std::string&);
    sluice::Scope scope() const;
};

class WithoutScope {
public:
    using policy_kind = sluice::kind::compression;
    sluice::result<std::string_view> compress(std::string_view, std::string&);
};

// A run of one character becomes the character and how often it stood there.
class RunLength {
public:
    using policy_kind = sluice::kind::compression;

    sluice::result<std::string_view> compress(std::string_view data, std::string& scratch) {
        if (data.empty() || data.find_first_not_of(data[0]) != std::string_view::npos) return data;
        scratch.assign(1, data[0]);
        scratch += std::to_string(data.size());
        return std::string_view(scratch);
    }
    [[nodiscard]] sluice::Scope scope() const { return sluice::Scope::aggregate; }
};

} // namespace

static_assert(sluice::Compression<sluice::NoCompression>);
static_assert(sluice::Compression<Tagged>);
static_assert(sluice::Compression<RunLength>);
static_assert(!sluice::Compression<Untagged>);
static_assert(!sluice::Compression<OfAnotherKind>);
static_assert(!sluice::Compression<Copies>);
static_assert(!sluice::Compression<WithoutScope>);

TEST_CASE("a compression may write into scratch or hand the data through") {
    RunLength compression;
    std::string scratch;
    CHECK(compression.compress("aaaa", scratch).value() == "a4");
    const std::string_view plain = "abc";
    CHECK(compression.compress(plain, scratch).value().data() == plain.data());
}
