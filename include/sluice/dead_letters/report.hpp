#pragma once

#include <sluice/dead_letters/dead_letters.hpp>
#include <sluice/log.hpp>
#include <sluice/world.hpp>

namespace sluice {

/// Writes a warning for each record that cannot be delivered, without its data, and lets it go.
class ReportDeadLetters {
public:
    using policy_kind = kind::dead_letters;

    class Running {
    public:
        explicit Running(const Log& log) : log_(&log) {}

        template <class...>
        [[nodiscard]] asio::awaitable<result<void>> take(DeadLetter letter) {
            const auto& last = letter.attempts.empty() ? Attempt{} : letter.attempts.back();
            log_->warning("record ", letter.id.sequence, " of stream ", letter.record.stream, " (",
                          letter.record.data.size(), " bytes) was not delivered: ", letter.reason,
                          last.message.empty() ? "" : " The service said: ", last.message);
            co_return result<void>{};
        }

    private:
        const Log* log_;
    };

    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) const { co_return Running{world.log()}; }
};

} // namespace sluice
