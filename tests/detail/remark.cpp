#include <sluice/detail/remark.hpp>

#include <doctest/doctest.h>

using sluice::detail::Remark;

TEST_CASE("a remark is made once, until the work went well") {
    Remark remark;
    CHECK(remark.take().empty());
    remark = "the disk is full";
    CHECK(remark.take() == "the disk is full");
    CHECK(remark.take().empty());
    remark = "the disk is full";
    CHECK(remark.take().empty());
    remark = "the disk is gone";
    CHECK(remark.take() == "the disk is gone");
    remark = "the disk is full";
    CHECK(remark.take() == "the disk is full");
    remark.settle();
    remark = "the disk is full";
    CHECK(remark.take() == "the disk is full");
}

TEST_CASE("what is asked for in vain between two remarks makes neither of them news") {
    Remark remark;
    remark = "the disk is full";
    CHECK(remark.take() == "the disk is full");
    CHECK(remark.take().empty());
    remark = "the disk is full";
    CHECK(remark.take().empty());
}

TEST_CASE("a remark grows, and may be dropped before it is made") {
    Remark remark;
    remark = "damaged.";
    remark += " It was renamed.";
    CHECK(remark.take() == "damaged. It was renamed.");
    remark = "nothing after all";
    remark.drop();
    CHECK(remark.take().empty());
}
