#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <functionfuse/pickle/fields.hpp>
#include <functionfuse/storage/storage.hpp>

/// What every storage must do, whatever it keeps its results in, as tests of GoogleTest. A storage
/// joins in by deriving from Store, and
///
///     using namespace functionfuse::test;
///     StoreKind mine() { return {"mine", [] { return std::make_unique<MyStore>(); }}; }
///     INSTANTIATE_TEST_SUITE_P(Mine, StorageSuite, testing::Values(mine()));
///     INSTANTIATE_TEST_SUITE_P(Mine, PersistentStorageSuite, testing::Values(mine()));
///
/// In CMake, find_package(GTest), target_link_libraries(my_tests functionfuse::storage_suite GTest::gmock
/// GTest::gtest_main). PersistentStorageSuite is for storages that offer serializers the FILE_PROTOCOL
/// or the S3_PROTOCOL.
namespace functionfuse::test {

/// One place that results are kept in, new and empty, removed when this is destroyed.
class Store {
 public:
  virtual ~Store() = default;
  /// Another object over the same place, as another process would have it.
  [[nodiscard]] virtual std::shared_ptr<Storage> open() = 0;
  /// The bytes of a task as they lie there.
  [[nodiscard]] virtual std::string raw(const std::string& workflow, const std::string& task) = 0;
  virtual void set_raw(const std::string& workflow, const std::string& task,
                       const std::string& bytes) = 0;
  /// Names in the workflow's bigdata.
  [[nodiscard]] virtual std::vector<std::string> bigdata(const std::string& workflow) = 0;
  virtual void remove_bigdata(const std::string& workflow, const std::string& name) = 0;
};

struct StoreKind {
  std::string name;
  std::function<std::unique_ptr<Store>()> make;  ///< null: this computer can't have one
  // What it can't do.
  bool empty_workflows = true;  ///< a workflow without a task is one
  bool any_bytes = true;        ///< a name need not be UTF-8
};
inline void PrintTo(const StoreKind& kind, std::ostream* out) { *out << kind.name; }

class StorageSuite : public testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override;
  std::unique_ptr<Store> store;
  std::shared_ptr<Storage> storage;
};

/// The part about persistent serializers.
class PersistentStorageSuite : public StorageSuite {
 protected:
  void SetUp() override;
  std::size_t kept() { return store->bigdata("w").size(); }
};

struct Point {
  double x = 0, y = 0;
  std::string label;
  friend bool operator==(const Point&, const Point&) = default;
};
FUNCTIONFUSE_FIELDS(Point, x, y, label)

/// Of a type that only a serializer keeps.
struct Note {
  std::string text;
};

/// Keeps the text of a note in a file or object of its own, through the protocol that is there.
struct NoteSerializer {
  using serializer_class = Note;
  static constexpr std::string_view name = "Note";
  static constexpr bool thread_safe = true;
  SerializedAs pickle(const Protocols& protocols, const Note& note);
  Note unpickle(const Protocols& protocols, const SerializedAs& id);
  void remove(const Protocols& protocols, const SerializedAs& id);
};

/// Pickling it fails.
struct Unpicklable {};

/// The text of the Error with that code which `f` throws.
template <class F>
std::string error_of(Errc code, F f) {
  try {
    f();
  } catch (const Error& e) {
    EXPECT_EQ(static_cast<int>(e.code()), static_cast<int>(code)) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

}  // namespace functionfuse::test

template <>
inline constexpr bool functionfuse::is_persistent<functionfuse::test::Note> = true;

template <>
struct functionfuse::Pickle<functionfuse::test::Unpicklable> {
  static void save(Pickler& pickler, const test::Unpicklable&);
  static test::Unpicklable load(const Reading&) { return {}; }
};
