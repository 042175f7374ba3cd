#include "../storage/temporary.hpp"

#include <sluice/dead_letters/read_letters.hpp>
#include <sluice/detail/rotating_file.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
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

TEST_CASE("files that move on while they are opened are opened again: no letter is missed, and none comes twice") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    write(path, line(3));
    write(directory / "letters.1", line(2));
    write(directory / "letters.2", line(1));
    int moves = 0;
    std::uint64_t next = 4;
    const auto move_on = [&] {
        if (moves++ == 3) return;
        for (int age = 8; age > 0; --age) {
            const auto from = age == 1 ? path : directory / ("letters." + std::to_string(age - 1));
            if (fs::exists(from)) fs::rename(from, directory / ("letters." + std::to_string(age)));
        }
        if (moves != 2) write(path, line(next++)); // once nobody has written again yet
    };
    auto files = sluice::detail::open_letter_files(path, move_on);
    REQUIRE(files.has_value());
    CHECK(moves == 4);
    std::vector<std::uint64_t> sequences;
    for (auto& file : *files) {
        for (std::string_view text; file.next(text);) sequences.push_back(sluice::read_letter(text).value().id.sequence);
    }
    CHECK(sequences == std::vector<std::uint64_t>{1, 2, 3, 4, 5});
    moves = -1'000;
    CHECK(sluice::detail::open_letter_files(path, move_on).error() == error::storage_locked);
}

TEST_CASE("letters are read in order and once, while somebody writes them and their files move on") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    sluice::detail::RotatingPlace place;
    place.path = path.string();
    place.file_bytes = 2'000;
    place.files = 10'000;
    std::atomic<bool> written = false;
    std::thread writer([&] {
        sluice::detail::RotatingFile<> file(place);
        for (std::uint64_t i = 1; i <= 200; ++i) {
            (void)file.begin({});
            file.append(line(i));
            CHECK(file.commit().has_value());
        }
        written = true;
    });
    const auto in_order = [](const Found& found) {
        for (std::size_t i = 0; i < found.sequences.size(); ++i) {
            if (found.sequences[i] != i + 1) return false;
        }
        return true;
    };
    while (!written) {
        const Found found(path);
        CHECK(in_order(found));
        if (found.said) CHECK(found.said->broken <= 1); // the last one may be half written
    }
    writer.join();
    CHECK(Found(path).sequences.size() == 200);
}

TEST_CASE("what cannot be read is an error") {
    const TemporaryDirectory directory;
    CHECK(Found(directory / "letters").said.error() == error::storage_unwritable);
    CHECK(Found(directory / "none/letters").said.error() == error::storage_unwritable);
    CHECK(Found("").said.error() == error::storage_unwritable);
    fs::create_directory(directory / "letters");
    CHECK(Found(directory / "letters").said.error() == error::storage_failed);
}
