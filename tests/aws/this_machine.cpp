#include <sluice/aws/this_machine.hpp>

#include <run.hpp>

#include <doctest/doctest.h>

#include <boost/system/errc.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

using namespace sluice;
using namespace sluice::aws;

namespace {

namespace errc = boost::system::errc;

class Folder {
public:
    Folder() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path); }

    [[nodiscard]] std::string file(const std::string& name) const { return path + "/" + name; }
    [[nodiscard]] std::size_t count() const {
        const std::filesystem::directory_iterator all(path);
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }

    std::string path = (std::filesystem::temp_directory_path() / "sluice-machine-XXXXXX").string();
};

} // namespace

TEST_CASE("a file that was written is read again, and only its owner may read it") {
    const Folder folder;
    const auto machine = this_machine();
    std::string bytes("a\0b", 3);
    for (const std::size_t size : {0U, 1U, 4095U, 4096U, 4097U, 100'000U}) {
        bytes.resize(size, 'x');
        CHECK(!machine.write_file(folder.file("x"), bytes));
        CHECK(machine.read_file(folder.file("x")).value() == bytes);
    }
    struct stat found {};
    REQUIRE(::stat(folder.file("x").c_str(), &found) == 0);
    CHECK((found.st_mode & 0777U) == 0600U);
    CHECK(folder.count() == 1);
}

TEST_CASE("writing replaces the file at once, whatever its permissions were") {
    const Folder folder;
    const auto machine = this_machine();
    std::ofstream(folder.file("x")) << "old";
    std::ifstream reader(folder.file("x"));
    REQUIRE(::chmod(folder.file("x").c_str(), 0444) == 0);
    CHECK(!machine.write_file(folder.file("x"), "new"));
    std::string word;
    reader >> word;
    CHECK(word == "old");
    CHECK(machine.read_file(folder.file("x")).value() == "new");
}

TEST_CASE("a file that cannot be written leaves nothing behind") {
    const Folder folder;
    const auto machine = this_machine();
    CHECK(machine.write_file(folder.file("none/x"), "x") == errc::no_such_file_or_directory);
    REQUIRE(std::filesystem::create_directories(folder.file("x/y")));
    CHECK(machine.write_file(folder.file("x"), "x"));
    CHECK(folder.count() == 1);
}

TEST_CASE("what is no file is told apart from what is absent") {
    const Folder folder;
    const auto machine = this_machine();
    CHECK(machine.read_file(folder.file("x")).error() == errc::no_such_file_or_directory);
    CHECK(machine.read_file("/dev/null/.aws/config").error() == errc::no_such_file_or_directory);
    CHECK(machine.read_file("").error() == errc::no_such_file_or_directory);
    CHECK(machine.read_file(folder.path).error() == errc::is_a_directory);
}

TEST_CASE("files without a size are read to their end, and endless ones are not") {
    const auto machine = this_machine();
    CHECK(!machine.read_file("/proc/self/status").value().empty());
    CHECK(machine.read_file("/dev/null").value().empty());
    CHECK(machine.read_file("/dev/full").error() == errc::operation_not_supported);
    CHECK(machine.read_file("/dev/zero").error() == errc::operation_not_supported);
}

TEST_CASE("files of up to a mebibyte are read") {
    const Folder folder;
    const auto machine = this_machine();
    std::string bytes(1U << 20U, 'x');
    REQUIRE(!machine.write_file(folder.file("x"), bytes));
    CHECK(machine.read_file(folder.file("x")).value() == bytes);
    REQUIRE(!machine.write_file(folder.file("x"), bytes + 'x'));
    CHECK(machine.read_file(folder.file("x")).error() == errc::file_too_large);
}

TEST_CASE("a file may turn out longer than it said") {
    const Folder folder;
    for (const std::size_t size : {0U, 1U, 5U, 4096U, 9999U}) {
        std::ofstream(folder.file("x")) << std::string(size, 'x');
        const aws::detail::Descriptor file(::open(folder.file("x").c_str(), O_RDONLY | O_CLOEXEC));
        std::string text(1, '\0');
        CHECK(!aws::detail::read_to_end(file, text, 9999));
        CHECK(text == std::string(size, 'x'));
        std::string little(1, '\0');
        const aws::detail::Descriptor again(::open(folder.file("x").c_str(), O_RDONLY | O_CLOEXEC));
        CHECK((aws::detail::read_to_end(again, little, 4096) == errc::file_too_large) == (size > 4096));
    }
}

TEST_CASE("pipes, which may never be written to, are not waited for") {
    const Folder folder;
    const auto machine = this_machine();
    REQUIRE(::mkfifo(folder.file("pipe").c_str(), 0600) == 0);
    CHECK(machine.read_file(folder.file("pipe")).error() == errc::operation_not_supported);
    std::filesystem::create_symlink(folder.file("pipe"), folder.file("link"));
    CHECK(machine.read_file(folder.file("link")).error() == errc::operation_not_supported);
    std::filesystem::create_symlink("/dev/null", folder.file("nothing"));
    CHECK(machine.read_file(folder.file("nothing")).value().empty());
}

TEST_CASE("a machine runs commands, and knows the environment") {
    ::setenv("SLUICE_TEST_WORD", "seen", 1);
    const auto machine = this_machine();
    CHECK(variable(machine.environment, "SLUICE_TEST_WORD") == "seen");
    run([&](asio::io_context&) -> asio::awaitable<void> {
        auto done = co_await machine.run("printf %s $SLUICE_TEST_WORD", std::chrono::seconds(20));
        REQUIRE(done.has_value());
        CHECK(done->output == "seen");
    });
    ::unsetenv("SLUICE_TEST_WORD");
}

TEST_CASE("names and literals are resolved to addresses") {
    run([](asio::io_context&) -> asio::awaitable<void> {
        const auto machine = this_machine();
        auto literal = co_await machine.resolve("169.254.170.2");
        REQUIRE(literal.has_value());
        CHECK(literal->size() == 1);
        CHECK(literal->front().to_string() == "169.254.170.2");
        auto six = co_await machine.resolve("fd00:ec2::23");
        CHECK(six.value().front().is_v6());
        auto local = co_await machine.resolve("localhost");
        REQUIRE(local.has_value());
        for (const auto& address : *local) CHECK(address.is_loopback());
        auto nobody = co_await machine.resolve("no-such-host.invalid");
        CHECK(nobody.error() == error::name_not_resolved);
        auto nonsense = co_await machine.resolve("");
        CHECK((nonsense.has_error() || nonsense->front().is_loopback()));
    });
}
