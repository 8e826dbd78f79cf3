#include "places.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <unordered_set>

#include "functionfuse/error.hpp"

#include "one_line.hpp"
#include "opened.hpp"
#include "readable.hpp"
#include "value_text.hpp"
#include "words.hpp"

namespace functionfuse::cli {
namespace {

/// A part of a value: `step` is what `show` adds to the path.
struct Child {
  std::string step;
  std::optional<std::string> key;  // of a dict: a str; of an object: an attribute's name
  Value value;
};

std::string key_text(const Value& key) {
  const DescribeObject nothing = [](const PersistentId&) { return std::string(); };
  return OneLine(nothing).text(key, 60).value_or("<" + short_kind(key) + ">");
}

std::optional<std::string> str_of(const Value& key) {
  if (key.kind() != Kind::str) return {};
  return std::string(key.as_str());
}

/// Calls `f(Child)` for the parts of a value, in the order in which they are shown; false from `f`
/// ends it.
void for_each_child(const Value& value, const std::function<bool(Child)>& f) {
  auto sequence = [&](std::size_t count, const auto& item) {
    for (std::size_t i = 0; i < count; ++i) {
      if (!f({"[" + std::to_string(i) + "]", {}, item(i)})) return false;
    }
    return true;
  };
  auto pair = [&](const Value& key, const Value& item) {
    return f({"[" + key_text(key) + "]", str_of(key), item});
  };
  if (is_sequence(value.kind())) {
    sequence(value.size(), [&](std::size_t i) { return value[i]; });
  } else if (value.kind() == Kind::dict) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      const auto [key, item] = value.item(i);
      if (!pair(key, item)) return;
    }
  } else if (value.kind() == Kind::object) {
    const Readable parts = readable(value);
    if (parts.array) return;
    for (std::size_t i = 0; i < parts.args.size(); ++i) {
      const std::string name = parts.args.size() == 1 ? "args" : "args[" + std::to_string(i) + "]";
      if (!f({"." + name, {}, parts.args[i]})) return;
    }
    for (const auto& [name, item] : parts.named) {
      if (!f({"." + name, name, item})) return;
    }
    if (!sequence(parts.items.size(), [&](std::size_t i) { return parts.items[i]; })) return;
    for (const auto& [key, item] : parts.pairs) {
      if (!pair(key, item)) return;
    }
    if (parts.state && parts.state->kind() == Kind::dict) {
      for (std::size_t i = 0; i < parts.state->size(); ++i) {
        const auto [key, item] = parts.state->item(i);
        const auto name = str_of(key);
        if (!f({name ? "." + printable(*name) : "[" + key_text(key) + "]", name, item})) return;
      }
    } else if (parts.state) {
      f({".state", {}, *parts.state});
    }
  }
}

/// One `[...]`, `.name` or first name of a path.
struct Step {
  std::string text;                // as `show` has it
  std::optional<std::string> key;  // what stands in quotes, behind the dot
  std::optional<std::int64_t> index;
  std::size_t at;
};

class PathParser {
 public:
  explicit PathParser(std::string_view path) : path_(path) {}

  std::vector<Step> parse() {
    std::vector<Step> steps;
    while (at_ < path_.size()) {
      if (path_[at_] == '[') {
        steps.push_back(bracket());
      } else if (path_[at_] == '.' || steps.empty()) {
        steps.push_back(name());
      } else {
        fail("expected [ or .");
      }
    }
    return steps;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(Errc::invalid_argument, "item \"" + printable(path_) + "\": at character " +
                                            std::to_string(at_ + 1) + ": " + what);
  }
  [[nodiscard]] char peek() const { return at_ < path_.size() ? path_[at_] : '\0'; }

  Step name() {
    const std::size_t begin = at_;
    if (peek() == '.') ++at_;
    const std::size_t end = std::min(path_.find_first_of(".[", at_), path_.size());
    std::string name(path_.substr(at_, end - at_));
    if (name.empty()) fail("expected a name");
    at_ = end;
    return {"." + name, name, number(name), begin};
  }

  Step bracket() {
    const std::size_t begin = at_++;
    if (peek() == '\'' || peek() == '"') {
      std::string key = quoted_key();
      if (peek() != ']') fail("expected ]");
      ++at_;
      return {"[" + cli::quoted(key) + "]", key, {}, begin};
    }
    // A key of another kind, as it is shown: a number, a tuple.
    int depth = 0;
    const std::size_t inside = at_;
    for (; at_ < path_.size() && (path_[at_] != ']' || depth != 0); ++at_) {
      if (path_[at_] == '[' || path_[at_] == '(' || path_[at_] == '{') ++depth;
      if (path_[at_] == ']' || path_[at_] == ')' || path_[at_] == '}') --depth;
    }
    if (at_ == path_.size()) fail("expected ]");
    std::string text(path_.substr(inside, at_ - inside));
    if (text.empty()) fail("expected an index or a key in quotes");
    ++at_;
    return {"[" + text + "]", {}, number(text), begin};
  }

  std::string quoted_key() {
    const char mark = path_[at_++];
    std::string key;
    for (; peek() != mark; ++at_) {
      if (at_ == path_.size()) fail(std::string("expected ") + mark);
      if (path_[at_] != '\\') {
        key += path_[at_];
        continue;
      }
      ++at_;
      constexpr std::string_view kLetters = "nrt\\'\"", kMeanings = "\n\r\t\\'\"";
      const std::size_t letter = kLetters.find(peek());
      if (letter != kLetters.npos) {
        key += kMeanings[letter];
      } else if (peek() == 'x' || peek() == 'u' || peek() == 'U') {
        append_code(key, peek() == 'x' ? 2 : peek() == 'u' ? 4 : 8);
      } else {
        fail("expected one of \\n \\r \\t \\\\ \\' \\\" \\xNN \\uNNNN \\UNNNNNNNN");
      }
    }
    ++at_;
    return key;
  }

  /// Leaves at_ at the last digit.
  void append_code(std::string& key, std::size_t digits) {
    const std::string_view text = path_.substr(at_ + 1, digits);
    std::uint32_t code = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code, 16);
    if (text.size() != digits || error != std::errc() || end != text.data() + digits ||
        code > 0x10FFFF) {
      fail("expected " + std::to_string(digits) + " hexadecimal digits");
    }
    at_ += digits;
    if (code < 0x80) {
      key += static_cast<char>(code);
      return;
    }
    const std::size_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    constexpr unsigned kLead[] = {0, 0xC0, 0xE0, 0xF0};
    key += static_cast<char>(kLead[more] | code >> (6 * more));
    for (std::size_t i = more; i-- > 0;) key += static_cast<char>(0x80 | (code >> (6 * i) & 0x3F));
  }

  static std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return {};
    return value;
  }

  std::string_view path_;
  std::size_t at_ = 0;
};

/// The child that one step means, or two: `.args[1]`. \param used  gets how many
std::optional<Child> child_of(const Value& value, const std::vector<Step>& steps, std::size_t at,
                              std::size_t& used) {
  const Step& step = steps[at];
  used = 1;
  if (step.index && is_sequence(value.kind())) {
    const auto size = static_cast<std::int64_t>(value.size());
    const std::int64_t i = *step.index < 0 ? *step.index + size : *step.index;
    if (i < 0 || i >= size) return {};
    return Child{"[" + std::to_string(i) + "]", {}, value[static_cast<std::size_t>(i)]};
  }
  const std::string two = at + 1 < steps.size() ? step.text + steps[at + 1].text : "";
  std::optional<Child> found;
  const bool quoted = step.key && step.text.front() == '[';
  for_each_child(value, [&](Child child) {
    const bool by_key = step.key && child.key == step.key && (!quoted || child.step.front() == '[');
    // A dict's key in no quotes: x.5 may be the key 5.
    const bool by_text =
        child.step == step.text || (!quoted && step.key && child.step == "[" + *step.key + "]");
    if (!two.empty() && child.step == two) {
      found = std::move(child);
      used = 2;
      return false;
    }
    if (by_key || by_text) found = std::move(child);  // of two equal keys the last
    return true;
  });
  return found;
}

[[noreturn]] void fail_missing(const Place& place, const Step& step) {
  constexpr std::size_t kMost = 1000;
  std::vector<std::string> there;
  for_each_child(place.value, [&](Child child) {
    there.push_back(std::move(child.step));
    return there.size() < kMost;
  });
  const std::string where = place.path.empty() ? "the result" : printable(place.path);
  const std::string wanted = step.key ? "[" + cli::quoted(*step.key) + "]" : step.text;
  std::string text = where + ", " + short_kind(place.value) + ", has no " + printable(step.text);
  if (there.empty()) {
    text += ", and no parts at all";
  } else if (is_sequence(place.value.kind())) {
    text += ": it has " + there.front() + " to " + there.back();
  } else {
    const std::string near = did_you_mean(wanted, there);
    text += near;
    if (near.empty()) {
      text += ": it has ";
      for (std::size_t i = 0; i < std::min<std::size_t>(there.size(), 8); ++i) {
        text += (i == 0 ? "" : ", ") + there[i];
      }
      if (there.size() > 8) text += " and more";
    }
  }
  throw NotFoundError(text);
}

}  // namespace

bool is_array(const Value& value) {
  switch (value.kind()) {
    case Kind::ndarray:
      return true;
    case Kind::persistent: {
      const auto id = value.persistent_id();
      return id && Opened::is_array(*id);
    }
    case Kind::object:
      return readable(value).array.has_value();
    default:
      return false;
  }
}

FoundPlace place_in(const Value& result, std::string_view path) {
  const std::vector<Step> steps = PathParser(path).parse();
  FoundPlace place;
  place.value = result;
  for (std::size_t i = 0; i < steps.size();) {
    if (is_array(place.value)) {
      for (; i < steps.size(); ++i) {
        if (!steps[i].key) {
          throw Error(Errc::invalid_argument,
                      "item \"" + printable(path) +
                          "\": " + (place.path.empty() ? "the result" : printable(place.path)) +
                          " is an array, whose elements --slice chooses, not " + steps[i].text);
        }
        place.fields.push_back(*steps[i].key);
        place.path += "[" + cli::quoted(*steps[i].key) + "]";
      }
      break;
    }
    std::size_t used = 0;
    auto child = child_of(place.value, steps, i, used);
    if (!child) fail_missing(place, steps[i]);
    place.value = std::move(child->value);
    place.path += child->step;
    i += used;
  }
  return place;
}

std::vector<Place> arrays_in(const Place& top, std::size_t most) {
  std::vector<Place> found, open{top};
  std::unordered_set<const void*> seen;
  while (!open.empty() && found.size() < most) {
    Place place = std::move(open.back());
    open.pop_back();
    if (place.value.shared() && !seen.insert(place.value.identity()).second) continue;
    if (is_array(place.value)) {
      found.push_back(std::move(place));
      continue;
    }
    const std::size_t first = open.size();
    for_each_child(place.value, [&](Child child) {
      const Kind kind = child.value.kind();
      if (is_sequence(kind) || kind == Kind::dict || kind == Kind::object ||
          is_array(child.value)) {
        open.push_back({place.path + child.step, std::move(child.value)});
      }
      return true;
    });
    std::reverse(open.begin() + static_cast<std::ptrdiff_t>(first), open.end());
  }
  return found;
}

}  // namespace functionfuse::cli
