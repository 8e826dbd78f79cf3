#include "formats/expect.hpp"
#include "formats/hdf5_file.hpp"

#include <atomic>
#include <chrono>
#include <cstring>
#include <random>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functionfuse/arrays/nd_array.hpp>
#include <functionfuse/error.hpp>

#include "io/temp_folder.hpp"

// The HDF5 library forgets to free memory where a file is damaged.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5\n"; }

namespace functionfuse::formats {
namespace {

using test::error_of;
using test::numbers;
using test::read_bytes;
using test::TempFolder;
using test::write_bytes;
using testing::HasSubstr;

constexpr const char* kName = "dask_arrays";

std::size_t open_files() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

NdArray part_of(const NdArray& array, const Chunks& chunks, std::size_t number) {
  const Shape index = chunks.index(number);
  const Shape begin = chunks.origin_of(index);
  const Shape shape = chunks.shape_of(index);
  std::vector<Slice> slices;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    slices.push_back({begin[axis], begin[axis] + shape[axis]});
  }
  return array.slice(slices);
}

void write_all(Hdf5Writer& writer, const NdArray& array, const Chunks& chunks) {
  for (std::size_t n = 0; n < chunks.count(); ++n) {
    if (!writer.has(n)) writer.write(n, part_of(array, chunks, n));
  }
  writer.finish();
}

/// Writes it in the chunks that fit `logical`; gives these back.
Chunks write_file(const std::string& path, const NdArray& array, const Chunks& logical,
                  const Hdf5Options& options = {}) {
  const Chunks chunks = stored_chunks(logical, array.dtype());
  Hdf5Writer writer(path, kName, array.dtype(), chunks, logical, options);
  write_all(writer, array, chunks);
  return chunks;
}

NdArray read_block(const Hdf5Source& source, std::size_t number) {
  const Chunks& chunks = source.chunks();
  auto block = NdArray::empty(source.dtype(), chunks.shape_of(chunks.index(number)));
  if (block.nbytes() > 0) std::memset(block.mutable_data(), 0xa5, block.nbytes());
  source.read(number, block);
  return block;
}

/// Whether all blocks are those of the array.
bool holds(const Hdf5Source& source, const NdArray& array) {
  if (source.chunks().shape() != array.shape() || !(source.dtype() == array.dtype())) return false;
  for (std::size_t n = 0; n < source.chunks().count(); ++n) {
    const NdArray expected = part_of(array, source.chunks(), n);
    if (read_block(source, n).tobytes() != expected.tobytes()) return false;
  }
  return true;
}

class Hdf5FileTest : public testing::Test {
 protected:
  void SetUp() override {
    static_cast<void>(open_files());
    before_ = open_files();
  }
  void TearDown() override { EXPECT_EQ(open_files(), before_); }

  TempFolder temp_;
  std::string path_ = temp_ / "x.h5";

 private:
  std::size_t before_ = 0;
};

std::vector<DType> dtypes() {
  std::vector<DType> all;
  for (const char* text :
       {"?",   "i1",  "u1",  "<i2",  ">u2",  "<i4",     ">i4",      "<u8",  "<f2",   ">f2",
        "<f4", ">f8", "<f8", "<f16", ">f16", "<c8",     ">c16",     "<c32", ">c32",  "S1",
        "S7",  "V1",  "V5",  "<U1",  ">U3",  "<M8[ns]", ">M8[25s]", "<m8",  "<m8[D]"}) {
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
      {{"b", {}, DType::parse("<i4"), 8}, {"a", {}, DType::parse("<i2"), 2}}, 20));
  return all;
}

TEST_F(Hdf5FileTest, RoundTripOfEveryDTypeAndRank) {
  const std::vector<std::pair<Shape, Shape>> shapes = {
      {{}, {}},
      {{7}, {3}},
      {{6}, {6}},
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
      for (const int deflate : {0, 3}) {
        SCOPED_TRACE(dtype.to_string() + " " + shape_text(shape) + " " + std::to_string(deflate));
        const Chunks chunks = Chunks::regular(shape, piece);
        Hdf5Options options;
        options.deflate = deflate;
        options.shuffle = deflate > 0;
        ASSERT_EQ(write_file(path_, array, chunks, options), chunks);
        const auto source = Hdf5Source::open(path_, kName);
        EXPECT_EQ(source->dtype(), dtype);
        EXPECT_EQ(source->chunks(), chunks);
        EXPECT_EQ(source->logical(), chunks);
        EXPECT_EQ(source->info().checksums, Hdf5Info::Checksums::complete);
        EXPECT_TRUE(holds(*source, array));
        std::filesystem::remove(path_);
      }
    }
  }
}

TEST_F(Hdf5FileTest, EmptyArraysAndElementsWithoutBytes) {
  for (const char* dtype : {"<f8", "S0", "<U0", "V0", "?"}) {
    for (const Shape& shape : {Shape{0}, Shape{3, 0}, Shape{0, 5}, Shape{}, Shape{4}}) {
      SCOPED_TRACE(std::string(dtype) + " " + shape_text(shape));
      const NdArray array(DType::parse(dtype), shape);
      const Chunks logical = Chunks::regular(shape, Shape(shape.size(), 2));
      write_file(path_, array, logical);
      const auto source = Hdf5Source::open(path_, kName);
      EXPECT_TRUE(holds(*source, array));
      EXPECT_EQ(source->logical(), logical);
      EXPECT_EQ(source->info().checksums, Hdf5Info::Checksums::complete);
      std::filesystem::remove(path_);
    }
  }
}

TEST_F(Hdf5FileTest, IrregularChunksAreKept) {
  const NdArray array = numbers({9, 6});
  const Chunks logical({{2, 4, 0, 3}, {1, 5}});
  const Chunks chunks = write_file(path_, array, logical);
  EXPECT_EQ(chunks, Chunks::regular({9, 6}, {4, 5}));
  const auto source = Hdf5Source::open(path_, kName);
  EXPECT_EQ(source->chunks(), chunks);
  EXPECT_EQ(source->logical(), logical);
  EXPECT_TRUE(holds(*source, array));
}

TEST_F(Hdf5FileTest, StoredChunksStayBelowFourGiB) {
  const auto pieces = [](const Shape& shape, const Shape& piece, const char* dtype) {
    return stored_chunks(Chunks::regular(shape, piece), DType::parse(dtype)).chunksize();
  };
  const std::int64_t gi = std::int64_t{1} << 30;
  EXPECT_EQ(pieces({100, 7}, {30, 7}, "<f8"), (Shape{30, 7}));
  EXPECT_EQ(pieces({gi}, {gi}, "<f8"), (Shape{gi / 4}));
  EXPECT_EQ(pieces({4 * gi}, {4 * gi}, "u1"), (Shape{2 * gi}));
  EXPECT_EQ(pieces({4 * gi - 1}, {-1}, "u1"), (Shape{4 * gi - 1}));
  EXPECT_EQ(pieces({10, 8 * gi}, {10, 8 * gi}, "u1"), (Shape{10, gi / 4}));
  EXPECT_EQ(pieces({8, 8}, {8, 8}, "V2000000000"), (Shape{1, 2}));
  EXPECT_EQ(pieces({0, 5}, {1, 5}, "<f8"), (Shape{0, 5}));
  EXPECT_EQ(pieces({}, {}, "<f8"), (Shape{}));
  EXPECT_EQ(stored_chunks(Chunks({{3, 5, 2}, {1, 2}}), DType::of<double>()),
            Chunks({{5, 5}, {2, 1}}));
}

TEST_F(Hdf5FileTest, ALargeChunkOfTheLastBytes) {  // all sizes in 64 bits: the file is sparse
  const std::int64_t count = (std::int64_t{5} << 30) + 7;
  const Chunks chunks = Chunks::regular({count}, {1 << 20});
  Hdf5Options options;
  options.checksums = false;
  const auto last = static_cast<std::size_t>(chunks.count() - 1);
  const NdArray block = NdArray::from(std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6, 7});
  Hdf5Writer writer(path_, kName, block.dtype(), chunks, chunks, options);
  writer.write(last, block);
  EXPECT_TRUE(equal(read_block(*Hdf5Source::open(path_, kName), last), block));
}

TEST_F(Hdf5FileTest, BlocksOfAnyStrides) {
  const NdArray array = numbers({6, 8}).transpose();
  const NdArray reversed = array.slice({{.start = {}, .stop = {}, .step = -1}});
  for (const NdArray& a : {array, reversed}) {
    for (const Shape& piece : {Shape{3, 4}, Shape{8, 6}, Shape{8, 1}}) {
      write_file(path_, a, Chunks::regular({8, 6}, piece));
      EXPECT_TRUE(holds(*Hdf5Source::open(path_, kName), a.copy()));
      std::filesystem::remove(path_);
    }
  }
}

TEST_F(Hdf5FileTest, ManyThreadsWriteAndRead) {
  constexpr int kThreads = 8;
  for (const int deflate : {0, 1}) {
    const NdArray array = numbers({100, 100});
    const Chunks chunks = Chunks::regular({100, 100}, {7, 9});
    Hdf5Options options;
    options.deflate = deflate;
    Hdf5Writer writer(path_, kName, array.dtype(), chunks, chunks, options);
    const auto in_threads = [](std::size_t count, const auto& call) {
      std::atomic<std::size_t> next = 0;
      std::vector<std::thread> threads;
      for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&] {
          for (std::size_t n = next++; n < count; n = next++) call(n);
        });
      }
      for (std::thread& thread : threads) thread.join();
    };
    in_threads(chunks.count(), [&](std::size_t n) { writer.write(n, part_of(array, chunks, n)); });
    writer.finish();
    const auto source = Hdf5Source::open(path_, kName);
    std::atomic<int> wrong = 0;
    in_threads(chunks.count(), [&](std::size_t n) {
      if (read_block(*source, n).tobytes() != part_of(array, chunks, n).tobytes()) ++wrong;
      if (n % 16 == 0 && !holds(*Hdf5Source::open(path_, kName), array)) ++wrong;
    });
    EXPECT_EQ(wrong, 0);
    std::filesystem::remove(path_);
  }
}

TEST_F(Hdf5FileTest, AMillionChunks) {
  constexpr std::size_t kCount = 1'000'000;
  const Chunks chunks = Chunks::regular({2 * kCount}, {2});
  {
    Hdf5Writer writer(path_, kName, DType::of<float>(), chunks, chunks, {});
    std::vector<float> values(2);
    for (std::size_t n = 0; n < kCount; ++n) {
      values[0] = static_cast<float>(n);
      writer.write(n, NdArray::from(values));
    }
    writer.finish();
  }
  const auto source = Hdf5Source::open(path_, kName);
  EXPECT_EQ(source->info().checksums, Hdf5Info::Checksums::complete);
  NdArray block(DType::of<float>(), {2});
  for (std::size_t n = 0; n < kCount; ++n) {
    source->read(n, block);
    ASSERT_EQ(block.view<float>()[0], static_cast<float>(n));
  }
}

TEST_F(Hdf5FileTest, OnlyOneDescriptorStaysOpen) {
  const NdArray array = numbers({10});
  const Chunks chunks = write_file(path_, array, Chunks::regular({10}, {4}));
  const std::size_t before = open_files();
  const auto source = Hdf5Source::open(path_, kName);
  EXPECT_EQ(open_files(), before + 1);
  // The file may be renamed or removed.
  std::filesystem::remove(path_);
  EXPECT_TRUE(holds(*source, array));
}

TEST_F(Hdf5FileTest, WhatTheCallerDidWrong) {
  const Chunks chunks = Chunks::regular({10}, {4});
  const DType dtype = DType::of<double>();
  const auto make = [&](const Chunks& c, const Chunks& logical, Hdf5Options options) {
    Hdf5Writer(path_, kName, dtype, c, logical, options);
  };
  error_of(Errc::invalid_argument, [&] { make(Chunks({{4, 2, 4}}), chunks, {}); });
  error_of(Errc::invalid_argument, [&] { make(chunks, Chunks::regular({11}, {4}), {}); });
  error_of(Errc::invalid_argument, [&] { make(chunks, chunks, {.deflate = 10}); });
  const std::int64_t gi = std::int64_t{1} << 30;
  error_of(Errc::invalid_argument,
           [&] { make(Chunks::regular({gi}, {gi}), Chunks::regular({gi}, {gi}), {}); });
  EXPECT_FALSE(std::filesystem::exists(path_));

  Hdf5Writer writer(path_, kName, dtype, chunks, chunks, {});
  error_of(Errc::invalid_argument, [&] { writer.write(0, numbers({3})); });
  error_of(Errc::invalid_argument, [&] { writer.write(0, NdArray(DType::of<float>(), {4})); });
  writer.write(0, numbers({4}));
  EXPECT_THAT(error_of(Errc::invalid_argument, [&] { writer.finish(); }),
              HasSubstr("chunk (1,) was not written"));
}

TEST_F(Hdf5FileTest, AFileThatIsThereIsLeftAlone) {
  write_bytes(path_, "something");
  const Chunks chunks = Chunks::regular({10}, {4});
  EXPECT_THAT(error_of(Errc::io,
                       [&] { Hdf5Writer(path_, kName, DType::of<double>(), chunks, chunks, {}); }),
              HasSubstr("File exists"));
  EXPECT_EQ(read_bytes(path_), "something");
  EXPECT_THAT(
      error_of(
          Errc::io,
          [&] { Hdf5Writer(temp_ / "none/x", kName, DType::of<double>(), chunks, chunks, {}); }),
      HasSubstr("No such file or directory"));
}

/// Files may not become longer than `size` while it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t size) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    rlimit limit = old_;
    limit.rlim_cur = size;
    handler_ = ::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    ::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit old_{};
  void (*handler_)(int) = nullptr;
};

TEST_F(Hdf5FileTest, NoRoomForTheFile) {
  const Chunks chunks = Chunks::regular({100'000}, {1000});
  for (const rlim_t size : {0UL, 100UL, 3000UL, 100'000UL}) {
    const FileSizeLimit limit(size);
    EXPECT_THAT(
        error_of(Errc::io,
                 [&] { Hdf5Writer(path_, kName, DType::of<double>(), chunks, chunks, {}); }),
        AllOf(HasSubstr("x.h5"), HasSubstr("File too large")));
    EXPECT_FALSE(std::filesystem::exists(path_));
  }
}

TEST_F(Hdf5FileTest, NoRoomForACompressedChunk) {
  const Chunks chunks = Chunks::regular({100'000}, {1000});
  std::vector<double> values(1000);
  std::mt19937_64 random(1);
  for (double& x : values) x = std::uniform_real_distribution<>()(random);
  const NdArray block = NdArray::from(values);
  for (const rlim_t size : {20'000UL, 21'000UL, 50'000UL}) {
    {
      Hdf5Writer writer(path_, kName, block.dtype(), chunks, chunks, {.deflate = 1});
      const FileSizeLimit limit(size);
      EXPECT_THAT(error_of(Errc::io,
                           [&] {
                             for (std::size_t n = 0; n < chunks.count(); ++n)
                               writer.write(n, block);
                             writer.finish();
                           }),
                  AllOf(HasSubstr("x.h5"), HasSubstr("File too large")));
    }
    std::filesystem::remove(path_);
  }
}

// ------------------------------------------------------------------------------------- damage --

/// A file with all that there can be in one: chunks at the edge, irregular lengths, checksums.
struct Sample {
  NdArray array = numbers({10, 7});
  Chunks logical{{{4, 3, 3}, {2, 5}}};
  std::string bytes;

  Sample(const std::string& path, const Hdf5Options& options) {
    write_file(path, array, logical, options);
    bytes = read_bytes(path);
    std::filesystem::remove(path);
  }
};

/// What comes of reading such bytes: the array or an error that says that the file is damaged.
testing::AssertionResult is_safe(const std::string& path, const std::string& bytes,
                                 const Sample& sample, bool& found) {
  write_bytes(path, bytes);
  found = true;
  try {
    const auto source = Hdf5Source::open(path, kName);
    if (!holds(*source, sample.array)) return testing::AssertionFailure() << "wrong numbers";
    if (!(source->logical() == sample.logical))
      return testing::AssertionFailure() << "wrong chunks";
    if (source->info().checksums != Hdf5Info::Checksums::complete) {
      return testing::AssertionFailure() << "checksums are gone";
    }
  } catch (const Error& e) {
    if (e.code() != Errc::corrupt || std::string(e.what()).find(path) == std::string::npos) {
      return testing::AssertionFailure() << static_cast<int>(e.code()) << ": " << e.what();
    }
    return testing::AssertionSuccess();
  }
  found = false;
  return testing::AssertionSuccess();
}

class Hdf5DamageTest : public Hdf5FileTest, public testing::WithParamInterface<int> {
 protected:
  Hdf5Options options() const {
    return {.deflate = GetParam(), .shuffle = GetParam() > 0, .checksums = true};
  }
};
INSTANTIATE_TEST_SUITE_P(Deflate, Hdf5DamageTest, testing::Values(0, 4));

TEST_P(Hdf5DamageTest, AFlippedBitAnywhere) {
  const Sample sample(path_, options());
  std::mt19937 random(7);
  std::size_t errors = 0;
  for (std::size_t at = 0; at < sample.bytes.size(); ++at) {
    std::string bytes = sample.bytes;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
    bool found = false;
    ASSERT_TRUE(is_safe(path_, bytes, sample, found)) << "byte " << at << " of " << bytes.size();
    errors += found;
  }
  EXPECT_GT(errors, 1000u);  // the rest is unused space
}

TEST_P(Hdf5DamageTest, AByteOfAnyValueAnywhere) {
  const Sample sample(path_, options());
  std::mt19937 random(8);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = sample.bytes;
    const int count = 1 << random() % 5;
    for (int n = 0; n < count; ++n) bytes[random() % bytes.size()] = static_cast<char>(random());
    bool found = false;
    ASSERT_TRUE(is_safe(path_, bytes, sample, found)) << "try " << i;
  }
}

TEST_P(Hdf5DamageTest, CutShort) {
  const Sample sample(path_, options());
  for (std::size_t size = 0; size < sample.bytes.size(); size += size < 200 ? 1 : 13) {
    bool found = false;
    ASSERT_TRUE(is_safe(path_, sample.bytes.substr(0, size), sample, found)) << size;
    EXPECT_TRUE(found) << size;
  }
}

TEST_P(Hdf5DamageTest, AZeroedOrMovedBlock) {
  const Sample sample(path_, options());
  std::mt19937 random(9);
  for (int i = 0; i < 1000; ++i) {
    std::string bytes = sample.bytes;
    const std::size_t size = 1 + random() % 512;
    const std::size_t to = random() % (bytes.size() - size);
    const std::size_t from = random() % (bytes.size() - size);
    if (i % 2 == 0) {
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(to), size, '\0');
    } else {
      std::copy_n(sample.bytes.begin() + static_cast<std::ptrdiff_t>(from), size,
                  bytes.begin() + static_cast<std::ptrdiff_t>(to));
    }
    bool found = false;
    ASSERT_TRUE(is_safe(path_, bytes, sample, found)) << "try " << i;
  }
}

TEST_F(Hdf5FileTest, TheDamagedChunkIsNamed) {
  const NdArray array = numbers({4, 4});
  write_file(path_, array, Chunks::regular({4, 4}, {2, 2}));
  std::string bytes = read_bytes(path_);
  const std::vector<std::byte> chunk = array.slice({{2, 4}, {0, 2}}).tobytes();
  const std::size_t at = bytes.find(std::string(reinterpret_cast<const char*>(chunk.data()), 32));
  ASSERT_NE(at, std::string::npos);
  bytes[at + 5] = static_cast<char>(bytes[at + 5] ^ 1);
  write_bytes(path_, bytes);
  const auto source = Hdf5Source::open(path_, kName);
  for (std::size_t n : {0, 1, 3}) read_block(*source, n);
  EXPECT_THAT(
      error_of(Errc::corrupt, [&] { read_block(*source, 2); }),
      testing::MatchesRegex("file .*/x.h5, dataset dask_arrays, chunk \\(1, 0\\): its bytes are "
                            "not those that were written: their checksum is [0-9a-f]{16}, "
                            "not [0-9a-f]{16}; .*"));
}

TEST_F(Hdf5FileTest, ChunksSwappedWithTheirChecksums) {
  const NdArray array = numbers({4, 4});
  write_file(path_, array, Chunks::regular({4, 4}, {2, 2}));
  std::string bytes = read_bytes(path_);
  const std::vector<std::byte> chunk = array.slice({{0, 2}, {0, 2}}).tobytes();
  const std::size_t run = bytes.find(std::string(reinterpret_cast<const char*>(chunk.data()), 32));
  ASSERT_NE(run, std::string::npos);
  // The checksums are the 32 bytes that change when the data does.
  std::filesystem::remove(path_);
  NdArray other(DType::of<double>(), {4, 4});
  write_file(path_, other, Chunks::regular({4, 4}, {2, 2}));
  const std::string zeros = read_bytes(path_);
  std::size_t sums = 0;
  while (sums == run || zeros[sums] == bytes[sums]) ++sums;
  sums = sums / 8 * 8;
  const auto swap = [&](std::size_t at, std::size_t size) {
    std::swap_ranges(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                     bytes.begin() + static_cast<std::ptrdiff_t>(at + size),
                     bytes.begin() + static_cast<std::ptrdiff_t>(at + size));
  };
  swap(run, 32);
  swap(sums, 8);
  write_bytes(path_, bytes);
  const auto source = Hdf5Source::open(path_, kName);
  error_of(Errc::corrupt, [&] { read_block(*source, 0); });
  error_of(Errc::corrupt, [&] { read_block(*source, 1); });
  read_block(*source, 2);
}

TEST_F(Hdf5FileTest, CutWhileItIsRead) {
  write_file(path_, numbers({4, 4}), Chunks::regular({4, 4}, {2, 2}));
  const auto source = Hdf5Source::open(path_, kName);
  std::filesystem::resize_file(path_, 500);
  EXPECT_THAT(error_of(Errc::corrupt, [&] { read_block(*source, 3); }),
              AllOf(HasSubstr("chunk (1, 1)"), HasSubstr("shorter")));
}

// ------------------------------------------------------------------------------------- resume --

class Hdf5ResumeTest : public Hdf5DamageTest {
 protected:
  std::unique_ptr<Hdf5Writer> make() {
    return std::make_unique<Hdf5Writer>(path_, kName, array_.dtype(), chunks_, logical_, options());
  }
  std::unique_ptr<Hdf5Writer> resume() {
    return Hdf5Writer::resume(path_, kName, array_.dtype(), chunks_, logical_, options());
  }
  void write(Hdf5Writer& writer, std::initializer_list<std::size_t> some) {
    for (std::size_t n : some) writer.write(n, part_of(array_, chunks_, n));
  }
  std::vector<std::size_t> those_of(const Hdf5Writer& writer) const {
    std::vector<std::size_t> there;
    for (std::size_t n = 0; n < chunks_.count(); ++n) {
      if (writer.has(n)) there.push_back(n);
    }
    return there;
  }

  NdArray array_ = numbers({10, 7});
  Chunks logical_{{{4, 3, 3}, {2, 5}}};
  Chunks chunks_ = stored_chunks(logical_, array_.dtype());
};
INSTANTIATE_TEST_SUITE_P(Deflate, Hdf5ResumeTest, testing::Values(0, 4));

TEST_P(Hdf5ResumeTest, GoesOn) {
  {
    const auto writer = make();
    EXPECT_TRUE(those_of(*writer).empty());
    write(*writer, {1, 4});
  }
  EXPECT_EQ(Hdf5Source::open(path_, kName)->info().checksums, Hdf5Info::Checksums::incomplete);
  EXPECT_THAT(error_of(Errc::corrupt, [&] { read_block(*Hdf5Source::open(path_, kName), 0); }),
              HasSubstr("not in the file"));
  {
    const auto writer = resume();
    ASSERT_TRUE(writer);
    EXPECT_EQ(those_of(*writer), (std::vector<std::size_t>{1, 4}));
    write(*writer, {0});
    EXPECT_THAT(error_of(Errc::invalid_argument, [&] { writer->finish(); }),
                HasSubstr("was not written"));
  }
  const auto writer = resume();
  ASSERT_TRUE(writer);
  EXPECT_EQ(those_of(*writer), (std::vector<std::size_t>{0, 1, 4}));
  write_all(*writer, array_, chunks_);
  const auto source = Hdf5Source::open(path_, kName);
  EXPECT_EQ(source->info().checksums, Hdf5Info::Checksums::complete);
  EXPECT_EQ(source->logical(), logical_);
  EXPECT_TRUE(holds(*source, array_));
}

TEST_P(Hdf5ResumeTest, ADamagedChunkIsWrittenAgain) {
  {
    const auto writer = make();
    for (std::size_t n = 0; n + 1 < chunks_.count(); ++n) write(*writer, {n});
  }
  const std::string bytes = read_bytes(path_);
  std::mt19937 random(3);
  for (int i = 0; i < 300; ++i) {
    std::string damaged = bytes;
    for (int n = 0; n < 20; ++n) {
      const std::size_t at = bytes.size() - 1 - random() % 700;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
    }
    write_bytes(path_, damaged);
    if (const auto writer = resume()) {
      write_all(*writer, array_, chunks_);
      EXPECT_TRUE(holds(*Hdf5Source::open(path_, kName), array_));
    }
  }
}

TEST_P(Hdf5ResumeTest, AfterAKill) {
  for (const int milliseconds : {0, 1500}) {
    std::filesystem::remove(path_);
    const pid_t child = ::fork();
    if (child == 0) {
      const auto writer = make();
      write(*writer, {0, 2});
      ::usleep(static_cast<useconds_t>(milliseconds) * 1000);
      write(*writer, {3});
      ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    const auto writer = resume();
    if (milliseconds == 0 && GetParam() > 0) {
      if (!writer) continue;  // nothing has reached the file yet
    }
    ASSERT_TRUE(writer);
    if (milliseconds > 0) {
      EXPECT_EQ(those_of(*writer), (std::vector<std::size_t>{0, 2, 3}));
    }
    write_all(*writer, array_, chunks_);
    const auto source = Hdf5Source::open(path_, kName);
    EXPECT_EQ(source->info().checksums, Hdf5Info::Checksums::complete);
    EXPECT_TRUE(holds(*source, array_));
  }
}

TEST_P(Hdf5ResumeTest, NotWithOtherArguments) {
  {
    const auto writer = make();
    write(*writer, {1});
  }
  const auto with = [&](const char* name, const DType& dtype, const Chunks& chunks,
                        const Chunks& logical, const Hdf5Options& o) {
    return Hdf5Writer::resume(path_, name, dtype, chunks, logical, o);
  };
  const DType f8 = array_.dtype();
  EXPECT_TRUE(with(kName, f8, chunks_, logical_, options()));
  EXPECT_FALSE(with("other", f8, chunks_, logical_, options()));
  EXPECT_FALSE(with(kName, DType::parse("<i8"), chunks_, logical_, options()));
  EXPECT_FALSE(with(kName, f8, chunks_, chunks_, options()));
  const Chunks other = Chunks::regular({10, 7}, {5, 5});
  EXPECT_FALSE(with(kName, f8, other, logical_, options()));
  Hdf5Options o = options();
  o.deflate = o.deflate == 0 ? 1 : 0;
  EXPECT_FALSE(with(kName, f8, chunks_, logical_, o));
  o = options();
  o.shuffle = !o.shuffle;
  EXPECT_FALSE(with(kName, f8, chunks_, logical_, o));
  o = options();
  o.checksums = false;
  EXPECT_FALSE(with(kName, f8, chunks_, logical_, o));
  write_bytes(path_, "not a file of HDF5");
  EXPECT_FALSE(resume());
  std::filesystem::remove(path_);
  EXPECT_FALSE(resume());
}

}  // namespace
}  // namespace functionfuse::formats
