#pragma once

#include <sched.h>

namespace bench {

/// As long as it lives, threads and processes that begin share one processor with this thread.
///
/// Else CPU time depends on what runs beside: processors that share a core, as those of a rented machine may, take each
/// up to half as long again, and a client of several threads suffers from its own server and from itself.
class OneProcessor {
public:
    OneProcessor() {
        ::sched_getaffinity(0, sizeof before_, &before_);
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(static_cast<unsigned>(::sched_getcpu()), &one);
        ::sched_setaffinity(0, sizeof one, &one);
    }
    OneProcessor(const OneProcessor&) = delete;
    OneProcessor& operator=(const OneProcessor&) = delete;
    ~OneProcessor() { ::sched_setaffinity(0, sizeof before_, &before_); }

private:
    cpu_set_t before_{};
};

} // namespace bench
