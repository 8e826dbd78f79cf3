#include "chosen_array.hpp"

#include "functionfuse/error.hpp"

#include "array_text.hpp"
#include "readable.hpp"
#include "slicing.hpp"
#include "value_text.hpp"
#include "words.hpp"

namespace functionfuse::cli {
namespace {

std::string place_name(const Place& place) {
  return place.path.empty() ? "the result" : printable(place.path);
}

/// "chunked array float64 (3, 4)": what a person needs to tell arrays apart.
std::string kind_of(const Opened& opened, const std::string& workflow, const Value& value) {
  if (value.kind() != Kind::persistent) return short_kind(value);
  try {
    return short_kind(opened.location().array(workflow, *value.persistent_id()).array);
  } catch (const Error&) {
    return "an array that can't be read";
  }
}

/// As a word of a command line; mostly easier to read than shell_word.
std::string item_word(const std::string& path) {
  const std::string text = printable(path);
  if (text.find_first_of("\"$`\\!") == text.npos) return "\"" + text + "\"";
  return shell_word(text);
}

/// The place itself, or the only array below it.
Place only_array(const Opened& opened, const std::string& workflow, const Place& place) {
  if (is_array(place.value) || place.value.kind() == Kind::scalar) return place;
  const auto arrays = arrays_in(place);
  if (arrays.size() == 1) return arrays.front();
  std::string text = place_name(place) + ", " + short_kind(place.value) + ", ";
  if (arrays.empty()) {
    const bool objects =
        place.value.kind() == Kind::object && readable(place.value).note.starts_with("object ");
    throw NotFoundError(text + (objects ? "is an array of Python objects, which has no elements of "
                                          "a fixed size: only show can print it"
                                        : "is no array and has none in it"));
  }
  text += "has " + counted(arrays.size(), "array") + ": choose one with --item";
  constexpr std::size_t kMost = 8;
  for (std::size_t i = 0; i < arrays.size() && i < kMost; ++i) {
    text += "\n  --item " + item_word(arrays[i].path) + "    " +
            kind_of(opened, workflow, arrays[i].value);
  }
  if (arrays.size() > kMost) text += "\n  and " + std::to_string(arrays.size() - kMost) + " more";
  throw NotFoundError(text);
}

}  // namespace

ChosenArray choose_array(const Opened& opened, const std::string& workflow, const FoundPlace& place,
                         const std::string& slice) {
  const Place chosen = only_array(opened, workflow, place);
  ChosenArray result;
  result.name = chosen.path;
  const Value& value = chosen.value;
  if (value.kind() == Kind::persistent) {
    result.array = opened.location().array(workflow, *value.persistent_id()).array;
  } else if (value.kind() == Kind::object) {
    const Readable parts = readable(value);
    result.array = ChunkedArray(*parts.array);
    if (!parts.fact.empty()) result.note = parts.fact + ": the mask is left out";
  } else {
    result.array = ChunkedArray(value.as_array());
  }
  for (const std::string& name : place.fields) {
    const DType& dtype = result.array.dtype();
    if (dtype.find_field(name) == nullptr) {
      std::vector<std::string> names;
      for (const Field& field : dtype.fields()) names.push_back(field.name);
      throw NotFoundError("the array has the dtype " + dtype_words(dtype) + " and no field \"" +
                          printable(name) + "\"" + did_you_mean(name, names));
    }
    result.array = result.array.field(name);
  }
  if (!slice.empty()) {
    result.array = sliced(result.array, slice);
    result.name += slice.front() == '[' ? slice : "[" + slice + "]";
  }
  return result;
}

}  // namespace functionfuse::cli
