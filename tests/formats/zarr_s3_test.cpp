// Zarr arrays on a real S3 server.

#include <algorithm>
#include <cstdlib>
#include <set>
#include <stdexcept>

#include <gmock/gmock.h>

#include <functionfuse/arrays/nd_array.hpp>
#include <functionfuse/error.hpp>
#include <functionfuse/formats/zarr.hpp>

#include "formats/expect.hpp"
#include "formats/zarr/metadata.hpp"
#include "formats/zarr_array.hpp"
#include "formats/zarr_store_contract.hpp"
#include "io/s3_server.hpp"
#include "io/uuid.hpp"

namespace functionfuse::formats {
namespace {

using test::error_of;
using test::numbers;
using test::bytes_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class ZarrS3Test : public testing::Test {
 protected:
  void SetUp() override {
    const test::S3Server* server = test::S3Server::get();
    if (server == nullptr) GTEST_SKIP() << "radosgw is not installed";
    // As a user has them: open_zarr and save_zarr look there.
    ::setenv("AWS_ENDPOINT_URL_S3", server->endpoint.c_str(), 1);
    ::setenv("AWS_ACCESS_KEY_ID", server->access_key.c_str(), 1);
    ::setenv("AWS_SECRET_ACCESS_KEY", server->secret_key.c_str(), 1);
    io::s3::Options options;
    options.bucket = bucket_;
    client_ = std::make_shared<io::s3::Client>(options);
    client_->create_bucket();
  }
  void TearDown() override {
    if (!client_) return;
    zarr::s3_store(client_, "")->remove_all();
    client_->remove_bucket();
  }
  [[nodiscard]] std::string at(const std::string& prefix) const {
    return "s3://" + bucket_ + "/" + prefix;
  }
  [[nodiscard]] std::set<std::string> keys() const {
    std::set<std::string> found;
    zarr::s3_store(client_, "")->list([&](const std::string& key) {
      found.insert(key);
      return true;
    });
    return found;
  }

  std::string bucket_ = "test-" + io::uuid4();
  std::shared_ptr<io::s3::Client> client_;
};

TEST_F(ZarrS3Test, S3Store) {
  for (const char* prefix : {"", "x", "deep/er/"}) test::check_store(*zarr::open_store(at(prefix)));
}

TEST_F(ZarrS3Test, RoundTrip) {
  const NdArray array = numbers({50, 40});
  const Chunks chunks({{20, 10, 20}, {15, 25}});
  for (const char* codec : {"", "blosc", "zstd"}) {
    const std::string place = at(std::string("deep/er/x") + codec);
    save_zarr(place, ChunkedArray::from_array(array, chunks), {.codec = codec}, {.threads = 16});
    const ChunkedArray back = open_zarr(place + "/");
    EXPECT_EQ(back.chunks(), chunks);
    EXPECT_TRUE(equal(back.compute({.threads = 32}), array));
    EXPECT_TRUE(equal(open_zarr(at("deep"), std::string("er/x") + codec).compute(), array));
  }
}

TEST_F(ZarrS3Test, KeysBelowThePrefixOnly) {
  client_->put("x2/other", {});
  save_zarr(at("x"), ChunkedArray::from_array(numbers({5}), Shape{2}), {.separator = '/'});
  EXPECT_THAT(keys(), ElementsAre("x/.functionfuse", "x/.zarray", "x/0", "x/1", "x/2", "x2/other"));
  EXPECT_THAT(
      error_of(Errc::invalid_argument,
               [&] { save_zarr(at("x"), ChunkedArray::from_array(numbers({5}), Shape{2})); }),
      HasSubstr("already"));
  zarr::s3_store(client_, "x")->remove_all();
  EXPECT_THAT(keys(), ElementsAre("x2/other"));
}

TEST_F(ZarrS3Test, AFailedSaveLeavesNothing) {
  const auto bad =
      ChunkedArray::from_function<double>({10}, {2}, [](std::span<double> x, const Block& where) {
        if (where.number == 3) throw std::runtime_error("cannot compute");
        std::fill(x.begin(), x.end(), 1);
      });
  EXPECT_THROW(save_zarr(at("x"), bad), std::runtime_error);
  EXPECT_TRUE(keys().empty());
}

TEST_F(ZarrS3Test, WhatIsNotThere) {
  const auto open = [&](const std::string& location, const std::string& array = {}) {
    return error_of(Errc::not_found, [&] { static_cast<void>(open_zarr(location, array)); });
  };
  EXPECT_THAT(open(at("none")), HasSubstr(at("none")));
  save_zarr(at("group/x"), ChunkedArray::from_array(numbers({5}), Shape{2}));
  EXPECT_THAT(open(at("group"), "y"), HasSubstr("there are: x"));
  EXPECT_THAT(
      error_of(Errc::io, [&] { static_cast<void>(open_zarr("s3://no-such-bucket-at-all/x")); }),
      HasSubstr("no-such-bucket-at-all"));
}

TEST_F(ZarrS3Test, DamageIsFound) {
  for (const char* codec : {"", "blosc"}) {
    const std::string name = std::string("x") + codec;
    save_zarr(at(name), ChunkedArray::from_array(numbers({5, 4}), Shape{3, 4}), {.codec = codec});
    const auto error = [&] {
      return error_of(Errc::corrupt, [&] { static_cast<void>(open_zarr(at(name)).compute()); });
    };
    const auto good = client_->get(name + "/1.0", 1000).value();
    for (const std::size_t size : {std::size_t{0}, good.size() - 1, std::size_t{50'000}}) {
      client_->put(name + "/1.0", std::vector<std::byte>(size));
      EXPECT_THAT(error(), AllOf(HasSubstr(at(name)), HasSubstr("chunk (1, 0), key 1.0")));
    }
    client_->remove(name + "/1.0");
    EXPECT_THAT(error(), HasSubstr("is gone"));
    client_->put(name + "/1.0", good);
    EXPECT_TRUE(equal(open_zarr(at(name)).compute(), numbers({5, 4})));
    client_->put(name + "/.zarray", bytes_of("{}"));
    EXPECT_THAT(error(), HasSubstr(at(name) + "/.zarray"));
  }
}

/// What the serializer of arrays does with a storage on S3.
TEST_F(ZarrS3Test, ArraysOfAWorkflow) {
  const std::shared_ptr<zarr::Store> store =
      zarr::s3_store(client_, "st/workflow/bigdata/dask_arrays");
  store->put(zarr::kGroupKey, bytes_of(zarr::write_group()));
  const std::string name = io::uuid4();
  const NdArray array = numbers({7, 9});
  write_zarr_array(store, name, ChunkedArray::from_array(array, Shape{4, 4}), {}, {});
  const ChunkedArray back = open_zarr_array(ZarrSource::open(store, name));
  EXPECT_TRUE(equal(back.compute(), array));
  EXPECT_EQ(back.chunks(), Chunks::regular({7, 9}, {4, 4}));
  store->remove_all();
  EXPECT_TRUE(keys().empty());
}

}  // namespace
}  // namespace functionfuse::formats
