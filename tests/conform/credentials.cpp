#include "adapter.hpp"
#include "cases.hpp"

#include <sluice/aws/profiles.hpp>
#include <sluice/credentials/container.hpp>
#include <sluice/credentials/default.hpp>
#include <sluice/credentials/instance.hpp>
#include <sluice/credentials/profile.hpp>
#include <sluice/world.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/array.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace conform {
namespace {

using namespace sluice;

/// Time stands where the case says; whoever sleeps wakes at once.
class StoppedClock final : public AnyClock {
public:
    explicit StoppedClock(wall_time now) : now_(now) {}
    [[nodiscard]] steady_time steady() const override { return steady_time(std::chrono::hours(1)); }
    [[nodiscard]] wall_time wall() const override { return now_; }
    [[nodiscard]] asio::awaitable<error_code> async_wait_until(steady_time) override { co_return error_code(); }
    [[nodiscard]] std::uint64_t random() override { return ++dice_; }

private:
    wall_time now_;
    std::uint64_t dice_ = 0;
};

/// An URL as the script compares it: the parameters in order, without a slash at the end of the path.
std::string comparable(const std::string& url) {
    const auto query = url.find('?');
    std::string path = url.substr(0, query);
    while (path.ends_with('/')) path.pop_back();
    std::multiset<std::string> parameters;
    for (auto rest = query == std::string::npos ? std::string_view() : std::string_view(url).substr(query + 1);
         !rest.empty();) {
        const auto end = std::min(rest.find('&'), rest.size());
        parameters.emplace(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    for (const auto& parameter : parameters) path += "&" + parameter;
    return path;
}

/// Answers with the next unused entry of the case's script if it is what was asked; refuses connections else.
class ScriptTransport final : public AnyTransport {
public:
    explicit ScriptTransport(json::array script) : script_(std::move(script)) {}

    [[nodiscard]] asio::awaitable<result<HttpResponse>> send(HttpRequest request) override { co_return reply(request); }

    json::array requests;

private:
    result<HttpResponse> reply(const HttpRequest& request) {
        if (request.url.find("/security-credentials-extended") != std::string::npos) return HttpResponse(404, "");
        note(request);
        if (next_ >= script_.size()) return error::connection_failed;
        const auto& entry = script_[next_].as_object();
        const auto& expected = entry.at("request").as_object();
        if (request.method != text(expected, "method") || comparable(request.url) != comparable(text(expected, "url"))) {
            return error::connection_failed;
        }
        ++next_;
        const auto* scripted = entry.if_contains("response");
        if (scripted == nullptr) return error::connection_failed;
        const auto& answer = scripted->as_object();
        HttpResponse response(number<int>(answer, "status"), text(answer, "body"));
        if (const auto* headers = answer.if_contains("headers")) {
            for (const auto& [name, value] : headers->as_object()) {
                response.headers.emplace_back(std::string(name), std::string(value.as_string()));
            }
        }
        return response;
    }

    void note(const HttpRequest& request) {
        json::object headers;
        for (const auto& header : request.headers) headers[header.name] = header.value;
        json::object noted;
        noted["method"] = request.method;
        noted["url"] = request.url;
        noted["headers"] = std::move(headers);
        noted["body"] = request.body ? *request.body : std::string();
        requests.push_back(std::move(noted));
    }

    json::array script_;
    std::size_t next_ = 0;
};

json::object shown(const Secrets& secrets) {
    json::object credentials;
    credentials["access_key_id"] = secrets.access_key_id;
    credentials["secret_access_key"] = secrets.secret_access_key.reveal();
    if (!secrets.session_token.empty()) credentials["session_token"] = secrets.session_token.reveal();
    if (!secrets.account_id.empty()) credentials["account_id"] = secrets.account_id;
    if (secrets.expires) credentials["expiration"] = std::chrono::system_clock::to_time_t(*secrets.expires);
    return credentials;
}

template <class Recipe>
asio::awaitable<void> ask(Recipe recipe, World& world, result<Secrets>& answer) {
    auto running = co_await recipe.open(world);
    if (!running) {
        answer = running.error();
        co_return;
    }
    answer = co_await running->fetch();
}

/// What a recipe gives in the world of a case.
template <class Recipe>
json::object fetch(Recipe recipe, const json::object& in) {
    asio::io_context context;
    StoppedClock clock(wall_time(std::chrono::seconds(number<std::int64_t>(in, "now"))));
    ScriptTransport transport(in.at("http").as_array());
    Options options;
    World world(context.get_executor(), clock, options);
    world.offer(transport);
    result<Secrets> answer = error_code(error::credentials_failed);
    asio::co_spawn(context, ask(std::move(recipe), world, answer), [](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown);
    });
    context.run();
    json::object out;
    out["credentials"] = shown(accepted(std::move(answer)));
    out["requests"] = std::move(transport.requests);
    return out;
}

json::object default_chain(const json::object& in) { return fetch(DefaultCredentials(machine_of(in)), in); }

json::object profile(const json::object& in) { return fetch(ProfileCredentials("", machine_of(in)), in); }

json::object ecs_uri(const json::object& in) {
    json::object out;
    out["url"] = accepted(container_endpoint(environment_of(in)));
    return out;
}

json::object imds_endpoint(const json::object& in) {
    const auto machine = machine_of(in);
    const auto profiles = accepted(aws::read_profiles(machine));
    const auto found = profiles.profiles.find(aws::profile_name("", machine.environment));
    InstanceSettings chosen;
    chosen.endpoint = text(in, "endpoint");
    chosen.mode = text(in, "mode");
    const auto settings = instance_settings(
        chosen, machine.environment, found == profiles.profiles.end() ? aws::Profiles::Properties() : found->second);
    json::object out;
    out["url"] = accepted(instance_endpoint(settings)).url;
    return out;
}

} // namespace

void add_credentials(Operations& operations) {
    operations["creds.default_chain"] = default_chain;
    operations["creds.profile"] = profile;
    operations["creds.ecs_uri"] = ecs_uri;
    operations["creds.imds_endpoint"] = imds_endpoint;
}

} // namespace conform
