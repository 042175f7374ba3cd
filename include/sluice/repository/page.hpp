#pragma once

#include <sluice/error.hpp>
#include <sluice/repository/document.hpp>
#include <sluice/repository/match.hpp>
#include <sluice/repository/order.hpp>
#include <sluice/repository/page_token.hpp>
#include <sluice/repository/query.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace sluice::repository {

/// Puts documents that a query may find into its order, and cuts a page.
[[nodiscard]] inline result<DocumentPage> page_of(const Query& query, const std::vector<Document>& all) {
    using Found = std::pair<Place, const Document*>;
    std::vector<Found> found;
    for (const auto& document : all) {
        if (!matches(query.condition(), *document.body)) continue;
        found.emplace_back(place_of(query.order(), *document.body, document.id), &document);
    }
    std::sort(found.begin(), found.end(),
              [&](const Found& a, const Found& b) { return before(query.order(), a.first, b.first); });
    auto first = found.begin();
    if (!query.token().empty()) {
        const auto last = read_page_token(query.order(), query.token());
        if (!last) return last.error();
        first = std::find_if(found.begin(), found.end(),
                             [&](const Found& each) { return before(query.order(), *last, each.first); });
    }
    DocumentPage page;
    const auto rest = static_cast<std::size_t>(found.end() - first);
    const auto size = std::min(rest, query.limit().value_or(rest));
    for (auto it = first; it != first + static_cast<std::ptrdiff_t>(size); ++it) page.documents.push_back(*it->second);
    if (size < rest) page.next = page_token(query.order(), (first + static_cast<std::ptrdiff_t>(size) - 1)->first);
    return page;
}

} // namespace sluice::repository
