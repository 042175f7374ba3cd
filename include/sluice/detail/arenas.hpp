#pragma once

#include <sluice/record.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace sluice::detail {

/// Arenas that were chunks and become lots again: fresh memory costs whoever writes into it first a page fault every
/// 4 KiB, which is more than all else that a put does. Any thread.
///
/// Only large ones are kept, and few: a small lot must not hold a large arena for as long as a stream stands still.
class Arenas : public std::enable_shared_from_this<Arenas> {
public:
    static constexpr std::size_t least_bytes = 128U << 10U;
    static constexpr std::size_t most_bytes = 1U << 20U;
    static constexpr std::size_t most_idle = 8;

    Arenas() { idle_.reserve(most_idle); }

    /// A text with room for so many bytes. What it holds is what was there before, as good as nothing.
    [[nodiscard]] std::string take(std::size_t bytes) {
        std::string arena;
        if (bytes >= least_bytes) {
            const std::lock_guard lock(mutex_);
            if (!idle_.empty()) {
                arena = std::move(idle_.back());
                idle_.pop_back();
            }
        }
        if (arena.capacity() < bytes) arena.clear(); // not to be copied
        arena.reserve(bytes);
        return arena;
    }

    /// A text to be read by many, whose memory comes back when the last of them lets go.
    [[nodiscard]] SharedBytes share(std::string text) {
        if (text.capacity() < least_bytes || text.capacity() > most_bytes) {
            return std::make_shared<const std::string>(std::move(text));
        }
        auto owned = std::make_unique<std::string>(std::move(text));
        auto give_back = [self = shared_from_this()](std::string* read) {
            const std::unique_ptr<std::string> ended(read);
            self->keep(*ended);
        };
        return {owned.release(), std::move(give_back)};
    }

private:
    void keep(std::string& arena) {
        const std::lock_guard lock(mutex_);
        if (idle_.size() < most_idle) idle_.push_back(std::move(arena));
    }

    std::mutex mutex_;
    std::vector<std::string> idle_;
};

} // namespace sluice::detail
