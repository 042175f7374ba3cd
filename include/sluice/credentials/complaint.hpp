#pragma once

#include <sluice/error.hpp>
#include <sluice/log.hpp>
#include <sluice/world.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace sluice::detail {

/// Tells the log what keeps a source of credentials from giving some: once, until it is something else, since the
/// source is asked again and again. Never to be given a secret.
class Complaint {
public:
    /// `source` as a user knows it: `container`.
    Complaint(const World& world, std::string_view source)
        : world_(&world), opening_("credentials: " + std::string(source) + ": ") {}

    /// Joins the parts to a line, and is the error that goes with it.
    template <Loggable... Parts>
    error_code operator()(const Parts&... parts) {
        std::string line = opening_;
        (append_loggable(line, parts), ...);
        if (line != last_) world_->log().error(line);
        last_ = std::move(line);
        return error::credentials_failed;
    }

    /// All is well again: whatever comes next is news.
    void settle() noexcept { last_.clear(); }

private:
    const World* world_;
    std::string opening_;
    std::string last_;
};

} // namespace sluice::detail
