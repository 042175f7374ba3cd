#pragma once

#include <sluice/detail/remark.hpp>
#include <sluice/error.hpp>
#include <sluice/log.hpp>
#include <sluice/storage/store_rules.hpp>

#include <string>
#include <utility>

namespace sluice::detail {

/// What a store has to say of itself; each failure once, until one is told to be over.
class StoreLog {
public:
    StoreLog(std::string about, Log log) : about_(std::move(about)), log_(std::move(log)) {}

    template <class... Parts>
    void info(const Parts&... parts) const {
        log_.info(about_, parts...);
    }
    template <class... Parts>
    void warning(const Parts&... parts) const {
        log_.warning(about_, parts...);
    }
    /// Each time.
    template <class... Parts>
    void error(const Parts&... parts) const {
        log_.error(about_, parts...);
    }

    template <class... Parts>
    void tell(const Parts&... parts) {
        auto words = about_;
        (append_loggable(words, parts), ...);
        remark_ = std::move(words);
        if (const auto news = remark_.take(); !news.empty()) log_.error(news);
    }

    /// Tells what a storage does not say, and gives what it does.
    [[nodiscard]] error_code told(error_code why) {
        const auto known = told_by_storage(why);
        if (known != why) tell(why);
        return known;
    }

    /// Something was written again.
    void settle() { remark_.settle(); }

private:
    std::string about_;
    Log log_;
    Remark remark_;
};

} // namespace sluice::detail
