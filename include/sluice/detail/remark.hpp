#pragma once

#include <string>
#include <utility>

namespace sluice::detail {

/// What the log should say of work that is done again and again: each thing once, until the work went well.
class Remark {
public:
    Remark& operator=(std::string words) {
        words_ = std::move(words);
        return *this;
    }

    void operator+=(const std::string& words) { words_ += words; }

    /// There is nothing to say after all.
    void drop() noexcept { words_.clear(); }

    /// The work went well: whatever comes next is news.
    void settle() noexcept { told_.clear(); }

    /// The words, once; empty: there is nothing to say, or it was said.
    [[nodiscard]] std::string take() {
        auto words = std::exchange(words_, {});
        if (words == told_) return {};
        if (!words.empty()) told_ = words;
        return words;
    }

private:
    std::string words_;
    std::string told_;
};

} // namespace sluice::detail
