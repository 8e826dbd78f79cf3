// Damaged HDF5 files of the old format, which has no checksums of its metadata.

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <random>

#include <gmock/gmock.h>

#include <functionfuse/arrays/nd_array.hpp>
#include <functionfuse/error.hpp>

#include "formats/hdf5_file.hpp"
#include "io/temp_folder.hpp"

namespace functionfuse::formats {
namespace {

using test::read_bytes;
using test::TempFolder;
using test::write_bytes;
using testing::HasSubstr;

// The HDF5 library forgets to free memory where a file is damaged: hdf5_file_test.cpp tells
// LeakSanitizer.

constexpr const char* kFolder = FUNCTIONFUSE_TEST_DATA "/hdf5/";

/// Opens the file and reads all of it that is not too large.
void read_file(const std::string& path, const std::string& dataset = "dask_arrays") {
  constexpr std::size_t kMostBytes = std::size_t{16} << 20;
  const auto source = Hdf5Source::open(path, dataset);
  const Chunks& chunks = source->chunks();
  for (std::size_t n = 0; n < std::min<std::size_t>(chunks.count(), 100); ++n) {
    const Shape shape = chunks.shape_of(chunks.index(n));
    if (NdArray::nbytes_of(source->dtype(), shape) > kMostBytes ||
        source->extra_bytes() > kMostBytes) {
      return;
    }
    auto block = NdArray::empty(source->dtype(), shape);
    source->read(n, block);
  }
}

/// One thing that is wrong in a file, and what is said of it.
struct Damage {
  const char* name;
  const char* file;
  std::vector<std::pair<std::size_t, std::string>> changes;  // at a byte: those that are there then
  const char* says;
};
void PrintTo(const Damage& damage, std::ostream* out) { *out << damage.name; }

std::string address(std::uint64_t value) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(value >> 8 * i);
  return bytes;
}

// The places are those of the files in tests/data/hdf5.
std::vector<Damage> damages() {
  const std::string many = "\xff\xff";
  return {
      {"DriverInformation", "contiguous", {{48, address(65536)}}, "driver information: it ends"},
      {"SymbolsTooMany", "chunked", {{1078, many}}, "more entries than there is room for"},
      {"HeapTooLarge", "chunked", {{688, address(1 << 30)}}, "local heap: it ends beyond the file"},
      {"HeapSizeWraps", "chunked", {{688, address(~0ULL)}}, "local heap: it ends beyond the file"},
      {"NumberTooLong", "contiguous", {{868 + 3 + 8, "\x7f"}}, "a number of more than 64 bytes"},
      {"FreeBlocksGoRound", "chunked", {{736, address(24)}}, "the list of free blocks goes round"},
      {"GroupTreeGoesRound", "chunked", {{141, "\1"}, {168, address(136)}}, "level below"},
      {"ChunkTreeGoesRound", "chunked", {{1405, "\1"}, {1456, address(1400)}}, "level below"},
      {"ChunksOutOfOrder", "chunked", {{1432, address(6)}}, "are not in order"},
      {"ChunkOffItsPlace", "chunked", {{1432, address(1)}}, "begins inside another"},
      {"ChunkTooLong", "string", {{1456, many}}, "a chunk of another size"},
      {"ChunksOfOtherAxes", "chunked", {{922, "\2"}}, "its chunks have other axes"},
      {"ChunksOfOtherElements", "chunked", {{939, "\7"}}, "its chunks have other elements"},
      {"ContiguousTooShort", "contiguous", {{930, address(8)}}, "not of the size"},
      {"MembersTooMany", "compound", {{857, many}}, "datatype: it ends too early"},
      {"EnumerationTooLong", "bool", {{857, many}}, "datatype: it ends too early"},
      {"EnumerationOfOtherSize", "bool", {{868, "\2"}}, "its values are no integers"},
      {"FillValueOfOtherSize", "compound", {{1084, "\x20"}}, "its fill value"},
      {"TypeIsItsOwn", "committed", {{1426, address(1368)}}, "which has none of its own"},
      {"AttributeTooLong",
       "attributes",
       {{976, "\x09"}, {984, "\x09"}},
       "attribute: it ends too early"},
      {"ContinuationTooShort", "attributes", {{1032, address(4)}}, "it leads nowhere"},
      {"ContinuationAtTheEnd", "attributes", {{1024, address(1 << 30)}}, "beyond the file"},
      {"FilterWithoutEnd", "gzip", {{943, "x"}}, "name of a filter: a text has no end"},
      {"VirtualList", "virtual", {{2660, "\x55"}}, "the list does not fit its checksum"},
      {"ScaleoffsetTooLong", "scaleoffset", {{4016, "\x1f"}}, "do not unpack"},
      {"NbitOfMoreElements", "nbit", {{928, "\x30"}}, "do not unpack"},
  };
}

class Hdf5OldFormatDamageTest : public testing::TestWithParam<Damage> {};
INSTANTIATE_TEST_SUITE_P(All, Hdf5OldFormatDamageTest, testing::ValuesIn(damages()),
                         [](const auto& one) { return one.param.name; });

TEST_P(Hdf5OldFormatDamageTest, IsAnError) {
  const TempFolder temp;
  const std::string path = temp / "x.h5";
  std::string bytes = read_bytes(kFolder + std::string(GetParam().file) + ".h5");
  for (const auto& [at, now] : GetParam().changes) bytes.replace(at, now.size(), now);
  write_bytes(path, bytes);
  try {
    read_file(path);
    FAIL() << "no error";
  } catch (const CorruptError& e) {
    EXPECT_THAT(e.what(), HasSubstr("file " + path));
    EXPECT_THAT(e.what(), HasSubstr(GetParam().says));
    const bool in_metadata = std::string(e.what()).find("damaged at byte") != std::string::npos;
    EXPECT_EQ(in_metadata, e.offset().has_value()) << e.what();
    if (in_metadata) {
      EXPECT_THAT(e.what(), HasSubstr("at byte " + std::to_string(*e.offset()) + ":"));
    }
  }
}

/// What happens to a file on its way: a few of these at once.
void damage(std::string& bytes, std::mt19937& random) {
  const std::size_t from = random() % bytes.size();
  // Metadata is at the begin, most of the rest is data or not used.
  const std::size_t at =
      random() % (random() % 4 == 0 ? bytes.size() : std::min<std::size_t>(bytes.size(), 1800));
  const std::size_t size =
      std::min<std::size_t>(1 + random() % 32, bytes.size() - std::max(at, from));
  switch (random() % 8) {
    case 0:
      bytes.resize(from + 1);
      break;
    case 1:
      bytes.replace(at, size, std::string(size, random() % 2 == 0 ? '\0' : '\xff'));
      break;
    case 2:
      bytes.replace(at, size, bytes.substr(from, size));
      break;
    case 3:
      bytes[at] = static_cast<char>(random());
      break;
    case 4:
      bytes[at] = static_cast<char>(random() % 32);
      break;
    default:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
  }
}

TEST(Hdf5OldFormatTest, AnyDamageIsAnErrorOrData) {
  constexpr int kTries = 300;  // a file
  const TempFolder temp;
  const std::string path = temp / "x.h5";
  std::size_t errors = 0;
  std::mt19937 random(5);
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() != ".h5") continue;
    const std::string whole = read_bytes(entry.path());
    write_bytes(path, whole);
    ASSERT_NO_THROW(read_file(path)) << entry.path();
    for (int i = 0; i < kTries; ++i) {
      std::string bytes = whole;
      for (int n = 1 << random() % 3; n > 0; --n) damage(bytes, random);
      write_bytes(path, bytes);
      try {
        read_file(path);
      } catch (const Error& e) {
        ++errors;
        EXPECT_THAT(e.what(), HasSubstr(path)) << entry.path();
      }
    }
  }
  EXPECT_GT(errors, 1000U);
}

TEST(Hdf5OldFormatTest, WhatIsInAFolderIsNamedInOrder) {
  try {
    read_file(kFolder + std::string("nested.h5"), "a/none");
    FAIL() << "no error";
  } catch (const NotFoundError& e) {
    EXPECT_THAT(e.what(), HasSubstr("has no dataset a/none: there are b/"));
  }
  try {
    read_file(kFolder + std::string("nested.h5"), "none");
    FAIL() << "no error";
  } catch (const NotFoundError& e) {
    EXPECT_THAT(e.what(), HasSubstr("there are a/, dask_arrays, outside"));
  }
}

}  // namespace
}  // namespace functionfuse::formats
