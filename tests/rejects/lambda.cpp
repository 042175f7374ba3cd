// expect: this argument is not a policy; give it a member type policy_kind
#include <sluice/producer.hpp>


auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, sluice::Collect{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, [](const sluice::RecordView&) { return "key"; });
}
