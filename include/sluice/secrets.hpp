#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

/// A text that must not leave memory: it prints as `***`, compares in constant time and wipes itself.
///
/// `reveal()` is the only way to its characters, so that a search for that word finds every use.
class Secret {
public:
    Secret() = default;
    explicit Secret(std::string text) : text_(std::move(text)) {}

    Secret(const Secret&) = default;
    Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }

    Secret& operator=(const Secret& other) {
        if (this != &other) {
            wipe();
            text_ = other.text_;
        }
        return *this;
    }

    Secret& operator=(Secret&& other) noexcept {
        if (this != &other) {
            wipe();
            text_ = std::move(other.text_);
            other.wipe();
        }
        return *this;
    }

    ~Secret() { wipe(); }

    /// The characters; valid as long as this object.
    [[nodiscard]] std::string_view reveal() const noexcept { return text_; }

    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

    /// Takes time that depends on the lengths only.
    friend bool operator==(const Secret& a, const Secret& b) noexcept {
        if (a.text_.size() != b.text_.size()) return false;
        unsigned difference = 0;
        for (std::size_t i = 0; i < a.text_.size(); ++i) {
            difference |= static_cast<unsigned>(static_cast<unsigned char>(a.text_[i]) ^
                                                static_cast<unsigned char>(b.text_[i]));
        }
        return difference == 0;
    }

    friend std::ostream& operator<<(std::ostream& out, const Secret&) { return out << "***"; }

private:
    void wipe() noexcept {
        // Volatile, or the compiler drops stores to a string that is about to die. The whole capacity is cleared,
        // since a longer text may have stood there.
        text_.resize(text_.capacity());
        volatile char* characters = text_.data();
        for (std::size_t i = 0; i < text_.size(); ++i) characters[i] = '\0';
        text_.clear();
    }

    std::string text_;
};

/// What a signer takes: an access key, and until when it is good.
class Secrets {
public:
    Secrets() = default;

    Secrets(std::string key_id, Secret key, Secret token = {},
            std::optional<std::chrono::system_clock::time_point> end = {})
        : access_key_id(std::move(key_id)), secret_access_key(std::move(key)), session_token(std::move(token)),
          expires(end) {}

    std::string access_key_id;    ///< Public: it appears in every request.
    Secret secret_access_key;     ///< Never sent.
    Secret session_token;         ///< Empty for long-lived keys.
    std::optional<std::chrono::system_clock::time_point> expires; ///< None: never.
    std::string account_id;       ///< Twelve digits where the source tells it, else empty.

    friend bool operator==(const Secrets&, const Secrets&) = default;
};

} // namespace sluice
