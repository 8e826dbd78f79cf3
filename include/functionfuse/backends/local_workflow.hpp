#pragma once

#include "functionfuse/backends/base_workflow.hpp"

namespace functionfuse {

/// Runs a workflow here and now, one node after another, in the order in which they were made: the
/// same in every run.
///
///     ff::LocalWorkflow workflow({b, model}, "operations");
///     workflow.set_storage(storage);
///     auto [twice, fitted] = workflow.run<double, Model>();
///
/// A result is saved as soon as there is one, and freed when its last consumer has run. What was
/// saved is on the disk when `run` returns, also when it throws.
class LocalWorkflow final : public BaseWorkflow {
 public:
  using BaseWorkflow::BaseWorkflow;

 protected:
  Results execute(bool read) override;
};

}  // namespace functionfuse
