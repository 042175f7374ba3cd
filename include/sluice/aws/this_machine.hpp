#pragma once

#include <sluice/aws/environment.hpp>
#include <sluice/aws/machine.hpp>
#include <sluice/aws/process.hpp>
#include <sluice/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/errc.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::aws {

namespace detail {

/// Why a file could not be opened. One below a directory that is closed to us, as another user's home, or that is no
/// directory at all, is not there as far as we can see.
[[nodiscard]] inline error_code why_not_opened(const std::string& path) noexcept {
    const auto failure = last_error();
    struct stat found {};
    const bool hidden = failure == boost::system::errc::permission_denied && ::stat(path.c_str(), &found) != 0;
    if (hidden || failure == boost::system::errc::not_a_directory) {
        return make_error_code(boost::system::errc::no_such_file_or_directory);
    }
    return failure;
}

/// The whole content of a file; `errc::file_too_large` above 16 MiB.
[[nodiscard]] inline result<std::string> read_whole_file(const std::string& path) {
    constexpr std::size_t most = 16U << 20U;
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return why_not_opened(path);
    struct stat found {};
    if (::fstat(file.get(), &found) != 0) return last_error();
    // One byte more than there should be, so that the end is seen without the text, a secret perhaps, being moved.
    std::string text(std::clamp<std::size_t>(static_cast<std::size_t>(found.st_size) + 1, 4096, most + 1), '\0');
    std::size_t filled = 0;
    while (true) {
        if (filled == text.size()) text.resize(std::min(text.size() * 2, most + 1));
        const auto count = ::read(file.get(), text.data() + filled, text.size() - filled);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return last_error();
        filled += static_cast<std::size_t>(count);
        if (count == 0) break;
        if (filled > most) return make_error_code(boost::system::errc::file_too_large);
    }
    text.resize(filled);
    return text;
}

[[nodiscard]] inline error_code write_all(const Descriptor& file, std::string_view content) noexcept {
    while (!content.empty()) {
        const auto count = ::write(file.get(), content.data(), content.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return last_error();
        content.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

/// Writes beside the file, and then puts that in its place: whoever reads sees the old content or the new one.
[[nodiscard]] inline error_code replace_file(const std::string& path, const std::string& content) {
    auto beside = path + '.' + std::string(6, 'X'); // mkostemp puts letters in their place
    const Descriptor file(::mkostemp(beside.data(), O_CLOEXEC)); // of mode 0600
    if (file.get() < 0) return last_error();
    auto failure = write_all(file, content);
    if (!failure && ::rename(beside.c_str(), path.c_str()) != 0) failure = last_error();
    if (failure) ::unlink(beside.c_str());
    return failure;
}

/// The addresses of a name, or the one that it spells.
[[nodiscard]] inline asio::awaitable<result<std::vector<asio::ip::address>>> resolve_host(std::string host) {
    std::vector<asio::ip::address> addresses;
    error_code failure;
    const auto literal = asio::ip::make_address(host, failure);
    if (!failure) {
        addresses.push_back(literal);
        co_return addresses;
    }
    asio::ip::tcp::resolver resolver(co_await asio::this_coro::executor);
    const auto found =
        co_await resolver.async_resolve(host, "", asio::redirect_error(asio::use_awaitable, failure));
    if (failure == asio::error::operation_aborted) co_return failure;
    for (const auto& entry : found) addresses.push_back(entry.endpoint().address());
    if (failure || addresses.empty()) co_return error_code(error::name_not_resolved);
    co_return addresses;
}

} // namespace detail

/// The machine that this process runs on. The environment is read at each question: not while another thread
/// changes it.
[[nodiscard]] inline Machine this_machine() {
    Machine machine(process_environment());
    machine.read_file = detail::read_whole_file;
    machine.write_file = detail::replace_file;
    machine.run = run_command;
    machine.resolve = detail::resolve_host;
    return machine;
}

} // namespace sluice::aws
