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

#include <openssl/crypto.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
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

/// Whether this is the file without content, `/dev/null`, by which a configuration is said to be none.
[[nodiscard]] inline bool is_null_device(const struct stat& found) noexcept {
    struct stat null {};
    return S_ISCHR(found.st_mode) && ::stat("/dev/null", &null) == 0 && S_ISCHR(null.st_mode) &&
           found.st_rdev == null.st_rdev;
}

/// Takes a file's bytes to its end, or until there are more than `most`. What is left behind is wiped.
[[nodiscard]] inline error_code read_to_end(const Descriptor& file, std::string& text, std::size_t most) {
    std::size_t filled = 0;
    while (filled <= most) {
        if (filled == text.size()) {
            std::string wider(std::min(text.size() * 2, most + 1), '\0');
            std::copy(text.begin(), text.end(), wider.begin());
            text.swap(wider);
            OPENSSL_cleanse(wider.data(), wider.size());
        }
        const auto count = ::read(file.get(), text.data() + filled, text.size() - filled);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return last_error();
        filled += static_cast<std::size_t>(count);
        if (count > 0) continue;
        text.resize(filled);
        return {};
    }
    return make_error_code(boost::system::errc::file_too_large);
}

/// The whole content of a regular file; that of `/dev/null` is empty. Never waits for a writer.
///
/// Errors: `errc::file_too_large` above 1 MiB, `errc::is_a_directory`, `errc::operation_not_supported` for pipes,
/// sockets and devices; else the system's own.
[[nodiscard]] inline result<std::string> read_whole_file(const std::string& path) {
    constexpr std::size_t most = 1U << 20U;
    // A pipe that nobody writes to would hold up whoever opens it, and a terminal would become this process's own.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (file.get() < 0) return why_not_opened(path);
    struct stat found {};
    if (::fstat(file.get(), &found) != 0) return last_error();
    if (is_null_device(found)) return std::string();
    if (S_ISDIR(found.st_mode)) return make_error_code(boost::system::errc::is_a_directory);
    if (!S_ISREG(found.st_mode)) return make_error_code(boost::system::errc::operation_not_supported);
    if (found.st_size > static_cast<off_t>(most)) return make_error_code(boost::system::errc::file_too_large);
    // One byte more than there should be, so that the end is seen without the text, a secret perhaps, being moved.
    std::string text(std::max<std::size_t>(static_cast<std::size_t>(found.st_size) + 1, 4096), '\0');
    const auto failure = read_to_end(file, text, most);
    if (!failure) return text;
    OPENSSL_cleanse(text.data(), text.size());
    return failure;
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
template <class Resolver = asio::ip::tcp::resolver>
[[nodiscard]] asio::awaitable<result<std::vector<asio::ip::address>>> resolve_host(std::string host) {
    std::vector<asio::ip::address> addresses;
    error_code failure;
    const auto literal = asio::ip::make_address(host, failure);
    if (!failure) {
        addresses.push_back(literal);
        co_return addresses;
    }
    Resolver resolver(co_await asio::this_coro::executor);
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
template <class...>
[[nodiscard]] Machine this_machine() {
    Machine machine(process_environment());
    machine.read_file = detail::read_whole_file;
    machine.write_file = detail::replace_file;
    machine.run = run_command<>;
    machine.resolve = detail::resolve_host<>;
    return machine;
}

} // namespace sluice::aws
