// expect: this argument is not a policy; give it a member type policy_kind
#include <sluice/session.hpp>

auto right(sluice::asio::any_io_executor executor) { return sluice::Session(executor, sluice::Options("clicks")); }

auto wrong(sluice::asio::any_io_executor executor) { return sluice::Session(executor, sluice::Options(), [] {}); }
