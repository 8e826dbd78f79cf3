// A reduction is a tree. Its leaves reduce a chunk, or some small ones, to a state; each level above merges
// up to kFan states along one axis; the last one makes the result of the state.

#include <algorithm>

#include <functionfuse/error.hpp>

#include "operations.hpp"

namespace functionfuse::detail {
namespace {

constexpr std::int64_t kFan = 16;

using ReducerPtr = std::shared_ptr<const Reducer>;

/// Chunks of an array taken together: so many along each axis.
class Groups {
 public:
  Groups(const Chunks& chunks, Shape along) : chunks_(chunks), along_(std::move(along)) {}

  /// How many groups there are along an axis.
  [[nodiscard]] std::int64_t count(std::size_t axis) const {
    return (chunks_.numblocks()[axis] + along_[axis] - 1) / along_[axis];
  }
  /// Calls f(number) for every chunk of a group, in C order.
  template <class F>
  void for_each(const Shape& group, const F& f) const {
    const std::size_t ndim = group.size();
    Shape first(ndim), end(ndim);
    for (std::size_t axis = 0; axis < ndim; ++axis) {
      first[axis] = group[axis] * along_[axis];
      end[axis] = std::min(first[axis] + along_[axis], chunks_.numblocks()[axis]);
    }
    Shape index = first;
    for (;;) {
      f(chunks_.number(index));
      std::size_t axis = ndim;
      while (axis > 0 && ++index[axis - 1] == end[axis - 1]) {
        --axis;
        index[axis] = first[axis];
      }
      if (axis == 0) return;
    }
  }
  [[nodiscard]] const Chunks& chunks() const noexcept { return chunks_; }
  [[nodiscard]] bool single() const { return std::ranges::all_of(along_, [](auto n) { return n == 1; }); }

 private:
  Chunks chunks_;
  Shape along_;
};

class PartialOperation final : public Operation {
 public:
  PartialOperation(const ChunkedArray& array, ReducerPtr reducer, Groups groups, const Chunks& states)
      : Operation({.streams = true}, {array.lazy()}),
        reducer_(std::move(reducer)),
        groups_(std::move(groups)),
        states_(states) {}

  void needs(std::size_t number, std::vector<Need>& needs) const override {
    groups_.for_each(states_.index(number), [&](std::size_t chunk) { needs.push_back({0, chunk}); });
  }

  NdArray make(std::size_t number, Inputs& inputs) const override {
    const Shape index = states_.index(number);
    NdArray state = inputs.output(reducer_->state_dtype(), states_.shape_of(index));
    NdArray next;
    std::size_t i = 0;
    groups_.for_each(index, [&](std::size_t chunk) {
      const NdArray block = inputs.take(i);
      const Shape origin = groups_.chunks().origin_of(groups_.chunks().index(chunk));
      if (i++ == 0) {
        reducer_->partial(block, origin, state);
        return;
      }
      if (next.shape() != state.shape()) next = NdArray::empty(state.dtype(), state.shape());
      reducer_->partial(block, origin, next);
      reducer_->merge(state, next);
    });
    return state;
  }

  [[nodiscard]] std::size_t extra_bytes() const override {
    return groups_.single() ? 0 : NdArray::nbytes_of(reducer_->state_dtype(), states_.chunksize());
  }

 private:
  ReducerPtr reducer_;
  Groups groups_;
  Chunks states_;
};

class MergeOperation final : public Operation {
 public:
  MergeOperation(const ChunkedArray& states, ReducerPtr reducer, Groups groups, const Chunks& merged)
      : Operation({.streams = true, .separate = true}, {states.lazy()}),
        reducer_(std::move(reducer)),
        groups_(std::move(groups)),
        merged_(merged) {}

  void needs(std::size_t number, std::vector<Need>& needs) const override {
    groups_.for_each(merged_.index(number), [&](std::size_t chunk) { needs.push_back({0, chunk}); });
  }

  NdArray make(std::size_t number, Inputs& inputs) const override {
    const Shape index = merged_.index(number);
    NdArray state = inputs.output(reducer_->state_dtype(), merged_.shape_of(index));
    std::size_t i = 0;
    groups_.for_each(index, [&](std::size_t) {
      const NdArray next = inputs.take(i);
      if (i++ == 0) {
        next.copy_to(state.mutable_data());
      } else {
        reducer_->merge(state, next);
      }
    });
    return state;
  }

 private:
  ReducerPtr reducer_;
  Groups groups_;
  Chunks merged_;
};

class FinishOperation final : public Operation {
 public:
  FinishOperation(const ChunkedArray& states, ReducerPtr reducer, const Chunks& result)
      : Operation({}, {states.lazy()}), reducer_(std::move(reducer)), result_(result) {}
  void needs(std::size_t number, std::vector<Need>& needs) const override { needs.push_back({0, number}); }
  NdArray make(std::size_t number, Inputs& inputs) const override {
    const NdArray state = inputs.take(0);
    NdArray result = inputs.output(reducer_->result_dtype(), result_.shape_of(result_.index(number)));
    NdArray whole = result.reshape(state.shape());  // shares the elements
    reducer_->finish(state, whole);
    return result;
  }

 private:
  ReducerPtr reducer_;
  Chunks result_;
};

/// The chunks when groups of them become one, of length 1 along the reduced axes.
Chunks grouped(const Groups& groups, const std::vector<bool>& reduced) {
  std::vector<std::vector<std::int64_t>> lengths;
  for (std::size_t axis = 0; axis < reduced.size(); ++axis) {
    lengths.push_back(reduced[axis] ? std::vector<std::int64_t>(static_cast<std::size_t>(groups.count(axis)), 1)
                                    : groups.chunks().lengths(axis));
  }
  return Chunks(std::move(lengths));
}

/// Small chunks are taken together, so that a task is worth its price, but not so many that threads would
/// have nothing to do.
Shape leaf_groups(const ChunkedArray& array, const std::vector<bool>& reduced) {
  constexpr std::size_t kWorth = 256 << 10;
  constexpr std::size_t kTasks = 64;
  Shape along(array.ndim(), 1);
  std::size_t bytes = std::max<std::size_t>(NdArray::nbytes_of(array.dtype(), array.chunks().chunksize()), 1);
  std::size_t tasks = array.chunks().count();
  for (std::size_t axis = array.ndim(); axis-- > 0;) {
    if (!reduced[axis]) continue;
    while (bytes < kWorth && tasks > kTasks && along[axis] < array.chunks().numblocks()[axis]) {
      along[axis] *= 2;
      bytes *= 2;
      tasks /= 2;
    }
  }
  return along;
}

ChunkedArray merge_all(ChunkedArray states, const ReducerPtr& reducer, const std::vector<bool>& reduced) {
  for (;;) {
    std::size_t longest = reduced.size();
    for (std::size_t axis = 0; axis < reduced.size(); ++axis) {
      const auto& blocks = states.chunks().numblocks();
      if (!reduced[axis] || blocks[axis] == 1) continue;
      if (longest == reduced.size() || blocks[axis] > blocks[longest]) longest = axis;
    }
    if (longest == reduced.size()) return states;
    Shape along(reduced.size(), 1);
    along[longest] = kFan;
    Groups groups(states.chunks(), std::move(along));
    const Chunks merged = grouped(groups, reduced);
    states = make_array<MergeOperation>(reducer->state_dtype(), merged, states, reducer, std::move(groups), merged);
  }
}

}  // namespace

ChunkedArray reduce(Reduction reduction, const ChunkedArray& array, const std::vector<std::int64_t>& axes,
                    bool keepdims, std::int64_t ddof) {
  std::vector<bool> reduced(array.ndim(), axes.empty());
  for (const std::int64_t axis : axes) {
    const std::size_t a = normal_axis(axis, array.ndim());
    if (reduced[a]) {
      throw Error(Errc::invalid_argument, std::string(name(reduction)) + ": axis " + std::to_string(a) + " is given twice");
    }
    reduced[a] = true;
  }
  auto reducer = std::make_shared<const Reducer>(reduction, array.dtype(), array.shape(), reduced, ddof);
  Groups groups(array.chunks(), leaf_groups(array, reduced));
  const Chunks leaves = grouped(groups, reduced);
  ChunkedArray states = make_array<PartialOperation>(reducer->state_dtype(), leaves, array, reducer,
                                                     std::move(groups), leaves);
  states = merge_all(std::move(states), reducer, reduced);

  std::vector<std::vector<std::int64_t>> lengths;
  for (std::size_t axis = 0; axis < array.ndim(); ++axis) {
    if (!reduced[axis]) lengths.push_back(array.chunks().lengths(axis));
    if (reduced[axis] && keepdims) lengths.push_back({1});
  }
  const Chunks result(std::move(lengths));
  return make_array<FinishOperation>(reducer->result_dtype(), result, states, reducer, result);
}

}  // namespace functionfuse::detail
