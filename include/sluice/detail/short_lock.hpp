#pragma once

#include <atomic>
#include <cstdint>

namespace sluice::detail {

/// A mutex for what takes less time than to fall asleep and wake up: who finds it taken looks again for a moment before
/// it sleeps. Taken and left, while nobody else wants it, by one instruction each.
class ShortLock {
public:
    ShortLock() = default;
    ShortLock(const ShortLock&) = delete;
    ShortLock& operator=(const ShortLock&) = delete;

    void lock() noexcept {
        if (!try_lock()) wait_for_it();
    }

    [[nodiscard]] bool try_lock() noexcept {
        auto expected = State::open;
        return state_.compare_exchange_strong(expected, State::taken, std::memory_order_acquire,
                                              std::memory_order_relaxed);
    }

    void unlock() noexcept {
        if (state_.exchange(State::open, std::memory_order_release) == State::awaited) state_.notify_one();
    }

private:
    enum class State : std::uint32_t {
        open,
        taken,
        awaited, ///< Taken, and somebody may be asleep.
    };

    [[gnu::noinline]] void wait_for_it() noexcept {
        for (int looks = 0; looks < 200; ++looks) {
            if (state_.load(std::memory_order_relaxed) == State::open && try_lock()) return;
            pause();
        }
        // Whoever slept cannot know whether others do, and leaves word that they might.
        while (state_.exchange(State::awaited, std::memory_order_acquire) != State::open) state_.wait(State::awaited);
    }

    /// Leaves the processor to its other thread, and the memory to whoever holds the lock.
    static void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
        asm volatile("yield");
#endif
    }

    std::atomic<State> state_{State::open};
};

} // namespace sluice::detail
