// expect: this policy_kind is none of the tags in sluice::kind
#include <sluice/producer.hpp>

class Right : public sluice::Collect {
public:
    using policy_kind = sluice::kind::batching;
};

class Wrong : public sluice::Collect {
public:
    using policy_kind = Wrong;
};

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Right{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Wrong());
}
