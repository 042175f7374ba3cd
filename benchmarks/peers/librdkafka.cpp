// librdkafka, to the mock of a cluster that lives in its own process, without TLS. Prints microseconds of CPU for each
// record; those of the mock's thread do not count.
//
// The environment says what: RECORDS (a file: a key, a blank, and the data a line), COUNT.

#include <librdkafka/rdkafka.h>

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

std::size_t delivered = 0;
std::size_t failed = 0;

void count(rd_kafka_t*, const rd_kafka_message_t* message, void*) { ++(message->err == 0 ? delivered : failed); }

std::vector<std::pair<std::string, std::string>> read_records(const char* path) {
    std::vector<std::pair<std::string, std::string>> records;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        const auto blank = line.find(' ');
        records.emplace_back(line.substr(0, blank), line.substr(blank + 1));
    }
    return records;
}

rd_kafka_t* make_producer() {
    char why[512];
    rd_kafka_conf_t* const settings = rd_kafka_conf_new();
    for (const auto& [name, value] : {std::pair{"test.mock.num.brokers", "1"}, std::pair{"linger.ms", "100"},
                                      std::pair{"queue.buffering.max.messages", "1000000"},
                                      std::pair{"log_level", "3"}}) {
        if (rd_kafka_conf_set(settings, name, value, why, sizeof why) != 0) throw std::runtime_error(why);
    }
    rd_kafka_conf_set_dr_msg_cb(settings, count);
    rd_kafka_t* const producer = rd_kafka_new(RD_KAFKA_PRODUCER, settings, why, sizeof why);
    if (producer == nullptr) throw std::runtime_error(why);
    return producer;
}

/// Microseconds of CPU of all threads that live but the mock's.
double spent() {
    double all = 0;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
        std::string name;
        std::getline(std::ifstream(thread.path() / "comm"), name);
        double nanoseconds = 0;
        std::ifstream(thread.path() / "schedstat") >> nanoseconds;
        if (name != "rdk:mock") all += nanoseconds / 1e3;
    }
    return all;
}

} // namespace

int main() {
    const auto records = read_records(std::getenv("RECORDS"));
    const auto wanted = std::strtoul(std::getenv("COUNT"), nullptr, 10);
    rd_kafka_t* const producer = make_producer();
    std::size_t put = 0;
    const auto put_all = [&](std::size_t number) {
        for (const auto end = put + number; put < end;) {
            const auto& [key, data] = records[put % records.size()];
            const auto result = rd_kafka_producev(
                producer, RD_KAFKA_V_TOPIC("benchmark"), RD_KAFKA_V_KEY(key.data(), key.size()),
                RD_KAFKA_V_VALUE(const_cast<char*>(data.data()), data.size()),
                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
            if (result == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
                rd_kafka_poll(producer, 10);
                continue;
            }
            if (result != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(result));
            if (++put % 1'000 == 0) rd_kafka_poll(producer, 0);
        }
        rd_kafka_flush(producer, 30'000);
    };
    put_all(10'000);
    const auto before = spent();
    put_all(wanted);
    const auto after = spent();
    if (failed > 0 || delivered != put) throw std::runtime_error("not everything was delivered");
    std::printf("%f\n", (after - before) / static_cast<double>(wanted));
    rd_kafka_destroy(producer);
}
