#include <sluice/repository/memory.hpp>
#include <sluice/repository/repository.hpp>

#include <boost/json/object.hpp>

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace {

namespace asio = boost::asio;
using boost::json::object;
using sluice::result;

using Objects = sluice::MemoryRepository<object>;
using Running = Objects::Running;
using Documents = Objects::Shared;

// Each of these hides one member of a model, or shows another in its place.
class WithoutType : public Running {
    using Running::value_type;
};
class GivesNoResult : public Running {
public:
    asio::awaitable<object> get(std::string id);
};
class WithoutBatches : public Running {
public:
    void add_all() = delete;
};
class UpdatesNoFunction : public Running {
public:
    asio::awaitable<result<object>> update(std::string id, object value);
};
class NotesNoId : public Running {
public:
    sluice::Identified<object> identify(object value);
};
class LiveItemsOnly : public Running {
public:
    asio::awaitable<result<sluice::LiveItem<object>>> live(std::string id);
};
class GivesAll : public Running {
public:
    asio::awaitable<result<std::vector<object>>> query(sluice::Query query);
};

static_assert(sluice::RunningRepository<Running>);
static_assert(!sluice::RunningRepository<WithoutType>);
static_assert(!sluice::RunningRepository<GivesNoResult>);
static_assert(!sluice::RunningRepository<WithoutBatches>);
static_assert(!sluice::RunningRepository<UpdatesNoFunction>);
static_assert(!sluice::RunningRepository<NotesNoId>);
static_assert(!sluice::RunningRepository<LiveItemsOnly>);
static_assert(!sluice::RunningRepository<GivesAll>);
static_assert(!sluice::RunningRepository<Objects>); // a recipe does not run
static_assert(!sluice::RunningRepository<int>);

template <class R>
class Opens {
public:
    asio::awaitable<result<R>> open(sluice::World& world) const;
};
class OpensAtOnce {
public:
    result<Running> open(sluice::World& world) const;
};
class OpensWithoutResult {
public:
    asio::awaitable<Running> open(sluice::World& world) const;
};
class OpensWithoutWorld {
public:
    asio::awaitable<result<Running>> open() const;
};

static_assert(sluice::Repository<Objects>);
static_assert(sluice::Repository<Opens<Running>>);
static_assert(!sluice::Repository<Opens<WithoutBatches>>);
static_assert(!sluice::Repository<Opens<int>>);
static_assert(!sluice::Repository<OpensAtOnce>);
static_assert(!sluice::Repository<OpensWithoutResult>);
static_assert(!sluice::Repository<OpensWithoutWorld>);
static_assert(!sluice::Repository<Running>); // what runs is no recipe
static_assert(!sluice::Repository<int>);

template <class D>
class Gives : public Opens<Running> {
public:
    static constexpr bool persistent = false;
    asio::awaitable<result<D>> open_documents(sluice::World& world) const;
};
class Unwatched : public Documents {
public:
    void watch() = delete;
};
class OnlyOne : public Documents {
public:
    OnlyOne(const OnlyOne&) = delete;
};
class SaysNothing : public Opens<Running> {
public:
    asio::awaitable<result<Documents>> open_documents(sluice::World& world) const;
};
class SaysLater : public SaysNothing {
public:
    bool persistent = false;
};
class OpensDocumentsOnly : public Gives<Documents> {
    using Gives<Documents>::open;
};

static_assert(sluice::DocumentRepository<Objects>);
static_assert(sluice::DocumentRepository<Gives<Documents>>);
static_assert(!sluice::DocumentRepository<Opens<Running>>);
static_assert(!sluice::DocumentRepository<Gives<Unwatched>>);
static_assert(!sluice::DocumentRepository<Gives<OnlyOne>>);
static_assert(!sluice::DocumentRepository<SaysNothing>);
static_assert(!sluice::DocumentRepository<SaysLater>);
static_assert(!sluice::DocumentRepository<OpensDocumentsOnly>);

// The documents are those that the values are in.
static_assert(std::is_same_v<sluice::documents_t<Objects>, Documents>);
static_assert(std::is_same_v<sluice::running_t<Objects>, sluice::Collection<object, Documents>>);

} // namespace
