#pragma once

#include <sluice/aws/base64.hpp>
#include <sluice/aws/digest.hpp>
#include <sluice/aws/percent.hpp>
#include <sluice/aws/sigv4.hpp>
#include <sluice/transport/transport.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A bucket that answers as S3 does, within the process: objects, uploads in parts, and the ways in which it fails.
class FakeS3 {
public:
    explicit FakeS3(std::string its_bucket = "payloads") : bucket(std::move(its_bucket)) {}

    [[nodiscard]] sluice::result<sluice::HttpResponse> answer(const sluice::HttpRequest& request) {
        ++requests;
        seen.push_back(request.method + ' ' + request.url);
        if (outage) return *outage;
        if (denied || requests == fail_at) return refusal(403, "AccessDenied");
        if (refuses) return refusal(400, "InvalidRequest");
        const sluice::aws::UrlParts url(request.url);
        auto path = sluice::aws::decode_percent(url.path).value();
        const auto root = '/' + bucket;
        if (!path.starts_with(root + '/')) return refusal(404, "NoSuchBucket");
        path.erase(0, root.size() + 1);
        if (!intact(request)) return refusal(400, "XAmzContentSHA256Mismatch");
        return request.method == "HEAD" ? sluice::HttpResponse(200, "") : act(request, path, url.query);
    }

    std::string bucket;
    std::map<std::string, std::string> objects;
    std::map<std::string, std::map<std::string, std::string>> uploads; ///< Parts of uploads that are under way.
    std::optional<sluice::error_code> outage; ///< What connecting to it fails with.
    bool denied = false;
    bool refuses = false;    ///< Whatever it is asked.
    std::size_t fail_at = 0; ///< The request of this number is denied.
    std::size_t requests = 0;
    std::size_t most_at_once = 0; ///< Requests that were under way at a time.
    std::size_t at_once = 0;
    std::vector<std::string> seen; ///< Method and URL of each.

    static sluice::HttpResponse refusal(int status, const std::string& code) {
        return {status, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + code +
                            "</Code><Message>The service's sentence.</Message><RequestId>4442587FB7D0A2F9</RequestId>"
                            "</Error>"};
    }

private:
    using Response = sluice::HttpResponse;

    static Response with_etag() {
        Response response(200, "");
        response.headers.emplace_back("ETag", "\"etag\"");
        return response;
    }

    /// Whether digest and checksum are those of the body.
    static bool intact(const sluice::HttpRequest& request) {
        const auto digest = sluice::aws::sha256(request.content());
        const auto told = sluice::find_header(request.headers, "x-amz-checksum-sha256");
        std::string sum;
        sluice::aws::append_base64(sum, std::string(digest.begin(), digest.end()));
        return sluice::find_header(request.headers, "x-amz-content-sha256") == sluice::aws::hex(digest) &&
               (told.empty() || told == sum);
    }

    Response act(const sluice::HttpRequest& request, const std::string& key, std::string_view query) {
        const bool part = query.find("uploadId=up") != std::string_view::npos;
        if (request.method == "POST" && query == "uploads=") {
            const auto id = "up" + std::to_string(uploads.size());
            uploads[id];
            return {200, "<InitiateMultipartUploadResult><UploadId>" + id + "</UploadId></InitiateMultipartUploadResult>"};
        }
        const auto id = part ? std::string(query.substr(query.find("uploadId=") + 9)) : std::string();
        if (part && !uploads.contains(id)) return refusal(404, "NoSuchUpload");
        if (request.method == "POST") return complete(id, key);
        if (request.method == "PUT") {
            auto& place = part ? uploads[id][std::string(query.substr(0, query.find('&')))] : objects[key];
            place = request.content();
            return with_etag();
        }
        if (request.method == "DELETE") {
            part ? uploads.erase(id) : objects.erase(key);
            return {204, ""};
        }
        const auto found = objects.find(key);
        return found == objects.end() ? refusal(404, "NoSuchKey") : Response(200, found->second);
    }

    Response complete(const std::string& id, const std::string& key) {
        std::string whole;
        for (const auto& [number, data] : uploads[id]) whole += data;
        uploads.erase(id);
        objects[key] = whole;
        return {200, "<CompleteMultipartUploadResult><ETag>\"etag-2\"</ETag></CompleteMultipartUploadResult>"};
    }
};

/// A transport that leads to a `FakeS3`, and nowhere else.
class ToFakeS3 {
public:
    using policy_kind = sluice::kind::transport;

    explicit ToFakeS3(std::shared_ptr<FakeS3> its_service) : service(std::move(its_service)) {}

    class Running final : public sluice::AnyTransport {
    public:
        explicit Running(std::shared_ptr<FakeS3> its_service) : service_(std::move(its_service)) {}

        [[nodiscard]] boost::asio::awaitable<sluice::result<sluice::HttpResponse>> send(
            sluice::HttpRequest request) override {
            service_->most_at_once = std::max(service_->most_at_once, ++service_->at_once);
            co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable);
            --service_->at_once;
            auto response = service_->answer(request);
            co_return response;
        }

    private:
        std::shared_ptr<FakeS3> service_;
    };

    boost::asio::awaitable<sluice::result<Running>> open(sluice::World&) const { co_return Running(service); }

    std::shared_ptr<FakeS3> service;
};
