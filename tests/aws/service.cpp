#include <sluice/aws/service.hpp>

#include <doctest/doctest.h>

using namespace sluice;

TEST_CASE("each service has the names of its own line") {
    using aws::Service;
    CHECK(aws::names_of(Service::kinesis).id == "kinesis");
    CHECK(aws::names_of(Service::firehose).id == "firehose");
    CHECK(aws::names_of(Service::dynamodb).id == "dynamodb");
    CHECK(aws::names_of(Service::dynamodb_streams).id == "dynamodb_streams");
    CHECK(aws::names_of(Service::s3).id == "s3");
    CHECK(aws::names_of(Service::sts).id == "sts");
    CHECK(aws::names_of(Service::iam).id == "iam");
    CHECK(aws::names_of(Service::kms).id == "kms");
    CHECK(aws::names_of(Service::cloudwatch).id == "cloudwatch");
    CHECK(aws::names_of(Service::sso).id == "sso");
    CHECK(aws::names_of(Service::sso_oidc).id == "sso_oidc");
}

TEST_CASE("some services sign with another name than their hosts have") {
    CHECK(aws::names_of(aws::Service::dynamodb_streams).signing_name == "dynamodb");
    CHECK(aws::names_of(aws::Service::cloudwatch).signing_name == "monitoring");
    CHECK(aws::names_of(aws::Service::sso_oidc).signing_name == "sso-oauth");
}
