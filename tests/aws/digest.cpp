#include <sluice/aws/digest.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <string>
#include <thread>

using namespace sluice;

TEST_CASE("MD5 agrees with the vectors of RFC 1321") {
    CHECK(aws::hex(aws::md5("")) == "d41d8cd98f00b204e9800998ecf8427e");
    CHECK(aws::hex(aws::md5("a")) == "0cc175b9c0f1b6a831c399e269772661");
    CHECK(aws::hex(aws::md5("abc")) == "900150983cd24fb0d6963f7d28e17f72");
    CHECK(aws::hex(aws::md5("message digest")) == "f96b697d7cb7938d525a2f31aaf161d0");
    CHECK(aws::hex(aws::md5("12345678901234567890123456789012345678901234567890123456789012345678901234567890")) ==
          "57edf4a22be3c955ac49da2e2107b67a");
    CHECK(aws::hex(aws::md5("k\xc3\xa4se")) == "479ce55152efba4b251e970f79a49312");
}

TEST_CASE("SHA-256 agrees with the vectors of FIPS 180-4") {
    CHECK(aws::sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(aws::sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(aws::sha256_hex(std::string(1'000'000, 'a')) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("bytes that are not text are digested as they are") {
    CHECK(aws::sha256_hex(std::string_view("\0\xff", 2)) ==
          "06eb7d6a69ee19e5fbdf749018d3d2abfa04bcbd1365db312eb86dc7169389b8");
    CHECK(aws::md5(std::string_view("a\0", 2)) != aws::md5("a"));
}

TEST_CASE("a digest does not depend on what was digested before") {
    const auto first = aws::sha256("first");
    static_cast<void>(aws::sha256(std::string(100'000, 'x')));
    static_cast<void>(aws::md5("between"));
    CHECK(aws::sha256("first") == first);
}

TEST_CASE("HMAC agrees with the vectors of RFC 4231") {
    CHECK(aws::hex(aws::hmac_sha256(std::string(20, '\x0b'), "Hi There")) ==
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK(aws::hex(aws::hmac_sha256("Jefe", "what do ya want for nothing?")) ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(aws::hex(aws::hmac_sha256(std::string(131, '\xaa'),
                                    "Test Using Larger Than Block-Size Key - Hash Key First")) ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("a key as long as the block is neither padded nor shortened") {
    CHECK(aws::hmac_sha256(std::string(64, 'k'), "text") != aws::hmac_sha256(std::string(65, 'k'), "text"));
    CHECK(aws::hmac_sha256(std::string(64, 'k'), "text") != aws::hmac_sha256(std::string(63, 'k'), "text"));
    // A shorter key is padded with zero bytes, so that these two are the same key.
    CHECK(aws::hmac_sha256(std::string("k") + '\0', "text") == aws::hmac_sha256("k", "text"));
}

TEST_CASE("hexadecimal digits are lower case and keep leading zeros") {
    const std::array<std::uint8_t, 4> bytes{0x00, 0x0f, 0xf0, 0xab};
    CHECK(aws::hex(bytes) == "000ff0ab");
    CHECK(aws::hex({}).empty());
}

TEST_CASE("threads that come and go digest alike") {
    const auto expected = aws::md5("key");
    std::array<aws::Md5, 8> sums{};
    for (std::size_t round = 0; round < 2; ++round) {
        std::array<std::thread, 8> threads;
        for (std::size_t i = 0; i < threads.size(); ++i) {
            threads[i] = std::thread([&sums, i] {
                for (int times = 0; times < 100; ++times) sums[i] = aws::md5("key");
            });
        }
        for (auto& thread : threads) thread.join();
    }
    for (const auto& sum : sums) CHECK(sum == expected);
}

TEST_CASE("a text in pieces has the digest of the whole") {
    aws::Sha256Sum sum;
    sum.add("he");
    sum.add("");
    sum.add("llo");
    CHECK(sum.end() == aws::sha256("hello"));
    aws::Sha256Sum nothing;
    CHECK(nothing.end() == aws::sha256(""));
}

namespace {

/// Digests while the process ends, after this thread's own objects are gone.
class LastWill {
public:
    LastWill() { static_cast<void>(aws::md5("made first, so that it is destroyed last")); }
    ~LastWill() {
        if (aws::hex(aws::md5("a")) != "0cc175b9c0f1b6a831c399e269772661") std::abort();
        if (aws::hex(aws::md5("abc")) != "900150983cd24fb0d6963f7d28e17f72") std::abort();
    }
};

const LastWill last_will; // NOLINT(cert-err58-cpp): the point of the test

} // namespace

TEST_CASE("a static object may digest when it is destroyed") {
    // The check is in LastWill's destructor, which ends the process with a failure.
    CHECK(&last_will != nullptr);
}
