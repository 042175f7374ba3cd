#pragma once

#include <sluice/aws/cbor_writer.hpp>
#include <sluice/aws/json_writer.hpp>
#include <sluice/local/faults.hpp>
#include <sluice/local/kinesis.hpp>
#include <sluice/local/operations.hpp>
#include <sluice/local/signature_check.hpp>
#include <sluice/options.hpp>
#include <sluice/transport/transport.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::local {

/// `Fri, 02 Jan 2026 03:04:05 GMT`: a time as the `Date` header has it (RFC 9110, section 5.6.7).
[[nodiscard]] inline std::string http_date(wall_time time) {
    namespace chrono = std::chrono;
    static constexpr std::array<const char*, 7> weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day_start = chrono::floor<chrono::days>(time);
    const chrono::year_month_day date(day_start);
    const std::string digits = aws::amz_date(time); // 20260102T030405Z
    std::string text = weekdays[chrono::weekday(day_start).c_encoding()];
    text.append(", ").append(digits, 6, 2).append(" ").append(months[static_cast<unsigned>(date.month()) - 1]);
    text.append(" ").append(digits, 0, 4).append(" ").append(digits, 9, 2).append(":").append(digits, 11, 2);
    return text.append(":").append(digits, 13, 2).append(" GMT");
}

/// What becomes of one exchange: the answer, when it comes, and how much of it.
class Reaction {
public:
    enum class Fate : std::uint8_t {
        answered,   ///< The whole response arrives.
        refused,    ///< There was no connection at all. Nothing was applied.
        unread,     ///< The connection broke before the request was read. Nothing was applied.
        cut_short,  ///< Half of the response arrives.
        unanswered, ///< The connection broke after the request was applied.
        garbage,    ///< Bytes arrive that are no HTTP. Nothing was applied.
    };

    Reaction() = default;

    Fate fate = Fate::answered;
    HttpResponse response;
    std::chrono::milliseconds delay{0}; ///< From the request's arrival to whatever happens.
};

/// What a service did so far.
class ServiceStats {
public:
    ServiceStats() = default;

    std::uint64_t requests = 0;
    std::uint64_t refused = 0; ///< Of the requests, those that were answered with another status than 200.
};

/// The service behind its HTTP interface: requests in, responses out, without sockets.
///
/// It speaks both wires, JSON 1.1 and AWS CBOR 1.1, verifies signatures, and plays the script of faults. Like `Kinesis`
/// it is told the time, is a plain value, and is not safe for threads.
class Service {
public:
    /// Knows the key "local" with the secret "local", unless told others.
    explicit Service(Settings settings = {}, std::vector<Secrets> its_keys = {Secrets("local", Secret("local"))})
        : kinesis(std::move(settings)), keys(std::move(its_keys)) {}

    Kinesis kinesis;
    std::vector<Secrets> keys; ///< Who may call; all may do everything.
    FaultScript faults;
    ServiceStats stats;

    /// The answer to one request, as if the connection were perfect: of the faults, those that concern the connection
    /// are played, but only the response is shown.
    [[nodiscard]] HttpResponse handle(const HttpRequest& request, Moment now) {
        return react(request, now, meet(request, now)).response;
    }

    /// What a request meets, of which the head suffices; counts against the script.
    [[nodiscard]] Met meet(const HttpRequest& request, Moment now) {
        return faults.meet(operation_of(request), now.steady);
    }

    /// What becomes of a request that meets these faults.
    [[nodiscard]] Reaction react(const HttpRequest& request, Moment now, const Met& met) {
        Reaction reaction;
        reaction.delay = met.delay;
        reaction.fate = fate_of(met);
        now.wall += met.skew;
        using Fate = Reaction::Fate;
        if (reaction.fate == Fate::refused || reaction.fate == Fate::unread || reaction.fate == Fate::garbage) {
            return reaction;
        }
        reaction.response = answer(request, now, met);
        ++stats.requests;
        if (reaction.response.status != 200) ++stats.refused;
        return reaction;
    }

private:
    static constexpr std::string_view target_prefix = "Kinesis_20131202.";

    static std::string_view operation_of(const HttpRequest& request) {
        auto target = find_header(request.headers, "X-Amz-Target");
        if (!target.starts_with(target_prefix)) return {};
        target.remove_prefix(target_prefix.size());
        return target;
    }

    static Reaction::Fate fate_of(const Met& met) {
        using Fate = Reaction::Fate;
        if (met.as<fault::Unavailable>()) return Fate::refused;
        if (met.as<fault::Garbage>()) return Fate::garbage;
        const auto* cut = met.as<fault::Cut>();
        if (cut == nullptr) return Fate::answered;
        switch (cut->where) {
        case fault::Cut::Where::before_reading: return Fate::unread;
        case fault::Cut::Where::mid_response: return Fate::cut_short;
        case fault::Cut::Where::after_applying: return Fate::unanswered;
        }
        return Fate::answered;
    }

    HttpResponse answer(const HttpRequest& request, Moment now, const Met& met) {
        HttpResponse response;
        const auto wire = wire_of(request);
        if (const auto* page = met.as<fault::Page>()) {
            response = HttpResponse(page->status, page->body);
            response.headers.emplace_back("Content-Type", page->content_type);
        } else if (auto body = perform(request, wire, now, met)) {
            response = HttpResponse(200, *std::move(body));
            response.headers.emplace_back("Content-Type", content_type(wire.value_or(Wire::json)));
        } else {
            response = refusal(body.error(), wire.value_or(Wire::json));
        }
        response.headers.emplace_back("Date", http_date(now.wall));
        response.headers.emplace_back("x-amzn-RequestId", request_id());
        response.headers.emplace_back("x-amz-id-2", request_id() + request_id());
        return response;
    }

    Reply<std::string> perform(const HttpRequest& request, std::optional<Wire> wire, Moment now, const Met& met) {
        if (const auto* refuse = met.as<fault::Refuse>()) return refuse->failure;
        const auto operation = operation_of(request);
        const bool addressed = request.method == "POST" && aws::UrlParts(request.url).path == "/";
        if (!addressed || !wire || operation.empty()) return Failure("UnknownOperationException", "", 404);
        if (auto failure = SignatureCheck(keys, now.wall)(request)) return *std::move(failure);
        const std::string_view body = request.body ? std::string_view(*request.body) : std::string_view();
        auto fields = Fields::parse(body, *wire);
        if (!fields) return fields.error();
        if (*wire == Wire::json) return Operations<aws::JsonWriter>(kinesis, *fields, now, met).perform(operation);
        return Operations<aws::CborWriter>(kinesis, *fields, now, met).perform(operation);
    }

    static std::optional<Wire> wire_of(const HttpRequest& request) {
        auto type = find_header(request.headers, "Content-Type");
        type = type.substr(0, type.find(';'));
        if (type == content_type(Wire::json)) return Wire::json;
        if (type == content_type(Wire::cbor)) return Wire::cbor;
        return std::nullopt;
    }

    static const char* content_type(Wire wire) {
        return wire == Wire::json ? "application/x-amz-json-1.1" : "application/x-amz-cbor-1.1";
    }

    template <class Writer>
    static void write_failure(Writer out, const Failure& failure) {
        out.begin_map();
        out.key("__type");
        out.text(failure.code);
        if (!failure.message.empty()) {
            out.key("message");
            out.text(failure.message);
        }
        out.end_map();
    }

    static HttpResponse refusal(const Failure& failure, Wire wire) {
        HttpResponse response;
        response.status = failure.status;
        response.headers.emplace_back("Content-Type", content_type(wire));
        if (wire == Wire::json) {
            write_failure(aws::JsonWriter(response.body), failure);
        } else {
            write_failure(aws::CborWriter(response.body), failure);
        }
        return response;
    }

    /// As a UUID looks; the same series for every service, so that a history repeats.
    std::string request_id() {
        std::string id = aws::sha256_hex("request " + std::to_string(++ids_)).substr(0, 36);
        for (const std::size_t place : {8U, 13U, 18U, 23U}) id[place] = '-';
        return id;
    }

    std::uint64_t ids_ = 0;
};

} // namespace sluice::local
