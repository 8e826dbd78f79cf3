#include <algorithm>
#include <unordered_set>

#include <functionfuse/error.hpp>

#include "operations.hpp"
#include "strided.hpp"

namespace functionfuse {
namespace detail {
namespace {

/// The parts of pieces that a new piece along an axis is made of.
struct Part {
  std::int64_t piece;      ///< of the old chunks
  std::int64_t start;      ///< in it
  std::int64_t length;
  std::int64_t target;     ///< where it goes in the new piece
};
using Parts = std::vector<Part>;

Parts parts_of(const Chunks& old, std::size_t axis, std::int64_t start, std::int64_t stop) {
  Parts parts;
  if (start == stop) return parts;
  const auto& starts = old.starts(axis);
  for (auto piece = old.find(axis, start); start < stop; ++piece) {
    const auto p = static_cast<std::size_t>(piece);
    const std::int64_t end = std::min(stop, starts[p + 1]);
    if (end == start) continue;  // a piece of length 0
    parts.push_back({piece, start - starts[p], end - start, 0});
    start = end;
  }
  std::int64_t target = 0;
  for (Part& part : parts) {
    part.target = target;
    target += part.length;
  }
  return parts;
}

class RechunkOperation final : public Operation {
 public:
  struct Kind {
    bool merges;  ///< no old chunk is cut
    bool cuts;    ///< no new chunk has elements of two old ones
  };
  RechunkOperation(const LazyArrayPtr& array, const Chunks& chunks, std::vector<std::vector<Parts>> parts,
                   Kind kind)
      : Operation({.one_to_one = kind.merges,
                   .streams = !kind.cuts,
                   .separate = !kind.cuts && is_worth_it(array->chunks(), chunks),
                   .is_view = kind.cuts},
                  {array}),
        dtype_(array->dtype()),
        old_(array->chunks()),
        chunks_(chunks),
        parts_(std::move(parts)),
        kind_(kind) {}

  void needs(std::size_t number, std::vector<Need>& needs) const override {
    for_each_part(number, [&](const Shape& piece, const std::vector<const Part*>&) {
      needs.push_back({0, old_.number(piece)});
    });
  }

  NdArray make(std::size_t number, Inputs& inputs) const override {
    const Shape shape = chunks_.shape_of(chunks_.index(number));
    NdArray result;
    if (!kind_.cuts) result = inputs.output(dtype_, shape);
    std::size_t i = 0;
    for_each_part(number, [&](const Shape&, const std::vector<const Part*>& parts) {
      std::vector<Slice> from, to;
      for (const Part* part : parts) {
        from.push_back({part->start, part->start + part->length});
        to.push_back({part->target, part->target + part->length});
      }
      const NdArray source = inputs.take(i++).slice(from);
      if (kind_.cuts) {
        result = source;
        return;
      }
      NdArray target = result.slice(to);
      copy_elements(source.shape(), dtype_.itemsize(), source.data(), source.strides(),
                    target.mutable_data(), target.strides());
    });
    if (kind_.cuts && i == 0) result = inputs.output(dtype_, shape);  // no elements
    return result;
  }

 private:
  /// Few new chunks of many old ones would otherwise be made by few threads.
  static bool is_worth_it(const Chunks& old, const Chunks& chunks) {
    return chunks.count() < 64 && old.count() > chunks.count();
  }

  /// In C order of the old chunks.
  template <class F>
  void for_each_part(std::size_t number, const F& f) const {
    const Shape index = chunks_.index(number);
    const std::size_t ndim = index.size();
    std::vector<const Parts*> along(ndim);
    for (std::size_t axis = 0; axis < ndim; ++axis) {
      along[axis] = &parts_[axis][static_cast<std::size_t>(index[axis])];
      if (along[axis]->empty()) return;
    }
    std::vector<std::size_t> at(ndim);
    Shape piece(ndim);
    std::vector<const Part*> parts(ndim);
    for (;;) {
      for (std::size_t axis = 0; axis < ndim; ++axis) {
        parts[axis] = &(*along[axis])[at[axis]];
        piece[axis] = parts[axis]->piece;
      }
      f(piece, parts);
      std::size_t axis = ndim;
      while (axis > 0 && ++at[axis - 1] == along[axis - 1]->size()) at[--axis] = 0;
      if (axis == 0) return;
    }
  }

  DType dtype_;
  Chunks old_, chunks_;
  std::vector<std::vector<Parts>> parts_;  // [axis][new piece]
  Kind kind_;
};

}  // namespace

std::shared_ptr<const Operation> rechunk_operation(const LazyArrayPtr& array, const Chunks& chunks) {
  const Chunks& old = array->chunks();
  if (old == chunks) return array->operation();
  std::vector<std::vector<Parts>> parts(chunks.ndim());
  RechunkOperation::Kind kind{true, true};
  for (std::size_t axis = 0; axis < chunks.ndim(); ++axis) {
    const auto& starts = chunks.starts(axis);
    for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
      parts[axis].push_back(parts_of(old, axis, starts[i], starts[i + 1]));
      for (const Part& part : parts[axis].back()) {
        kind.merges = kind.merges && part.length == old.lengths(axis)[static_cast<std::size_t>(part.piece)];
      }
      kind.cuts = kind.cuts && parts[axis].back().size() <= 1;
    }
  }
  return std::make_shared<const RechunkOperation>(array, chunks, std::move(parts), kind);
}

}  // namespace detail

namespace {
bool is_made_of(const detail::LazyArray& array, const detail::LazyArray& part) {
  std::unordered_set<const detail::LazyArray*> seen{&array};
  std::vector<std::shared_ptr<const detail::Operation>> open;
  if (&array != &part) open.push_back(array.operation());
  while (!open.empty() && !seen.contains(&part)) {
    const auto operation = std::move(open.back());
    open.pop_back();
    for (const detail::LazyArrayPtr& input : operation->inputs()) {
      if (seen.insert(input.get()).second) open.push_back(input->operation());
    }
  }
  return seen.contains(&part);
}
}  // namespace

ChunkedArray ChunkedArray::rechunk(const Shape& chunks) const {
  return rechunk(Chunks::regular(shape(), chunks));
}

ChunkedArray ChunkedArray::rechunk(const Chunks& chunks) const {
  if (chunks == this->chunks()) return *this;
  if (chunks.shape() != shape()) {
    throw Error(Errc::invalid_argument, "rechunk: chunks " + chunks.to_string() +
                                            " do not fit an array of shape " + shape_text(shape()));
  }
  return ChunkedArray(
      std::make_shared<detail::LazyArray>(dtype(), chunks, detail::rechunk_operation(lazy_, chunks)));
}

void ChunkedArray::set_stored(const ChunkedArray& stored) const {
  if (!(stored.dtype() == dtype()) || stored.shape() != shape()) {
    throw Error(Errc::invalid_argument, "set_stored: " + stored.repr() + " in place of " + repr());
  }
  if (is_made_of(*stored.lazy(), *lazy_)) {
    throw Error(Errc::invalid_argument, "set_stored: what is stored in place of " + repr() +
                                            " is made of that array itself");
  }
  lazy_->replace(detail::rechunk_operation(stored.lazy(), chunks()));
}

}  // namespace functionfuse
