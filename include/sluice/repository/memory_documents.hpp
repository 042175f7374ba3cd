#pragma once

#include <sluice/error.hpp>
#include <sluice/repository/document.hpp>
#include <sluice/repository/page.hpp>
#include <sluice/repository/query.hpp>

#include <boost/json/object.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace sluice::repository {

/// Documents in memory, and who watches them; any thread.
class MemoryDocuments {
public:
    [[nodiscard]] result<Document> get(const std::string& id) const {
        const std::lock_guard lock(mutex_);
        const auto found = documents_.find(id);
        if (found == documents_.end()) return error::not_found;
        return found->second;
    }

    [[nodiscard]] result<void> write(std::vector<Change> changes) {
        const std::lock_guard lock(mutex_);
        for (const auto& change : changes) {
            const auto found = documents_.find(change.id);
            if (const auto why = obstacle(change, found == documents_.end() ? nullptr : &found->second.version)) {
                return why;
            }
        }
        std::vector<Document> changed;
        for (auto& change : changes) make(std::move(change), changed);
        for (const auto& each : watchers_) {
            const auto watcher = each.lock();
            if (watcher && !changed.empty()) watcher->changed(changed);
        }
        return {};
    }

    [[nodiscard]] result<DocumentPage> find(const Query& query) const {
        auto maker = PageMaker::make(query);
        if (!maker) return maker.error();
        const std::lock_guard lock(mutex_);
        for (const auto& [id, document] : documents_) {
            if (maker->full_by_id()) break;
            maker->add(document);
        }
        auto page = std::move(*maker).page();
        page.version = version_;
        return page;
    }

    void watch(const std::shared_ptr<Watcher>& watcher) {
        const std::lock_guard lock(mutex_);
        std::erase_if(watchers_, [](const auto& each) { return each.expired(); });
        watchers_.push_back(watcher);
    }

private:
    void make(Change change, std::vector<Document>& changed) {
        const auto found = documents_.find(change.id);
        std::shared_ptr<const boost::json::object> body;
        if (change.document) body = std::make_shared<const boost::json::object>(*std::move(change.document));
        else if (found == documents_.end()) return;
        const Document document(change.id, ++version_, std::move(body));
        if (!document.body) documents_.erase(found);
        else documents_.insert_or_assign(std::move(change.id), document);
        changed.push_back(document);
    }

    mutable std::mutex mutex_;
    std::map<std::string, Document, std::less<>> documents_;
    std::vector<std::weak_ptr<Watcher>> watchers_;
    std::uint64_t version_ = 0;
};

} // namespace sluice::repository
