#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <string>
#include <vector>

#include "functionfuse/arrays/nd_array.hpp"

namespace functionfuse::cli {

/// What can be said about the elements of an array in a few words: smallest, largest and mean, how
/// many are NaN. Gathered part by part, in any order; of a structured one for each field.
///
/// \threads safe
class Facts {
 public:
  explicit Facts(const DType& dtype);

  /// False where there is nothing to say: complex numbers, texts, raw bytes.
  [[nodiscard]] bool any() const noexcept { return !columns_.empty(); }
  void add(const NdArray& part);
  /// Memory that add() needs, at most.
  [[nodiscard]] std::size_t extra_bytes() const noexcept;

  /// "min 0, max 11, mean 5.5"; of a structured one a line for each field. None where there were no
  /// elements.
  [[nodiscard]] std::vector<std::string> lines() const;
  /// `{"count": 3, "min": 0, "max": 11, "mean": 5.5, "nan": 0}`; of a structured one of such for
  /// each field.
  [[nodiscard]] std::string json() const;

 private:
  /// Integers are held exactly, all else as a double holds it.
  struct Column {
    std::vector<std::string> path;  // of names; empty: the array itself
    std::string title;              // "n.k: int16 (2,)"
    DType dtype;                    // of the numbers
    bool has_facts = true;
    std::size_t count = 0, without = 0;  // `without` a value: NaN, NaT
    long double sum = 0;
    double min = std::numeric_limits<double>::infinity(), max = -min;
    std::int64_t min_signed = std::numeric_limits<std::int64_t>::max(),
                 max_signed = -min_signed - 1;
    std::uint64_t min_unsigned = std::numeric_limits<std::uint64_t>::max(), max_unsigned = 0;
  };

  void add_fields(const DType& dtype, const std::vector<std::string>& path,
                  const std::string& prefix);
  static void gather(Column& column, const NdArray& part);
  static void merge(Column& to, const Column& from);
  [[nodiscard]] static std::string text(const Column& column);
  [[nodiscard]] static std::string json(const Column& column);

  bool structured_ = false;
  bool more_ = false;  // fields than are shown
  std::vector<Column> columns_;
  mutable std::mutex mutex_;
};

}  // namespace functionfuse::cli
