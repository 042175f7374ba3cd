#include "dead_letters/letters.hpp"
#include "doubles.hpp"
#include "storage/temporary.hpp"

#include <sluice/blocking_producer.hpp>
#include <sluice/dead_letters/file.hpp>
#include <sluice/dead_letters/read_letters.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using sluice::DeadLetter;
using sluice::error;
using sluice::FileDeadLetters;
namespace fs = std::filesystem;

/// What every line of a file tells; a line that is none counts as broken.
class Found {
public:
    explicit Found(const fs::path& path) {
        std::ifstream in(path, std::ios::binary);
        for (std::string line; std::getline(in, line);) {
            auto kept = sluice::read_letter(line);
            if (kept) letters.push_back(std::move(*kept));
            else ++broken;
        }
    }

    std::vector<sluice::KeptLetter> letters;
    int broken = 0;
};

} // namespace

static_assert(sluice::DeadLetters<FileDeadLetters>);

TEST_CASE("a letter is in the file when it is taken, and can be read back") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters.jsonl";
    CHECK_FALSE(take(FileDeadLetters(path), {letter("one", 1), letter(std::string("\0\xFF", 2), 2)}));
    CHECK_FALSE(take(FileDeadLetters(path), {letter("three", 3)})); // another life
    const Found found(path);
    CHECK(found.broken == 0);
    REQUIRE(found.letters.size() == 3);
    CHECK(found.letters[0].record.data == "one");
    CHECK(found.letters[0].record.stream == "clicks");
    CHECK(found.letters[1].record.data == std::string("\0\xFF", 2));
    CHECK(found.letters[2].id.sequence == 3);
    CHECK(std::chrono::abs(std::chrono::system_clock::now() - found.letters[2].time) < 1h);
    const auto mode = fs::status(path).permissions();
    CHECK((mode & fs::perms(0777)) == fs::perms(0600));
}

TEST_CASE("opening makes the file, or tells why not") {
    const TemporaryDirectory directory;
    CHECK_FALSE(take(FileDeadLetters(directory / "letters"), {}));
    CHECK(fs::exists(directory / "letters"));
    CHECK(take(FileDeadLetters(directory / "none/letters"), {}) == error::storage_unwritable);
    CHECK(take(FileDeadLetters(directory.path()), {}) == error::storage_unwritable);
    std::ofstream(directory / "other") << "[section]\n";
    CHECK(take(FileDeadLetters(directory / "other"), {}) == error::storage_foreign);
}

TEST_CASE("a recipe that can never work says so at once, and one that can touches nothing") {
    CHECK_THROWS_AS(FileDeadLetters(""), std::invalid_argument);
    CHECK_THROWS_AS(FileDeadLetters("directory/"), std::invalid_argument);
    CHECK_THROWS_AS(FileDeadLetters(std::string("a\0b", 3)), std::invalid_argument);
    CHECK_THROWS_AS(FileDeadLetters("letters", 0), std::invalid_argument);
    CHECK_THROWS_AS(FileDeadLetters("letters", 1, 1), std::invalid_argument);
    const TemporaryDirectory directory;
    const FileDeadLetters recipe(directory / "letters");
    CHECK(fs::is_empty(directory.path()));
}

TEST_CASE("letters never take more files than allowed, and the newest are there") {
    const TemporaryDirectory directory;
    std::vector<DeadLetter> many;
    for (std::uint64_t i = 1; i <= 100; ++i) many.push_back(letter(std::string(100, 'x'), i));
    CHECK_FALSE(take(FileDeadLetters(directory / "letters", 4'096, 3), std::move(many)));
    std::uint64_t last = 101;
    for (const auto* name : {"letters", "letters.1", "letters.2"}) {
        const auto path = directory / name;
        CAPTURE(name);
        CHECK(fs::file_size(path) <= 4'096);
        const Found found(path);
        CHECK(found.broken == 0);
        REQUIRE_FALSE(found.letters.empty());
        CHECK(found.letters.back().id.sequence == last - 1);
        last = found.letters.front().id.sequence;
    }
    CHECK(last > 1);
    CHECK_FALSE(fs::exists(directory / "letters.3"));
}

TEST_CASE("letters before and after one that was cut short can be read") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    CHECK_FALSE(take(FileDeadLetters(path), {letter("one"), letter("two")}));
    fs::resize_file(path, fs::file_size(path) - 10);
    CHECK_FALSE(take(FileDeadLetters(path), {letter("three")}));
    const Found found(path);
    CHECK(found.broken == 1);
    REQUIRE(found.letters.size() == 2);
    CHECK(found.letters[0].record.data == "one");
    CHECK(found.letters[1].record.data == "three");
}

TEST_CASE("a letter that is not waited for any more is written all the same") {
    const TemporaryDirectory directory;
    leave_behind(FileDeadLetters(directory / "letters"), letter("left behind"));
    const Found found(directory / "letters");
    REQUIRE(found.letters.size() == 1);
    CHECK(found.letters[0].record.data == "left behind");
}

TEST_CASE("letters that come together are in the files when they are taken, in their order") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    CHECK_FALSE(take_all(FileDeadLetters(path), numbered(1, 300)));
    CHECK_FALSE(take_all(FileDeadLetters(path), {}));
    const Found found(path);
    CHECK(found.broken == 0);
    REQUIRE(found.letters.size() == 300);
    for (std::uint64_t i = 1; i <= 300; ++i) CHECK(found.letters[i - 1].record.data == std::to_string(i));
    CHECK_FALSE(take_all(FileDeadLetters(directory / "small", 4'096, 100), numbered(1, 300)));
    std::uint64_t last = 0;
    const auto read = sluice::read_letters(directory / "small", [&](const sluice::KeptLetter& one) {
        CHECK(one.id.sequence == last + 1);
        last = one.id.sequence;
    });
    CHECK(read.value().letters == 300);
    for (const auto& entry : fs::directory_iterator(directory.path())) {
        if (entry.path().filename() != "letters") CHECK(entry.file_size() <= 4'096);
    }
}

TEST_CASE("of letters that come together none is kept where one cannot be") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    CHECK_FALSE(take(FileDeadLetters(path, 4'096), {letter("one")}));
    fs::create_directories(path.string() + ".1/full"); // in the way of the second file
    CHECK(take_all(FileDeadLetters(path, 4'096, 2), numbered(1, 300)) == error::storage_unwritable);
    CHECK(Found(path).letters.size() == 1);
    fs::remove_all(path.string() + ".1");
    CHECK_FALSE(take_all(FileDeadLetters(path, 4'096, 300), numbered(1, 300)));
}

TEST_CASE("the letters of a producer survive it, with what the service said, and can be put again") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    sluice::Options options("clicks");
    options.linger = 1ms;
    options.back_off = 1ms;
    options.longest_back_off = 2ms;
    options.attempts = 2;
    const auto script = std::make_shared<Script>();
    const auto refuse = [](const std::string&, std::span<const sluice::Entry> entries) {
        sluice::Answer answer;
        answer.text = std::make_shared<const std::string>("InternalFailureInternal \"failure\".");
        for (std::size_t i = 0; i < entries.size(); ++i) {
            auto& said = answer.entries.emplace_back();
            said.error = error::record_failed;
            said.code = std::string_view(*answer.text).substr(0, 15);
            said.message = std::string_view(*answer.text).substr(15);
        }
        return answer;
    };
    for (int i = 0; i < 2; ++i) script->replies.emplace_back(refuse);
    sluice::BlockingProducer<ScriptedDestination, NobodySigns, NoTransport, FileDeadLetters> producer{
        options, ScriptedDestination{script}, NobodySigns{}, NoTransport{}, FileDeadLetters{path}};
    sluice::error_code failure;
    producer.deliver({"user-42", "important"}, failure);
    CHECK(failure == error::gave_up);

    const Found found(path);
    REQUIRE(found.letters.size() == 1);
    CHECK(found.letters[0].reason == "gave_up");
    CHECK(found.letters[0].message == make_error_code(error::gave_up).message());
    std::ifstream in(path);
    std::string line;
    std::getline(in, line);
    CHECK(line.find(R"(Internal \"failure\".)") != std::string::npos);
    producer.deliver(found.letters[0].record, failure);
    CHECK_FALSE(failure);
    REQUIRE(script->taken.size() == 1);
    CHECK(script->taken[0].stream == "clicks");
    CHECK(script->taken[0].key == "user-42");
    CHECK(script->taken[0].data == "important");
}
