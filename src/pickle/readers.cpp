#include <sys/mman.h>

#include <cmath>
#include <cstring>

#include "functionfuse/pickle/types.hpp"
#include "pickle/globals.hpp"
#include "pickle/integers.hpp"
#include "pickle/nesting.hpp"
#include "pickle/utf8.hpp"

// What types.hpp reads, where the C++ type makes no difference to the code.

namespace functionfuse::detail {

namespace {

std::span<const std::byte> big(const Slot& slot) {
  const auto* text = static_cast<const Text*>(slot.object);
  return std::as_bytes(std::span(text->view().data(), text->size));
}

/// A numpy scalar or array of rank 0; nothing otherwise.
std::optional<NdArray> rank_0(const Reading& r) {
  if (r.kind() == Kind::scalar ||
      (r.kind() == Kind::ndarray && static_cast<const Array*>(r.slot().object)->ndim == 0)) {
    return r.value().as_array();
  }
  return std::nullopt;
}

const Array* as_array(const Reading& r) {
  return r.kind() == Kind::ndarray ? static_cast<const Array*>(r.slot().object) : nullptr;
}

/// Reads a blob's bytes, which may have been left in the input.
void copy_blob(const Reading& r, const Blob& blob, void* to) {
  if (blob.size == 0) return;
  r.spend_bytes(blob.size);
  if (blob.data != nullptr) {
    std::memcpy(to, blob.data, blob.size);
  } else {
    r.context().input->read_at(blob.offset, to, blob.size);
  }
}

/// array.array: the bytes, and their dtype by the machine format code of Python's array module.
struct MachineArray {
  DType dtype;
  const Blob* data;
};

std::optional<MachineArray> machine_array(const Reading& r) {
  static constexpr std::array<const char*, 18> kFormats{
      "|u1", "|i1", "<u2", ">u2", "<i2", ">i2", "<u4", ">u4", "<i4",
      ">i4", "<u8", ">u8", "<i8", ">i8", "<f4", ">f4", "<f8", ">f8"};
  if (r.kind() != Kind::object) return std::nullopt;
  const auto* object = static_cast<const Opaque*>(r.slot().object);
  if (object->cls.kind() != Kind::global ||
      static_cast<const Global*>(object->cls.object)->id != GlobalId::array_reconstructor) {
    return std::nullopt;
  }
  const auto* args = static_cast<const Container*>(object->args.object);
  if (args->size != 4 || args->items[2].tag != Kind::integer ||
      args->items[3].kind() != Kind::bytes) {
    return std::nullopt;
  }
  auto code = static_cast<std::uint64_t>(args->items[2].integer);
  if (code >= kFormats.size()) return std::nullopt;
  MachineArray result{DType::parse(kFormats[code]), static_cast<Blob*>(args->items[3].object)};
  if (result.data->size % result.dtype.itemsize() != 0) return std::nullopt;
  return result;
}

void convert(const Reading& r, const NdArray& from, const DType& to, void* data) {
  try {
    from.convert_to(to, static_cast<std::byte*>(data));
  } catch (const Error& e) {
    r.fail(e.what());
  }
}

}  // namespace

std::int64_t read_integer(const Reading& r, std::int64_t min, std::int64_t max,
                          std::string_view type) {
  if (r.kind() == Kind::boolean) return r.slot().boolean ? 1 : 0;
  if (r.kind() == Kind::big_integer || r.kind() == Kind::integer) {
    r.fail_expected(std::string(type) + " (" + std::to_string(min) + " to " +
                    std::to_string(max) + ")");
  }
  auto array = rank_0(r);
  if (!array) r.fail_expected(type);
  std::int64_t value = 0;
  convert(r, *array, DType::of<std::int64_t>(), &value);
  if (value < min || value > max) r.fail_expected(type);
  return value;
}

std::uint64_t read_unsigned(const Reading& r, std::uint64_t max, std::string_view type) {
  if (r.kind() == Kind::boolean) return r.slot().boolean ? 1 : 0;
  if (r.kind() == Kind::big_integer) {
    auto bytes = big(r.slot());
    if (bytes.size() == 9 && bytes[8] == std::byte{0} && max == UINT64_MAX) {
      std::uint64_t value;
      std::memcpy(&value, bytes.data(), 8);
      return value;
    }
  }
  if (r.kind() == Kind::big_integer || r.kind() == Kind::integer) {
    r.fail_expected(std::string(type) + " (0 to " + std::to_string(max) + ")");
  }
  auto array = rank_0(r);
  if (!array) r.fail_expected(type);
  std::uint64_t value = 0;
  convert(r, *array, DType::of<std::uint64_t>(), &value);
  if (value > max) r.fail_expected(type);
  return value;
}

double read_floating(const Reading& r) {
  switch (r.kind()) {
    case Kind::floating: return r.slot().floating;
    case Kind::boolean: return r.slot().boolean ? 1 : 0;
    case Kind::integer: return static_cast<double>(r.slot().integer);
    case Kind::big_integer: {
      double value = integer_to_double(big(r.slot()));
      if (std::isinf(value)) r.fail_expected("double");
      return value;
    }
    default: break;
  }
  auto array = rank_0(r);
  if (!array) r.fail_expected("double");
  double value = 0;
  convert(r, *array, DType::of<double>(), &value);
  return value;
}

std::complex<double> read_complex(const Reading& r) {
  if (r.kind() == Kind::complex) return r.value().as_complex();
  if (r.kind() == Kind::floating || r.kind() == Kind::integer || r.kind() == Kind::boolean ||
      r.kind() == Kind::big_integer) {
    return read_floating(r);
  }
  if (auto array = rank_0(r)) {
    std::complex<double> value;
    convert(r, *array, DType::of<std::complex<double>>(), &value);
    return value;
  }
  r.fail_expected("std::complex<double>");
}

bool read_bool(const Reading& r) {
  if (r.kind() == Kind::boolean) return r.slot().boolean;
  auto array = rank_0(r);
  if (!array || array->dtype().kind() != 'b') r.fail_expected("bool");
  return array->at<bool>();
}

std::string_view read_str(const Reading& r) {
  if (r.kind() != Kind::str) r.fail_expected("std::string");
  std::string_view text = static_cast<const Text*>(r.slot().object)->view();
  r.spend_bytes(text.size());
  if (find_invalid_utf8(text) != text.size()) {
    r.fail("a str with a lone surrogate, which is not UTF-8: read it as a functionfuse::Value");
  }
  return text;
}

bool array_length(const Reading& r, std::size_t& length) {
  if (const Array* array = as_array(r)) {
    if (array->ndim != 1) {
      r.fail_expected("a one-dimensional array (functionfuse::NdArray takes any shape)");
    }
    length = static_cast<std::size_t>(array->shape[0]);
    return true;
  }
  if (auto array = machine_array(r)) {
    length = array->data->size / array->dtype.itemsize();
    return true;
  }
  return false;
}

void read_array(const Reading& r, const DType& to, void* data, std::size_t length) {
  const Blob* blob;
  const DType* dtype;
  std::optional<MachineArray> machine;
  if (const Array* array = as_array(r)) {
    blob = array->data;
    dtype = array->dtype->dtype;
  } else {
    machine = machine_array(r);
    blob = machine->data;
    dtype = &machine->dtype;
  }
  if (dtype->kind() == to.kind() && dtype->itemsize() == to.itemsize() &&
      dtype->byteorder() == to.byteorder()) {
    return copy_blob(r, *blob, data);
  }
  std::vector<std::byte> bytes(blob->size);
  copy_blob(r, *blob, bytes.data());
  convert(r,
          NdArray::from_buffer(*dtype, {static_cast<std::int64_t>(length)}, 'C', bytes, nullptr),
          to, data);
}

std::size_t bytes_length(const Reading& r) {
  if (r.kind() != Kind::bytes && r.kind() != Kind::bytearray) r.fail_expected("bytes");
  return r.slot().object->size;
}

void read_bytes(const Reading& r, void* data) {
  copy_blob(r, *static_cast<const Blob*>(r.slot().object), data);
}

NdArray read_nd_array(const Reading& r) {
  if (r.kind() != Kind::ndarray && r.kind() != Kind::scalar) {
    if (auto machine = machine_array(r)) {
      NdArray result = NdArray::empty(
          machine->dtype,
          {static_cast<std::int64_t>(machine->data->size / machine->dtype.itemsize())});
      copy_blob(r, *machine->data, result.mutable_data());
      return result;
    }
    r.fail_expected("numpy.ndarray");
  }
  const auto* array = static_cast<const Array*>(r.slot().object);
  Shape shape(array->shape, array->shape + array->ndim);
  NdArray result = NdArray::empty(*array->dtype->dtype, shape, array->order);
  copy_blob(r, *array->data, result.mutable_data());
  return result;
}

bool is_array_of(const Reading& r, const DType& dtype) {
  const Array* array = as_array(r);
  return array != nullptr && array->ndim == 1 && *array->dtype->dtype == dtype;
}

void load_payloads(const Reading& r) {
  Input* input = r.context().input;
  if (input == nullptr || !r.slot().is_object() || !r.context().heap->deferred) return;
  auto& heap = const_cast<Heap&>(*r.context().heap);
  std::vector<Object*> todo{r.slot().object};
  while (!todo.empty()) {
    Object* object = todo.back();
    todo.pop_back();
    if (!r.context().payloads_loaded.insert(object).second) continue;
    Blob* blob = nullptr;
    if (object->kind == Kind::bytes || object->kind == Kind::bytearray) {
      blob = static_cast<Blob*>(object);
    } else if (object->kind == Kind::ndarray || object->kind == Kind::scalar) {
      blob = static_cast<Array*>(object)->data;
    }
    if (blob != nullptr && blob->data == nullptr && blob->size != 0) {
      std::byte* data = heap.allocate_payload(blob->size);
      input->read_at(blob->offset, data, blob->size);
      blob->data = data;
    }
    const Slot* slot;
    for (std::size_t i = 0; (slot = child(*object, i)) != nullptr; ++i) {
      if (slot->is_object()) todo.push_back(slot->object);
    }
  }
}

void advise_huge_pages(void* data, std::size_t size) noexcept {
  constexpr std::size_t kHuge = 2 << 20;
  if (size < 2 * kHuge) return;
  auto begin = (reinterpret_cast<std::uintptr_t>(data) + kHuge - 1) & ~(kHuge - 1);
  auto end = (reinterpret_cast<std::uintptr_t>(data) + size) & ~(kHuge - 1);
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

}  // namespace functionfuse::detail
