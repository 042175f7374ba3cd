// A registry of devices in a file that many programs share: 04_devices FILE COMMAND; see `usage`.
//
// `watch` in one terminal tells at once what other terminals do: live queries see the changes of all processes.
#include <sluice/repository/sqlite.hpp>
#include <sluice/session.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/describe.hpp>

#include <charconv>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;

class Device {
public:
    std::string room;
    int battery = 100; ///< Per cent.
};
BOOST_DESCRIBE_STRUCT(Device, (), (room, battery))

using Registry = sluice::SqliteRepository<Device>; // any repository will do
using Devices = sluice::running_t<Registry>;
using Words = std::vector<std::string>;

constexpr auto usage = "usage: 04_devices FILE add ID ROOM     a new device, fully charged\n"
                       "       04_devices FILE charge ID N     its battery has N per cent\n"
                       "       04_devices FILE remove ID\n"
                       "       04_devices FILE list [ROOM]\n"
                       "       04_devices FILE watch           which are below 20 per cent, whenever that changes\n";

void show(const std::string& id, const Device& device) {
    std::cout << id << ' ' << device.room << ' ' << device.battery << " %\n";
}

/// All that are in a room, or anywhere, page by page.
asio::awaitable<void> list(Devices& devices, std::optional<std::string> room) {
    sluice::Query query;
    if (room) query.where(sluice::Field("room") == *room);
    query.order_by("room").limit(100);
    while (true) {
        auto page = (co_await devices.query(query)).value();
        for (const auto& [id, device] : page.items) show(id, device);
        if (page.next.empty()) co_return;
        query.after(std::move(page.next));
    }
}

/// A line of ids at once, and one for each change of these.
asio::awaitable<void> watch(Devices& devices) {
    const sluice::Query low(sluice::Field("battery") < 20);
    auto live = (co_await devices.live(low)).value();
    std::vector<std::string> before{"?"};
    while (true) {
        const auto update = (co_await live.next()).value();
        if (!update) co_return;
        std::vector<std::string> ids;
        for (const auto& [id, device] : update->value) ids.push_back(id);
        if (std::exchange(before, ids) == ids) continue; // only how low they are has changed
        std::cout << "low:";
        for (const auto& id : ids) std::cout << ' ' << id;
        std::cout << std::endl;
    }
}

/// False if these are no words for it.
asio::awaitable<bool> obey(Devices& devices, const Words& words) {
    const auto is = [&](const char* command, std::size_t count) { return words[0] == command && words.size() == count; };
    if (is("add", 3)) {
        Device device;
        device.room = words[2];
        const sluice::Identified<Device> item(words[1], device);
        (co_await devices.add(item)).value(); // throws the error, if there is one
    } else if (is("charge", 3)) {
        int percent = 0;
        const auto* const end = words[2].data() + words[2].size();
        const auto read = std::from_chars(words[2].data(), end, percent);
        if (read.ec != std::errc() || read.ptr != end || percent < 0 || percent > 100) co_return false;
        const auto charge = [percent](Device device) {
            device.battery = percent;
            return device;
        };
        show(words[1], (co_await devices.update(words[1], charge)).value());
    } else if (is("remove", 2)) {
        (co_await devices.remove(words[1])).value();
    } else if (is("list", 1)) {
        co_await list(devices, std::nullopt);
    } else if (is("list", 2)) {
        co_await list(devices, words[1]);
    } else if (is("watch", 1)) {
        co_await watch(devices);
    } else {
        co_return false;
    }
    co_return true;
}

asio::awaitable<int> run(sluice::Session session, std::string file, Words words) {
    auto devices = (co_await session.open(Registry(file, "devices"))).value();
    const bool understood = co_await obey(devices, words);
    if (!understood) std::cerr << usage;
    co_return understood ? 0 : 2;
}

} // namespace

int main(int argc, char** argv) try {
    if (argc < 3) {
        std::cerr << usage;
        return 2;
    }
    asio::io_context context;
    const sluice::Session session(context.get_executor());
    int status = 1;
    asio::co_spawn(session.executor(), run(session, argv[1], Words(argv + 2, argv + argc)),
                   [&status](std::exception_ptr failure, int code) {
                       if (failure) std::rethrow_exception(failure);
                       status = code;
                   });
    context.run();
    return status;
} catch (const std::exception& failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
