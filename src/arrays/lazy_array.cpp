#include "lazy_array.hpp"

#include <utility>

namespace functionfuse::detail {

Inputs::~Inputs() = default;

bool Inputs::is_mine(const NdArray& taken) {
  return taken.writable() && taken.owner().use_count() == 1;
}

Operation::~Operation() = default;

LazyArray::LazyArray(DType dtype, Chunks chunks, std::shared_ptr<const Operation> operation,
                     std::optional<NdArray> scalar)
    : dtype_(std::move(dtype)),
      chunks_(std::move(chunks)),
      scalar_(std::move(scalar)),
      operation_(std::move(operation)) {}

namespace {
/// Lets go of operations whose end would be the end of others, which would be that of others ...
void let_go(std::shared_ptr<const Operation> operation) {
  // The thread's outermost call does all the work; those that it causes only hand theirs over.
  thread_local std::vector<std::shared_ptr<const Operation>>* waiting = nullptr;
  if (waiting != nullptr) {
    waiting->push_back(std::move(operation));
    return;
  }
  std::vector<std::shared_ptr<const Operation>> work;
  waiting = &work;
  work.push_back(std::move(operation));
  while (!work.empty()) {
    auto last = std::move(work.back());
    work.pop_back();
    last.reset();
  }
  waiting = nullptr;
}
}  // namespace

LazyArray::~LazyArray() { let_go(std::move(operation_)); }

std::shared_ptr<const Operation> LazyArray::operation() const {
  std::lock_guard lock(mutex_);
  return operation_;
}

void LazyArray::replace(std::shared_ptr<const Operation> operation) {
  {
    std::lock_guard lock(mutex_);
    std::swap(operation_, operation);
  }
  let_go(std::move(operation));
}

}  // namespace functionfuse::detail
