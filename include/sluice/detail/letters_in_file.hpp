#pragma once

#include <sluice/dead_letters/dead_letters.hpp>
#include <sluice/detail/group_commit.hpp>
#include <sluice/log.hpp>
#include <sluice/world.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace sluice::detail {

/// Dead letters that run, in a file of this machine. `Store` is one for `GroupCommit`, and keeps what it is given until
/// the commit: `result<void> keep(const DeadLetter&, wall_time now)`.
template <class Store>
class LetterKeeper {
public:
    template <class Place>
    LetterKeeper(World& world, const asio::any_io_executor& blocking, Place place)
        : clock_(&world.clock()), log_(std::make_shared<const Log>(world.log())),
          commits_(world.executor(), blocking, log_, std::move(place)) {}

    [[nodiscard]] asio::awaitable<result<void>> take(DeadLetter letter) {
        std::vector<DeadLetter> one;
        one.push_back(std::move(letter));
        return take_all(std::move(one));
    }

    /// In one commit.
    [[nodiscard]] asio::awaitable<result<void>> take_all(std::vector<DeadLetter> letters) {
        const auto now = clock_->wall();
        auto keep = [letters = std::move(letters), now](Store& store) -> result<void> {
            for (const auto& letter : letters) {
                if (auto kept = store.keep(letter, now); !kept) return kept;
            }
            return {};
        };
        return commits_.template perform<void>(now, std::move(keep));
    }

    /// Whether there is a file, or one could be made.
    [[nodiscard]] asio::awaitable<result<void>> look() { return take_all({}); }

private:
    AnyClock* clock_;
    std::shared_ptr<const Log> log_;
    GroupCommit<Store> commits_;
};

/// What recipes of dead letters in a file have in common. `Recipe` derives from it, has it as a friend, and tells its
/// store's `place(std::string absolute_path)`.
template <class Recipe, class Store>
class LettersInFile {
public:
    using policy_kind = kind::dead_letters;

    class Running : public LetterKeeper<Store> {
    public:
        using LetterKeeper<Store>::LetterKeeper;
    };

    /// The same dead letters, which block `executor` instead of a thread of their own; one call runs at a time.
    [[nodiscard]] Recipe on(asio::any_io_executor executor) const {
        auto changed = static_cast<const Recipe&>(*this);
        changed.blocking_ = std::move(executor);
        return changed;
    }

    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) const {
        return open_file(static_cast<const Recipe&>(*this), world);
    }

protected:
    /// Throws `std::invalid_argument`, in the name of the recipe, for a path that no file can have.
    LettersInFile(std::filesystem::path path, const std::string& name) : path_(std::move(path)) {
        if (!path_.has_filename() || path_.native().find('\0') != std::string::npos) {
            throw std::invalid_argument("sluice: " + name + " needs the path of a file");
        }
    }

private:
    static asio::awaitable<result<Running>> open_file(Recipe recipe, World& world) {
        std::error_code failure;
        const auto path = std::filesystem::absolute(recipe.path_, failure).string();
        if (failure) co_return error::storage_unwritable;
        Running running(world, recipe.blocking_, recipe.place(path));
        const auto looked = co_await running.look();
        if (!looked) co_return looked.error();
        co_return std::move(running);
    }

    std::filesystem::path path_;
    asio::any_io_executor blocking_;
};

} // namespace sluice::detail
