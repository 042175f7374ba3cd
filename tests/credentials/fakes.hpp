#pragma once

#include <sluice/aws/machine.hpp>

#include <aws/fakes.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/system/errc.hpp>

#include <chrono>
#include <exception>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A machine of a few variables, files and names.
class FakeMachine {
public:
    std::map<std::string, std::string, std::less<>> variables;
    std::map<std::string, std::string> files;
    std::map<std::string, std::vector<std::string>> hosts;

    /// Refers to this object.
    [[nodiscard]] sluice::aws::Machine machine() {
        sluice::aws::Machine machine([this](std::string_view name) -> std::optional<std::string> {
            const auto found = variables.find(name);
            return found == variables.end() ? std::nullopt : std::optional(found->second);
        });
        machine.read_file = [this](const std::string& path) -> sluice::result<std::string> {
            const auto found = files.find(path);
            if (found == files.end()) return make_error_code(boost::system::errc::no_such_file_or_directory);
            return found->second;
        };
        machine.write_file = [this](const std::string& path, const std::string& content) {
            files[path] = content;
            return sluice::error_code();
        };
        machine.resolve = [this](std::string host) { return resolve(std::move(host)); };
        return machine;
    }

private:
    sluice::asio::awaitable<sluice::result<std::vector<sluice::asio::ip::address>>> resolve(std::string host) {
        const auto found = hosts.find(host);
        if (found == hosts.end()) co_return sluice::error_code(sluice::error::name_not_resolved);
        std::vector<sluice::asio::ip::address> addresses;
        for (const auto& text : found->second) addresses.push_back(sluice::asio::ip::make_address(text));
        co_return addresses;
    }
};

/// Opens a recipe in a world that lasts as long as this, and asks it.
template <class Recipe>
class Asked {
public:
    explicit Asked(Recipe its_recipe, sluice::Options options = sluice::Options{"stream"})
        : fake(context.get_executor(), std::move(options)), recipe(std::move(its_recipe)) {}

    /// The answer of one `fetch()`; the source is opened at the first.
    [[nodiscard]] sluice::result<sluice::Secrets> fetch() {
        std::optional<sluice::result<sluice::Secrets>> answer;
        sluice::asio::co_spawn(context, ask(answer), [](const std::exception_ptr& thrown) {
            if (thrown) std::rethrow_exception(thrown);
        });
        context.restart();
        context.run_for(std::chrono::seconds(30));
        if (!answer) return sluice::error_code(sluice::error::timed_out);
        return *answer;
    }

    sluice::asio::io_context context;
    FakeWorld fake;
    Recipe recipe;
    std::optional<sluice::running_t<Recipe>> running;

private:
    sluice::asio::awaitable<void> ask(std::optional<sluice::result<sluice::Secrets>>& answer) {
        if (!running) {
            auto opened = co_await recipe.open(fake.world);
            running.emplace(std::move(opened.value()));
        }
        auto given = co_await running->fetch();
        answer.emplace(std::move(given));
    }
};
