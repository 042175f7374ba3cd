// expect: async_put_all needs a range with a name, which lives until it completes
#include <sluice/producer.hpp>

#include <vector>

auto right(sluice::Producer<>& producer, std::vector<sluice::Record>& records) {
    return producer.async_put_all(records);
}

auto wrong(sluice::Producer<>& producer) {
    return producer.async_put_all(std::vector<sluice::Record>(2));
}
