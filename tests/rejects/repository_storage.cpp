// expect: RepositoryStorage needs a repository that gives its documents
#include <sluice/producer.hpp>
#include <sluice/storage/repository.hpp>

using Objects = sluice::MemoryRepository<boost::json::object>;

class Wrong : public Objects {
public:
    void open_documents(sluice::World& world) const;
};

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, sluice::RepositoryStorage{Objects()});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, sluice::RepositoryStorage{Wrong()});
}
