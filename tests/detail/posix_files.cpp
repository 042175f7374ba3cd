#include "storage/temporary.hpp"

#include <sluice/detail/posix_files.hpp>

#include <doctest/doctest.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include <fcntl.h>

namespace {

using sluice::detail::PosixFiles;

} // namespace

TEST_CASE("a file is made once, opened again, and known by any of its names") {
    const TemporaryDirectory directory;
    const auto path = (directory / "file").string();
    PosixFiles files;
    const auto made = files.open(path);
    REQUIRE(made.has_value());
    CHECK((::fcntl(*made, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(files.write(*made, "abc").value() == 3);
    const auto again = files.open(path);
    REQUIRE(again.has_value());
    CHECK(files.write(*again, "def").value() == 3);
    CHECK(files.look(*made).value().size == 6);
    CHECK(files.byte_at(*made, 5).value() == 'f');
    CHECK_FALSE(files.truncate(*again, 2));
    CHECK(files.look(path).value().size == 2);
    CHECK_FALSE(files.sync(*made));
    CHECK_FALSE(files.sync_directory(directory.path().string()));
    std::filesystem::create_hard_link(path, directory / "link");
    CHECK(files.look(*made).value().same_file(files.look((directory / "link").string()).value()));
    CHECK_FALSE(files.rename(path, path + "2"));
    CHECK(files.look(path).error().value() == ENOENT);
    const auto other = files.open(path);
    REQUIRE(other.has_value());
    CHECK_FALSE(files.look(*other).value().same_file(files.look(*made).value()));
    for (const int file : {*made, *again, *other}) files.close(file);
}

TEST_CASE("a lock holds until its file is closed") {
    const TemporaryDirectory directory;
    const auto path = (directory / "file").string();
    PosixFiles files;
    const auto first = files.open(path);
    const auto second = files.open(path);
    REQUIRE(first.has_value());
    REQUIRE(second.has_value());
    CHECK(files.lock(*first));
    CHECK_FALSE(files.lock(*second));
    files.close(*first);
    CHECK(files.lock(*second));
    files.close(*second);
}

TEST_CASE("what cannot be done has the system's error") {
    const TemporaryDirectory directory;
    PosixFiles files;
    CHECK(files.open((directory / "none/file").string()).error().value() == ENOENT);
    CHECK(files.open(directory.path().string()).error().value() == EISDIR);
    CHECK(files.sync_directory((directory / "none").string()).value() == ENOENT);
    CHECK(files.rename((directory / "a").string(), (directory / "b").string()).value() == ENOENT);
    CHECK(files.look(-1).error().value() == EBADF);
    CHECK(files.write(-1, "a").error().value() == EBADF);
    CHECK(files.sync(-1).value() == EBADF);
}
