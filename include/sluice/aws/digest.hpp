#pragma once

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>

namespace sluice::aws {

using Md5 = std::array<std::uint8_t, 16>;
using Sha256 = std::array<std::uint8_t, 32>;

namespace detail {

/// Never let go: a digest may be asked for until the process ends, in whatever order statics are destroyed.
inline const EVP_MD* fetch_algorithm(const char* name, const char* properties) {
    const EVP_MD* algorithm = EVP_MD_fetch(nullptr, name, properties);
    if (algorithm == nullptr) throw std::runtime_error(std::string("sluice: OpenSSL does not offer ") + name);
    return algorithm;
}

/// The algorithm whose digests are so many bytes, fetched once: OpenSSL 3 looks it up by name in 0.3 us.
template <std::size_t Size>
const EVP_MD* algorithm() {
    if constexpr (Size == std::tuple_size_v<Md5>) {
        // MD5 spreads keys over shards here and protects nothing, so a FIPS policy does not concern it.
        static const EVP_MD* const md5 = fetch_algorithm("MD5", "-fips");
        return md5;
    } else {
        static const EVP_MD* const sha256 = fetch_algorithm("SHA256", nullptr);
        return sha256;
    }
}

/// This thread's context for digests of that size, made at first use. It is let go when the thread ends; a call after
/// that, from the destructor of a static object, makes one that lives until the process ends.
template <std::size_t Size>
EVP_MD_CTX* context() {
    thread_local EVP_MD_CTX* made = nullptr;
    class Reaper {
    public:
        explicit Reaper(EVP_MD_CTX*& its_context) : context_(its_context) {}
        Reaper(const Reaper&) = delete;
        Reaper& operator=(const Reaper&) = delete;
        ~Reaper() {
            EVP_MD_CTX_free(context_);
            context_ = nullptr;
        }

    private:
        EVP_MD_CTX*& context_;
    };
    thread_local const Reaper reaper(made);
    if (made == nullptr) made = EVP_MD_CTX_new();
    if (made == nullptr) throw std::bad_alloc();
    return made;
}

/// The digest of the parts, one after the other.
template <std::size_t Size, class... Parts>
[[nodiscard]] std::array<std::uint8_t, Size> digest(const Parts&... parts) {
    EVP_MD_CTX* const state = context<Size>();
    std::array<std::uint8_t, Size> sum;
    int steps = EVP_DigestInit_ex2(state, algorithm<Size>(), nullptr);
    ((steps += EVP_DigestUpdate(state, std::data(parts), std::size(parts))), ...);
    steps += EVP_DigestFinal_ex(state, sum.data(), nullptr);
    if (steps != 2 + static_cast<int>(sizeof...(Parts))) throw std::runtime_error("sluice: OpenSSL failed to digest");
    return sum;
}

} // namespace detail

/// Appends lower-case hexadecimal digits.
inline void append_hex(std::string& text, std::span<const std::uint8_t> bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    for (const auto byte : bytes) {
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
}

/// Lower-case hexadecimal digits.
[[nodiscard]] inline std::string hex(std::span<const std::uint8_t> bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    append_hex(text, bytes);
    return text;
}

/// The MD5 of a text: the hash key of a partition key, the trailer of an aggregate. Any thread.
[[nodiscard]] inline Md5 md5(std::string_view text) { return detail::digest<std::tuple_size_v<Md5>>(text); }

/// The SHA-256 of a text. Any thread.
[[nodiscard]] inline Sha256 sha256(std::string_view text) { return detail::digest<std::tuple_size_v<Sha256>>(text); }

[[nodiscard]] inline std::string sha256_hex(std::string_view text) { return hex(sha256(text)); }

/// The SHA-256 of a text that comes piece by piece. One thread at a time.
class Sha256Sum {
public:
    Sha256Sum() : state_(EVP_MD_CTX_new()) {
        constexpr auto size = std::tuple_size_v<Sha256>;
        if (!state_) throw std::bad_alloc();
        require(EVP_DigestInit_ex2(state_.get(), detail::algorithm<size>(), nullptr));
    }

    void add(std::string_view piece) { require(EVP_DigestUpdate(state_.get(), piece.data(), piece.size())); }

    /// The digest of all that was added; to be called once, after which nothing can be added.
    [[nodiscard]] Sha256 end() {
        Sha256 sum;
        require(EVP_DigestFinal_ex(state_.get(), sum.data(), nullptr));
        return sum;
    }

private:
    static void require(int done) {
        if (done != 1) throw std::runtime_error("sluice: OpenSSL failed to digest");
    }

    struct Free {
        void operator()(EVP_MD_CTX* state) const noexcept { EVP_MD_CTX_free(state); }
    };

    std::unique_ptr<EVP_MD_CTX, Free> state_;
};

/// The keyed digest of RFC 2104 with SHA-256; the key may have any length. Any thread.
[[nodiscard]] inline Sha256 hmac_sha256(std::string_view key, std::string_view text) {
    constexpr std::size_t block = 64;
    constexpr auto size = std::tuple_size_v<Sha256>;
    std::array<std::uint8_t, block> pad{};
    if (key.size() > block) {
        const auto shorter = sha256(key);
        std::copy(shorter.begin(), shorter.end(), pad.begin());
    } else {
        std::copy(key.begin(), key.end(), pad.begin());
    }
    for (auto& byte : pad) byte ^= std::uint8_t{0x36};
    const auto inner = detail::digest<size>(pad, text);
    for (auto& byte : pad) byte ^= std::uint8_t{0x36 ^ 0x5c};
    const auto outer = detail::digest<size>(pad, inner);
    OPENSSL_cleanse(pad.data(), pad.size());
    return outer;
}

} // namespace sluice::aws
