#include "functionfuse/serializers/serializer.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "functionfuse/pickle/types.hpp"
#include "serializers/serializer_hooks.hpp"

namespace functionfuse {

struct Mesh {
  int points = 0;
  std::shared_ptr<int> handle = {};
};
struct Image {
  int pixels = 0;
};
template <>
inline constexpr bool is_persistent<Mesh> = true;
template <>
inline constexpr bool is_persistent<Image> = true;

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// What a serializer of these tests keeps its objects in.
class Shelf : public Protocol {
 public:
  std::map<std::string, int> kept;
};
constexpr std::string_view kShelf = "SHELF_PROTOCOL";

struct MeshSerializer {
  using serializer_class = Mesh;
  static constexpr std::string_view name = "Mesh";
  SerializedAs pickle(const Protocols& protocols, const Mesh& mesh) {
    if (mesh.points < 0) throw std::runtime_error("a mesh of negative size");
    const std::string filename = new_filename();
    protocols.require<Shelf>(kShelf, name).kept[filename] = mesh.points;
    return {"1.0.0", filename};
  }
  Mesh unpickle(const Protocols& protocols, const SerializedAs& id) {
    return {protocols.require<Shelf>(kShelf, name).kept.at(id.second)};
  }
  void remove(const Protocols& protocols, const SerializedAs& id) {
    protocols.require<Shelf>(kShelf, name).kept.erase(id.second);
  }
  bool wants(const Mesh& mesh) const { return mesh.points != 7; }
  std::shared_ptr<const void> identity(const Mesh& mesh) const { return mesh.handle; }
};
static_assert(PersistentSerializer<MeshSerializer>);

struct ImageSerializer {
  using serializer_class = Image;
  static constexpr std::string_view name = "Image";
  SerializedAs pickle(const Protocols&, const Image&) { return {"0", "image"}; }
  Image unpickle(const Protocols&, const SerializedAs&) { return {3}; }
  void remove(const Protocols&, const SerializedAs&) {}
};

template <class F>
std::string message_of(Errc code, F f) {
  try {
    f();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), code);
    return e.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

TEST(SerializerPoolTest, SeveralKindsAreFoundByTypeAndName) {
  SerializerPool pool;
  EXPECT_TRUE(pool.empty());
  pool.register_serializer(MeshSerializer());
  pool.register_serializer(ImageSerializer());
  EXPECT_FALSE(pool.empty());
  EXPECT_THAT(pool.names(), ElementsAre("Mesh", "Image"));
  EXPECT_EQ(pool.find(typeid(Mesh)), pool.find("Mesh"));
  EXPECT_EQ(pool.find(typeid(Image))->name(), "Image");
  EXPECT_EQ(pool.find(typeid(int)), nullptr);
  EXPECT_EQ(pool.find("none"), nullptr);
}

struct OtherMeshSerializer : MeshSerializer {
  static constexpr std::string_view name = "OtherMesh";
};
struct ImageAsMesh : ImageSerializer {
  static constexpr std::string_view name = "Mesh";
};

TEST(SerializerPoolTest, ANameOrTypeIsRegisteredOnce) {
  SerializerPool pool;
  pool.register_serializer(MeshSerializer());
  EXPECT_THAT(message_of(Errc::invalid_argument,
                         [&] { pool.register_serializer(OtherMeshSerializer()); }),
              HasSubstr("\"OtherMesh\" is for a type that \"Mesh\""));
  EXPECT_THAT(message_of(Errc::invalid_argument, [&] { pool.register_serializer(ImageAsMesh()); }),
              HasSubstr("the name \"Mesh\""));
  EXPECT_THAT(pool.names(), ElementsAre("Mesh"));
}

TEST(ProtocolsTest, AMissingOneIsNamedWithWhatThereIs) {
  Protocols protocols;
  EXPECT_EQ(protocols.get<FileProtocol>(FILE_PROTOCOL), nullptr);
  EXPECT_THAT(message_of(Errc::unsupported,
                         [&] { (void)protocols.require<FileProtocol>(FILE_PROTOCOL, "Mesh"); }),
              testing::AllOf(HasSubstr("\"Mesh\""), HasSubstr("FILE_PROTOCOL"), HasSubstr("none")));
  Shelf shelf;
  protocols.add(kShelf, shelf);
  EXPECT_EQ(protocols.get<Shelf>(kShelf), &shelf);
  EXPECT_EQ(protocols.get<FileProtocol>(kShelf), nullptr) << "of another type";
  EXPECT_THAT(message_of(Errc::unsupported,
                         [&] { (void)protocols.require<FileProtocol>(FILE_PROTOCOL, "Mesh"); }),
              HasSubstr("SHELF_PROTOCOL"));
}

class SerializerHooksTest : public testing::Test {
 protected:
  SerializerHooksTest() {
    pool_.register_serializer(MeshSerializer());
    protocols_.add(kShelf, shelf_);
  }
  SerializerPool pool_;
  Shelf shelf_;
  Protocols protocols_;
  SerializerHooks hooks_{pool_, protocols_};
};

TEST_F(SerializerHooksTest, OnlyRegisteredTypesAndWantedObjects) {
  const Mesh mesh{1};
  const Mesh small{7};
  const std::string text;
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(hooks_.is_persistent(typeid(Mesh), &mesh));
    EXPECT_FALSE(hooks_.is_persistent(typeid(Mesh), &small));
    EXPECT_FALSE(hooks_.is_persistent(typeid(std::string), &text));
  }
}

TEST_F(SerializerHooksTest, KeepsAndLoads) {
  const Mesh mesh{42};
  const PersistentId id = hooks_.persistent_id(typeid(Mesh), &mesh);
  EXPECT_EQ(id.name, "Mesh");
  EXPECT_EQ(id.version, "1.0.0");
  EXPECT_EQ(id.filename.size(), 36u);
  const auto loaded = std::static_pointer_cast<Mesh>(hooks_.persistent_load(id, typeid(Mesh)));
  EXPECT_EQ(loaded->points, 42);
}

TEST_F(SerializerHooksTest, OneIdentityIsKeptOnce) {
  const Mesh mesh{1, std::make_shared<int>()};
  const Mesh copy = mesh;
  const Mesh other{1, std::make_shared<int>()};
  const PersistentId id = hooks_.persistent_id(typeid(Mesh), &mesh);
  EXPECT_EQ(hooks_.persistent_id(typeid(Mesh), &copy), id);
  EXPECT_NE(hooks_.persistent_id(typeid(Mesh), &other), id);
  EXPECT_EQ(shelf_.kept.size(), 2u);
}

TEST_F(SerializerHooksTest, AnAddressThatIsUsedAgainIsAnotherObject) {
  std::vector<PersistentId> ids;
  for (int i = 1; i <= 2; ++i) {
    const Mesh part{i};
    ids.push_back(hooks_.persistent_id(typeid(Mesh), &part));
  }
  EXPECT_NE(ids[0], ids[1]);
  EXPECT_EQ(shelf_.kept[ids[1].filename], 2);
}

TEST_F(SerializerHooksTest, AnIdentityIsHeldUntilTheEnd) {
  std::weak_ptr<int> watch;
  {
    const Mesh mesh{1, std::make_shared<int>()};
    watch = mesh.handle;
    (void)hooks_.persistent_id(typeid(Mesh), &mesh);
  }
  EXPECT_FALSE(watch.expired()) << "another could take its address";
}

TEST_F(SerializerHooksTest, RemoveKeptUndoesAll) {
  const Mesh mesh{1};
  (void)hooks_.persistent_id(typeid(Mesh), &mesh);
  (void)hooks_.persistent_id(typeid(Mesh), &mesh);
  EXPECT_EQ(shelf_.kept.size(), 2u);
  hooks_.remove_kept();
  EXPECT_TRUE(shelf_.kept.empty());
}

struct Checked : ImageSerializer {
  void verify(const Protocols&, const SerializedAs& id) {
    if (id.second != "image") throw CorruptError(id.second + " is no image");
  }
};

TEST(SerializerPoolTest, VerifyIsOptional) {
  SerializerPool pool;
  pool.register_serializer(MeshSerializer());
  pool.register_serializer(Checked());
  EXPECT_NO_THROW(pool.find("Mesh")->verify({}, {"9", "none"}));
  EXPECT_NO_THROW(pool.find("Image")->verify({}, {"0", "image"}));
  EXPECT_THROW(pool.find("Image")->verify({}, {"0", "text"}), CorruptError);
}

TEST_F(SerializerHooksTest, ErrorsSayWhatIsRegistered) {
  const Image image;
  EXPECT_THAT(
      message_of(Errc::unsupported, [&] { (void)hooks_.persistent_id(typeid(Image), &image); }),
      testing::AllOf(HasSubstr("functionfuse::Image"), HasSubstr("registered: Mesh"),
                     HasSubstr("register_persistent_serializers")));
  EXPECT_THAT(message_of(Errc::unsupported,
                         [&] { (void)hooks_.persistent_load({"Other", "0", "x"}, typeid(Mesh)); }),
              testing::AllOf(HasSubstr("\"Other\""), HasSubstr("registered: Mesh")));
  EXPECT_THAT(message_of(Errc::type_mismatch,
                         [&] { (void)hooks_.persistent_load({"Mesh", "0", "x"}, typeid(Image)); }),
              testing::AllOf(HasSubstr("functionfuse::Mesh"), HasSubstr("functionfuse::Image")));
  EXPECT_THAT(message_of(Errc::unsupported,
                         [&] { (void)hooks_.persistent_copy({"Mesh", "0", "x"}, nullptr); }),
              HasSubstr("can't be copied"));
}

struct Counting {
  using serializer_class = Image;
  static constexpr std::string_view name = "Counting";
  SerializedAs pickle(const Protocols&, const Image&) {
    EXPECT_EQ(inside->fetch_add(1), 0) << "two calls at a time";
    std::this_thread::sleep_for(std::chrono::microseconds(100));
    inside->fetch_sub(1);
    return {"0", "x"};
  }
  Image unpickle(const Protocols&, const SerializedAs&) { return {}; }
  void remove(const Protocols&, const SerializedAs&) {}
  std::shared_ptr<std::atomic<int>> inside = std::make_shared<std::atomic<int>>(0);
};

TEST(SerializerThreadsTest, OneFunctionAtATimeUnlessItSaysOtherwise) {
  SerializerPool pool;
  pool.register_serializer(Counting());
  const Protocols protocols;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const Image image;
      for (int k = 0; k < 20; ++k) (void)pool.find("Counting")->pickle(protocols, &image);
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace functionfuse
