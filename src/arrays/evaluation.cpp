// An evaluation:
//
//  1. The plan (evaluation_plan.hpp) says which chunks are tasks, what each needs and how many bytes it
//     takes while it runs. A task that needs more than the limit is an error before anything is computed; a
//     chunk of an output that needs no tasks, when its turn comes.
//  2. Every thread takes a task: one whose needs have all run, the newest first, so that what was made
//     last is used first; otherwise the next leaf of the plan's order.
//  3. It waits until the bytes of the task fit beside those of the tasks that run and of the chunks that
//     wait to be used. To make room, in this order: memory that the pool keeps is given back; chunks that
//     wait go to a temporary file, the oldest first, or, if they came from a file, are dropped to be read
//     again; and where tasks run, their end is waited for. Where none runs, all chunks that wait can go, so
//     that a task that fits the limit always gets its turn.
//  4. The chunk is made, and goes to the outputs that want it. If other tasks need it, it waits for them;
//     the last one that takes it has it for itself and may write over it.
//
// The first error ends it: running tasks come to their end, no other is begun.

#include "evaluation.hpp"

#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <string>

#include <functionfuse/error.hpp>

#include "buffer_pool.hpp"
#include "evaluation_plan.hpp"
#include "handover.hpp"
#include "io/scratch_file.hpp"
#include "strided.hpp"

namespace functionfuse::detail {
namespace {

struct Worker {
  std::vector<Need> needs;
};

class Evaluation {
 public:
  Evaluation(const std::vector<Output>& outputs, const ComputeOptions& options);
  void run();

 private:
  friend class TaskInputs;
  /// Where the chunk of a task that others need is.
  struct Kept {
    std::optional<NdArray> block;
    bool claimed = false;  ///< its bytes are among those of the running task that uses it last
    std::uint32_t wanted_by = PlanTask::kNone;  ///< the task that was last asked for room for its needs
    std::uint32_t wanted = 0;                   ///< how often that one takes it
    bool is_claimable = false;
    std::uint64_t offset = 0;
    std::uint32_t reading = 0;  ///< threads that read it from the temporary file
  };
  /// What a thread does at a time: a task, or some chunks of an output that needs none.
  struct Step {
    std::uint32_t task = PlanTask::kNone;
    std::uint32_t node = 0;
    std::size_t number = 0, count = 0;  ///< the first chunk, and how many one after the other
    std::size_t peak = 0;
    std::optional<NdArray> kept;        ///< the chunk that was made, if other tasks need it
  };

  [[nodiscard]] unsigned wanted_threads() const;
  void begin();
  void work();
  [[nodiscard]] bool is_there(std::uint32_t node, std::size_t number) const;
  [[nodiscard]] bool next(Step& step, Worker& worker);
  [[nodiscard]] bool claim(Step& step, std::unique_lock<std::mutex>& lock);
  [[nodiscard]] bool admit(const Step& step, std::unique_lock<std::mutex>& lock);
  void measure(Step& step, Worker& worker) const;
  std::size_t claimable(std::uint32_t task);
  void claim_needs(const PlanTask& task);
  [[nodiscard]] bool spill_oldest(std::uint32_t task);
  void spill(std::uint32_t task);
  [[nodiscard]] std::uint64_t write_scratch(const NdArray& block);
  void execute(Step& step, std::size_t number, Worker& worker);
  void finish(Step& step);
  NdArray compact(std::uint32_t node, NdArray block);
  NdArray use(std::uint32_t task);
  NdArray make(std::uint32_t node, std::size_t number, Worker& worker, NdArray* into);
  NdArray new_block(const DType& dtype, const Shape& shape);
  void write(std::uint32_t node, std::size_t number, const NdArray& block);
  void fail() noexcept;
  void check_size(std::uint32_t node, std::size_t number, std::size_t peak) const;
  [[nodiscard]] std::size_t sink_bytes(std::uint32_t node) const;

  const std::vector<Output>& outputs_;
  std::size_t limit_;
  EvaluationPlan plan_;
  unsigned threads_;
  std::shared_ptr<BufferPool> pool_ = std::make_shared<BufferPool>();
  io::ScratchFile scratch_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Kept> kept_;                // by task
  std::vector<std::uint32_t> ready_;      // needs have run
  std::deque<std::uint32_t> oldest_;      // tasks whose chunks wait, some of them no longer
  std::size_t next_leaf_ = 0, next_alone_ = 0, next_number_ = 0;
  std::vector<std::size_t> batch_;        // [output that needs no tasks]: chunks to take at a time
  std::size_t tasks_left_;
  std::size_t in_use_ = 0;                // by the tasks that run
  std::size_t waiting_bytes_ = 0;         // in chunks that wait
  unsigned running_ = 0, waiting_threads_ = 0;
  bool stop_ = false;
  std::exception_ptr error_;
};

/// What one call of Operation::make gets.
class TaskInputs final : public Inputs {
 public:
  TaskInputs(Evaluation& evaluation, Worker& worker, const PlanNode& node, std::size_t base, NdArray* into)
      : evaluation_(evaluation), worker_(worker), node_(node), base_(base), into_(into) {}

  NdArray take(std::size_t i) override {
    const Need need = worker_.needs[base_ + i];
    const std::uint32_t input = node_.inputs[need.input];
    if (evaluation_.plan_.nodes[input].kept) {
      return evaluation_.use(evaluation_.plan_.task_of(input, need.number));
    }
    NdArray block = evaluation_.make(input, need.number, worker_, nullptr);
    if (!evaluation_.plan_.nodes[input].operation->traits().is_view) return block;
    // Nobody may write his result into a small part of large memory, which would stay as long as he does.
    return NdArray::view(block.dtype(), block.shape(), block.strides(),
                         static_cast<const std::byte*>(block.data()), block.owner());
  }

  bool has_place() const override { return into_ != nullptr; }

  NdArray output(const DType& dtype, const Shape& shape) override {
    if (into_ != nullptr && into_->dtype() == dtype && into_->shape() == shape) return *into_;
    return evaluation_.new_block(dtype, shape);
  }

 private:
  Evaluation& evaluation_;
  Worker& worker_;
  const PlanNode& node_;
  std::size_t base_;
  NdArray* into_;
};

/// Where a chunk lies in the whole array.
NdArray place_of(const NdArray& whole, const Chunks& chunks, std::size_t number) {
  const Shape index = chunks.index(number);
  std::vector<Slice> region;
  for (std::size_t axis = 0; axis < index.size(); ++axis) {
    const auto i = static_cast<std::size_t>(index[axis]);
    region.push_back({chunks.starts(axis)[i], chunks.starts(axis)[i + 1]});
  }
  return whole.slice(region);
}

void copy_to(const NdArray& block, NdArray& place) {
  if (block.size() == 0) return;
  copy_elements(block.shape(), block.dtype().itemsize(), block.data(), block.strides(), place.mutable_data(),
                place.strides());
}

std::string bytes_text(std::size_t bytes) {
  return bytes >= (1 << 20) ? std::to_string(bytes >> 20) + " MiB" : std::to_string(bytes) + " bytes";
}

constexpr unsigned kMostThreads = 256;

/// TBB has more threads than cores only where that was asked for, and of several such wishes it grants the
/// least: so there is one, for good.
void allow_threads(unsigned count) {
  if (count <= static_cast<unsigned>(tbb::info::default_concurrency())) return;
  static const tbb::global_control control(tbb::global_control::max_allowed_parallelism, kMostThreads);
}

Evaluation::Evaluation(const std::vector<Output>& outputs, const ComputeOptions& options)
    : outputs_(outputs),
      limit_(options.memory_limit != 0 ? options.memory_limit : memory_limit()),
      plan_(outputs),
      threads_(options.threads != 0 ? options.threads : wanted_threads()),
      kept_(plan_.tasks.size()),
      tasks_left_(plan_.tasks.size()) {
  for (PlanTask& task : plan_.tasks) {
    task.peak += sink_bytes(task.node);
    check_size(task.node, task.number, task.peak);
  }
  std::vector<Need> stack;
  for (const std::uint32_t node : plan_.alone) {
    constexpr std::size_t kWorth = 64 << 10;  // bytes of work that are worth a step
    const std::size_t peak = plan_.nodes[node].array->chunks().count() > 0 ? plan_.cost(node, 0, stack, nullptr).peak : 0;
    batch_.push_back(std::clamp<std::size_t>(kWorth / (peak + 1), 1, 64));
  }
}

unsigned Evaluation::wanted_threads() const {
  auto threads = static_cast<unsigned>(tbb::info::default_concurrency());
  for (const PlanNode& node : plan_.nodes) {
    threads = std::max(threads, node.operation->traits().threads);
  }
  for (const Output& output : outputs_) {
    if (output.sink != nullptr) threads = std::max(threads, output.sink->concurrent_writes());
  }
  return threads;
}

std::size_t Evaluation::sink_bytes(std::uint32_t node) const {
  std::size_t most = 0;
  for (const std::uint32_t output : plan_.nodes[node].outputs) {
    const ChunkSink* sink = outputs_[output].sink;
    if (sink != nullptr) most = std::max(most, sink->extra_bytes());
  }
  return most;
}

void Evaluation::check_size(std::uint32_t node, std::size_t number, std::size_t peak) const {
  if (peak <= limit_) return;
  const EvaluationPlan::Chunk largest = plan_.largest(node, number);
  const LazyArray& array = *plan_.nodes[largest.node].array;
  const Shape index = array.chunks().index(largest.number);
  throw Error(Errc::invalid_argument,
              "chunk " + shape_text(index) + " of shape " + shape_text(array.chunks().shape_of(index)) +
                  " of an array of " + array.dtype().to_string() + ", with what must be in memory beside it, "
                  "needs " + bytes_text(peak) + ", and the memory limit is " + bytes_text(limit_) +
                  ": give the array smaller chunks (where it is made, or by rechunk), or raise the limit "
                  "(ComputeOptions::memory_limit, set_memory_limit)");
}

void Evaluation::run() {
  std::size_t chunks = plan_.tasks.size();
  for (const std::uint32_t node : plan_.alone) chunks += plan_.nodes[node].array->chunks().count();
  const auto workers = static_cast<unsigned>(std::min<std::size_t>(std::min(threads_, kMostThreads), chunks));
  if (workers <= 1) {
    work();
  } else {
    allow_threads(workers);
    hand_over(this);
    tbb::task_arena arena(static_cast<int>(workers));
    arena.execute([&] {
      tbb::task_group group;
      for (unsigned i = 1; i < workers; ++i) group.run([this]() FUNCTIONFUSE_HANDED_OVER { begin(); });
      work();
      group.wait();
      take_over(this);
    });
  }
  if (error_) std::rethrow_exception(error_);
}

void Evaluation::begin() {
  take_over(this);
  work();
  hand_over(this);
}

void Evaluation::work() {
  try {
    Worker worker;
    Step step;
    while (next(step, worker)) {
      for (std::size_t i = 0; i < step.count; ++i) execute(step, step.number + i, worker);
    }
  } catch (...) {
    fail();
  }
}

/// Ends a step and begins another; false when there is none and none will come.
bool Evaluation::next(Step& step, Worker& worker) {
  std::unique_lock lock(mutex_);
  finish(step);
  if (!claim(step, lock)) return false;
  if (step.task == PlanTask::kNone) {
    lock.unlock();
    measure(step, worker);
    lock.lock();
  }
  return admit(step, lock);
}

/// What the chunks of a step need that is not a task.
void Evaluation::measure(Step& step, Worker& worker) const {
  const std::size_t sink = sink_bytes(step.node);
  for (std::size_t i = 0; i < step.count; ++i) {
    const std::size_t peak = plan_.cost(step.node, step.number + i, worker.needs, nullptr).peak + sink;
    check_size(step.node, step.number + i, peak);
    step.peak = std::max(step.peak, peak);
  }
}

/// Whether all that want the chunk have it.
bool Evaluation::is_there(std::uint32_t node, std::size_t number) const {
  return std::ranges::all_of(plan_.nodes[node].outputs, [&](std::uint32_t o) {
    return outputs_[o].whole == nullptr && outputs_[o].sink->has(number);
  });
}

void Evaluation::fail() noexcept {
  std::lock_guard lock(mutex_);
  if (!error_) error_ = std::current_exception();
  stop_ = true;
  changed_.notify_all();
}

/// The next step, under the lock; false when there is none and none will come.
bool Evaluation::claim(Step& step, std::unique_lock<std::mutex>& lock) {
  for (;;) {
    if (stop_) return false;
    if (!ready_.empty()) {
      step.task = ready_.back();
      ready_.pop_back();
    } else if (next_leaf_ < plan_.leaves.size()) {
      step.task = plan_.leaves[next_leaf_++];
    }
    if (step.task != PlanTask::kNone) {
      const PlanTask& task = plan_.tasks[step.task];
      step.node = task.node;
      step.number = task.number;
      step.count = 1;
      step.peak = task.peak;
      --tasks_left_;
      return true;
    }
    if (next_alone_ < plan_.alone.size()) {
      step.node = plan_.alone[next_alone_];
      step.number = next_number_;
      const std::size_t left = plan_.nodes[step.node].array->chunks().count() - next_number_;
      step.count = std::min(batch_[next_alone_], left / (4 * threads_) + 1);
      next_number_ += step.count;
      if (step.count == left) {
        ++next_alone_;
        next_number_ = 0;
      }
      return true;
    }
    if (tasks_left_ == 0) return false;
    ++waiting_threads_;
    changed_.wait(lock);
    --waiting_threads_;
  }
}

/// Bytes of chunks that only this task still takes: they are in memory already. Under the lock.
std::size_t Evaluation::claimable(std::uint32_t t) {
  if (t == PlanTask::kNone) return 0;
  const PlanTask& task = plan_.tasks[t];
  std::size_t bytes = 0;
  for (std::size_t n = task.first_need; n < task.end_need; ++n) kept_[plan_.needs[n].task].wanted = 0;
  for (std::size_t n = task.first_need; n < task.end_need; ++n) {
    const std::uint32_t needed = plan_.needs[n].task;
    Kept& kept = kept_[needed];
    kept.wanted_by = t;
    const std::size_t more = plan_.tasks[needed].bytes;
    // One that streams its needs has room for some of them only; the others go on waiting.
    kept.is_claimable = ++kept.wanted == plan_.tasks[needed].uses && kept.block && bytes + more <= task.peak;
    if (kept.is_claimable) bytes += more;
  }
  return bytes;
}

/// Waits for room, under the lock; false: it ends.
bool Evaluation::admit(const Step& step, std::unique_lock<std::mutex>& lock) {
  while (!stop_) {
    const std::size_t claimed = claimable(step.task);
    const std::size_t used = in_use_ + waiting_bytes_ - claimed + step.peak;
    if (used <= limit_) {
      if (pool_->free_bytes() > limit_ - used) pool_->trim(limit_ - used);
      if (claimed > 0) claim_needs(plan_.tasks[step.task]);
      waiting_bytes_ -= claimed;
      in_use_ += step.peak;
      ++running_;
      return true;
    }
    if (spill_oldest(step.task)) continue;
    ++waiting_threads_;
    changed_.wait(lock);
    --waiting_threads_;
  }
  return false;
}

/// From here on they are counted with the task, and nobody else looks at them.
void Evaluation::claim_needs(const PlanTask& task) {
  for (std::size_t n = task.first_need; n < task.end_need; ++n) {
    Kept& kept = kept_[plan_.needs[n].task];
    if (kept.is_claimable) kept.claimed = true;
  }
}

/// Makes room by a chunk that waits, one that `task` wants only if no other can. False: there is none,
/// or it is better to wait for the tasks that run.
bool Evaluation::spill_oldest(std::uint32_t task) {
  auto waits = [&](std::uint32_t t) { return !kept_[t].claimed && kept_[t].block; };
  while (!oldest_.empty() && !waits(oldest_.front())) oldest_.pop_front();
  auto found = std::ranges::find_if(oldest_, [&](std::uint32_t t) {
    return waits(t) && (task == PlanTask::kNone || kept_[t].wanted_by != task);
  });
  if (found == oldest_.end() && running_ == 0) found = oldest_.begin();
  if (found == oldest_.end()) return false;
  spill(*found);
  oldest_.erase(found);
  return true;
}

/// \returns  where it lies in the temporary file
std::uint64_t Evaluation::write_scratch(const NdArray& block) {
  try {
    return scratch_.write(block.data(), block.nbytes());
  } catch (const Error& e) {
    throw Error(e.code(), std::string(e.what()) + " (chunks that wait to be used go there, as they do not fit the "
                              "memory limit of " + bytes_text(limit_) +
                              ": raise it, or set TMPDIR to a folder with more room)");
  }
}

void Evaluation::spill(std::uint32_t task) {
  Kept& kept = kept_[task];
  const PlanTask& planned = plan_.tasks[task];
  if (!plan_.nodes[planned.node].operation->traits().is_stored) {
    kept.offset = write_scratch(*kept.block);
  }
  kept.block.reset();
  waiting_bytes_ -= planned.bytes;
}

void Evaluation::execute(Step& step, std::size_t number, Worker& worker) {
  const PlanNode& node = plan_.nodes[step.node];
  const bool used = step.task != PlanTask::kNone && plan_.tasks[step.task].first_user != PlanTask::kNone;
  if (step.task == PlanTask::kNone && is_there(step.node, number)) return;
  if (!used && node.outputs.size() == 1 && outputs_[node.outputs.front()].whole != nullptr) {
    NdArray place = place_of(*outputs_[node.outputs.front()].whole, node.array->chunks(), number);
    const NdArray block = make(step.node, number, worker, place.is_c_contiguous() ? &place : nullptr);
    if (block.data() != place.data()) copy_to(block, place);
    return;
  }
  NdArray block = make(step.node, number, worker, nullptr);
  write(step.node, number, block);
  if (used) step.kept = compact(step.node, std::move(block));
}

void Evaluation::write(std::uint32_t node, std::size_t number, const NdArray& block) {
  for (const std::uint32_t o : plan_.nodes[node].outputs) {
    const Output& output = outputs_[o];
    if (output.whole != nullptr) {
      NdArray place = place_of(*output.whole, plan_.nodes[node].array->chunks(), number);
      copy_to(block, place);
    } else if (!output.sink->has(number)) {
      output.sink->write(number, block);
    }
  }
}

/// A block that holds no memory but its own elements.
NdArray Evaluation::compact(std::uint32_t node, NdArray block) {
  if (!plan_.nodes[node].operation->traits().is_view && block.is_c_contiguous()) return block;
  NdArray copy = new_block(block.dtype(), block.shape());
  block.copy_to(copy.mutable_data());
  return copy;
}

/// The chunk of a task, for one of its uses.
NdArray Evaluation::use(std::uint32_t t) {
  PlanTask& task = plan_.tasks[t];
  Kept& kept = kept_[t];
  std::unique_lock lock(mutex_, std::defer_lock);
  if (!kept.claimed) lock.lock();
  const bool last = --task.uses == 0;
  if (kept.block) {
    if (!last) return *kept.block;
    if (!kept.claimed) waiting_bytes_ -= task.bytes;  // counted with its other users so far
    NdArray block = std::move(*kept.block);
    kept.block.reset();
    return block;
  }
  const PlanNode& node = plan_.nodes[task.node];
  if (node.operation->traits().is_stored) {
    lock.unlock();
    Worker worker;
    return make(task.node, task.number, worker, nullptr);
  }
  ++kept.reading;
  lock.unlock();
  const Chunks& chunks = node.array->chunks();
  NdArray block = new_block(node.array->dtype(), chunks.shape_of(chunks.index(task.number)));
  scratch_.read(kept.offset, block.mutable_data(), block.nbytes());
  lock.lock();
  if (--kept.reading == 0 && task.uses == 0) scratch_.free(kept.offset, block.nbytes());
  return block;
}

/// Under the lock. Leaves `step` empty.
void Evaluation::finish(Step& step) {
  if (step.count == 0) return;
  in_use_ -= step.peak;
  --running_;
  if (step.task != PlanTask::kNone) {
    const PlanTask& task = plan_.tasks[step.task];
    if (step.kept) {
      kept_[step.task].block = std::move(step.kept);
      waiting_bytes_ += task.bytes;
      oldest_.push_back(step.task);
    }
    for (std::uint32_t e = task.first_user; e != PlanTask::kNone; e = plan_.needs[e].next_user) {
      const std::uint32_t user = plan_.needs[e].user;
      if (--plan_.tasks[user].waiting == 0) ready_.push_back(user);
    }
  }
  step = {};
  if (waiting_threads_ > 0) changed_.notify_all();
}

NdArray Evaluation::new_block(const DType& dtype, const Shape& shape) {
  const std::size_t bytes = NdArray::nbytes_of(dtype, shape);
  auto memory = pool_->take(bytes);
  std::byte* data = memory.get();
  return NdArray::view(dtype, shape, contiguous_strides(shape, dtype.itemsize(), 'C'), data, std::move(memory));
}

NdArray Evaluation::make(std::uint32_t n, std::size_t number, Worker& worker, NdArray* into) {
  const PlanNode& node = plan_.nodes[n];
  const std::size_t base = worker.needs.size();
  node.operation->needs(number, worker.needs);
  TaskInputs inputs(*this, worker, node, base, into);
  NdArray block = node.operation->make(number, inputs);
  worker.needs.resize(base);
  return block;
}

}  // namespace

void evaluate(const std::vector<Output>& outputs, const ComputeOptions& options) {
  Evaluation(outputs, options).run();
}

}  // namespace functionfuse::detail
