#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "formats/hdf5/cursor.hpp"

/// \file
/// What the messages of an object header say, and whether the library (1.10) may see them: it
/// believes most lengths and counts in them, and copies from behind their ends.
///
/// HDF5 File Format Specification 3.0, "Data Object Header Messages" (IV.A.2).

namespace functionfuse::formats::hdf5 {

constexpr unsigned kMaxAxes = 32;

struct Extent {
  unsigned rank = 0;
  std::array<std::uint64_t, kMaxAxes> lengths{};
  std::uint64_t elements = 0;  ///< kNowhere: more than there can be
};

struct Layout {
  enum class Kind { compact, contiguous, chunked, virtual_data };
  Kind kind = Kind::contiguous;
  unsigned version = 0;
  std::uint64_t address = kNowhere;  ///< of the data, of the chunks' B-tree, of the global heap
  std::uint64_t size = 0;            ///< compact, contiguous; chunked: of a whole chunk
  unsigned axes = 0;                 ///< chunked: with the bytes of an element as the last
  std::array<std::uint64_t, kMaxAxes + 1> lengths{};
  bool old_tree = false;     ///< chunked: the index is a B-tree of version 1
  std::uint32_t object = 0;  ///< virtual: which one in the global heap
};

/// A run of bytes in the file.
struct Run {
  std::uint64_t address = kNowhere;
  std::uint64_t size = 0;
};

/// What a header says of its object; of two messages of a kind the first counts.
struct Facts {
  std::optional<Extent> extent;
  std::optional<std::uint64_t> type_size;
  bool type_is_shared = false;
  std::optional<Layout> layout;
  std::optional<std::uint64_t> fill, old_fill;  ///< bytes of the value
  std::optional<bool> filtered;
  bool external = false;
  std::vector<Run> more;  ///< continuations of the header, in order
};

/// Bytes of an element of the committed datatype with this address.
using CommittedType = std::function<std::uint64_t(std::uint64_t address)>;

/// Checks one message, and notes what it says.
///
/// \param id, flags  of its header
/// \error corrupt    the library must not see it
void read_message(unsigned id, unsigned flags, Cursor message, const CommittedType& committed,
                  Facts& object);

/// Whether the messages of a dataset fit each other. Nothing where it is none.
/// \param at  of the header, for the error
void check_dataset(const Facts& object, const Cursor& at);

}  // namespace functionfuse::formats::hdf5
