#include <gmock/gmock.h>

#include <functionfuse/arrays/eigen.hpp>
#include <functionfuse/arrays/xtensor.hpp>
#include <xtensor/xmath.hpp>

#include "functionfuse/arrays/chunked_array.hpp"

namespace functionfuse {
namespace {

NdArray numbers() { return NdArray::from(std::vector<double>{1, 2, 3, 4, 5, 6}, {2, 3}); }

TEST(Eigen, LooksAtTheElementsWhereTheyAre) {
  const NdArray array = numbers();
  const auto matrix = eigen_map<double>(array.transpose());
  EXPECT_EQ(matrix->data(), array.view<double>().data());
  EXPECT_EQ(matrix->rows(), 3);
  EXPECT_EQ((*matrix)(2, 1), 6);
  EXPECT_EQ(eigen_map<double>(array[1])->sum(), 15);
  EXPECT_EQ(((*matrix).transpose() * *matrix).trace(), 91);
}

TEST(Eigen, KeepsTheElementsAlive) {
  const auto matrix = eigen_map<double>((ChunkedArray::from_array(numbers(), {1, 3}) * 2).compute());
  EXPECT_EQ(matrix->sum(), 42);
}

TEST(Eigen, WritesThrough) {
  NdArray array = numbers();
  mutable_eigen_map<double>(array)->col(0).setZero();
  EXPECT_EQ(array.to_vector<double>(), (std::vector<double>{0, 2, 3, 0, 5, 6}));
}

TEST(Eigen, RefusesWhatItCantWalk) {
  const NdArray array = numbers();
  EXPECT_THROW((void)eigen_map<float>(array), Error);
  EXPECT_THROW((void)eigen_map<double>(array.slice({{.step = -1}})), Error);
  EXPECT_THROW((void)eigen_map<double>(array.reshape({1, 2, 3})), Error);
}

TEST(Xtensor, LooksAtTheElementsWhereTheyAre) {
  const NdArray array = numbers();
  const auto x = xtensor_adapt<double>(array);
  EXPECT_EQ(&x(0, 0), array.view<double>().data());
  EXPECT_EQ(x(1, 2), 6);
  EXPECT_EQ(xt::sum(x)(), 21);
  EXPECT_EQ(xtensor_adapt<double>(numbers().reshape({6}))(5), 6);
  EXPECT_THROW((void)xtensor_adapt<double>(array.transpose()), Error);
}

}  // namespace
}  // namespace functionfuse
