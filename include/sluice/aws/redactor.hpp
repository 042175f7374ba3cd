#pragma once

#include <sluice/aws/percent.hpp>
#include <sluice/secrets.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::aws {

/// Replaces secrets in a text by `***`, as they are or percent-encoded, as forms and URLs hold them. Services repeat
/// what they were sent: the session token when a signature does not match, a whole request that they do not understand.
class Redactor {
public:
    /// `other` is what else a request held.
    explicit Redactor(const Secrets& secrets, const Secret& other = {}) {
        for (const auto* secret : {&secrets.secret_access_key, &secrets.session_token, &other}) add(*secret);
        // Where one begins with another, all of it is to go.
        std::sort(words_.begin(), words_.end(), [](const Secret& a, const Secret& b) {
            return a.reveal().size() > b.reveal().size();
        });
    }

    /// The text without the secrets; no more of it than makes `most` bytes, and three. A secret that stands across that
    /// end is gone too. One pass, however long the text and whatever is in it.
    [[nodiscard]] std::string redact(std::string_view text, std::size_t most = std::string_view::npos) const {
        std::string out;
        out.reserve(std::min(text.size(), most) + 3);
        while (!text.empty() && out.size() < most) {
            const auto length = secret_at(text);
            if (length > 0) {
                out += "***";
                text.remove_prefix(length);
            } else {
                out += text.front();
                text.remove_prefix(1);
            }
        }
        return out;
    }

private:
    void add(const Secret& secret) {
        if (secret.empty()) return;
        std::string encoded;
        append_percent_encoded(encoded, secret.reveal());
        words_.push_back(secret);
        words_.emplace_back(std::move(encoded));
    }

    /// How long the secret is at the front of a text; zero: there is none.
    [[nodiscard]] std::size_t secret_at(std::string_view text) const noexcept {
        const auto found = std::find_if(words_.begin(), words_.end(),
                                        [text](const Secret& word) { return text.starts_with(word.reveal()); });
        return found == words_.end() ? 0 : found->reveal().size();
    }

    std::vector<Secret> words_; ///< The longest first.
};

} // namespace sluice::aws
