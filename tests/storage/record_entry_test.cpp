#include "storage/record_entry.hpp"

#include <gmock/gmock.h>

#include <random>

#include "storage/name_table.hpp"

namespace functionfuse::detail {
namespace {

using testing::HasSubstr;

io::Sha1Digest digest_of(int i) {
  io::Sha1Digest digest;
  digest.fill(static_cast<std::byte>(i));
  return digest;
}

Record record_of(std::string function, int i = 0) {
  Record record;
  record.function = std::move(function);
  record.arguments.fill(static_cast<std::byte>(i));
  return record;
}

std::string log_of(const std::vector<std::string>& entries) {
  std::string log(kRecordsHeader);
  for (const std::string& entry : entries) log += entry;
  return log;
}

TEST(RecordEntryTest, ALineAsDocumented) {
  Record record = record_of("fit", 0xa1);
  record.version = "2";
  record.parents.fill(std::byte{0xb2});
  EXPECT_EQ(encode_entry("model", {1234, 77}, digest_of(0xc3), &record),
            "\n4c2bad3fea94e227\t1234\t77\tc3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3\tmodel\tfit\t2\t"
            "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\tb2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2");
}

TEST(RecordEntryTest, RoundTrips) {
  const Record record = record_of("f\t\\n\n\\", 3);
  const std::string task = "a\tb\nc\\t\\\\";
  const RecordTable table(log_of({encode_entry(task, {5, 77}, digest_of(1), &record),
                                  encode_entry("none", {6, 77}, digest_of(2), nullptr)}));
  ASSERT_NE(table.find(task, {5, 77}), nullptr);
  EXPECT_EQ(*table.find(task, {5, 77})->record, record);
  EXPECT_EQ(table.find(task, digest_of(1)), table.find(task, {5, 77}));
  EXPECT_FALSE(table.find("none", {6, 77})->record);
  EXPECT_EQ(table.find(task, {6, 77}), nullptr);
  EXPECT_EQ(table.find(task, digest_of(2)), nullptr);
  EXPECT_EQ(table.find("other", {5, 77}), nullptr);
  EXPECT_TRUE(table.knows(task));
  EXPECT_FALSE(table.knows("other"));
}

TEST(RecordEntryTest, TheLatestCounts) {
  const Record a = record_of("a"), b = record_of("b"), c = record_of("c");
  const RecordTable table(log_of({encode_entry("x", {1, 77}, digest_of(1), &a),
                                  encode_entry("x", {2, 77}, digest_of(2), &b),
                                  encode_entry("x", {1, 77}, digest_of(3), &c)}));
  EXPECT_EQ(table.find("x", {1, 77})->record->function, "c");
  EXPECT_EQ(table.find("x", {2, 77})->record->function, "b");
  EXPECT_EQ(table.find("x", digest_of(1))->record->function, "a");
}

TEST(RecordEntryTest, TornMixedAndForeignLinesArePassedOver) {
  const Record a = record_of("a"), b = record_of("b");
  const std::string first = encode_entry("x", {1, 77}, digest_of(1), &a);
  const std::string second = encode_entry("y", {2, 77}, digest_of(2), &b);
  for (std::size_t cut = 0; cut < first.size(); ++cut) {
    const RecordTable table(log_of({first.substr(0, cut), second}));
    EXPECT_EQ(table.find("x", {1, 77}), nullptr) << cut;
    EXPECT_NE(table.find("y", {2, 77}), nullptr) << cut;
  }
  for (std::size_t at = 1; at < first.size(); ++at) {
    std::string flipped = first;
    flipped[at] ^= 1;
    const RecordTable table(log_of({flipped, second}));
    EXPECT_EQ(table.find("x", {1, 77}), nullptr) << at;
    EXPECT_NE(table.find("y", {2, 77}), nullptr) << at;
  }
  EXPECT_FALSE(RecordTable("").knows("x"));
  EXPECT_FALSE(RecordTable("\n\n\n").knows("x"));
  EXPECT_TRUE(RecordTable(first).knows("x")) << "without the first line";
  EXPECT_TRUE(RecordTable(log_of({"\nfunctionfuse records 1", first, "\n"})).knows("x"));
}

TEST(RecordEntryTest, RandomBytesDoNoHarm) {
  std::mt19937 random(1);
  const Record a = record_of("a");
  const std::string entry = encode_entry("x", {1, 77}, digest_of(1), &a);
  for (int i = 0; i < 2000; ++i) {
    std::string log = log_of({entry, entry});
    for (int k = 0; k < 5; ++k) log[random() % log.size()] = static_cast<char>(random());
    const RecordTable table(std::move(log));
    (void)table.find("x", {1, 77});
  }
}

TEST(RecordEntryTest, ManyTasks) {
  std::string log(kRecordsHeader);
  for (int i = 0; i < 20'000; ++i) {
    const Record record = record_of("function_" + std::to_string(i % 7), i);
    log += encode_entry("task_" + std::to_string(i % 10'000), {static_cast<std::uint64_t>(i), 77},
                        digest_of(i), &record);
  }
  const RecordTable table(std::move(log));
  for (int i = 0; i < 20'000; ++i) {
    const auto* entry =
        table.find("task_" + std::to_string(i % 10'000), {static_cast<std::uint64_t>(i), 77});
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->record->function, "function_" + std::to_string(i % 7));
  }
}

TEST(NameTableTest, NumbersNamesInTheirOrder) {
  std::vector<std::string> names;
  for (int i = 0; i < 1000; ++i) names.push_back("name " + std::to_string(i * 37));
  NameTable table;
  for (std::uint32_t i = 0; i < names.size(); ++i) EXPECT_EQ(table.insert(names[i]), i);
  for (std::uint32_t i = 0; i < names.size(); ++i) EXPECT_EQ(table.insert(names[i]), i);
  EXPECT_EQ(table.find(names[500]), 500u);
  EXPECT_FALSE(table.find("other"));
  EXPECT_FALSE(NameTable().find(""));
}

}  // namespace
}  // namespace functionfuse::detail
