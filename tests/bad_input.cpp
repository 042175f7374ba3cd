// What is wrong with what is put, with the disk, the keys and the service: each gets its typed error, whose message ends
// with a remedy, and when the fault is over everything that was accepted is at the service. End to end, over sockets
// and files.
#include "doubles.hpp"
#include "storage/temporary.hpp"
#include "storage/test_vfs.hpp"

#include <sluice/blocking_producer.hpp>
#include <sluice/credentials/from.hpp>
#include <sluice/local/server_thread.hpp>
#include <sluice/storage/sqlite.hpp>

#include <doctest/doctest.h>

#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using sluice::error;
using sluice::error_code;
using sluice::Record;
namespace local = sluice::local;
namespace fault = sluice::local::fault;

namespace {

using Keys = std::function<sluice::result<sluice::Secrets>()>;
using Producer = sluice::BlockingProducer<sluice::SqliteStorage, sluice::CredentialsFrom<Keys>, KeepDeadLetters>;

sluice::Secrets local_keys() { return {"local", sluice::Secret("local")}; }

std::string slurp(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void spit(const std::filesystem::path& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

/// Whether a message says what to do: a sentence whose last clause is the remedy.
bool has_remedy(error_code failure) {
    const auto message = failure.message();
    const auto last = message.rfind("; ");
    return failure.category() == sluice::error_category() && last != std::string::npos && message.size() > last + 10 &&
           message.back() == '.';
}

/// A service with the stream "clicks", and what a producer needs to reach it.
class Place {
public:
    Place() {
        server->with([](local::Service& service) {
            service.kinesis.settings().limits = local::ShardLimits::none();
            const auto made = service.kinesis.create_stream(local::StreamSpec("clicks", 2), local::moment_now());
            REQUIRE(made.has_value());
        });
        REQUIRE_FALSE(server->start());
        options.region = "eu-west-1";
        options.endpoint = server->endpoint();
        options.linger = 5ms;
        options.back_off = 5ms;
        options.longest_back_off = 20ms;
        const auto sink = [this](sluice::LogLevel, std::string_view line) {
            const std::lock_guard lock(mutex_);
            log_.append(line).append("\n");
        };
        options.log = sluice::Log(sink, sluice::LogLevel::debug);
    }

    Producer& start() { return start(sluice::SqliteStorage(directory / "buffer.db")); }

    Producer& start(sluice::SqliteStorage storage) {
        producer.reset();
        producer.emplace(options, std::move(storage), sluice::CredentialsFrom<Keys>(keys), KeepDeadLetters{letters});
        return *producer;
    }

    void heal() {
        server->with([](local::Service& service) { service.faults.clear(); });
    }

    /// The data of everything that arrived in a stream, sorted; repeated as often as it arrived.
    std::multiset<std::string> arrived(const std::string& name = "clicks") {
        return server->with([&](local::Service& service) {
            std::multiset<std::string> all;
            const auto* stream = service.kinesis.find(name);
            if (stream == nullptr) return all;
            for (const auto& shard : stream->shards()) {
                for (const auto& record : shard.records()) all.insert(record.data);
            }
            return all;
        });
    }

    [[nodiscard]] bool logged(std::string_view text) const {
        const std::lock_guard lock(mutex_);
        return log_.find(text) != std::string::npos;
    }

    local::ServerThread server;
    TemporaryDirectory directory;
    sluice::Options options{"clicks"};
    Keys keys = [] { return sluice::result<sluice::Secrets>(local_keys()); };
    std::shared_ptr<std::vector<sluice::DeadLetter>> letters = std::make_shared<std::vector<sluice::DeadLetter>>();

private:
    mutable std::mutex mutex_;
    std::string log_;

public:
    std::optional<Producer> producer; ///< The first to go.
};

std::vector<Record> some_records(int count) {
    std::vector<Record> records;
    for (int i = 0; i < count; ++i) records.emplace_back("key-" + std::to_string(i), "data-" + std::to_string(i));
    return records;
}

std::set<std::string> data_of(const std::vector<Record>& records) {
    std::set<std::string> all;
    for (const auto& record : records) all.insert(record.data);
    return all;
}

/// Everything put is there; with `once`, once.
void check_arrived(Place& place, const std::vector<Record>& records, bool once = true) {
    const auto arrived = place.arrived();
    CHECK(std::set<std::string>(arrived.begin(), arrived.end()) == data_of(records));
    if (once) CHECK(arrived.size() == records.size());
    CHECK(place.letters->empty());
}

/// Puts records into a stream that cannot move: it says why, keeps them all, and delivers them once `mend` was called.
template <class Mend>
void check_outage(Place& place, error expected, Mend mend, bool once = true, std::chrono::seconds patience = 0s) {
    auto& producer = place.start();
    const auto records = some_records(30);
    const auto put = producer.put_all(records);
    CHECK(put.accepted == 30);
    const auto during = producer.flush(patience);
    CHECK(during.paused_by == expected);
    CHECK(has_remedy(during.paused_by));
    CHECK(during.left == 30);
    CHECK(during.failed == 0);
    CHECK(producer.stats().paused_by == expected);
    CHECK(producer.stats().buffered_records == 30);
    mend();
    const auto after = producer.flush(20s);
    CHECK(after.left == 0);
    CHECK_FALSE(after.paused_by);
    CHECK_FALSE(producer.stats().paused_by);
    check_arrived(place, records, once);
}

void check_outage(Place& place, error expected) {
    check_outage(place, expected, [&] { place.heal(); });
}

class Wrong {
public:
    Wrong(error expected, Record its_record) : why(expected), record(std::move(its_record)) {}

    error why;
    Record record;
};

std::vector<Wrong> wrong_records() {
    std::vector<Wrong> wrong;
    wrong.emplace_back(error::partition_key_empty, Record("", "data"));
    wrong.emplace_back(error::partition_key_too_long, Record(std::string(257, 'k'), "data"));
    std::string emoji;
    for (int i = 0; i < 257; ++i) emoji += "\xF0\x9F\x98\x80";
    wrong.emplace_back(error::partition_key_too_long, Record(emoji, "data"));
    wrong.emplace_back(error::partition_key_too_long, Record(std::string(5'000'000, 'k'), "data"));
    for (const char* key : {"\xFF", "a\xC3", "\xC0\x80", "\xE2\x82", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80 tail",
                            "\xF8\x88\x80\x80\x80"}) {
        wrong.emplace_back(error::not_utf8, Record(key, "data"));
    }
    wrong.emplace_back(error::record_too_large, Record("k", std::string(1U << 20U, 'x')));
    wrong.emplace_back(error::record_too_large, Record("k", std::string(100U << 20U, 'x')));
    for (const char* number : {"-1", "1e3", " 1", "0x10", "340282366920938463463374607431768211456", "1\n",
                               "99999999999999999999999999999999999999999999999999"}) {
        wrong.emplace_back(error::hash_key_invalid, Record("k", "data")).record.explicit_hash_key = number;
    }
    for (const std::string& name : {std::string("no such name"), std::string("a/b"), std::string(129, 's'),
                                    std::string("a\0b", 3), std::string("\""), std::string("arn:aws:kinesis:r:1:stream/s"),
                                    "arn:aws:kinesis:r:123456789012:stream/" + std::string(129, 's')}) {
        wrong.emplace_back(error::stream_name_invalid, Record("k", "data")).record.stream = name;
    }
    wrong.emplace_back(error::headers_need_aggregate, Record("k", "data")).record.headers.emplace_back("a", "b");
    return wrong;
}

/// A database that another application made.
void make_foreign(const std::filesystem::path& path) {
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &database) == SQLITE_OK);
    CHECK(sqlite3_exec(database, "CREATE TABLE photos (a); INSERT INTO photos VALUES ('precious')", nullptr, nullptr,
                       nullptr) == SQLITE_OK);
    sqlite3_close(database);
}

} // namespace

TEST_CASE("a record that can never be sent is refused with its reason by every verb, and its neighbours arrive") {
    Place place;
    auto& producer = place.start();
    producer.open();
    std::uint64_t refused = 0;
    for (const auto& [why, record] : wrong_records()) {
        CAPTURE(make_error_code(why).message());
        CHECK(has_remedy(why));
        CHECK(producer.try_put(record) == why);
        error_code put;
        producer.put(record, put);
        CHECK(put == why);
        error_code delivered;
        const auto receipt = producer.deliver(record, delivered);
        CHECK(delivered == why);
        CHECK(receipt.attempts().empty());
        refused += 3;
    }
    const auto good = some_records(10);
    const auto wrong = wrong_records();
    std::vector<Record> mixed;
    std::vector<std::pair<std::size_t, error>> expected;
    for (std::size_t i = 0; i < wrong.size(); ++i) {
        if (i < good.size()) mixed.push_back(good[i]);
        expected.emplace_back(mixed.size(), wrong[i].why);
        mixed.push_back(wrong[i].record);
    }
    error_code first;
    const auto report = producer.put_all(mixed, first);
    CHECK(report.accepted == good.size());
    REQUIRE(report.refused.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        CHECK(report.refused[i].index == expected[i].first);
        CHECK(report.refused[i].reason == expected[i].second);
    }
    CHECK(first == expected.front().second);
    CHECK(producer.stats().refused == refused + expected.size());
    CHECK(producer.stats().accepted == good.size());
    CHECK(producer.flush(20s).left == 0);
    check_arrived(place, good);
}

TEST_CASE("what is just within the limits arrives as it was put") {
    Place place;
    auto& producer = place.start();
    std::string emoji;
    for (int i = 0; i < 256; ++i) emoji += "\xF0\x9F\x98\x80";
    std::vector<Record> records;
    records.emplace_back(emoji, "a key of 256 characters, 1,024 bytes");
    records.emplace_back(std::string("\0\x01\"\\\n", 5), "a key of control characters");
    records.emplace_back("k", std::string((1U << 20U) - 1, 'x'));
    records.emplace_back("k", "");
    records.emplace_back("k", std::string("\0\xFF\r\n--\"}", 8));
    records.emplace_back("k", "the last hash key").explicit_hash_key = "340282366920938463463374607431768211455";
    CHECK(producer.put_all(records).accepted == records.size());
    CHECK(producer.flush(20s).left == 0);
    check_arrived(place, records);
}

TEST_CASE("a stream that does not exist pauses alone, and its records arrive when it is made") {
    Place place;
    auto& producer = place.start();
    auto records = some_records(20);
    for (std::size_t i = 0; i < records.size(); i += 2) records[i].stream = "later";
    CHECK(producer.put_all(records).accepted == 20);
    const auto during = producer.flush(100ms);
    CHECK(during.delivered == 10);
    CHECK(during.left == 10);
    CHECK(during.paused_by == error::stream_not_found);
    CHECK(has_remedy(during.paused_by));
    CHECK(place.arrived().size() == 10);
    CHECK(place.logged("later"));
    place.server->with([](local::Service& service) {
        CHECK(service.kinesis.create_stream(local::StreamSpec("later"), local::moment_now()).has_value());
    });
    const auto after = producer.flush(20s);
    CHECK(after.left == 0);
    CHECK(place.arrived("later").size() == 10);
    CHECK(place.letters->empty());
}

TEST_CASE("a refusal of region, signature or access pauses the stream in the service's words, and loses nothing") {
    Place place;
    error expected{};
    local::Failure failure;
    SUBCASE("the wrong region") {
        expected = error::signature_refused;
        failure = {"InvalidSignatureException", "Credential should be scoped to a valid region, not 'eu-west-1'. ", 400};
    }
    SUBCASE("no access") {
        expected = error::access_denied;
        failure = {"AccessDeniedException", "User: arn:aws:iam::1:user/x is not authorized to perform it", 400};
    }
    SUBCASE("an unknown key") {
        expected = error::credentials_refused;
        failure = {"UnrecognizedClientException", "The security token included in the request is invalid.", 400};
    }
    SUBCASE("no permission for the stream's key") {
        expected = error::key_service_failed;
        failure = {"KMSAccessDeniedException", "The ciphertext refers to a key that does not exist.", 400};
    }
    SUBCASE("an operation that the service does not know") {
        expected = error::response_invalid;
        failure = {"UnknownOperationException", "What is PutRecords?", 404};
    }
    place.server->add(local::Fault(fault::Refuse(failure)));
    check_outage(place, expected);
    CHECK(place.logged(failure.message.substr(0, 20)));
}

TEST_CASE("a region or an endpoint that can never work is told by the opening, and by each put") {
    Place place;
    error expected = error::endpoint_invalid;
    SUBCASE("a header in the region") {
        place.options.region = "eu-west-1\r\nX-Evil: 1";
        expected = error::region_missing;
    }
    SUBCASE("another scheme") { place.options.endpoint = "ftp://127.0.0.1"; }
    SUBCASE("no scheme") { place.options.endpoint = "127.0.0.1:4567"; }
    SUBCASE("a header in the endpoint") { place.options.endpoint = "http://127.0.0.1\r\nX-Evil: 1"; }
    SUBCASE("a password in the endpoint") { place.options.endpoint = "http://user:word@127.0.0.1"; }
    SUBCASE("a port that is none") { place.options.endpoint = "http://127.0.0.1:65536"; }
    auto& producer = place.start();
    error_code opened;
    producer.open(opened);
    CHECK(opened == expected);
    CHECK(has_remedy(opened));
    error_code put;
    producer.put({"key", "data"}, put);
    CHECK(put == expected);
    CHECK(producer.stats().buffered_records == 0);
}

TEST_CASE("expired credentials are fetched anew, and the records arrive") {
    Place place;
    std::atomic<int> fetched = 0;
    std::atomic<bool> renewed = true;
    place.server->with([](local::Service& service) {
        service.keys.emplace_back("old", sluice::Secret("old"), sluice::Secret(),
                                  std::chrono::system_clock::now() - 1h);
    });
    // Nothing tells that they have ended, but the service's refusal.
    place.keys = [&]() -> sluice::result<sluice::Secrets> {
        if (++fetched > 1 && renewed) return local_keys();
        return sluice::Secrets("old", sluice::Secret("old"));
    };
    SUBCASE("at once") {
        auto& producer = place.start();
        const auto records = some_records(30);
        CHECK(producer.put_all(records).accepted == 30);
        CHECK(producer.flush(20s).left == 0);
        CHECK(fetched == 2);
        check_arrived(place, records);
    }
    SUBCASE("after a while") {
        renewed = false;
        check_outage(place, error::credentials_expired, [&] { renewed = true; });
        CHECK(fetched >= 2);
    }
    place.producer.reset();
}

TEST_CASE("a source of credentials that fails stops no put, says why, and is asked again") {
    Place place;
    std::atomic<bool> mended = false;
    Keys broken;
    error expected = error::credentials_failed;
    SUBCASE("it throws") { broken = []() -> sluice::result<sluice::Secrets> { throw std::runtime_error("vault sealed"); }; }
    SUBCASE("it throws what is no exception") { broken = []() -> sluice::result<sluice::Secrets> { throw 7; }; }
    SUBCASE("it gives no key") { broken = [] { return sluice::result<sluice::Secrets>(sluice::Secrets()); }; }
    SUBCASE("it gives a line break") {
        broken = [] { return sluice::result<sluice::Secrets>(sluice::Secrets("a\r\nb", sluice::Secret("s"))); };
    }
    SUBCASE("it has none") {
        broken = [] { return sluice::result<sluice::Secrets>(error::credentials_missing); };
        expected = error::credentials_missing;
    }
    SUBCASE("it gives what is over") {
        broken = [] {
            return sluice::result<sluice::Secrets>(sluice::Secrets("local", sluice::Secret("local"), sluice::Secret(),
                                                                   std::chrono::system_clock::now() - 1s));
        };
        expected = error::credentials_expired;
    }
    SUBCASE("it gives a wrong secret") {
        broken = [] { return sluice::result<sluice::Secrets>(sluice::Secrets("local", sluice::Secret("wrong"))); };
        expected = error::signature_refused;
    }
    place.keys = [&] { return mended ? sluice::result<sluice::Secrets>(local_keys()) : broken(); };
    check_outage(place, expected, [&] { mended = true; });
    place.producer.reset();
}

TEST_CASE("a damaged buffer is set aside and told once, and the next put works") {
    Place place;
    const auto path = place.directory / "buffer.db";
    auto& first = place.start();
    place.server->stop();
    const auto lost = some_records(5);
    CHECK(first.put_all(lost).accepted == 5);
    place.producer.reset();
    auto bytes = slurp(path);
    const std::size_t page = 4'096; // the first one says that this is a store
    bytes.replace(page, std::string::npos, std::string(bytes.size() - page, '\xEE'));
    spit(path, bytes);
    REQUIRE_FALSE(place.server->start());

    auto& producer = place.start();
    error_code refused;
    producer.put({"key", "too early"}, refused);
    CHECK(refused == error::storage_corrupt);
    CHECK(has_remedy(refused));
    const auto records = some_records(30);
    CHECK(producer.put_all(records).accepted == 30);
    CHECK(producer.flush(20s).left == 0);
    check_arrived(place, records);
    int aside = 0;
    for (const auto& entry : std::filesystem::directory_iterator(place.directory.path())) {
        const auto name = entry.path().filename().string();
        if (!name.starts_with("buffer.db.corrupt-") || name.ends_with("-wal") || name.ends_with("-shm")) continue;
        ++aside;
        CHECK(slurp(entry.path()) == bytes);
        CHECK(place.logged(name));
    }
    CHECK(aside == 1);
}

TEST_CASE("another application's database is left alone, and the put says so") {
    Place place;
    const auto path = place.directory / "buffer.db";
    make_foreign(path);
    const auto before = slurp(path);
    auto& producer = place.start();
    for (int i = 0; i < 2; ++i) {
        error_code refused;
        producer.put({"key", "data"}, refused);
        CHECK(refused == error::storage_foreign);
        CHECK(has_remedy(refused));
    }
    CHECK(slurp(path) == before);
    CHECK(place.arrived().empty());
    // Once it is out of the way the same producer goes on.
    std::filesystem::rename(path, place.directory / "photos.db");
    const auto records = some_records(30);
    CHECK(producer.put_all(records).accepted == 30);
    CHECK(producer.flush(20s).left == 0);
    check_arrived(place, records);
}

TEST_CASE("a buffer that cannot be written is told, and works when it can") {
    Place place;
    std::filesystem::path path;
    std::function<void()> mend;
    SUBCASE("no directory") {
        path = place.directory / "missing";
        mend = [&] { std::filesystem::create_directory(path); };
    }
    SUBCASE("a file where the directory should be") {
        path = place.directory / "file";
        spit(path, "in the way");
        mend = [&] {
            CHECK(slurp(path) == "in the way");
            std::filesystem::remove(path);
            std::filesystem::create_directory(path);
        };
    }
    SUBCASE("a file system that is read only") {
        path = place.directory / "link";
        std::filesystem::create_directory_symlink("/proc/self", path);
        mend = [&] {
            std::filesystem::remove(path);
            std::filesystem::create_directory(path);
        };
    }
    auto& producer = place.start(sluice::SqliteStorage(path / "buffer.db"));
    error_code refused;
    producer.put({"key", "data"}, refused);
    CHECK(refused == error::storage_unwritable);
    CHECK(has_remedy(refused));
    CHECK(place.logged(path.string()));
    mend();
    const auto records = some_records(30);
    CHECK(producer.put_all(records).accepted == 30);
    CHECK(producer.flush(20s).left == 0);
    check_arrived(place, records);
    place.producer.reset(); // before what its path lies in
}

TEST_CASE("a full disk refuses puts, delivers what it took, and takes puts again when there is room") {
    TestVfs vfs;
    Place place;
    place.server->stop();
    auto& producer = place.start(sluice::SqliteStorage("buffer.db").vfs(vfs.name()));
    producer.open();
    vfs.set_room(2'000'000);
    std::vector<Record> accepted;
    error_code full;
    for (int i = 0; i < 1'000 && !full; ++i) {
        Record record("key", std::to_string(i) + std::string(50'000, 'x'));
        producer.put(record, full);
        if (!full) accepted.push_back(std::move(record));
    }
    CHECK(full == error::storage_full);
    CHECK(has_remedy(full));
    REQUIRE(accepted.size() > 5);
    CHECK(producer.stats().buffered_records == accepted.size());
    // What is delivered now cannot be struck from the disk, or can: none of it may be lost.
    REQUIRE_FALSE(place.server->start());
    CHECK(producer.flush(20s).left == 0);
    check_arrived(place, accepted, false);
    vfs.set_room(50'000'000);
    for (auto& record : some_records(30)) accepted.push_back(std::move(record));
    const std::vector<Record> more(accepted.end() - 30, accepted.end());
    CHECK(producer.put_all(more).accepted == 30);
    CHECK(producer.flush(20s).left == 0);
    check_arrived(place, accepted, false);
    place.producer.reset(); // before its file system
}

TEST_CASE("an answer that is cut, false, too large or none pauses the stream, and loses nothing") {
    Place place;
    using Where = fault::Cut::Where;
    const auto html = [](int status) { return fault::Page(status, "<html><h1>Something went wrong</h1></html>"); };
    std::optional<local::Fault::Act> act;
    error expected{};
    bool applied = false;
    SUBCASE("cut before it was read") { act = fault::Cut(Where::before_reading), expected = error::connection_failed; }
    SUBCASE("cut in the middle of the answer") {
        act = fault::Cut(Where::mid_response), expected = error::response_truncated, applied = true;
    }
    SUBCASE("cut before the answer") {
        act = fault::Cut(Where::after_applying), expected = error::connection_failed, applied = true;
    }
    SUBCASE("no HTTP") { act = fault::Garbage(), expected = error::protocol_violated; }
    SUBCASE("nobody there") { act = fault::Unavailable(), expected = error::connection_failed; }
    SUBCASE("fewer entries than were sent") {
        act = fault::FewerEntries(1), expected = error::response_invalid, applied = true;
    }
    SUBCASE("no entries at all") { act = fault::FewerEntries(30), expected = error::response_invalid, applied = true; }
    SUBCASE("500 with HTML") { act = html(500), expected = error::service_failed; }
    SUBCASE("503 with nothing") { act = fault::Page(503, ""), expected = error::service_failed; }
    SUBCASE("200 with HTML") { act = html(200), expected = error::response_invalid; }
    SUBCASE("200 with nothing") { act = fault::Page(200, ""), expected = error::response_invalid; }
    SUBCASE("200 with half of the JSON") {
        act = fault::Page(200, R"({"FailedRecordCount":0,"Records":[{"Seq)", "application/x-amz-json-1.1");
        expected = error::response_invalid;
    }
    SUBCASE("200 with JSON of another kind") {
        act = fault::Page(200, R"([{"Records":[]}])", "application/x-amz-json-1.1");
        expected = error::response_invalid;
    }
    SUBCASE("200 with deep JSON") {
        act = fault::Page(200, std::string(1'000'000, '['), "application/x-amz-json-1.1");
        expected = error::response_invalid;
    }
    SUBCASE("more than anybody wants to read") {
        act = fault::Page(200, std::string((64U << 20U) + 1, ' ')), expected = error::response_too_large;
    }
    SUBCASE("a proxy's 400: not the service's judgement") { act = html(400), expected = error::response_invalid; }
    SUBCASE("a proxy's 403") { act = html(403), expected = error::response_invalid; }
    SUBCASE("a redirection") { act = html(302), expected = error::response_invalid; }
    SUBCASE("another status for good") { act = html(204), expected = error::response_invalid; }
    place.server->add(local::Fault(*act).on("PutRecords"));
    if (std::holds_alternative<fault::Unavailable>(*act)) {
        place.heal();
        place.server->add(local::Fault(*act));
    }
    check_outage(place, expected, [&] { place.heal(); }, !applied);
}

TEST_CASE("an answer that does not come in time pauses the stream, and loses nothing") {
    Place place;
    place.options.request_timeout = 100ms;
    place.server->add(local::Fault(fault::Delay(2s)));
    check_outage(place, error::timed_out, [&] { place.heal(); }, false, 1s);
}

TEST_CASE("a service that speaks no TLS gets nothing, and the next producer delivers") {
    Place place;
    place.options.connect_timeout = 300ms;
    const auto records = some_records(30);
    place.options.endpoint = "https://127.0.0.1:" + std::to_string(place.server->port());
    auto& lost = place.start();
    CHECK(lost.put_all(records).accepted == 30);
    const auto during = lost.flush(1s);
    // The server waits for the end of a request that never begins.
    CHECK((during.paused_by == error::tls_failed || during.paused_by == error::timed_out));
    CHECK(has_remedy(during.paused_by));
    CHECK(during.left == 30);
    place.options.endpoint = place.server->endpoint();
    auto& found = place.start();
    CHECK(found.flush(20s).left == 0);
    CHECK(found.stats().recovered == 30);
    check_arrived(place, records);
}

TEST_CASE("one record that the service refuses becomes a dead letter with its words, and its neighbours arrive") {
    Place place;
    place.options.max_payload = 10U << 20U; // more than the stream allows
    auto& producer = place.start();
    auto records = some_records(50);
    Record large("key", std::string(2U << 20U, 'x'));
    auto all = records;
    all.insert(all.begin() + 20, large);
    CHECK(producer.put_all(all).accepted == 51);
    const auto report = producer.flush(20s);
    CHECK(report.left == 0);
    CHECK(report.delivered == 50);
    CHECK(report.failed == 1);
    place.producer.reset();
    REQUIRE(place.letters->size() == 1);
    const auto& letter = place.letters->front();
    CHECK(letter.reason == error::request_refused);
    CHECK(has_remedy(letter.reason));
    CHECK(letter.record == [&] {
        auto expected = large;
        expected.stream = "clicks";
        return expected;
    }());
    REQUIRE_FALSE(letter.attempts.empty());
    CHECK_FALSE(letter.attempts.back().code.empty());
    CHECK_FALSE(letter.attempts.back().message.empty());
    place.letters->clear();
    check_arrived(place, records);
}

TEST_CASE("a server that calls every request too large leaves each record as a dead letter, and none in between") {
    Place place;
    place.server->add(local::Fault(fault::Page(413, "")));
    auto& producer = place.start();
    const auto records = some_records(30);
    CHECK(producer.put_all(records).accepted == 30);
    const auto report = producer.flush(20s);
    CHECK(report.failed == 30);
    CHECK(report.left == 0);
    place.producer.reset();
    std::set<std::string> kept;
    for (const auto& letter : *place.letters) {
        CHECK(letter.reason == error::request_too_large);
        kept.insert(letter.record.data);
    }
    CHECK(has_remedy(error::request_too_large));
    CHECK(kept == data_of(records));
    CHECK(place.letters->size() == 30);
}

TEST_CASE("entries that fail for ever are dead letters with every attempt's words") {
    Place place;
    place.options.attempts = 3;
    place.server->add(local::Fault(fault::FailEntries(std::vector<bool>{true, false})));
    auto& producer = place.start();
    const auto records = some_records(30);
    CHECK(producer.put_all(records).accepted == 30);
    const auto report = producer.flush(20s);
    CHECK(report.left == 0);
    CHECK(report.delivered + report.failed == 30);
    place.producer.reset();
    auto seen = place.arrived();
    for (const auto& letter : *place.letters) {
        CHECK(letter.reason == error::gave_up);
        CHECK(letter.attempts.size() == 3);
        CHECK(letter.attempts.back().code == "InternalFailure");
        seen.insert(letter.record.data);
    }
    CHECK(has_remedy(error::gave_up));
    CHECK(seen.size() == 30);
    CHECK(std::set<std::string>(seen.begin(), seen.end()) == data_of(records));
}

TEST_CASE("no secret is in the log, in a file, in a message or in a dead letter, whether it was right or wrong") {
    Place place;
    const std::string secret = "SeCrEt/0123456789abcdefghijklmnopqrstuvwx";
    const std::string wrong = "WrOnG/0123456789abcdefghijklmnopqrstuvwxy";
    const std::string token = "ToKeN//////////0123456789";
    place.server->with([&](local::Service& service) {
        service.keys.emplace_back("temporary", sluice::Secret(secret), sluice::Secret(token));
    });
    std::atomic<bool> right = false;
    place.keys = [&]() -> sluice::result<sluice::Secrets> {
        return sluice::Secrets("temporary", sluice::Secret(right ? secret : wrong), sluice::Secret(token));
    };
    // The service tells what it was sent, as Kinesis does when a signature is wrong.
    const std::string canonical = "The Canonical String was\nx-amz-security-token:" + token + " and " + wrong;
    std::string said = R"({"__type":"InvalidSignatureException","message":")" + canonical + R"("})";
    for (auto at = said.find('\n'); at != std::string::npos; at = said.find('\n')) said.replace(at, 1, " ");
    place.server->add(local::Fault(fault::Page(400, said)));
    auto& producer = place.start();
    std::vector<std::string> texts;
    const auto records = some_records(30);
    CHECK(producer.put_all(records).accepted == 30);
    const auto during = producer.flush(0s);
    CHECK(during.paused_by == error::signature_refused);
    texts.push_back(during.paused_by.message());
    place.heal();
    producer.flush(0s); // now the service finds the wrong signature itself
    right = true;
    CHECK(producer.flush(20s).left == 0);
    CHECK(place.logged("***"));
    error_code lost;
    auto nowhere = Record("key", "data");
    nowhere.stream = "nowhere";
    producer.put(nowhere, lost);
    producer.flush(0s);
    place.producer.reset();
    for (const auto& entry : std::filesystem::recursive_directory_iterator(place.directory.path())) {
        texts.push_back(slurp(entry.path()));
    }
    CHECK(texts.size() > 1);
    for (const auto& letter : *place.letters) {
        for (const auto& attempt : letter.attempts) texts.push_back(attempt.message);
    }
    for (const auto& hidden : {secret, wrong, token}) {
        CHECK_FALSE(place.logged(hidden));
        for (const auto& text : texts) CHECK(text.find(hidden) == std::string::npos);
    }
    place.letters->clear();
    check_arrived(place, records);
}

TEST_CASE("a producer's life leaves every signal as it was, broken connections and all") {
    const auto handlers = [] {
        std::vector<void (*)(int)> all;
        for (int signal = 1; signal < 32; ++signal) {
            struct sigaction action {};
            all.push_back(sigaction(signal, nullptr, &action) == 0 ? action.sa_handler : nullptr);
        }
        return all;
    };
    const auto before = handlers();
    Place place;
    auto& producer = place.start();
    CHECK(producer.put_all(some_records(30)).accepted == 30);
    CHECK(handlers() == before);
    place.server->stop(); // a write into what the service closed would be a SIGPIPE, which ends the process
    producer.flush(0s);
    CHECK(producer.put_all(some_records(30)).accepted == 30);
    producer.flush(0s);
    place.producer.reset();
    CHECK(handlers() == before);
}
