// The Kinesis that the other programs send to, a process of its own, so that its CPU time is not theirs.
//
//     sink CA_FILE [SHARDS]      writes its certificate there and its port to standard output; ends with standard input
//
// The stream has four shards, or as many as are asked for.

#include "sink.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

int main(int count, char** arguments) {
    if (count < 2) return 2;
    std::signal(SIGPIPE, SIG_IGN);
    bench::Sink sink(arguments[1], count > 2 ? std::strtoul(arguments[2], nullptr, 10) : 4);
    std::printf("%d\n", sink.port());
    std::fflush(stdout);
    std::thread([] {
        while (std::getchar() != EOF) {
        }
        std::_Exit(0);
    }).detach();
    sink.run();
}
