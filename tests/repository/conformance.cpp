#include <sluice/repository/conformance.hpp>
#include <sluice/repository/memory.hpp>

#include "world.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json/object.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using sluice::Query;
using sluice::result;
using sluice::repository::Change;
using sluice::repository::Document;
using sluice::repository::DocumentPage;
using sluice::repository::MemoryDocuments;
using sluice::repository::Watcher;

/// What a repository does wrong.
class Flaws {
public:
    std::function<void(std::string&)> id = [](std::string&) {};
    std::function<void(std::vector<Change>&)> changes = [](std::vector<Change>&) {};
    std::function<void(Query&)> query = [](Query&) {};
    std::function<void(DocumentPage&)> page = [](DocumentPage&) {};
    bool one_by_one = false;
    bool watches = true;
};

class FlawedDocuments {
public:
    explicit FlawedDocuments(Flaws flaws) : flaws_(std::move(flaws)) {}

    asio::awaitable<result<Document>> get(std::string id) {
        flaws_.id(id);
        co_return documents_->get(id);
    }
    asio::awaitable<result<void>> write(std::vector<Change> changes) {
        flaws_.changes(changes);
        if (!flaws_.one_by_one) co_return documents_->write(std::move(changes));
        for (auto& change : changes) {
            std::vector<Change> one;
            one.push_back(std::move(change));
            const auto written = documents_->write(std::move(one));
            if (!written) co_return written;
        }
        co_return result<void>();
    }
    asio::awaitable<result<DocumentPage>> find(Query query) {
        flaws_.query(query);
        auto page = documents_->find(query);
        if (page) flaws_.page(*page);
        co_return page;
    }
    asio::awaitable<result<void>> watch(std::shared_ptr<Watcher> watcher) {
        if (flaws_.watches) documents_->watch(watcher);
        co_return result<void>();
    }

private:
    Flaws flaws_;
    std::shared_ptr<MemoryDocuments> documents_ = std::make_shared<MemoryDocuments>();
};

class FlawedRepository {
public:
    using Running = sluice::Collection<boost::json::object, FlawedDocuments>;

    explicit FlawedRepository(Flaws flaws) : flaws_(std::move(flaws)) {}

    template <class...>
    asio::awaitable<result<Running>> open(sluice::World& world) const {
        co_return Running(world, sluice::Mapping<boost::json::object>(), FlawedDocuments(flaws_));
    }

private:
    Flaws flaws_;
};

std::vector<std::string> violations(const Flaws& flaws) {
    asio::io_context context;
    TestWorld world(context.get_executor());
    auto check = asio::co_spawn(
        context, sluice::check_repository([&] { return FlawedRepository(flaws); }, world.world, 20ms), asio::use_future);
    context.run();
    return check.get();
}

bool finds(const Flaws& flaws, const std::string& rule) {
    const auto found = violations(flaws);
    return std::find(found.begin(), found.end(), rule) != found.end();
}

} // namespace

TEST_CASE("a repository without flaws breaks no rule") {
    for (const auto& broken : violations(Flaws())) FAIL_CHECK(broken);
}

TEST_CASE("changes that are made one by one are found out") {
    Flaws flaws;
    flaws.one_by_one = true;
    CHECK(finds(flaws, "A refused `add_all` adds nothing."));
    CHECK(finds(flaws, "A refused `update_all` changes nothing."));
}

TEST_CASE("changes that expect nothing are found out") {
    Flaws flaws;
    flaws.changes = [](std::vector<Change>& changes) {
        for (auto& change : changes) change.expects = Change::Expects::anything;
    };
    CHECK(finds(flaws, "`add` refuses an id that is taken."));
    CHECK(finds(flaws, "`remove` says that there is nothing."));
    CHECK(finds(flaws, "`update_all` adds nothing."));
}

TEST_CASE("ids and values that are changed are found out") {
    Flaws upper;
    upper.id = [](std::string& id) {
        if (id == "a") id = "A";
    };
    CHECK(finds(upper, "`get` gives what was added."));
    Flaws doubles;
    doubles.changes = [](std::vector<Change>& changes) {
        for (auto& change : changes) {
            if (!change.document) continue;
            for (auto& member : *change.document) {
                if (member.value().is_uint64()) member.value() = static_cast<double>(member.value().get_uint64());
            }
        }
    };
    CHECK(finds(doubles, "Every value comes back as it was."));
}

TEST_CASE("wrong answers to queries are found out") {
    Flaws everything;
    everything.query = [](Query& query) { query = Query().order(query.order()); };
    CHECK(finds(everything, "A query finds what it asks for, and nothing else."));
    Flaws disorder;
    disorder.page = [](DocumentPage& page) { std::reverse(page.documents.begin(), page.documents.end()); };
    CHECK(finds(disorder, "Every repository gives the same answer to a query."));
    Flaws first_page;
    first_page.page = [](DocumentPage& page) { page.next.clear(); };
    CHECK(finds(first_page, "A query gives its order, over all pages."));
    Flaws no_limit;
    no_limit.query = [](Query& query) { query = Query(query.condition()).order(query.order()); };
    CHECK(finds(no_limit, "A page has its limit."));
}

TEST_CASE("silence is found out") {
    Flaws flaws;
    flaws.watches = false;
    CHECK(finds(flaws, "An item tells each of its changes, and no others."));
    CHECK(finds(flaws, "A live query tells what it finds each time that this is another."));
}
