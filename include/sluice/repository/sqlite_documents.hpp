#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/detail/alarm.hpp>
#include <sluice/detail/group_commit.hpp>
#include <sluice/detail/sqlite_opening.hpp>
#include <sluice/detail/sqlite_shared_file.hpp>
#include <sluice/error.hpp>
#include <sluice/log.hpp>
#include <sluice/repository/document.hpp>
#include <sluice/repository/query.hpp>
#include <sluice/repository/sqlite_items.hpp>
#include <sluice/world.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::repository {

/// A file of items as `GroupCommit` drives it, and who watches a collection in it.
class SqliteItemStore {
public:
    SqliteItemStore(sluice::detail::SqlitePlace place, std::string collection)
        : file_(std::move(place), "repository"), collection_(std::move(collection)) {}

    [[nodiscard]] result<Document> get(const std::string& id) {
        if (const auto ready = read(); !ready) return ready.error();
        return file_.tables().get(collection_, id);
    }
    [[nodiscard]] result<void> write(const std::vector<Change>& changes) {
        if (const auto ready = become_writer(); !ready) return ready.error();
        return file_.tables().write(collection_, changes);
    }
    [[nodiscard]] result<DocumentPage> find(const Query& query) {
        if (const auto ready = read(); !ready) return ready.error();
        return file_.tables().find(collection_, query);
    }

    /// Told of what comes after this transaction.
    [[nodiscard]] result<void> watch(const std::shared_ptr<Watcher>& watcher) {
        if (const auto ready = read(); !ready) return ready.error();
        newcomers_.push_back(watcher);
        return {};
    }

    /// Whether there is a file, or one could be made.
    [[nodiscard]] result<void> try_file() { return read(); }

    /// Sees to it that whoever watches is told what others did. Most often that is nothing.
    [[nodiscard]] result<void> look() { return file_.unchanged() ? result<void>() : read(); }

    [[nodiscard]] result<void> begin(wall_time now) {
        newcomers_.clear();
        now_ = now;
        transaction_ = Transaction::none;
        return {};
    }

    /// Whoever watches is told what this transaction changed, and what others did since the last one.
    [[nodiscard]] result<void> commit() {
        if (transaction_ == Transaction::none) return {};
        std::erase_if(watchers_, [](const auto& each) { return each.expired(); });
        const bool watched = !watchers_.empty() || !newcomers_.empty();
        const auto version = watched ? file_.tables().version() : result<std::int64_t>(seen_);
        if (!version) return version.error();
        std::vector<Document> changed;
        const auto missed = watchers_.empty() ? error_code() : collect(*version, changed);
        if (watched) {
            if (auto noted = file_.note(); !noted) return noted;
        }
        if (auto committed = file_.commit(); !committed) return committed;
        complain();
        tell(changed, missed);
        seen_ = *version;
        watchers_.insert(watchers_.end(), newcomers_.begin(), newcomers_.end());
        return {};
    }

    void rollback(error_code why, wall_time now) {
        const bool sound = why == error::not_found || why == error::already_exists || why == error::conflict ||
                           why == error::query_invalid || why == error::item_invalid;
        if (!sound) return file_.rollback(why, now);
        file_.undo();
        if (transaction_ != Transaction::none) complain();
    }

    [[nodiscard]] bool recover(bool, int) { return false; }
    void maintain() {
        if (transaction_ == Transaction::writing) file_.maintain();
    }
    [[nodiscard]] std::string take_remark() { return file_.take_remark(); }

private:
    enum class Transaction : std::uint8_t { none, reading, writing };

    /// The transaction begins when something is done in it.
    [[nodiscard]] result<void> read() {
        if (transaction_ != Transaction::none) return {};
        auto begun = file_.begin_reading(now_);
        if (begun) transaction_ = Transaction::reading;
        return begun;
    }

    /// What was read before needs no transaction any more.
    [[nodiscard]] result<void> become_writer() {
        if (transaction_ == Transaction::writing) return {};
        if (std::exchange(transaction_, Transaction::none) == Transaction::reading) file_.undo();
        auto begun = file_.begin(now_);
        if (begun) transaction_ = Transaction::writing;
        return begun;
    }

    /// Of what could not be read.
    void complain() {
        const auto words = file_.tables().take_complaint();
        if (!words.empty()) file_.tell(words);
    }

    /// What changed since the last time, in order; or why that cannot be told, which is no reason to undo anything.
    error_code collect(std::int64_t version, std::vector<Document>& changed) {
        if (version < seen_) return error::iterator_expired; // it is another file
        for (auto after = seen_;;) {
            auto some = file_.tables().changes(collection_, after);
            if (!some) return some.error();
            if (some->empty()) return {};
            after = static_cast<std::int64_t>(some->back().version);
            std::move(some->begin(), some->end(), std::back_inserter(changed));
        }
    }

    void tell(const std::vector<Document>& changed, error_code missed) {
        for (const auto& each : watchers_) {
            const auto watcher = each.lock();
            if (watcher && !changed.empty()) watcher->changed(changed);
            if (watcher && missed) watcher->ended(missed);
        }
        if (missed) watchers_.clear();
    }

    sluice::detail::SqliteSharedFile<SqliteItems> file_;
    std::string collection_;
    wall_time now_;
    Transaction transaction_ = Transaction::none;
    std::vector<std::weak_ptr<Watcher>> watchers_;
    std::vector<std::weak_ptr<Watcher>> newcomers_; ///< Of the transaction that is open.
    std::int64_t seen_ = 0; ///< The version up to which the watchers were told.
};

/// Documents in an SQLite file, which other processes may have open, too; on the strand of its world.
class SqliteDocuments {
public:
    /// `look_every`: how often to look for changes of other processes, while somebody watches.
    SqliteDocuments(World& world, const asio::any_io_executor& blocking, sluice::detail::SqlitePlace place,
                    std::string collection, std::chrono::nanoseconds look_every)
        : shared_(std::make_shared<Shared>(world, blocking, std::move(place), std::move(collection), look_every)) {}

    template <class...>
    [[nodiscard]] asio::awaitable<result<Document>> get(std::string id) {
        auto work = [id = std::move(id)](SqliteItemStore& store) { return store.get(id); };
        return shared_->perform<Document>(std::move(work));
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> write(std::vector<Change> changes) {
        auto work = [changes = std::move(changes)](SqliteItemStore& store) { return store.write(changes); };
        return shared_->perform<void>(std::move(work));
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<DocumentPage>> find(Query query) {
        auto work = [query = std::move(query)](SqliteItemStore& store) { return store.find(query); };
        return shared_->perform<DocumentPage>(std::move(work));
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> watch(std::shared_ptr<Watcher> watcher) {
        shared_->look_later(watcher);
        auto work = [watcher = std::move(watcher)](SqliteItemStore& store) { return store.watch(watcher); };
        return shared_->perform<void>(std::move(work));
    }

    /// Whether there is a file, or one could be made.
    template <class...>
    [[nodiscard]] asio::awaitable<result<void>> look() {
        auto work = [](SqliteItemStore& store) { return store.try_file(); };
        return shared_->perform<void>(std::move(work));
    }

private:
    class Shared : public std::enable_shared_from_this<Shared> {
    public:
        Shared(World& world, const asio::any_io_executor& blocking, sluice::detail::SqlitePlace place,
               std::string collection, std::chrono::nanoseconds look_every)
            : world_(&world), executor_(world.executor()), log_(std::make_shared<const Log>(world.log())),
              look_every_(look_every), alarm_(std::make_shared<sluice::detail::Alarm>(executor_, world.clock())),
              commits_(executor_, blocking, log_, std::move(place), std::move(collection)) {}

        Shared(const Shared&) = delete;
        Shared& operator=(const Shared&) = delete;

        /// Nobody waits for the next look any more, which the strand has to know.
        ~Shared() {
            if (looking_) asio::post(executor_, [alarm = std::move(alarm_)] { alarm->cancel(); });
        }

        template <class T, class Work>
        [[nodiscard]] asio::awaitable<result<T>> perform(Work work) {
            return commits_.template perform<T>(world_->clock().wall(), std::move(work));
        }

        /// Looks for what others change as long as somebody watches.
        void look_later(const std::weak_ptr<Watcher>& watcher) {
            watchers_.push_back(watcher);
            if (!std::exchange(looking_, true)) wait();
        }

    private:
        void wait() {
            auto next = [weak = this->weak_from_this(), world = world_->hold()] {
                if (const auto self = weak.lock()) self->look();
            };
            alarm_->set(world_->clock().steady() + look_every_, std::move(next));
        }

        void look() {
            std::erase_if(watchers_, [](const auto& each) { return each.expired(); });
            looking_ = !watchers_.empty();
            if (!looking_) return;
            auto work = [](SqliteItemStore& store) { return store.look(); };
            auto next = [self = this->shared_from_this()](const std::exception_ptr&, const result<void>&) {
                self->wait();
            };
            asio::co_spawn(executor_, perform<void>(std::move(work)), std::move(next));
        }

        World* world_;
        asio::any_io_executor executor_;
        std::shared_ptr<const Log> log_;
        std::chrono::nanoseconds look_every_;
        std::shared_ptr<sluice::detail::Alarm> alarm_;
        bool looking_ = false;
        std::vector<std::weak_ptr<Watcher>> watchers_;
        sluice::detail::GroupCommit<SqliteItemStore> commits_;
    };

    std::shared_ptr<Shared> shared_;
};

} // namespace sluice::repository
