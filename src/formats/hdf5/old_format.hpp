#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <H5FDpublic.h>

#include "formats/hdf5/messages.hpp"

/// \file
/// The parts of HDF5's format that have no checksum: what is not as it should be there crashes the
/// library (1.10), which believes it. Every block of metadata that the library reads from a file
/// is checked on its way, so that what is checked is what is used, and no more: a file of a million
/// chunks opens as fast as before.
///
/// 1. Superblock of version 0 or 1: widths of addresses; no driver information beyond the file.
/// 2. Object header of version 1: its messages, in all its continuations, end where they should and
///    fit each other (messages.hpp).
/// 3. Local heap: its list of free blocks ends. The last byte of its data is made a NUL, behind
///    which no name can go on.
/// 4. Symbol table node: as many entries as there is room for.
/// 5. B-tree of version 1: the levels fall by one from a node to its children, so that no walk goes
///    round; chunks are of the size and at the places that their dataset says.
/// 6. Global heap: the one object that is used, the list of a virtual dataset, has a checksum.
///
/// What has a checksum is left to the library, but for what leads from there to the above.
///
/// HDF5 File Format Specification 3.0: "Superblock" (II.A), "Version 1 B-trees" (III.A.1), "Group
/// Symbol Table Nodes" (III.B), "Local Heaps" (III.D), "Global Heap" (III.E), "Data Object Headers"
/// (IV.A.1).

namespace functionfuse::formats::hdf5 {

/// Of one open file.
class OldFormat {
 public:
  /// \param size  of the file
  OldFormat(int fd, std::uint64_t size, std::string path);

  /// Checks a block that was read for the library, before it sees it.
  ///
  /// \param base  where the file's addresses count from
  /// \error corrupt  "damaged at byte ..."
  void check(H5FD_mem_t type, std::uint64_t base, std::uint64_t at, std::span<std::byte> block);

 private:
  /// The chunks of a dataset, which their B-tree's nodes are about.
  struct Tree {
    unsigned axes = 0;
    std::array<std::uint64_t, kMaxAxes + 1> lengths{};
    std::uint64_t chunk_size = 0;
    bool filtered = false;
    bool operator==(const Tree&) const = default;
  };
  struct Prefix;

  void check_superblock(std::uint64_t address, std::span<const std::byte> block);
  void check_header(std::uint64_t address, std::span<const std::byte> block);
  void check_heap(std::uint64_t address, std::span<std::byte> block);
  void check_symbols(Cursor node) const;
  void check_tree(std::uint64_t address, Cursor node);
  void check_chunks(Cursor node, const Tree& tree, unsigned level, unsigned count);
  void check_child(const Cursor& from, std::uint64_t address, unsigned type, unsigned level) const;
  void check_list(const Layout& layout) const;

  Facts read_header(std::uint64_t address, unsigned depth);
  bool read_block(const Prefix& prefix, Run run, Facts& object, unsigned depth);
  void note_tree(std::uint64_t address, const Tree& tree);

  void check_inside(std::uint64_t address, std::uint64_t size, const char* what) const;
  [[nodiscard]] std::vector<std::byte> read(std::uint64_t address, std::uint64_t size,
                                            const char* what) const;
  [[nodiscard]] Cursor cursor(std::span<const std::byte> bytes, std::uint64_t address,
                              const char* what) const;

  const int fd_;
  const std::uint64_t size_;
  const std::string path_;
  std::uint64_t base_ = 0;
  Widths widths_;
  std::unordered_map<std::uint64_t, Tree> trees_;  // by address of a node
  std::set<std::uint64_t> heap_ends_;              // the last byte of each local heap
  std::unordered_set<std::uint64_t> expected_;     // addresses of the rest of a header
};

}  // namespace functionfuse::formats::hdf5
