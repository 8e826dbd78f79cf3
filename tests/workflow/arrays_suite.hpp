#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <ostream>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "functionfuse/functionfuse.hpp"

#include <functionfuse/testing/storage_suite.hpp>

/// Arrays that nodes make and DaskArraySerializer keeps, wherever it does.
namespace functionfuse::test {

struct ArraysKind {
  std::string name;
  std::function<std::unique_ptr<Store>()> make;  ///< null: this computer can't have one
  DaskArraySerializer::Options options = {};
  /// What was opened can be read after its task was removed.
  bool open_arrays_go_on = true;
};
inline void PrintTo(const ArraysKind& kind, std::ostream* out) { *out << kind.name; }

class ArraysSuite : public testing::TestWithParam<ArraysKind> {
 protected:
  void SetUp() override;
  /// Another object over the same place.
  [[nodiscard]] std::shared_ptr<Storage> open() const;
  /// The arrays in the workflow's bigdata.
  [[nodiscard]] std::size_t kept(const std::string& workflow) const;
  /// Changes a byte near the end of everything in bigdata that has elements.
  void damage(const std::string& workflow) const;

  std::unique_ptr<Store> store;
  std::shared_ptr<Storage> storage;
};

/// How many chunks of counted() were made.
inline std::atomic<int> made = 0;
/// 0, 1, 2, ...
[[nodiscard]] ChunkedArray counted(std::int64_t length, std::int64_t chunk);

}  // namespace functionfuse::test
