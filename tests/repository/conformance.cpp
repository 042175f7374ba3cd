#include <sluice/repository/conformance.hpp>
#include <sluice/repository/memory.hpp>

#include "world.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json/object.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using sluice::error_code;
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
    std::function<void(Document&)> read = [](Document&) {};
    std::function<void(std::vector<Change>&)> changes = [](std::vector<Change>&) {};
    std::function<void(Query&)> query = [](Query&) {};
    std::function<void(DocumentPage&)> page = [](DocumentPage&) {};
    std::function<void(std::vector<Document>&)> told = [](std::vector<Document>&) {};
    bool one_by_one = false;
    bool watches = true;
    bool watches_late = false; ///< Only what is written after the next change is told.
    bool reads_slowly = false; ///< Others may write meanwhile.
    bool invents = false;      ///< Tells of a change whenever something is read.
};

/// Tells a watcher of what changed, as the flaws have it.
class FlawedWatcher final : public Watcher {
public:
    FlawedWatcher(const Flaws& flaws, const std::shared_ptr<Watcher>& watcher) : told_(flaws.told), watcher_(watcher) {}

    void changed(std::span<const Document> documents) override {
        std::vector<Document> told(documents.begin(), documents.end());
        told_(told);
        if (const auto watcher = watcher_.lock()) watcher->changed(told);
    }

    void ended(error_code why) override {
        if (const auto watcher = watcher_.lock()) watcher->ended(why);
    }

private:
    std::function<void(std::vector<Document>&)> told_;
    std::weak_ptr<Watcher> watcher_;
};

class FlawedDocuments {
public:
    explicit FlawedDocuments(Flaws flaws) : flaws_(std::move(flaws)) {}

    asio::awaitable<result<Document>> get(std::string id) {
        flaws_.id(id);
        auto executor = co_await asio::this_coro::executor;
        asio::steady_timer moment(executor, 2ms);
        if (flaws_.reads_slowly) co_await moment.async_wait(asio::use_awaitable);
        auto document = state_->documents.get(id);
        if (document) flaws_.read(*document);
        if (document && flaws_.invents) {
            const Document invented(id, document->version + 1, document->body);
            for (const auto& watcher : state_->watchers) watcher->changed(std::span(&invented, 1));
        }
        co_return document;
    }
    asio::awaitable<result<void>> write(std::vector<Change> changes) {
        flaws_.changes(changes);
        const auto written = flaws_.one_by_one ? write_one_by_one(std::move(changes))
                                               : state_->documents.write(std::move(changes));
        for (const auto& watcher : std::exchange(state_->late, {})) state_->documents.watch(watcher);
        co_return written;
    }
    asio::awaitable<result<DocumentPage>> find(Query query) {
        flaws_.query(query);
        auto page = state_->documents.find(query);
        if (page) flaws_.page(*page);
        co_return page;
    }
    asio::awaitable<result<void>> watch(std::shared_ptr<Watcher> watcher) {
        const auto flawed = std::make_shared<FlawedWatcher>(flaws_, watcher);
        state_->watchers.push_back(flawed);
        if (flaws_.watches_late) state_->late.push_back(flawed);
        else if (flaws_.watches) state_->documents.watch(flawed);
        co_return result<void>();
    }

private:
    class State {
    public:
        MemoryDocuments documents;
        std::vector<std::shared_ptr<Watcher>> watchers;
        std::vector<std::shared_ptr<Watcher>> late;
    };

    result<void> write_one_by_one(std::vector<Change> changes) {
        for (auto& change : changes) {
            std::vector<Change> one;
            one.push_back(std::move(change));
            if (const auto written = state_->documents.write(std::move(one)); !written) return written;
        }
        return {};
    }

    Flaws flaws_;
    std::shared_ptr<State> state_ = std::make_shared<State>();
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

TEST_CASE("changes that are lost, told twice, or made up are found out") {
    const auto* const rule = "What becomes live amid changes tells of each, and of none twice.";
    Flaws late;
    late.watches_late = true;
    CHECK(finds(late, rule));
    Flaws twice; // what was read does not tell which changes are in it
    twice.reads_slowly = true;
    twice.read = [](Document& document) { document.version = 0; };
    twice.changes = [](std::vector<Change>& changes) {
        for (auto& change : changes) {
            if (change.expects == Change::Expects::version) change.expects = Change::Expects::presence;
        }
    };
    CHECK(finds(twice, rule));
    Flaws lost;
    lost.told = [](std::vector<Document>& documents) {
        std::erase_if(documents, [](const Document& document) {
            const auto* const price = document.body ? document.body->if_contains("price") : nullptr;
            return price && *price == 3;
        });
    };
    CHECK(finds(lost, "A wait that is cancelled loses nothing of what comes."));
    CHECK(finds(lost, "What is live tells of every change."));
    CHECK(finds(lost, rule));
    Flaws invented;
    invented.invents = true;
    CHECK(finds(invented, "What is live tells of no change that was not made."));
}

TEST_CASE("rubbish breaks rules, and nothing else") {
    Flaws rubbish;
    rubbish.read = [](Document& document) { document.body = std::make_shared<const boost::json::object>(); };
    CHECK(finds(rubbish, "`get` gives what was added."));
    CHECK(finds(rubbish, "`update` gives its function what is there."));
    Flaws text;
    text.read = [](Document& document) {
        document.body = std::make_shared<const boost::json::object>(boost::json::object{{"price", "text"}});
    };
    CHECK(finds(text, "`update` gives its function what is there."));
}
