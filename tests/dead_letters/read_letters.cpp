#include "../storage/temporary.hpp"

#include <sluice/dead_letters/read_letters.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using sluice::error;

std::string line(std::uint64_t sequence) {
    return letter_line(sluice::DeadLetter(sluice::RecordId({}, sequence), sluice::Record("key", "data"), error::expired),
                       {});
}

void write(const fs::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

/// The sequences of the letters at a path, and what was said of them.
class Found {
public:
    explicit Found(const fs::path& path)
        : said(sluice::read_letters(path, [this](const sluice::KeptLetter& one) {
              sequences.push_back(one.id.sequence);
          })) {}

    std::vector<std::uint64_t> sequences;
    sluice::result<sluice::LettersRead> said;
};

} // namespace

TEST_CASE("letters of all files are read, the oldest first") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    write(path, line(7));
    write(directory / "letters.1", line(5) + line(6));
    write(directory / "letters.2", line(4));
    write(directory / "letters.11", line(2) + line(3)); // with a gap, as a crash may leave
    for (const auto* other : {"letters.x", "letters.1.gz", "letters.", "letters.-1", "letters.0", "letters1", "lette"}) {
        write(directory / other, line(99));
    }
    const Found found(path);
    CHECK(found.sequences == std::vector<std::uint64_t>{2, 3, 4, 5, 6, 7});
    CHECK(found.said.value().letters == 6);
    CHECK(found.said.value().broken == 0);
}

TEST_CASE("what a crash cut short is counted, and the letters around it are read") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    const auto torn = line(2).substr(0, 60);
    write(path, line(1) + torn + '\n' + line(3) + std::string(64, '\0') + '\n' + line(4) + torn);
    const Found found(path);
    CHECK(found.sequences == std::vector<std::uint64_t>{1, 3, 4});
    CHECK(found.said.value().letters == 3);
    CHECK(found.said.value().broken == 3);
}

TEST_CASE("letters that just moved on are found, and no letters are not an error") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    write(directory / "letters.1", line(1));
    CHECK(Found(path).sequences == std::vector<std::uint64_t>{1});
    fs::remove(directory / "letters.1");
    write(path, "");
    CHECK(Found(path).said.value().letters == 0);
}

TEST_CASE("what cannot be read is an error") {
    const TemporaryDirectory directory;
    CHECK(Found(directory / "letters").said.error() == error::storage_unwritable);
    CHECK(Found(directory / "none/letters").said.error() == error::storage_unwritable);
    CHECK(Found("").said.error() == error::storage_unwritable);
    fs::create_directory(directory / "letters");
    CHECK(Found(directory / "letters").said.error() == error::storage_failed);
}
