#include <algorithm>
#include <map>
#include <random>
#include <stdexcept>

#include <gmock/gmock.h>

#include <functionfuse/arrays/nd_array.hpp>
#include <functionfuse/error.hpp>
#include <functionfuse/formats/zarr.hpp>

#include "formats/expect.hpp"
#include "formats/zarr/codecs.hpp"
#include "formats/zarr/metadata.hpp"
#include "formats/zarr_array.hpp"
#include "formats/zarr_store_contract.hpp"
#include "io/temp_folder.hpp"

namespace functionfuse::formats {
namespace {

using test::error_of;
using test::numbers;
using test::read_bytes;
using test::TempFolder;
using test::write_bytes;
using testing::AllOf;
using testing::HasSubstr;

namespace fs = std::filesystem;

void open(const std::string& location, const std::string& array = {}) {
  static_cast<void>(open_zarr(location, array));
}

std::vector<DType> dtypes() {
  std::vector<DType> all;
  for (const char* text :
       {"?",   "i1",  "u1",  "<i2",  ">u2",  "<i4",     ">i4",      "<u8",  "<f2",    ">f2",
        "<f4", ">f8", "<f8", "<f16", ">f16", "<c8",     ">c16",     "<c32", ">c32",   "S1",
        "S7",  "V1",  "V5",  "<U1",  ">U3",  "<M8[ns]", ">M8[25s]", "<m8",  "<m8[D]", "<M8"}) {
    all.push_back(DType::parse(text));
  }
  const DType point =
      DType::packed({{"x", {}, DType::parse("<f4")}, {"y", {}, DType::parse(">f8")}});
  all.push_back(point);
  all.push_back(DType::packed({{"a", {}, DType::subarray(point, {2, 3})},
                               {"ok", {}, DType::parse("?")},
                               {"when", {}, DType::parse("<M8[s]")},
                               {"text", {}, DType::subarray(DType::parse("<U2"), {2})}}));
  all.push_back(DType::structured(
      {{"a", {}, DType::parse("<i2"), 2}, {"b", {}, DType::parse("<i4"), 8}}, 20));
  return all;
}

class ZarrTest : public testing::Test {
 protected:
  // A save waits for the disk, and there are a thousand.
  TempFolder temp_{fs::exists("/dev/shm") ? "/dev/shm" : fs::temp_directory_path()};
  std::string path_ = temp_ / "x";
};

TEST_F(ZarrTest, FolderStore) {
  for (const std::string& path : {path_, path_ + "/deep/er/"}) {
    test::check_store(*zarr::open_store(path));
  }
}

TEST_F(ZarrTest, RoundTripOfEveryDTypeRankAndOrder) {
  const std::vector<std::pair<Shape, Shape>> shapes = {
      {{}, {}},
      {{7}, {3}},
      {{5, 7}, {2, 7}},
      {{3, 4, 2}, {2, 3, 1}},
      {{2, 1, 3, 2}, {1, 1, 2, 2}},
      {{2, 2, 2, 2, 3}, {2, 1, 2, 1, 2}},
      {{2, 1, 2, 1, 2, 3}, {1, 1, 1, 1, 2, 2}},
  };
  std::mt19937 random(1);
  for (const DType& dtype : dtypes()) {
    for (const auto& [shape, piece] : shapes) {
      NdArray array(dtype, shape);
      for (std::size_t i = 0; i < array.nbytes(); ++i) {
        array.mutable_data()[i] = static_cast<std::byte>(random());
      }
      for (const char order : {'C', 'F'}) {
        for (const char* codec : {"", "blosc"}) {
          SCOPED_TRACE(dtype.to_string() + " " + shape_text(shape) + " " + order + codec);
          const Chunks chunks = Chunks::regular(shape, piece);
          save_zarr(path_, ChunkedArray::from_array(array, chunks),
                    {.codec = codec, .order = order});
          const ChunkedArray back = open_zarr(path_);
          EXPECT_EQ(back.dtype(), dtype);
          EXPECT_EQ(back.chunks(), chunks);
          EXPECT_EQ(back.compute().tobytes(), array.tobytes());
          fs::remove_all(path_);
        }
      }
    }
  }
}

TEST_F(ZarrTest, EmptyArraysAndElementsWithoutBytes) {
  for (const char* dtype : {"<f8", "S0", "<U0", "V0", "?"}) {
    for (const Shape& shape : {Shape{0}, Shape{3, 0}, Shape{0, 5}, Shape{}, Shape{4}}) {
      SCOPED_TRACE(std::string(dtype) + " " + shape_text(shape));
      const NdArray array(DType::parse(dtype), shape);
      const Chunks chunks = Chunks::regular(shape, Shape(shape.size(), 2));
      save_zarr(path_, ChunkedArray::from_array(array, chunks));
      const ChunkedArray back = open_zarr(path_);
      EXPECT_EQ(back.chunks(), chunks);
      EXPECT_TRUE(equal(back.compute(), array));
      fs::remove_all(path_);
    }
  }
}

TEST_F(ZarrTest, ManyThreads) {
  const NdArray array = numbers({200, 100});
  save_zarr(path_, ChunkedArray::from_array(array, Shape{7, 9}), {.separator = '/'},
            {.threads = 8});
  EXPECT_TRUE(equal(open_zarr(path_).compute({.threads = 32}), array));
}

TEST_F(ZarrTest, KeysAreWhole) {
  save_zarr(path_, ChunkedArray::from_array(numbers({4, 6}), Shape{3, 6}));
  EXPECT_THAT(test::all_below(path_),
              testing::ElementsAre(".functionfuse", ".zarray", "0.0", "1.0"));
  EXPECT_EQ(test::all_below(temp_.path()).size(), 5u);  // nothing temporary
  const ZarrDescription about = describe_zarr(path_ + "/");
  EXPECT_EQ(about.codec, "blosc lz4 5, shuffle 1");
  EXPECT_EQ(about.stored_chunks, (Shape{3, 6}));
  EXPECT_TRUE(about.has_checksums);
}

TEST_F(ZarrTest, AFailedSaveLeavesNothing) {
  const auto bad =
      ChunkedArray::from_function<double>({10}, {2}, [](std::span<double> x, const Block& where) {
        if (where.number == 3) throw std::runtime_error("cannot compute");
        std::fill(x.begin(), x.end(), 1);
      });
  EXPECT_THROW(save_zarr(path_, bad), std::runtime_error);
  EXPECT_TRUE(test::all_below(temp_.path()).empty());
}

TEST_F(ZarrTest, WithoutItsEndThereIsNoArray) {
  const std::shared_ptr<zarr::Store> store = zarr::folder_store(path_);
  const Chunks chunks = Chunks::regular({10}, {4});
  ZarrWriter writer(store, "group/x", DType::of<double>(), chunks, chunks, {});
  writer.write(0, numbers({4}));
  error_of(Errc::not_found, [&] { open(path_, "group/x"); });
  EXPECT_THAT(error_of(Errc::invalid_argument, [&] { writer.finish(); }),
              HasSubstr("chunk (1,), key group/x/1 was not written"));
  writer.write(1, numbers({4}));
  writer.write(2, numbers({2}));
  writer.finish();
  EXPECT_EQ(open_zarr(path_, "group/x").shape(), (Shape{10}));
  EXPECT_THAT(error_of(Errc::not_found, [&] { open(path_); }), HasSubstr("group/x"));
}

TEST_F(ZarrTest, WhatTheCallerDidWrong) {
  const ChunkedArray array = ChunkedArray::from_array(numbers({10}), Shape{4});
  const auto save = [&](const ZarrOptions& options) {
    return error_of(Errc::invalid_argument, [&] { save_zarr(path_, array, options); });
  };
  EXPECT_THAT(save({.codec = "zip"}), HasSubstr("there are blosc"));
  EXPECT_THAT(save({.codec = "zlib", .level = 10}), HasSubstr("level 10"));
  EXPECT_THAT(save({.shuffle = 3}), HasSubstr("shuffle 3"));
  EXPECT_THAT(save({.order = 'A'}), HasSubstr("order"));
  EXPECT_THAT(save({.separator = '-'}), HasSubstr("separator"));
  error_of(Errc::unsupported, [&] { save_zarr(path_, array, {.cname = "none"}); });
  EXPECT_TRUE(test::all_below(temp_.path()).empty());

  const std::shared_ptr<zarr::Store> store = zarr::folder_store(path_);
  const Chunks chunks = Chunks::regular({10}, {4});
  ZarrWriter writer(store, {}, DType::of<double>(), chunks, chunks, {});
  error_of(Errc::invalid_argument, [&] { writer.write(0, numbers({3})); });
  error_of(Errc::invalid_argument, [&] { writer.write(0, NdArray(DType::of<float>(), {4})); });
  error_of(Errc::invalid_argument, [&] { static_cast<void>(zarr::open_store("s3://")); });
}

TEST_F(ZarrTest, StoredChunksFitEveryCodec) {
  const auto pieces = [](const Shape& shape, const Shape& piece, const char* dtype) {
    return ZarrWriter::stored_chunks(Chunks::regular(shape, piece), DType::parse(dtype))
        .chunksize();
  };
  const std::int64_t gi = std::int64_t{1} << 30;
  EXPECT_EQ(pieces({100, 7}, {30, 7}, "<f8"), (Shape{30, 7}));
  EXPECT_EQ(pieces({gi}, {gi}, "<f8"), (Shape{gi / 8}));
  EXPECT_EQ(pieces({2 * gi}, {2 * gi}, "u1"), (Shape{gi}));
  EXPECT_EQ(pieces({10, 8 * gi}, {10, 8 * gi}, "u1"), (Shape{10, gi / 8}));
  EXPECT_EQ(pieces({0, 5}, {1, 5}, "<f8"), (Shape{0, 5}));
  EXPECT_EQ(ZarrWriter::stored_chunks(Chunks({{3, 5, 2}, {1, 2}}), DType::of<double>()),
            Chunks({{5, 5}, {2, 1}}));
}

TEST_F(ZarrTest, AMillionChunksCostLittle) {  // of which two are there
  const auto shape = std::int64_t{1} << 20;
  write_bytes(path_ + "/.zarray", zarr::write_array({.shape = {shape},
                                                     .chunks = {1},
                                                     .dtype = DType::of<float>(),
                                                     .compressor = {},
                                                     .filters = {},
                                                     .fill_value = std::nullopt}));
  write_bytes(path_ + "/77", std::string("\0\0\0\x40", 4));
  const ChunkedArray array = open_zarr(path_);
  EXPECT_EQ(array.slice({{77, 78}}).compute_scalar<float>(), 2.0F);
}

// ---------------------------------------------------------------------------------- metadata ---

std::string zarray(const std::string& changed, const std::string& value) {
  std::map<std::string, std::string> keys = {
      {"zarr_format", "2"},   {"shape", "[5]"},       {"chunks", "[2]"},  {"dtype", "\"<f8\""},
      {"compressor", "null"}, {"fill_value", "null"}, {"order", "\"C\""}, {"filters", "null"}};
  keys[changed] = value;
  std::string text;
  for (const auto& [key, of] : keys) {
    if (!of.empty()) text += (text.empty() ? "{\"" : ", \"") + key + "\": " + of;
  }
  return text + "}";
}

TEST_F(ZarrTest, BadMetadata) {
  using Bad = std::tuple<const char*, const char*, Errc>;
  const std::vector<Bad> bad = {
      {"zarr_format", "3", Errc::unsupported},
      {"zarr_format", "\"2\"", Errc::corrupt},
      {"shape", "5", Errc::corrupt},
      {"shape", "[-5]", Errc::corrupt},
      {"shape", "[5.0]", Errc::corrupt},
      {"shape", "[18446744073709551615]", Errc::corrupt},
      {"shape", "[1000000000000000000000000]", Errc::corrupt},
      {"shape", "[9223372036854775807]", Errc::corrupt},
      {"shape", "[5, 5]", Errc::corrupt},
      {"chunks", "[0]", Errc::corrupt},
      {"chunks", "[-1]", Errc::corrupt},
      {"chunks", "null", Errc::corrupt},
      {"chunks", "[9223372036854775807]", Errc::corrupt},
      {"dtype", "\"<f9\"", Errc::corrupt},
      {"dtype", "\"|O\"", Errc::unsupported},
      {"dtype", "7", Errc::corrupt},
      {"dtype", "[[\"a\"]]", Errc::corrupt},
      {"dtype", "[[\"a\", \"<f8\", [-1]]]", Errc::corrupt},
      {"dtype", "[[\"a\", \"<f8\", [99999999999]]]", Errc::corrupt},
      {"dtype", "[[\"a\", \"<f8\"], [\"a\", \"<f8\"]]", Errc::corrupt},
      {"compressor", "\"blosc\"", Errc::corrupt},
      {"compressor", "{\"id\": \"zip\"}", Errc::unsupported},
      {"compressor", "{\"id\": 5}", Errc::corrupt},
      {"compressor", "{\"level\": 5}", Errc::corrupt},
      {"compressor", "{\"id\": \"blosc\", \"clevel\": 99999999999}", Errc::corrupt},
      {"compressor", "{\"id\": \"blosc\", \"cname\": 1}", Errc::corrupt},
      {"compressor", "{\"id\": \"lzma\", \"format\": 3}", Errc::unsupported},
      {"filters", "{}", Errc::corrupt},
      {"filters", "[{\"id\": \"quantize\"}]", Errc::unsupported},
      {"filters", "[{\"id\": \"delta\", \"dtype\": \"<c8\"}]", Errc::unsupported},
      {"filters", "[{\"id\": \"delta\", \"dtype\": \"<f3\"}]", Errc::corrupt},
      {"filters", "[{\"id\": \"shuffle\", \"elementsize\": -1}]", Errc::corrupt},
      {"filters", "[{\"id\": \"shuffle\", \"elementsize\": 7}]", Errc::corrupt},
      {"order", "\"A\"", Errc::corrupt},
      {"order", "null", Errc::corrupt},
      {"dimension_separator", "\"-\"", Errc::corrupt},
      {"fill_value", "\"1.5\"", Errc::corrupt},
      {"fill_value", "[1]", Errc::corrupt},
      {"fill_value", "{}", Errc::corrupt},
  };
  for (const auto& [key, value, code] : bad) {
    SCOPED_TRACE(std::string(key) + ": " + value);
    write_bytes(path_ + "/.zarray", zarray(key, value));
    EXPECT_THAT(error_of(code, [&] { open(path_); }), HasSubstr(path_ + "/.zarray"));
  }
  for (const char* key : {"zarr_format", "shape", "chunks", "dtype", "compressor", "fill_value",
                          "order", "filters"}) {
    write_bytes(path_ + "/.zarray", zarray(key, ""));
    EXPECT_THAT(error_of(Errc::corrupt, [&] { open(path_); }),
                HasSubstr(std::string(key) + " is missing"));
  }
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("nonsense"),
        std::string(1'000'000, '['),
        zarray("dtype", std::string(5000, '[') + std::string(5000, ']'))}) {
    write_bytes(path_ + "/.zarray", text);
    EXPECT_THAT(error_of(Errc::corrupt, [&] { open(path_); }), HasSubstr(path_ + "/.zarray"));
  }
  write_bytes(path_ + "/.zarray", zarray("shape", "[1000000000000]"));
  EXPECT_THAT(error_of(Errc::unsupported, [&] { open(path_); }), HasSubstr("too many chunks"));
}

TEST_F(ZarrTest, TheOriginalsMetadataIsWrittenAgainUnchanged) {
  std::size_t count = 0;
  for (const auto& entry :
       fs::recursive_directory_iterator(fs::path(FUNCTIONFUSE_TEST_DATA) / "golden" / "s3")) {
    if (entry.path().filename() == ".zgroup") {
      EXPECT_EQ(read_bytes(entry.path()), zarr::write_group());
    }
    if (entry.path().filename() != ".zarray") continue;
    const std::string text = read_bytes(entry.path());
    EXPECT_EQ(zarr::write_array(zarr::parse_array(text, entry.path().native())), text);
    ++count;
  }
  EXPECT_GT(count, 30u);
}

TEST_F(ZarrTest, OldAndOddMetadataIsRead) {
  const auto parse = [](const std::string& text) { return zarr::parse_array(text, "x"); };
  const auto blosc = parse(zarray("compressor", "{\"id\": \"blosc\"}")).compressor;
  EXPECT_EQ(describe(blosc), "blosc lz4 5, shuffle 1");
  const auto fields =
      parse(zarray("dtype", "[[\"\", \"<i4\"], [[\"t\", \"n\"], \"<f8\", 3], [\"\", \"|V3\"]]"))
          .dtype;
  EXPECT_EQ(fields.itemsize(), 31u);
  ASSERT_EQ(fields.fields().size(), 2u);
  EXPECT_EQ(fields.fields()[0].name, "f0");
  EXPECT_EQ(fields.fields()[1].title, "t");
  EXPECT_EQ(fields.fields()[1].dtype.shape(), Shape{3});
  EXPECT_EQ(parse(zarray("more", "[1, 2]")).shape, Shape{5});
}

TEST_F(ZarrTest, AClaimOfLargeElementsTakesNoMemory) {
  for (const char* dtype : {"\"|S2147483647\"", "\"<U500000000\""}) {
    std::string text = zarray("dtype", dtype);
    text.replace(text.find("\"fill_value\": null"), 18, "\"fill_value\": \"YQ==\"");
    const auto metadata = zarr::parse_array(text, "x");
    EXPECT_LE(metadata.fill_value->size(), 16u);
    EXPECT_THAT(zarr::write_array(metadata), HasSubstr("\"fill_value\": \"YQ==\""));
  }
  // Zeros of such a size would be a text of a gigabyte.
  const auto dtype = DType::parse("V20000000");
  save_zarr(path_, ChunkedArray::from_array(NdArray(dtype, {2}), Shape{1}));
  EXPECT_LT(fs::file_size(path_ + "/.zarray"), 1000u);
  EXPECT_EQ(open_zarr(path_).dtype(), dtype);
}

// ------------------------------------------------------------------------------------- codecs ---

std::vector<zarr::Codec> codecs() {
  using Id = zarr::Codec::Id;
  std::vector<zarr::Codec> all;
  for (const Id id : {Id::zlib, Id::gzip, Id::zstd, Id::lz4, Id::bz2, Id::lzma}) {
    all.push_back({.id = id, .level = 1});
  }
  all.push_back({.id = Id::lzma, .level = -1, .format = 2});
  for (const char* cname : {"blosclz", "lz4", "lz4hc", "zlib", "zstd"}) {
    for (const int shuffle : {-1, 0, 1, 2}) {
      all.push_back({.id = Id::blosc, .level = 5, .cname = cname, .shuffle = shuffle});
    }
  }
  return all;
}

std::vector<std::byte> ramp(std::size_t size) {
  std::vector<std::byte> data(size);
  for (std::size_t i = 0; i < size; ++i)
    data[i] = static_cast<std::byte>(i % 7 == 0 ? i / 8 : i % 5);
  return data;
}

/// Decodes with room for `size` bytes; the bytes behind must stay as they are.
bool decodes_to(const zarr::Codec& codec, std::span<const std::byte> from,
                std::span<const std::byte> expected) {
  constexpr std::size_t kGuard = 64;
  std::vector<std::byte> room(expected.size() + kGuard, std::byte{0xa5});
  bool equal = false;
  try {
    zarr::decode(codec, from, std::span(room).first(expected.size()));
    equal = std::equal(expected.begin(), expected.end(), room.begin());
  } catch (const Error&) {
    // as good as other bytes
  }
  for (std::size_t i = expected.size(); i < room.size(); ++i) EXPECT_EQ(room[i], std::byte{0xa5});
  return equal;
}

std::vector<std::byte> encoded(const zarr::Codec& codec, std::span<const std::byte> data) {
  std::vector<std::byte> out(zarr::most_encoded(data.size()));
  out.resize(zarr::encode(codec, data, 4, out));
  return out;
}

TEST_F(ZarrTest, CodecsTakeExactlyWhatTheyMade) {
  for (const zarr::Codec& codec : codecs()) {
    for (const std::size_t size : {1U, 2U, 16U, 1000U, 100'000U}) {
      SCOPED_TRACE(describe(codec) + " " + std::to_string(size));
      const auto data = ramp(size);
      const auto packed = encoded(codec, data);
      EXPECT_TRUE(decodes_to(codec, packed, data));
      for (const std::size_t other : {std::size_t{0}, size - 1, size + 1, 2 * size}) {
        if (other == 0) continue;
        std::vector<std::byte> room(other);
        EXPECT_THAT(error_of(Errc::corrupt, [&] { zarr::decode(codec, packed, room); }),
                    testing::Not(""));
      }
      for (std::size_t cut = 0; cut < packed.size(); cut += 1 + packed.size() / 50) {
        std::vector<std::byte> room(size);
        // The last bytes of a stream may be a checksum that says no more.
        EXPECT_FALSE(decodes_to(codec, std::span(packed).first(cut), data)) << cut;
      }
    }
  }
}

TEST_F(ZarrTest, DamagedStreamsStayInTheirRoom) {
  std::mt19937 random(1);
  for (const zarr::Codec& codec : codecs()) {
    SCOPED_TRACE(describe(codec));
    const auto data = ramp(5000);
    const auto good = encoded(codec, data);
    for (int i = 0; i < 300; ++i) {
      auto bad = good;
      for (unsigned flips = 1 + random() % 4; flips > 0; --flips) {
        bad[random() % bad.size()] ^= static_cast<std::byte>(1 << random() % 8);
      }
      static_cast<void>(decodes_to(codec, bad, data));
    }
  }
}

TEST_F(ZarrTest, SeveralGzipMembers) {
  const zarr::Codec codec{.id = zarr::Codec::Id::gzip, .level = 1};
  const auto data = ramp(1000);
  auto packed = encoded(codec, std::span(data).first(300));
  const auto more = encoded(codec, std::span(data).subspan(300));
  packed.insert(packed.end(), more.begin(), more.end());
  EXPECT_TRUE(decodes_to(codec, packed, data));
}

// ------------------------------------------------------------------------------------- damage ---

class ZarrDamageTest : public ZarrTest, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    save_zarr(path_, ChunkedArray::from_array(array_, logical_), {.codec = GetParam()});
    for (const auto& entry : fs::directory_iterator(path_)) {
      keys_[entry.path().filename()] = read_bytes(entry.path());
    }
    ASSERT_EQ(keys_.size(), 8u);
  }
  /// Reading it all: the text of the error.
  std::string error(Errc code = Errc::corrupt) {
    return error_of(code, [&] { static_cast<void>(open_zarr(path_).compute({.threads = 1})); });
  }
  void restore() {
    for (const auto& [key, bytes] : keys_) write_bytes(path_ + "/" + key, bytes);
  }

  NdArray array_ = numbers({10, 7});
  Chunks logical_{{{4, 3, 3}, {2, 5}}};
  std::map<std::string, std::string> keys_;
};

TEST_P(ZarrDamageTest, EveryFlippedBitIsFound) {
  for (const auto& [key, bytes] : keys_) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      std::string bad = bytes;
      bad[i] = static_cast<char>(bad[i] ^ 1 << i % 8);
      write_bytes(path_ + "/" + key, bad);
      try {
        static_cast<void>(open_zarr(path_).compute({.threads = 1}));
        ADD_FAILURE() << key << ", byte " << i;
      } catch (const Error& e) {
        EXPECT_TRUE(e.code() == Errc::corrupt || e.code() == Errc::unsupported) << e.what();
        EXPECT_THAT(e.what(), HasSubstr(key));
        EXPECT_THAT(e.what(), HasSubstr(path_));
      }
    }
    restore();
  }
  EXPECT_TRUE(equal(open_zarr(path_).compute(), array_));
}

TEST_P(ZarrDamageTest, CutOrLonger) {
  for (const auto& [key, bytes] : keys_) {
    for (std::size_t size = 0; size <= bytes.size() + 1; ++size) {
      if (size == bytes.size()) continue;
      std::string bad = bytes;
      bad.resize(size, '\n');
      write_bytes(path_ + "/" + key, bad);
      EXPECT_THAT(error(), HasSubstr(key));
    }
    write_bytes(path_ + "/" + key, std::string(100'000, 'x'));
    EXPECT_THAT(error(), HasSubstr(key));
    restore();
  }
}

TEST_P(ZarrDamageTest, MissingAndSwapped) {
  fs::remove(path_ + "/1.0");
  EXPECT_THAT(error(), AllOf(HasSubstr("chunk (1, 0), key 1.0"), HasSubstr("is gone")));
  EXPECT_THAT(
      error_of(Errc::corrupt,
               [&] { static_cast<void>(open_zarr(path_, {}, {.sparse = true}).compute()); }),
      HasSubstr("is gone"));
  restore();
  fs::rename(path_ + "/1.0", path_ + "/t");
  fs::rename(path_ + "/0.0", path_ + "/1.0");
  fs::rename(path_ + "/t", path_ + "/0.0");
  EXPECT_THAT(error(), AllOf(HasSubstr("chunk ("), HasSubstr("not those that were written")));
  restore();
  fs::remove(path_ + "/.zarray");
  error(Errc::not_found);
  restore();
  fs::remove(path_ + "/.functionfuse");  // as any other program's array
  EXPECT_TRUE(equal(open_zarr(path_).compute(), array_));
  EXPECT_EQ(open_zarr(path_).chunks(), Chunks::regular({10, 7}, {4, 5}));
  EXPECT_FALSE(describe_zarr(path_).has_checksums);
}

TEST_P(ZarrDamageTest, ADamagedChunkHurtsOnlyWhoReadsIt) {
  write_bytes(path_ + "/2.1", "x");
  const ChunkedArray array = open_zarr(path_);
  EXPECT_TRUE(equal(array.slice({{0, 7}}).compute(), array_.slice({{0, 7}}).copy()));
  EXPECT_THAT(error_of(Errc::corrupt, [&] { static_cast<void>(array.compute()); }),
              HasSubstr("chunk (2, 1), key 2.1"));
}

TEST_P(ZarrDamageTest, KeysThatAreFolders) {
  fs::remove(path_ + "/0.1");
  fs::create_directory(path_ + "/0.1");
  EXPECT_THAT(error(), HasSubstr("is not a file"));
}

INSTANTIATE_TEST_SUITE_P(, ZarrDamageTest, testing::Values("", "blosc", "zstd", "lzma"),
                         [](const auto& test) {
                           return *test.param == '\0' ? "plain" : std::string(test.param);
                         });

}  // namespace
}  // namespace functionfuse::formats
