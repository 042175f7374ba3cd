#pragma once

#include <sluice/error.hpp>
#include <sluice/log.hpp>
#include <sluice/policy.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <system_error>

namespace sluice::detail {

/// What became of the exception that is being handled: `credentials_failed`, or `operation_aborted` if that is what
/// was thrown. The log hears of it, but not its text: who throws while reading credentials may quote them.
[[nodiscard]] inline error_code credentials_thrown(const Log& log) {
    try {
        throw;
    } catch (const boost::system::system_error& thrown) {
        if (thrown.code() == asio::error::operation_aborted) return thrown.code();
        log.error("credentials: the source threw an error: ", thrown.code());
    } catch (const std::system_error& thrown) {
        log.error("credentials: the source threw an error: ", thrown.code().message());
    } catch (...) {
        log.error("credentials: the source threw an exception; its text is left out, since it may hold a secret");
    }
    return error::credentials_failed;
}

} // namespace sluice::detail
