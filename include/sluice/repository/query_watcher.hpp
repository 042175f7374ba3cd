#pragma once

#include <sluice/error.hpp>
#include <sluice/repository/document.hpp>
#include <sluice/repository/feed.hpp>
#include <sluice/repository/match.hpp>
#include <sluice/repository/order.hpp>
#include <sluice/repository/query.hpp>

#include <boost/json/object.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sluice::repository {

/// Gives what a query finds to a reader, each time that this changes.
class QueryWatcher final : public Watcher {
public:
    using Found = std::vector<Document>;

    QueryWatcher(Query query, std::shared_ptr<Feed<Found>> feed)
        : query_(std::move(query)), feed_(std::move(feed)), found_(Before(query_)) {}

    /// What there was when somebody looked, after the watching had begun, without order or limit: what was told before
    /// is held against it.
    void start(const result<DocumentPage>& now) {
        if (!now) return feed_->end(now.error());
        const std::lock_guard lock(mutex_);
        started_ = true;
        for (const auto& document : now->documents) see(document);
        for (const auto& document : std::exchange(early_, {})) {
            if (now->version == 0 || document.version > now->version) see(document);
        }
        show(true);
    }

    void changed(std::span<const Document> documents) override {
        const std::lock_guard lock(mutex_);
        if (!started_) {
            early_.insert(early_.end(), documents.begin(), documents.end());
            return;
        }
        bool news = false;
        for (const auto& document : documents) news = see(document) || news;
        if (news) show(false);
    }

    void ended(error_code why) override { feed_->end(why); }

    /// Of what it did not find it has no version.
    [[nodiscard]] bool wants_only_news() const noexcept override { return true; }

    [[nodiscard]] Feed<Found>& feed() const noexcept { return *feed_; }

private:
    class Before {
    public:
        explicit Before(const Query& query) : query_(query) {}
        bool operator()(const Place& a, const Place& b) const { return before(query_.order(), a, b); }

    private:
        const Query& query_;
    };

    using InOrder = std::map<Place, Document, Before>;
    using Bodies = std::vector<std::pair<std::string, std::shared_ptr<const boost::json::object>>>;

    /// Whether what the query finds is another now.
    bool see(const Document& document) {
        const auto known = places_.find(document.id);
        if (known != places_.end() && !document.follows(known->second->second.version)) return false;
        const bool wanted = document.body && matches(query_.condition(), *document.body);
        if (known != places_.end()) {
            found_.erase(known->second);
            if (!wanted) places_.erase(known);
        } else if (!wanted) {
            return false;
        }
        if (!wanted) return true;
        auto place = place_of(query_.order(), *document.body, document.id);
        places_.insert_or_assign(document.id, found_.emplace(std::move(place), document).first);
        return true;
    }

    void show(bool always) {
        const auto size = std::min(found_.size(), query_.limit().value_or(found_.size()));
        Found shown;
        shown.reserve(size);
        for (auto it = found_.begin(); shown.size() < size; ++it) shown.push_back(it->second);
        if (query_.limit()) {
            // What changed beyond the limit is not to be seen. Others may change something and leave its version.
            Bodies bodies;
            for (const auto& document : shown) bodies.emplace_back(document.id, document.body);
            if (!always && bodies == shown_) return;
            shown_ = std::move(bodies);
        }
        feed_->push(std::move(shown));
    }

    const Query query_;
    const std::shared_ptr<Feed<Found>> feed_;
    std::mutex mutex_;
    bool started_ = false;
    Found early_;
    InOrder found_;
    std::map<std::string, InOrder::iterator, std::less<>> places_;
    Bodies shown_; ///< What was shown last, where there is a limit: each body is another one after a change.
};

} // namespace sluice::repository
