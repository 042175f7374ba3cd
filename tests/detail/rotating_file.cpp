#include "storage/temporary.hpp"

#include <sluice/detail/rotating_file.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <sys/stat.h>

namespace {

using sluice::error;
using sluice::error_code;
using sluice::detail::PosixFiles;
using sluice::detail::RotatingFile;
using sluice::detail::RotatingPlace;
namespace fs = std::filesystem;

/// What a disk does wrong, as errnos.
class Faults {
public:
    int write = 0;
    std::size_t room = static_cast<std::size_t>(-1); ///< What is written before `write` strikes.
    int sync = 0;
    int sync_directory = 0;
    int truncate = 0;
    int rename_from = -1; ///< This many renames work, the next one fails.
    int moves_left = -1;  ///< After so many renames the power is cut.
    bool locked = false;
    int syncs = 0;
    int open_files = 0;
};

class PowerCut {};

class FaultyFiles : public PosixFiles {
public:
    explicit FaultyFiles(std::shared_ptr<Faults> faults) : faults_(std::move(faults)) {}

    sluice::result<int> open(const std::string& path) {
        if (faults_->moves_left == 0) throw PowerCut();
        auto file = PosixFiles::open(path);
        if (file) ++faults_->open_files;
        return file;
    }

    void close(int file) {
        --faults_->open_files;
        PosixFiles::close(file);
    }

    bool lock(int file) { return !faults_->locked && PosixFiles::lock(file); }

    sluice::result<std::size_t> write(int file, std::string_view bytes) {
        if (faults_->write == 0) return PosixFiles::write(file, bytes.substr(0, 5)); // by and by
        if (faults_->room == 0) return failure(faults_->write);
        const auto part = bytes.substr(0, faults_->room);
        faults_->room -= part.size();
        return PosixFiles::write(file, part);
    }

    error_code sync(int file) {
        ++faults_->syncs;
        return faults_->sync != 0 ? failure(faults_->sync) : PosixFiles::sync(file);
    }

    error_code sync_directory(const std::string& path) {
        return faults_->sync_directory != 0 ? failure(faults_->sync_directory) : PosixFiles::sync_directory(path);
    }

    error_code truncate(int file, std::size_t size) {
        return faults_->truncate != 0 ? failure(faults_->truncate) : PosixFiles::truncate(file, size);
    }

    error_code rename(const std::string& from, const std::string& to) {
        if (faults_->moves_left == 0) throw PowerCut();
        if (faults_->moves_left > 0) --faults_->moves_left;
        if (faults_->rename_from-- == 0) return failure(EIO);
        return PosixFiles::rename(from, to);
    }

private:
    static error_code failure(int number) { return {number, boost::system::system_category()}; }

    std::shared_ptr<Faults> faults_;
};

/// A directory, a file in it that rotates, and what can go wrong.
class Fixture {
public:
    explicit Fixture(std::size_t bytes = 1'000, std::size_t files = 3)
        : place(place_in(directory, bytes, files)), file(place, FaultyFiles(faults)) {}

    ~Fixture() { CHECK(faults->open_files == 0); }

    static error_code put(RotatingFile<FaultyFiles>& into, std::string_view lines) {
        const auto begun = into.begin({});
        REQUIRE(begun.has_value());
        into.append(lines);
        const auto committed = into.commit();
        if (!committed) into.rollback(committed.error(), {});
        return committed ? error_code() : committed.error();
    }

    error_code put(std::string_view lines) { return put(file, lines); }

    [[nodiscard]] std::string text(const std::string& suffix = "") const {
        std::ifstream in(place.path + suffix, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    void write(const std::string& suffix, const std::string& text) const {
        std::ofstream(place.path + suffix, std::ios::binary) << text;
    }

    [[nodiscard]] std::size_t count() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory.path()), {}));
    }

    TemporaryDirectory directory;
    std::shared_ptr<Faults> faults = std::make_shared<Faults>();
    RotatingPlace place;
    RotatingFile<FaultyFiles> file;

private:
    static RotatingPlace place_in(const TemporaryDirectory& directory, std::size_t bytes, std::size_t files) {
        RotatingPlace place;
        place.path = (directory / "letters").string();
        place.file_bytes = bytes;
        place.files = files;
        return place;
    }
};

mode_t mode_of(const std::string& path) {
    struct stat found {};
    REQUIRE(::stat(path.c_str(), &found) == 0);
    return found.st_mode & 07777U;
}

bool has(const std::string& text, std::string_view words) { return text.find(words) != std::string::npos; }

} // namespace

TEST_CASE("lines are appended, on the disk, and for their owner only") {
    Fixture test;
    const auto before = ::umask(0);
    CHECK_FALSE(test.put("{1}\n"));
    ::umask(before);
    CHECK_FALSE(test.put("{2}\n{3}\n"));
    CHECK(test.text() == "{1}\n{2}\n{3}\n");
    CHECK(mode_of(test.place.path) == 0600);
    CHECK(test.faults->syncs == 2);
    CHECK(test.file.take_remark().empty());
}

TEST_CASE("a umask that takes everything leaves the owner what is theirs") {
    Fixture test;
    const auto before = ::umask(0777);
    CHECK_FALSE(test.put("{1}\n"));
    ::umask(before);
    CHECK(mode_of(test.place.path) == 0600);
}

TEST_CASE("nothing to write makes the file and changes none") {
    Fixture test;
    CHECK_FALSE(test.put(""));
    CHECK(fs::exists(test.place.path));
    test.write("", "{cut");
    CHECK_FALSE(test.put(""));
    CHECK(test.text() == "{cut");
    test.write("", "{" + std::string(2'000, 'x') + "}\n");
    CHECK_FALSE(test.put(""));
    CHECK(test.count() == 1);
}

TEST_CASE("full files move on, from the newest to the oldest, and the oldest is dropped with a word") {
    Fixture test(8, 3);
    CHECK_FALSE(test.put("{1}\n"));
    CHECK_FALSE(test.put("{2}\n")); // just fits
    CHECK(test.count() == 1);
    CHECK_FALSE(test.put("{3}\n"));
    CHECK(test.text(".1") == "{1}\n{2}\n");
    CHECK(test.text() == "{3}\n");
    CHECK_FALSE(test.put("{4}\n{5}\n"));
    CHECK(test.text(".2") == "{1}\n{2}\n");
    CHECK(test.text(".1") == "{3}\n{4}\n");
    CHECK_FALSE(test.put("{6}\n"));
    CHECK(test.file.take_remark().empty());
    CHECK_FALSE(test.put("{7}\n"));
    CHECK(test.text(".2") == "{3}\n{4}\n");
    CHECK(test.text(".1") == "{5}\n{6}\n");
    CHECK(test.text() == "{7}\n");
    CHECK(test.count() == 3);
    CHECK(has(test.file.take_remark(), "oldest was dropped"));
    CHECK(mode_of(test.place.path) == 0600);
    CHECK_FALSE(test.put("{8}\n{9}\n"));
    CHECK(has(test.file.take_remark(), "oldest was dropped")); // each time
}

TEST_CASE("lines that come together fill one file after the other, each with one sync, and none outgrows its limit") {
    Fixture test(8, 4);
    CHECK_FALSE(test.put("{1}\n"));
    test.faults->syncs = 0;
    CHECK_FALSE(test.put("{2}\n{3}\n{4}\n{5}\n{6}\n"));
    CHECK(test.text(".2") == "{1}\n{2}\n");
    CHECK(test.text(".1") == "{3}\n{4}\n");
    CHECK(test.text() == "{5}\n{6}\n");
    CHECK(test.faults->syncs == 3);
    CHECK(test.faults->open_files == 0);
    const auto large = "{" + std::string(20, 'x') + "}\n";
    CHECK_FALSE(test.put("{7}\n" + large + "{8}\n"));
    CHECK(test.text(".2") == "{7}\n");
    CHECK(test.text(".1") == large);
    CHECK(test.text() == "{8}\n");
    std::string many;
    for (int i = 10; i < 60; ++i) many += "{" + std::to_string(i) + "}\n";
    CHECK_FALSE(test.put(many)); // the last ones stay, as if they had come one by one
    CHECK(test.count() == 4);
    CHECK(test.text(".3") + test.text(".2") + test.text(".1") + test.text() == "{56}\n{57}\n{58}\n{59}\n");
}

TEST_CASE("of lines that come together none stays if one cannot be written, in whatever file") {
    for (std::size_t room = 0; room < 16; ++room) {
        CAPTURE(room);
        Fixture test(8, 4);
        CHECK_FALSE(test.put("{1}\n"));
        test.faults->write = ENOSPC;
        test.faults->room = room;
        CHECK(test.put("{2}\n{3}\n{4}\n{5}\n") == error::storage_full);
        CHECK(test.text(".2") + test.text(".1") + test.text() == "{1}\n");
        test.faults->write = 0;
        CHECK_FALSE(test.put("{2}\n{3}\n{4}\n{5}\n"));
        CHECK(test.text(".3") + test.text(".2") + test.text(".1") + test.text() == "{1}\n{2}\n{3}\n{4}\n{5}\n");
    }
    for (int renames = 0; renames < 2; ++renames) {
        Fixture test(8, 4);
        CHECK_FALSE(test.put("{1}\n"));
        test.faults->rename_from = renames;
        CHECK(test.put("{2}\n{3}\n{4}\n{5}\n") == error::storage_failed);
        CHECK(test.text(".2") + test.text(".1") + test.text() == "{1}\n");
    }
}

TEST_CASE("a power cut between the moves of files loses nothing, and the next writer goes on") {
    const std::vector<std::string> names{"", ".1", ".2", ".3"};
    for (std::size_t files = 1; files <= 4; ++files) {
        for (int moves = 0; moves <= 4; ++moves) {
            CAPTURE(files);
            CAPTURE(moves);
            Fixture test(4, 4);
            std::string lines;
            for (std::size_t i = files; i-- > 0;) {
                lines += "{" + std::to_string(files - i) + "}\n";
                test.write(names[i], lines.substr(lines.size() - 4));
            }
            const auto all = [&] { return test.text(".3") + test.text(".2") + test.text(".1") + test.text(); };
            test.faults->moves_left = moves;
            bool cut = false;
            try {
                (void)test.put("{9}\n");
            } catch (const PowerCut&) {
                cut = true;
            }
            CHECK(cut == (moves <= static_cast<int>(std::min<std::size_t>(files, 3))));
            const bool full = files == 4; // its oldest is dropped by the first move
            if (cut) CHECK(all() == (full && moves > 0 ? lines.substr(4) : lines));
            test.faults->moves_left = -1;
            RotatingFile<FaultyFiles> next(test.place, FaultyFiles(test.faults));
            if (cut) CHECK_FALSE(test.put(next, "{9}\n"));
            CHECK(all() == (full ? lines.substr(4) : lines) + "{9}\n");
        }
    }
}

TEST_CASE("a line that is larger than a file has one of its own") {
    Fixture test(8, 3);
    const auto large = "{" + std::string(100, 'x') + "}\n";
    CHECK_FALSE(test.put(large));
    CHECK(test.text() == large);
    CHECK_FALSE(test.put("{1}\n"));
    CHECK_FALSE(test.put(large));
    CHECK(test.text(".2") == large);
    CHECK(test.text(".1") == "{1}\n");
    CHECK(test.text() == large);
}

TEST_CASE("a gap among the old files is filled before anything is dropped") {
    Fixture test(4, 4);
    test.write("", "{4}\n");
    test.write(".1", "{3}\n");
    test.write(".3", "{1}\n");
    CHECK_FALSE(test.put("{5}\n"));
    CHECK(test.text(".3") == "{1}\n");
    CHECK(test.text(".2") == "{3}\n");
    CHECK(test.text(".1") == "{4}\n");
    CHECK(test.file.take_remark().empty());
}

TEST_CASE("a move that fails half-way loses nothing, and goes on the next time") {
    for (int works = 0; works < 3; ++works) {
        CAPTURE(works);
        Fixture test(4, 4);
        test.write("", "{3}\n");
        test.write(".1", "{2}\n");
        test.write(".2", "{1}\n");
        test.faults->rename_from = works;
        CHECK(test.put("{4}\n") == error::storage_failed);
        CHECK(has(test.file.take_remark(), test.place.path));
        CHECK(test.count() == 3);
        CHECK_FALSE(test.put("{4}\n"));
        CHECK(test.text(".3") + test.text(".2") + test.text(".1") + test.text() == "{1}\n{2}\n{3}\n{4}\n");
    }
}

TEST_CASE("a full disk takes nothing, and what was there stays whole") {
    for (std::size_t room = 0; room < 4; ++room) {
        CAPTURE(room);
        Fixture test;
        CHECK_FALSE(test.put("{1}\n"));
        test.faults->write = ENOSPC;
        test.faults->room = room;
        CHECK(test.put("{2}\n") == error::storage_full);
        CHECK(test.text() == "{1}\n");
        CHECK(has(test.file.take_remark(), test.place.path));
        CHECK(test.put("{2}\n") == error::storage_full);
        CHECK(test.file.take_remark().empty()); // once is enough
        test.faults->write = 0;
        CHECK_FALSE(test.put("{2}\n"));
        CHECK(test.text() == "{1}\n{2}\n");
        test.faults->write = EDQUOT;
        test.faults->room = 0;
        CHECK(test.put("{3}\n") == error::storage_full);
        CHECK_FALSE(test.file.take_remark().empty()); // it is news again
    }
}

TEST_CASE("what cannot be taken back is ended before the next line") {
    Fixture test;
    CHECK_FALSE(test.put("{1}\n"));
    test.faults->write = ENOSPC;
    test.faults->room = 2;
    test.faults->truncate = EIO;
    CHECK(test.put("{2}\n") == error::storage_full);
    CHECK(test.text() == "{1}\n{2");
    *test.faults = Faults();
    CHECK_FALSE(test.put("{2}\n"));
    CHECK(test.text() == "{1}\n{2\n{2}\n");
}

TEST_CASE("what a disk does not sync is not said to be there") {
    Fixture test;
    test.faults->sync = EIO;
    CHECK(test.put("{1}\n") == error::storage_failed);
    CHECK(test.text().empty());
    test.faults->sync = 0;
    test.faults->sync_directory = EIO;
    CHECK(test.put("{1}\n") == error::storage_failed);
    CHECK(test.text().empty());
    test.faults->sync_directory = 0;
    CHECK_FALSE(test.put("{1}\n"));
    CHECK(test.text() == "{1}\n");
}

TEST_CASE("a line that a crash cut short stays, and the next one begins after it") {
    Fixture test;
    test.write("", "{1}\n{\"data\":\"as far as it c");
    CHECK_FALSE(test.put("{2}\n"));
    CHECK(test.text() == "{1}\n{\"data\":\"as far as it c\n{2}\n");
    test.write("", std::string(64, '\0')); // a power failure
    CHECK_FALSE(test.put("{3}\n"));
    CHECK(test.text() == std::string(64, '\0') + "\n{3}\n");
    CHECK_FALSE(test.put("{4}\n"));
}

TEST_CASE("another's file is left alone") {
    Fixture test(10, 3);
    for (const std::string content : {"root:x:0:0:root:/root:/bin/bash\n", "[1]", "SQLite format 3", "\n{}\n"}) {
        test.write("", content);
        CHECK(test.put("{1}\n") == error::storage_foreign);
        CHECK(test.text() == content);
        CHECK(test.count() == 1);
    }
}

TEST_CASE("a directory that is gone is an error, and none any more when it is back") {
    Fixture test;
    test.place.path = (test.directory / "sub/letters").string();
    RotatingFile<FaultyFiles> file(test.place, FaultyFiles(test.faults));
    CHECK(test.put(file, "{1}\n") == error::storage_unwritable);
    CHECK(has(file.take_remark(), "No such file"));
    fs::create_directory(test.directory / "sub");
    CHECK_FALSE(test.put(file, "{1}\n"));
    fs::remove_all(test.directory / "sub");
    CHECK(test.put(file, "{2}\n") == error::storage_unwritable);
    fs::create_directory(test.directory / "sub");
    CHECK_FALSE(test.put(file, "{2}\n"));
    CHECK(test.text() == "{2}\n");
}

TEST_CASE("a file that somebody moved or removed is made again") {
    Fixture test;
    CHECK_FALSE(test.put("{1}\n"));
    fs::rename(test.place.path, test.place.path + "-collected");
    CHECK_FALSE(test.put("{2}\n"));
    CHECK(test.text("-collected") == "{1}\n");
    CHECK(test.text() == "{2}\n");
    fs::remove(test.place.path);
    CHECK_FALSE(test.put("{3}\n"));
    CHECK(test.text() == "{3}\n");
}

TEST_CASE("what is no file is refused, and nobody waits for it") {
    Fixture test;
    fs::create_directory(test.place.path);
    CHECK(test.put("{1}\n") == error::storage_unwritable);
    fs::remove(test.place.path);
    REQUIRE(::mkfifo(test.place.path.c_str(), 0600) == 0);
    CHECK(test.put("{1}\n") == error::storage_unwritable);
    fs::remove(test.place.path);
    fs::create_symlink("letters", test.place.path);
    CHECK(test.put("{1}\n") == error::storage_unwritable);
    fs::remove(test.place.path);
    fs::create_symlink("nowhere", test.place.path);
    CHECK(test.put("{1}\n") == error::storage_unwritable);
    fs::remove(test.place.path);
    fs::create_symlink("/dev/full", test.place.path);
    CHECK(test.put("{1}\n") == error::storage_unwritable);
}

TEST_CASE("a directory in the place of an old file loses nothing") {
    Fixture test(4, 2);
    CHECK_FALSE(test.put("{1}\n"));
    fs::create_directories(test.place.path + ".1/full");
    CHECK(test.put("{2}\n") == error::storage_unwritable);
    CHECK(test.text() == "{1}\n");
}

TEST_CASE("somebody who does not let go of the file is an error, and waited for only so long") {
    Fixture test;
    CHECK_FALSE(test.put("{1}\n"));
    PosixFiles other;
    const auto held = other.open(test.place.path);
    REQUIRE(held.has_value());
    REQUIRE(other.lock(*held));
    CHECK(test.put("{2}\n") == error::storage_locked);
    other.close(*held);
    CHECK_FALSE(test.put("{2}\n"));
    CHECK(test.text() == "{1}\n{2}\n");
}

TEST_CASE("several writers share a file: no line is torn, none is lost") {
    TemporaryDirectory directory;
    RotatingPlace place;
    place.path = (directory / "letters").string();
    place.file_bytes = 200;
    place.files = 1'000;
    constexpr int lines = 60;
    const auto write = [&](char name) {
        RotatingFile<> file(place);
        for (int i = 0; i < lines; ++i) {
            do {
                (void)file.begin({});
                file.append("{" + std::string(1, name) + std::to_string(i) + "}\n");
            } while (!file.commit()); // a busy machine may keep one waiting for more than a second
        }
    };
    std::thread a(write, 'a');
    std::thread b(write, 'b');
    write('c');
    a.join();
    b.join();
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(directory.path())) {
        CHECK(entry.file_size() <= 200);
        std::ifstream in(entry.path());
        for (std::string line; std::getline(in, line);) found.push_back(line);
    }
    std::sort(found.begin(), found.end());
    CHECK(found.size() == 3 * lines);
    CHECK(std::adjacent_find(found.begin(), found.end()) == found.end());
    CHECK(std::all_of(found.begin(), found.end(), [](const auto& line) { return line.ends_with('}'); }));
}
