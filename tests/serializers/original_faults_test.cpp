// What is a serializer, and which types it is for.

#include <memory>
#include <string>

#include <gmock/gmock.h>

#include "functionfuse/functionfuse.hpp"

#include "io/temp_folder.hpp"

namespace functionfuse {

struct Grid {
  int cells = 0;
};
/// Has all that a Grid has, and something that GridSerializer knows nothing of.
struct SphericalGrid : Grid {
  double radius = 1;
};
template <>
inline constexpr bool is_persistent<Grid> = true;

namespace {

struct GridSerializer {
  using serializer_class = Grid;
  static constexpr std::string_view name = "Grid";
  SerializedAs pickle(const Protocols&, const Grid& field) {
    return {"0", std::to_string(field.cells)};
  }
  Grid unpickle(const Protocols&, const SerializedAs& id) { return {std::stoi(id.second)}; }
  void remove(const Protocols&, const SerializedAs&) {}
};

struct WithoutType {
  static constexpr std::string_view name = "WithoutType";
  SerializedAs pickle(const Protocols&, const Grid&) { return {}; }
  Grid unpickle(const Protocols&, const SerializedAs&) { return {}; }
  void remove(const Protocols&, const SerializedAs&) {}
};
struct WithoutName {
  using serializer_class = Grid;
  SerializedAs pickle(const Protocols&, const Grid&) { return {}; }
  Grid unpickle(const Protocols&, const SerializedAs&) { return {}; }
  void remove(const Protocols&, const SerializedAs&) {}
};
struct WithoutRemove {
  using serializer_class = Grid;
  static constexpr std::string_view name = "WithoutRemove";
  SerializedAs pickle(const Protocols&, const Grid&) { return {}; }
  Grid unpickle(const Protocols&, const SerializedAs&) { return {}; }
};
struct OfAnotherType {
  using serializer_class = Grid;
  static constexpr std::string_view name = "OfAnotherType";
  SerializedAs pickle(const Protocols&, const Grid&) { return {}; }
  std::string unpickle(const Protocols&, const SerializedAs&) { return {}; }
  void remove(const Protocols&, const SerializedAs&) {}
};
struct OfAnotherId {
  using serializer_class = Grid;
  static constexpr std::string_view name = "OfAnotherId";
  int pickle(const Protocols&, const Grid&) { return 0; }
  Grid unpickle(const Protocols&, const SerializedAs&) { return {}; }
  void remove(const Protocols&, const SerializedAs&) {}
};

TEST(PersistentSerializerTest, WhatIsOne) {
  static_assert(PersistentSerializer<GridSerializer>);
  static_assert(PersistentSerializer<BytesSerializer>);
  static_assert(!PersistentSerializer<WithoutType>);
  static_assert(!PersistentSerializer<WithoutName>);
  static_assert(!PersistentSerializer<WithoutRemove>);
  static_assert(!PersistentSerializer<OfAnotherType>);
  static_assert(!PersistentSerializer<OfAnotherId>);
  static_assert(!PersistentSerializer<Grid>);
}

// A part of it would be lost in silence.
TEST(PersistentSerializerTest, AClassThatDerivesFromItsClassIsNotTakenForIt) {
  static_assert(Storable<Grid>);
  static_assert(!Storable<SphericalGrid>);
  static_assert(!Storable<std::vector<SphericalGrid>>);
  SerializerPool pool;
  pool.register_serializer(GridSerializer());
  EXPECT_NE(pool.find(typeid(Grid)), nullptr);
  EXPECT_EQ(pool.find(typeid(SphericalGrid)), nullptr);
}

TEST(PersistentSerializerTest, IsRegisteredWithOneStorageAndNoOther) {
  test::TempFolder folder;
  FileStorage with(folder / "s"), without(folder / "s");
  with.register_persistent_serializers<GridSerializer>();
  EXPECT_FALSE(with.serializers().empty());
  EXPECT_TRUE(without.serializers().empty());
  with.save("w", "x", Grid{3});
  EXPECT_EQ(with.read_task<Grid>("w", "x").cells, 3);
  EXPECT_THROW(without.save("w", "y", Grid{3}), UnsupportedError);
  EXPECT_THROW((void)without.read_task<Grid>("w", "x"), UnsupportedError);
}

}  // namespace
}  // namespace functionfuse
