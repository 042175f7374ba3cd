#pragma once

#include <sluice/error.hpp>
#include <sluice/repository/document.hpp>
#include <sluice/repository/match.hpp>
#include <sluice/repository/order.hpp>
#include <sluice/repository/page_token.hpp>
#include <sluice/repository/query.hpp>

#include <iterator>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace sluice::repository {

/// Makes a page of the documents that a query may find, whatever their order; it keeps no more than the page holds.
class PageMaker {
public:
    /// `error::query_invalid` for a token of something else.
    [[nodiscard]] static result<PageMaker> make(const Query& query) {
        PageMaker maker(query);
        if (query.token().empty()) return maker;
        auto last = read_page_token(query.order(), query.token());
        if (!last) return last.error();
        maker.last_ = *std::move(last);
        return maker;
    }

    void add(const Document& document) {
        if (!matches(query_.condition(), *document.body)) return;
        auto place = place_of(query_.order(), *document.body, document.id);
        if (last_ && !before(query_.order(), *last_, place)) return;
        found_.emplace(std::move(place), document);
        if (query_.limit() && found_.size() - 1 > *query_.limit()) found_.erase(std::prev(found_.end()));
    }

    /// Whether nothing more is needed of documents that come in the order of their ids.
    [[nodiscard]] bool full_by_id() const {
        return query_.limit() && !query_.order() && found_.size() > *query_.limit();
    }

    /// Where the page before ended.
    [[nodiscard]] const std::optional<Place>& last() const noexcept { return last_; }

    [[nodiscard]] DocumentPage page() && {
        DocumentPage page;
        for (auto& [place, document] : found_) {
            if (page.documents.size() == query_.limit()) {
                const auto& end = page.documents.back();
                page.next = page_token(query_.order(), place_of(query_.order(), *end.body, end.id));
                break;
            }
            page.documents.push_back(std::move(document));
        }
        return page;
    }

private:
    class Before {
    public:
        explicit Before(std::optional<Query::Order> order) : order_(std::move(order)) {}
        bool operator()(const Place& a, const Place& b) const { return before(order_, a, b); }

    private:
        std::optional<Query::Order> order_;
    };

    explicit PageMaker(Query query) : query_(std::move(query)), found_(Before(query_.order())) {}

    Query query_;
    std::optional<Place> last_;
    std::map<Place, Document, Before> found_;
};

/// The page of a query over some documents.
[[nodiscard]] inline result<DocumentPage> page_of(const Query& query, const std::vector<Document>& all) {
    auto maker = PageMaker::make(query);
    if (!maker) return maker.error();
    for (const auto& document : all) maker->add(document);
    return std::move(*maker).page();
}

} // namespace sluice::repository
