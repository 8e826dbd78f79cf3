#include "functionfuse/backends/local_workflow.hpp"

#include "backends/local_run.hpp"

namespace functionfuse {

Results LocalWorkflow::execute(bool read) { return detail::LocalRun(state()).run(read); }

}  // namespace functionfuse
