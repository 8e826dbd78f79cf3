#include "slicing.hpp"

#include <charconv>
#include <optional>
#include <vector>

#include "functionfuse/error.hpp"

#include "words.hpp"

namespace functionfuse::cli {
namespace {

/// One item between commas.
struct Index {
  enum class Kind { integer, slice, ellipsis, new_axis } kind = Kind::slice;
  std::int64_t integer = 0;
  Slice slice{};
  std::size_t at = 0;  ///< where it stands in the text
};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::vector<Index> parse() {
    skip_spaces();
    const bool brackets = take('[');
    std::vector<Index> indices;
    skip_spaces();
    while (!at_end(brackets)) {
      indices.push_back(index());
      skip_spaces();
      if (at_end(brackets)) break;
      if (!take(',')) fail("expected a comma" + std::string(brackets ? " or ]" : ""));
      skip_spaces();
    }
    if (brackets && !take(']')) fail("expected ]");
    skip_spaces();
    if (at_ != text_.size()) fail("expected nothing more");
    return indices;
  }

  [[noreturn]] void fail(const std::string& what) const { fail(what, at_); }
  [[noreturn]] void fail(const std::string& what, std::size_t at) const {
    const std::string there =
        at < text_.size() ? " (\"" + printable(text_.substr(at, 20)) + "\")" : ", its end";
    throw Error(Errc::invalid_argument, "slice \"" + printable(text_) + "\": at character " +
                                            std::to_string(at + 1) + there + ": " + what);
  }

 private:
  [[nodiscard]] bool at_end(bool brackets) const {
    return at_ == text_.size() || (brackets && text_[at_] == ']');
  }
  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  bool take(char c) { return take(std::string_view(&c, 1)); }

  std::optional<std::int64_t> number() {
    skip_spaces();
    std::size_t begin = at_;
    if (begin < text_.size() && text_[begin] == '+') ++begin;  // from_chars takes no plus
    std::int64_t value = 0;
    const auto [end, error] =
        std::from_chars(text_.data() + begin, text_.data() + text_.size(), value);
    if (error == std::errc::result_out_of_range) fail("a number beyond 64 bits");
    if (error != std::errc()) return {};
    const auto next = static_cast<std::size_t>(end - text_.data());
    if (next < text_.size() && (text_[next] == '.' || text_[next] == 'e')) {
      fail("an index is a whole number");
    }
    at_ = next;
    skip_spaces();
    return value;
  }

  Index index() {
    Index index{.at = at_};
    if (take("...") || take("Ellipsis")) {
      index.kind = Index::Kind::ellipsis;
      return index;
    }
    if (take("None") || take("np.newaxis") || take("newaxis")) {
      index.kind = Index::Kind::new_axis;
      return index;
    }
    const auto first = number();
    if (!take(':')) {
      if (!first) fail("expected a whole number, a slice start:stop:step, ... or None");
      index.kind = Index::Kind::integer;
      index.integer = *first;
      return index;
    }
    index.slice.start = first;
    index.slice.stop = number();
    if (take(':')) {
      skip_spaces();
      const std::size_t at = at_;
      index.slice.step = number().value_or(1);
      if (index.slice.step == 0) fail("the step of a slice can't be 0", at);
    }
    skip_spaces();
    if (at_ < text_.size() && text_[at_] != ',' && text_[at_] != ']') {
      fail("expected a whole number, a colon or a comma");
    }
    return index;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

/// Slices of all axes in place of `...` and of what is left out at the end.
std::vector<Index> complete(std::vector<Index> indices, const ChunkedArray& array,
                            const Parser& parser) {
  std::size_t axes = 0;
  std::optional<std::size_t> ellipsis;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const Index& index = indices[i];
    if (index.kind == Index::Kind::ellipsis) {
      if (ellipsis) parser.fail("a second ...", index.at);
      ellipsis = i;
    } else if (index.kind != Index::Kind::new_axis && ++axes > array.ndim()) {
      parser.fail("too many indices: the array has shape " + shape_text(array.shape()), index.at);
    }
  }
  const std::size_t at = ellipsis.value_or(indices.size());
  if (ellipsis) indices.erase(indices.begin() + static_cast<std::ptrdiff_t>(at));
  indices.insert(indices.begin() + static_cast<std::ptrdiff_t>(at), array.ndim() - axes, Index());
  return indices;
}

}  // namespace

ChunkedArray sliced(const ChunkedArray& array, std::string_view text) {
  Parser parser(text);
  const std::vector<Index> indices = complete(parser.parse(), array, parser);
  std::vector<Slice> slices;
  std::vector<std::int64_t> dropped, added;  // axes
  for (std::size_t place = 0; const Index& index : indices) {
    if (index.kind == Index::Kind::new_axis) {
      added.push_back(static_cast<std::int64_t>(place++));
      continue;
    }
    const std::size_t axis = slices.size();
    if (index.kind == Index::Kind::slice) {
      slices.push_back(index.slice);
      ++place;
      continue;
    }
    const std::int64_t length = array.shape()[axis];
    const std::int64_t i = index.integer < 0 ? index.integer + length : index.integer;
    if (i < 0 || i >= length) {
      parser.fail("index " + std::to_string(index.integer) + " is out of bounds for axis " +
                      std::to_string(axis) + " with size " + std::to_string(length),
                  index.at);
    }
    slices.push_back({.start = i, .stop = i + 1});
    dropped.push_back(static_cast<std::int64_t>(axis));
  }
  ChunkedArray result = array.slice(slices);
  for (auto axis = dropped.rbegin(); axis != dropped.rend(); ++axis) result = result.take(0, *axis);
  for (const std::int64_t axis : added) result = result.expand_dims(axis);
  return result;
}

}  // namespace functionfuse::cli
