#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "functionfuse/error.hpp"
#include "functionfuse/pickle/pickle.hpp"

// Any bytes: an Error, or a Value that pickles to bytes which can be unpickled, and from then on to
// the same bytes again and again. Its repr, its parts and readings of it as C++ types throw nothing but Errors.

namespace ff = functionfuse;

namespace fuzz {

struct Inner {
  std::string name;
  std::vector<double> data;
  std::optional<std::int32_t> count;
};
FUNCTIONFUSE_FIELDS(Inner, name, data, count)

struct Tree {
  std::vector<Tree> children;
  std::shared_ptr<Tree> other;
};
FUNCTIONFUSE_FIELDS(Tree, children, other)

struct Any;
using Anything = std::variant<std::monostate, bool, std::int64_t, double, std::string, ff::Bytes,
                              std::vector<Any>, std::map<std::string, Any>, ff::NdArray>;
struct Any {
  Anything value;
};

}  // namespace fuzz

template <>
struct functionfuse::Pickle<fuzz::Any> {
  static void save(Pickler& p, const fuzz::Any& any) { p.save(any.value); }
  static fuzz::Any load(const Reading& r) { return {r.as<fuzz::Anything>()}; }
};

namespace {

/// An input that does not lie in memory as a whole, as a file.
class Pieces final : public ff::Input {
 public:
  explicit Pieces(std::string_view data) : data_(data) {}
  [[nodiscard]] std::uint64_t size() const override { return data_.size(); }
  void read_at(std::uint64_t offset, void* data, std::size_t size) override {
    if (offset > data_.size() || size > data_.size() - offset) std::abort();
    if (size != 0) std::memcpy(data, data_.data() + offset, size);
  }

 private:
  std::string_view data_;
};

void require(bool condition) {
  if (!condition) std::abort();
}

std::optional<ff::Value> unpickled(std::string_view data) {
  Pieces pieces(data);
  std::optional<ff::Value> from_pieces;
  try {
    from_pieces = ff::unpickle(pieces, true);
  } catch (const ff::Error&) {
  }
  try {
    ff::Value value = ff::loads(data);
    require(from_pieces.has_value());
    return value;
  } catch (const ff::Error&) {
    require(!from_pieces.has_value());
    return std::nullopt;
  }
}

/// What was read is equal to itself when it is written and read again, as itself or as a Value.
template <class T>
void read_as(const ff::Value& value) {
  try {
    ff::ReadContext context;
    context.heap = value.heap();
    context.budget = 2'000;  // an error for every element takes time
    const T object = ff::Reading(value.slot(), context).as<T>();
    const std::string pickle = ff::dumps(object);
    static_cast<void>(ff::dumps(ff::loads<T>(pickle)));
    static_cast<void>(ff::loads(pickle));
  } catch (const ff::Error&) {
  }
}

void look_at(const ff::Value& value, int depth) {
  static_cast<void>(value.repr(100));
  switch (value.kind()) {
    case ff::Kind::list:
    case ff::Kind::tuple:
    case ff::Kind::set:
    case ff::Kind::frozenset:
      for (std::size_t i = 0; i < value.size() && i < 4 && depth < 4; ++i) {
        look_at(value[i], depth + 1);
      }
      break;
    case ff::Kind::dict:
      for (std::size_t i = 0; i < value.size() && i < 4 && depth < 4; ++i) {
        look_at(value.item(i).first, depth + 1);
        look_at(value.item(i).second, depth + 1);
      }
      static_cast<void>(value.find("a"));
      break;
    case ff::Kind::ndarray:
    case ff::Kind::scalar: {
      const ff::NdArray array = value.as_array();
      static_cast<void>(ff::dumps(array));
      if (array.size() != 0 && array.dtype().itemsize() < 1000) {
        static_cast<void>(array.element_repr(array.size() - 1));
      }
      break;
    }
    case ff::Kind::object:
      static_cast<void>(value.class_name());
      static_cast<void>(value.appended().size() + value.set_items().size());
      static_cast<void>(value.state());
      if (depth < 4) look_at(value.args(), depth + 1);
      break;
    case ff::Kind::persistent: static_cast<void>(value.persistent_id()); break;
    default: break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view data(reinterpret_cast<const char*>(bytes), size);
  const auto value = unpickled(data);
  if (!value) return 0;
  try {
    look_at(*value, 0);
  } catch (const ff::Error&) {  // an array of strings that are not Unicode, for example
  }

  // The first time, an object may be remembered that a hostile pickle refers to and then drops.
  const std::string once = ff::dumps(ff::loads(ff::dumps(*value)));
  const std::string twice = ff::dumps(ff::loads(once));
  require(once == twice);

  read_as<std::int64_t>(*value);
  read_as<double>(*value);
  read_as<std::string>(*value);
  read_as<std::vector<double>>(*value);
  read_as<std::vector<std::vector<std::int32_t>>>(*value);
  read_as<std::map<std::string, std::vector<float>>>(*value);
  read_as<std::tuple<std::int32_t, std::string, std::optional<bool>>>(*value);
  read_as<std::set<std::int64_t>>(*value);
  read_as<std::vector<fuzz::Inner>>(*value);
  read_as<std::vector<std::shared_ptr<fuzz::Inner>>>(*value);
  read_as<fuzz::Tree>(*value);
  read_as<fuzz::Any>(*value);
  read_as<ff::NdArray>(*value);
  read_as<std::vector<std::chrono::sys_time<std::chrono::microseconds>>>(*value);
  read_as<std::chrono::nanoseconds>(*value);
  return 0;
}
