#pragma once

#include <sluice/local/server.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <thread>
#include <utility>

namespace sluice::local {

/// A `Server` with a thread of its own, for programs and tests that have no executor to give.
///
///     local::ServerThread local;
///     if (auto failure = local->start()) { … }
class ServerThread {
public:
    explicit ServerThread(Service service = Service())
        : work_(context_.get_executor()), server_(context_.get_executor(), std::move(service)),
          thread_([this] { context_.run(); }) {}

    ServerThread(const ServerThread&) = delete;
    ServerThread& operator=(const ServerThread&) = delete;

    ~ServerThread() {
        server_.stop();
        context_.stop();
        thread_.join();
    }

    Server* operator->() { return &server_; }
    Server& operator*() { return server_; }

private:
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    Server server_;
    std::thread thread_;
};

} // namespace sluice::local
