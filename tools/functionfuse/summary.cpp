#include "summary.hpp"

#include <algorithm>
#include <array>
#include <span>

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
  PeekInput(const Location& location, const std::string& workflow, const ListedTask& task)
      : location_(location), workflow_(workflow), task_(task) {}
  [[nodiscard]] std::uint64_t size() const override { return task_.facts.bytes - kDigest; }
  void read_at(std::uint64_t offset, void* data, std::size_t size) override {
    if (size > left_) throw TooMuch();
    left_ -= size;
    const std::span buffer(static_cast<std::byte*>(data), size);
    if (!location_.read(workflow_, task_.name, offset, buffer)) throw TooMuch();
    if (offset == 0) std::copy_n(buffer.begin(), std::min(size, start_.size()), start_.begin());
  }

  /// The kind of a container that is too large to read: from the first opcode behind PROTO and
  /// FRAME.
  [[nodiscard]] std::string first_kind() const {
    std::size_t at = start_[0] == std::byte{0x80} ? 2 : 0;
    if (start_[at] == std::byte{0x95}) at += 9;
    switch (std::to_integer<char>(start_[at])) {
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

 private:
  const Location& location_;
  const std::string& workflow_;
  const ListedTask& task_;
  std::uint64_t left_ = kMostRead;
  std::array<std::byte, 16> start_{};
};

/// Its kind, and what it is worth where that is short.
std::string kind_of(const Value& value, const DescribeObject& describe,
                    const std::optional<KeptArray>& array) {
  if (array) {
    return short_kind(array->array) + ", " + size_text(array->stored_bytes);
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
    return opened.location().array(workflow, *id);
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

Summary summarize(const Opened& opened, const std::string& workflow, const ListedTask& task) {
  const DescribeObject describe = [&](const PersistentId& id) {
    const auto bytes = opened.location().object_bytes(workflow, id);
    return bytes ? size_text(*bytes) : "missing";
  };
  auto of = [&](const Value& value) -> Summary {
    const auto array = kept_array(opened, workflow, value);
    return {array ? "dask.array.core.Array" : type_name(value), kind_of(value, describe, array),
            ""};
  };
  try {
    if (task.facts.bytes <= kSmall) return of(opened.storage().read_task(workflow, task.name));
  } catch (const Error& error) {
    return {"", "", problem_of(error, task.name)};
  }
  PeekInput input(opened.location(), workflow, task);
  try {
    return of(unpickle(input, true));  // payloads, of an array for example, stay where they are
  } catch (const TooMuch&) {
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch): a list is no check; verify says why
  }
  const std::string kind = input.first_kind();
  return {kind, kind.empty() ? "large" : "large " + kind, ""};
}

}  // namespace functionfuse::cli
