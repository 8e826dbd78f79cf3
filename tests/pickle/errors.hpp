#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "functionfuse/error.hpp"

/// The text of the Error that `f` throws, behind its code: "type_mismatch: ...".
template <class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const functionfuse::Error& e) {
    constexpr const char* kCodes[] = {"invalid_argument", "not_found", "corrupt", "unsupported",
                                      "type_mismatch", "io", "node_failed"};
    return std::string(kCodes[static_cast<int>(e.code())]) + ": " + e.what();
  }
  return "no error";
}
