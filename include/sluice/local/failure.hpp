#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>

namespace sluice::local {

/// A refusal in the service's own words: the HTTP status, the name of the exception and its sentence.
class Failure {
public:
    Failure() = default;
    Failure(std::string name, std::string sentence, int http_status = 400)
        : code(std::move(name)), message(std::move(sentence)), status(http_status) {}

    std::string code;    ///< As in `__type`: `ResourceNotFoundException`.
    std::string message; ///< For people. May be empty.
    int status = 400;

    friend bool operator==(const Failure&, const Failure&) = default;

    friend std::ostream& operator<<(std::ostream& out, const Failure& failure) {
        return out << failure.code << ": " << failure.message;
    }
};

/// What the service answers: a value, or its refusal.
template <class T>
using Reply = boost::system::result<T, Failure>;

/// What `Reply::value()` throws if there is none.
[[noreturn]] inline void throw_exception_from_error(const Failure& failure, const boost::source_location&) {
    throw std::runtime_error(failure.code + ": " + failure.message);
}

} // namespace sluice::local
