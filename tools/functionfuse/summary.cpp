#include "summary.hpp"

#include <array>
#include <fstream>

#include "functionfuse/error.hpp"
#include "functionfuse/pickle/unpickler.hpp"

#include "readable.hpp"
#include "value_text.hpp"
#include "words.hpp"

namespace functionfuse::cli {
namespace {

constexpr std::uint64_t kSmall = 256 << 10;
constexpr std::uint64_t kMostRead = 3 << 20;  // of a large one
constexpr std::uint64_t kDigest = 20;

/// More than this of a large task is not read.
struct TooMuch {};

class PeekInput final : public Input {
 public:
  PeekInput(const std::filesystem::path& path, std::uint64_t size)
      : file_(path, std::ios::binary), size_(size) {}
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  void read_at(std::uint64_t offset, void* data, std::size_t size) override {
    if (size > left_) throw TooMuch();
    left_ -= size;
    file_.seekg(static_cast<std::streamoff>(offset));
    if (!file_.read(static_cast<char*>(data), static_cast<std::streamsize>(size))) throw TooMuch();
  }

 private:
  std::ifstream file_;
  std::uint64_t size_;
  std::uint64_t left_ = kMostRead;
};

/// From the first opcode behind PROTO and FRAME: the kind of a container that is too large to read.
std::string first_kind(const std::filesystem::path& path) {
  std::array<char, 16> start{};
  std::ifstream(path, std::ios::binary).read(start.data(), start.size());
  std::size_t at = start[0] == '\x80' ? 2 : 0;
  if (start[at] == '\x95') at += 9;
  switch (start[at]) {
    case ']':
      return "list";
    case '}':
      return "dict";
    case '(':
      return "tuple";
    case '\x8f':
      return "set";
    default:
      return "";
  }
}

/// Its kind, and what it is worth where that is short.
std::string kind_of(const Value& value, const DescribeObject& describe,
                    const std::optional<KeptArray>& array) {
  if (array) {
    return short_kind(array->array) + ", " + size_text(array->description.stored_bytes);
  }
  constexpr std::size_t kShort = 40;
  switch (value.kind()) {
    case Kind::boolean:
    case Kind::integer:
    case Kind::big_integer:
    case Kind::floating:
    case Kind::complex:
    case Kind::str:
      if (auto text = atom_text(value, kShort)) return type_name(value) + " " + *text;
      break;
    case Kind::scalar:
    case Kind::dtype:
      if (auto text = atom_text(value, kShort)) return *text;
      break;
    case Kind::object: {
      const Readable parts = readable(value);
      if (parts.is_mapping || parts.is_sequence || !parts.note.empty()) break;
      if (auto text = OneLine(describe).text(value, kShort)) return *text;
      break;
    }
    case Kind::persistent:
      if (const auto id = value.persistent_id()) return short_kind(value) + ", " + describe(*id);
      break;
    default:
      break;
  }
  return short_kind(value);
}

/// Nothing where it is none, or can't be opened: a list is no check.
std::optional<KeptArray> kept_array(const Opened& opened, const std::string& workflow,
                                    const Value& value) {
  const auto id = value.kind() == Kind::persistent ? value.persistent_id() : std::nullopt;
  if (!id || !Opened::is_array(*id)) return {};
  try {
    return opened.array(workflow, *id);
  } catch (const Error&) {
    return {};
  }
}

/// Only what follows the place in parentheses: the list says the place.
std::string problem_of(const Error& error, const std::string& task) {
  const std::string what = error.what();
  const std::size_t place = what.find("task \"" + task + "\"");
  const std::size_t end = place == what.npos ? what.npos : what.find("): ", place);
  std::string problem = end == what.npos ? what : what.substr(end + 3);
  return problem.substr(0, problem.find("; run the workflow again"));
}

}  // namespace

Summary summarize(const Opened& opened, const std::string& workflow, const std::string& task,
                  const FileFacts& facts) {
  const DescribeObject describe = [&](const PersistentId& id) {
    const auto bytes = opened.object_bytes(workflow, id);
    return bytes ? size_text(*bytes) : "missing";
  };
  auto of = [&](const Value& value) -> Summary {
    const auto array = kept_array(opened, workflow, value);
    return {array ? "dask.array.core.Array" : type_name(value), kind_of(value, describe, array),
            ""};
  };
  try {
    if (facts.bytes <= kSmall) return of(opened.storage().read_task(workflow, task));
  } catch (const Error& error) {
    return {"", "", problem_of(error, task)};
  }
  const auto path = opened.task_file(workflow, task);
  try {
    PeekInput input(path, facts.bytes - kDigest);
    return of(unpickle(input, true));  // payloads, of an array for example, stay where they are
  } catch (const TooMuch&) {
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch): a list is no check; verify says why
  }
  const std::string kind = first_kind(path);
  return {kind, kind.empty() ? "large" : "large " + kind, ""};
}

}  // namespace functionfuse::cli
