#include <sluice/aws/partitions.hpp>

#include <doctest/doctest.h>

using namespace sluice;

TEST_CASE("a region lies in the partition that its name begins with") {
    CHECK(aws::partition_of("eu-west-1").id == "aws");
    CHECK(aws::partition_of("us-east-77").id == "aws");
    CHECK(aws::partition_of("cn-north-1").id == "aws-cn");
    CHECK(aws::partition_of("us-gov-west-1").id == "aws-us-gov");
    CHECK(aws::partition_of("us-iso-east-1").id == "aws-iso");
    CHECK(aws::partition_of("us-isob-east-1").id == "aws-iso-b");
    CHECK(aws::partition_of("eu-isoe-west-1").id == "aws-iso-e");
    CHECK(aws::partition_of("us-isof-south-1").id == "aws-iso-f");
    CHECK(aws::partition_of("eusc-de-east-1").id == "aws-eusc");
}

TEST_CASE("a region that no partition claims is of the first") {
    for (const auto region : {"", "mars-north-1", "cnn-north-1", "cn", "us-govern-1", "us-isox-east-1", "eusc-fr-east-1"}) {
        CAPTURE(region);
        CHECK(aws::partition_of(region).id == "aws");
    }
}

TEST_CASE("a partition as a whole has a name, too") {
    CHECK(aws::partition_of("aws-global").id == "aws");
    CHECK(aws::partition_of("aws-cn-global").id == "aws-cn");
    CHECK(aws::partition_of("aws-iso-global").id == "aws-iso");
    CHECK(aws::partition_of("aws-iso-b-global").id == "aws-iso-b");
    CHECK(aws::partition_of("aws-cn-globe").id == "aws");
    CHECK(aws::partition_of("aws-cnglobal").id == "aws");
}
