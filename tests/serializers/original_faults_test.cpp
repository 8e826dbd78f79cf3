// What is a serializer, and which types it is for.

#include <gmock/gmock.h>

#include <memory>
#include <string>

#include "functionfuse/functionfuse.hpp"
#include "io/temp_folder.hpp"

namespace functionfuse {

struct Mesh {
  int cells = 0;
};
/// Has all that a Mesh has, and something that MeshSerializer knows nothing of.
struct SphericalMesh : Mesh {
  double radius = 1;
};
template <>
inline constexpr bool is_persistent<Mesh> = true;

namespace {

struct MeshSerializer {
  using serializer_class = Mesh;
  static constexpr std::string_view name = "Mesh";
  SerializedAs pickle(const Protocols&, const Mesh& field) {
    return {"0", std::to_string(field.cells)};
  }
  Mesh unpickle(const Protocols&, const SerializedAs& id) { return {std::stoi(id.second)}; }
  void remove(const Protocols&, const SerializedAs&) {}
};

struct WithoutType {
  static constexpr std::string_view name = "WithoutType";
  SerializedAs pickle(const Protocols&, const Mesh&) { return {}; }
  Mesh unpickle(const Protocols&, const SerializedAs&) { return {}; }
  void remove(const Protocols&, const SerializedAs&) {}
};
struct WithoutName {
  using serializer_class = Mesh;
  SerializedAs pickle(const Protocols&, const Mesh&) { return {}; }
  Mesh unpickle(const Protocols&, const SerializedAs&) { return {}; }
  void remove(const Protocols&, const SerializedAs&) {}
};
struct WithoutRemove {
  using serializer_class = Mesh;
  static constexpr std::string_view name = "WithoutRemove";
  SerializedAs pickle(const Protocols&, const Mesh&) { return {}; }
  Mesh unpickle(const Protocols&, const SerializedAs&) { return {}; }
};
struct OfAnotherType {
  using serializer_class = Mesh;
  static constexpr std::string_view name = "OfAnotherType";
  SerializedAs pickle(const Protocols&, const Mesh&) { return {}; }
  std::string unpickle(const Protocols&, const SerializedAs&) { return {}; }
  void remove(const Protocols&, const SerializedAs&) {}
};
struct OfAnotherId {
  using serializer_class = Mesh;
  static constexpr std::string_view name = "OfAnotherId";
  int pickle(const Protocols&, const Mesh&) { return 0; }
  Mesh unpickle(const Protocols&, const SerializedAs&) { return {}; }
  void remove(const Protocols&, const SerializedAs&) {}
};

TEST(PersistentSerializerTest, WhatIsOne) {
  static_assert(PersistentSerializer<MeshSerializer>);
  static_assert(PersistentSerializer<BytesSerializer>);
  static_assert(!PersistentSerializer<WithoutType>);
  static_assert(!PersistentSerializer<WithoutName>);
  static_assert(!PersistentSerializer<WithoutRemove>);
  static_assert(!PersistentSerializer<OfAnotherType>);
  static_assert(!PersistentSerializer<OfAnotherId>);
  static_assert(!PersistentSerializer<Mesh>);
}

// A part of it would be lost in silence.
TEST(PersistentSerializerTest, AClassThatDerivesFromItsClassIsNotTakenForIt) {
  static_assert(Storable<Mesh>);
  static_assert(!Storable<SphericalMesh>);
  static_assert(!Storable<std::vector<SphericalMesh>>);
  SerializerPool pool;
  pool.register_serializer(MeshSerializer());
  EXPECT_NE(pool.find(typeid(Mesh)), nullptr);
  EXPECT_EQ(pool.find(typeid(SphericalMesh)), nullptr);
}

TEST(PersistentSerializerTest, IsRegisteredWithOneStorageAndNoOther) {
  test::TempFolder folder;
  FileStorage with(folder / "s"), without(folder / "s");
  with.register_persistent_serializers<MeshSerializer>();
  EXPECT_FALSE(with.serializers().empty());
  EXPECT_TRUE(without.serializers().empty());
  with.save("w", "x", Mesh{3});
  EXPECT_EQ(with.read_task<Mesh>("w", "x").cells, 3);
  EXPECT_THROW(without.save("w", "y", Mesh{3}), UnsupportedError);
  EXPECT_THROW((void)without.read_task<Mesh>("w", "x"), NotFoundError);
}

}  // namespace
}  // namespace functionfuse
