#pragma once

#include <sluice/error.hpp>
#include <sluice/repository/document.hpp>
#include <sluice/repository/feed.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sluice::repository {

/// Gives each version of one document to a reader, until it is removed.
class ItemWatcher final : public Watcher {
public:
    ItemWatcher(std::string id, std::shared_ptr<Feed<Document>> feed) : id_(std::move(id)), feed_(std::move(feed)) {}

    /// What it was when somebody looked, after the watching had begun: what was told before is held against it.
    void start(const result<Document>& now) {
        const std::lock_guard lock(mutex_);
        started_ = true;
        if (now) see(*now);
        for (const auto& document : std::exchange(early_, {})) see(document);
        if (!version_) feed_->end(now ? error_code(error::not_found) : now.error());
    }

    void changed(std::span<const Document> documents) override {
        const std::lock_guard lock(mutex_);
        for (const auto& document : documents) {
            if (document.id != id_) continue;
            if (started_) see(document);
            else early_.push_back(document);
        }
    }

    void ended(error_code why) override { feed_->end(why); }

    [[nodiscard]] Feed<Document>& feed() const noexcept { return *feed_; }

private:
    void see(const Document& document) {
        if (version_ ? !document.follows(*version_) : !document.body) return; // or its end came before anybody looked
        version_ = document.version;
        if (document.body) feed_->push(document);
        else feed_->end({});
    }

    const std::string id_;
    const std::shared_ptr<Feed<Document>> feed_;
    std::mutex mutex_;
    bool started_ = false;
    std::vector<Document> early_;
    std::optional<std::uint64_t> version_; ///< The last seen.
};

} // namespace sluice::repository
