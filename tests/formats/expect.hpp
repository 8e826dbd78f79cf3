#pragma once

#include <string>

#include <gtest/gtest.h>

#include <functionfuse/arrays/nd_array.hpp>
#include <functionfuse/error.hpp>

namespace functionfuse::test {

/// The text of the Error with that code which `call` throws.
template <class F>
std::string error_of(Errc code, F call) {
  try {
    call();
  } catch (const Error& e) {
    EXPECT_EQ(static_cast<int>(e.code()), static_cast<int>(code)) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

/// 1.25, 1.5, 1.75, ...
inline NdArray numbers(const Shape& shape) {
  NdArray array(DType::of<double>(), shape);
  double x = 1;
  for (double& value : array.mutable_view<double>()) value = x += 0.25;
  return array;
}

}  // namespace functionfuse::test
