#include "storage/record_entry.hpp"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <span>

namespace functionfuse::detail {
namespace {

constexpr std::size_t kCheck = 16;  // characters

/// Another version of the format takes another seed: its lines then fail this one's check.
std::uint64_t check_of(std::string_view rest) {
  return XXH3_64bits_withSeed(rest.data(), rest.size(), 1);
}

void append_hex(std::string& out, std::span<const std::byte> bytes) {
  for (std::byte b : bytes) {
    out += "0123456789abcdef"[std::to_integer<unsigned>(b) >> 4];
    out += "0123456789abcdef"[std::to_integer<unsigned>(b) & 15];
  }
}

constexpr auto kHexValue = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(255);
  for (unsigned i = 0; i < 10; ++i) values['0' + i] = static_cast<std::uint8_t>(i);
  for (unsigned i = 0; i < 6; ++i) values['a' + i] = static_cast<std::uint8_t>(10 + i);
  return values;
}();

bool parse_hex(std::string_view text, std::span<std::byte> bytes) {
  if (text.size() != 2 * bytes.size()) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const unsigned high = kHexValue[static_cast<unsigned char>(text[2 * i])];
    const unsigned low = kHexValue[static_cast<unsigned char>(text[2 * i + 1])];
    if ((high | low) > 15) return false;
    bytes[i] = static_cast<std::byte>(high << 4 | low);
  }
  return true;
}

void append_escaped(std::string& out, std::string_view text) {
  for (char c : text) {
    switch (c) {
      case '\t': out += "\\t"; break;
      case '\n': out += "\\n"; break;
      case '\\': out += "\\\\"; break;
      default: out += c;
    }
  }
}

template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, number);
  return result.ec == std::errc() && result.ptr == end;
}

/// Cuts what stands before the next tab off `line`.
std::string_view next_field(std::string_view& line) {
  const std::size_t tab = line.find('\t');
  const std::string_view field = line.substr(0, tab);
  line.remove_prefix(tab == line.npos ? line.size() : tab + 1);
  return field;
}

}  // namespace

std::string encode_entry(std::string_view task, const FileIdentity& file,
                         const io::Sha1Digest& digest, const Record* record) {
  std::string entry(1, '\n');
  entry.reserve(256);
  entry.append(kCheck, '0');
  entry += '\t';
  entry += std::to_string(file.inode);
  entry += '\t';
  entry += std::to_string(file.modified);
  entry += '\t';
  append_hex(entry, digest);
  entry += '\t';
  append_escaped(entry, task);
  if (record != nullptr) {
    entry += '\t';
    append_escaped(entry, record->function);
    entry += '\t';
    append_escaped(entry, record->version);
    entry += '\t';
    append_hex(entry, record->arguments);
    entry += '\t';
    append_hex(entry, record->parents);
  }
  std::uint64_t check = check_of(std::string_view(entry).substr(1 + kCheck));
  for (std::size_t i = kCheck; i > 0; --i, check >>= 4) entry[i] = "0123456789abcdef"[check & 15];
  return entry;
}

std::size_t RecordTable::add(std::string log) {
  const std::string_view text = texts_.emplace_back(std::move(log));
  if (entries_.empty()) {
    const std::size_t expected = text.size() / 150;
    before_.reserve(expected);
    tasks_ = NameTable(expected);
  }
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    RecordEntry entry;
    const bool good = parse_line(line, entry);
    if (!good && end == text.size()) return begin;
    begin = end + 1;
    if (!good) continue;
    const NameTable::Index task = tasks_.insert(entry.task);
    if (task == latest_.size()) latest_.push_back(kNone);
    before_.push_back(latest_[task]);
    latest_[task] = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back(std::move(entry));
  }
  return text.size();
}

bool RecordTable::parse_line(std::string_view line, RecordEntry& entry) {
  if (line.size() <= kCheck) return false;
  std::array<std::byte, 8> check;
  if (!parse_hex(line.substr(0, kCheck), check)) return false;
  std::uint64_t value = 0;
  for (std::byte b : check) value = value << 8 | std::to_integer<std::uint64_t>(b);
  std::string_view rest = line.substr(kCheck);
  if (check_of(rest) != value) return false;

  entry.line = line;
  if (!next_field(rest).empty()) return false;
  if (!parse_number(next_field(rest), entry.file.inode) ||
      !parse_number(next_field(rest), entry.file.modified)) {
    return false;
  }
  if (!parse_hex(next_field(rest), entry.digest)) return false;
  entry.task = next_field(rest);
  if (auto text = unescape(entry.task)) entry.task = texts_.emplace_back(std::move(*text));
  if (rest.empty()) return true;

  Record& record = entry.record.emplace();
  for (std::string* field : {&record.function, &record.version}) {
    const std::string_view text = next_field(rest);
    auto unescaped = unescape(text);
    *field = unescaped ? std::move(*unescaped) : std::string(text);
  }
  return parse_hex(next_field(rest), record.arguments) &&
         parse_hex(next_field(rest), record.parents);
}

/// Nothing where there is nothing to change.
std::optional<std::string> RecordTable::unescape(std::string_view text) {
  if (text.find('\\') == text.npos) return {};
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      plain += text[i];
      continue;
    }
    const char c = text[++i];
    plain += c == 't' ? '\t' : c == 'n' ? '\n' : c;
  }
  return plain;
}

template <class Matches>
const RecordEntry* RecordTable::latest(std::string_view task, Matches matches) const {
  const auto number = tasks_.find(task);
  if (!number) return nullptr;
  for (std::uint32_t i = latest_[*number]; i != kNone; i = before_[i]) {
    if (matches(entries_[i])) return &entries_[i];
  }
  return nullptr;
}

const RecordEntry* RecordTable::find(std::string_view task, const FileIdentity& file) const {
  return latest(task, [&](const RecordEntry& entry) { return entry.file == file; });
}

const RecordEntry* RecordTable::find(std::string_view task, const io::Sha1Digest& digest) const {
  return latest(task, [&](const RecordEntry& entry) { return entry.digest == digest; });
}

}  // namespace functionfuse::detail
