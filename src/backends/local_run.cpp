#include "backends/local_run.hpp"

#include <algorithm>

#include "functionfuse/error.hpp"

namespace functionfuse::detail {

using Type = NodeBase::Type;

namespace {

/// Whether the exception, or one nested in it, is of damaged data.
bool is_of_damage(const std::exception& e) {
  if (dynamic_cast<const CorruptError*>(&e) != nullptr) return true;
  try {
    std::rethrow_if_nested(e);
  } catch (const std::exception& nested) {
    return is_of_damage(nested);
  } catch (...) {  // not one of ours
  }
  return false;
}

}  // namespace

LocalRun::LocalRun(const std::shared_ptr<WorkflowState>& workflow)
    : workflow_(workflow),
      plan_(*workflow),
      runner_(*workflow, plan_),
      progress_(workflow->log.progress(), workflow->name, plan_.must_run()),
      needed_(plan_.size()),
      counted_(plan_.size()),
      dropped_(plan_.size()) {
  claim();
}

LocalRun::~LocalRun() {
  if (!clean_) {
    for (NodeBase* node : plan_.graph().nodes()) {
      if (node->value() != nullptr) node->clear();
    }
  }
  release_claim();
}

void LocalRun::claim() {
  for (const auto& graph : plan_.graph().graphs()) {
    if (graph->running.exchange(true)) {
      release_claim();
      throw Error(Errc::invalid_argument,
                  "workflow \"" + workflow_->name +
                      "\": its nodes, or some that are connected with them, are being run already");
    }
    claimed_.push_back(graph);
  }
}

void LocalRun::release_claim() noexcept {
  for (const auto& graph : claimed_) Graph::find(graph)->running = false;
  claimed_.clear();
}

Results LocalRun::run(bool read) {
  std::vector<std::uint32_t> wanted;
  for (std::uint32_t i : plan_.graph().given()) wanted.push_back(owner_of(i));
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  count(wanted, read);
  try {
    run_all();
    for (std::uint32_t i : wanted) {
      if (read || !is_left_stored(i)) obtain(i);
    }
  } catch (...) {
    runner_.sync_quietly();
    runner_.summarize();
    throw;
  }
  runner_.sync();
  runner_.summarize();
  Results results = collect(wanted);
  clean_ = workflow_->storage == nullptr;  // all has run once, and was freed
  return results;
}

std::shared_ptr<void> LocalRun::fetch(NodeBase* node) {
  std::uint32_t i = node->index;
  ++needed_[i];
  try {
    obtain(i);
  } catch (...) {
    runner_.sync_quietly();
    throw;
  }
  runner_.sync();
  return node->take();
}

/// The node of which a given node is an item: its value is what has to be kept.
std::uint32_t LocalRun::owner_of(std::uint32_t given) const {
  while (plan_.node(given)->type() == Type::item) given = plan_.graph().parents(given)[0];
  return given;
}

bool LocalRun::is_left_stored(std::uint32_t wanted) const {
  if (plan_.node(wanted)->value() != nullptr) return false;
  if (plan_.node(wanted)->type() != Type::object) return plan_.status(wanted) == Status::stored;
  const Chain& chain = plan_.chain(wanted);
  return chain.stored_position == static_cast<std::int64_t>(chain.calls.size());
}

void LocalRun::count(const std::vector<std::uint32_t>& wanted, bool read) {
  for (std::uint32_t i : wanted) {
    if (read || !is_left_stored(i)) ++needed_[i];
  }
  for (std::uint32_t i = plan_.size(); i-- > 0;) {
    Status status = plan_.status(i);
    if (status == Status::must_run || (status == Status::on_demand && needed_[i] > 0)) {
      need_parents(i);
    }
  }
}

void LocalRun::run_all() {
  for (std::uint32_t i = 0; i < plan_.size(); ++i) {
    if (plan_.status(i) != Status::must_run) continue;
    if (progress_.due()) progress_.show(steps_, plan_.name(i));
    ++steps_;
    if (!is_ready(i) || !execute(i)) obtain(i);
  }
}

Results LocalRun::collect(const std::vector<std::uint32_t>& wanted) {
  Results results(workflow_, workflow_->nodes);
  for (std::uint32_t i : wanted) {
    NodeBase* node = plan_.node(i);
    if (node->value() != nullptr) {
      results.put(node, node->take());
    } else {
      results.put_stored(node, std::string(plan_.name(i)));
    }
  }
  return results;
}

/// Whether the value parents have values, and none is an object, which has to be looked at.
bool LocalRun::is_ready(std::uint32_t i) const {
  NodeBase* node = plan_.node(i);
  if (node->type() == Type::call) return false;
  for (const NodeBase* parent : node->value_parents()) {
    if (parent->value() == nullptr) return false;
  }
  return true;
}

void LocalRun::obtain(std::uint32_t i) {
  bool is_object = plan_.node(i)->type() == Type::object && !plan_.chain(i).calls.empty();
  stack_.push_back({i, is_object ? Action::advance : Action::value});
  while (!stack_.empty()) {
    Step step = stack_.back();
    std::size_t depth = stack_.size();
    bool done = take_step(step);
    stack_[depth - 1] = step;
    if (done) stack_.pop_back();
  }
}

/// True where the step is done; otherwise it has put before it what has to be done first.
bool LocalRun::take_step(Step& step) {
  std::uint32_t i = step.node;
  NodeBase* node = plan_.node(i);
  if (step.action == Action::advance) {
    return !want_object(i, static_cast<std::uint32_t>(plan_.chain(i).calls.size()));
  }
  if (step.action == Action::replay) {
    if (!step.counted) {
      for (std::uint32_t parent : plan_.graph().value_parents(i)) ++needed_[parent];
      step.counted = true;
    }
    if (want_parents(i)) return false;
    replay(i);
    return true;
  }
  if (node->value() != nullptr) return true;
  if (plan_.status(i) == Status::stored) {
    bool good = node->type() == Type::object ? runner_.read_state(i) : runner_.read(i);
    if (good) return true;
    plan_.set_status(i, Status::must_run);
  }
  need_parents(i);
  if (want_parents(i)) return false;
  return execute(i);
}

/// Puts before the topmost step what the value parents of `i` still take. False: nothing.
bool LocalRun::want_parents(std::uint32_t i) {
  NodeBase* node = plan_.node(i);
  bool any = false;
  for (std::uint32_t parent : plan_.graph().value_parents(i)) {
    NodeBase* p = plan_.node(parent);
    if (p->type() == Type::object || p->value() != nullptr) continue;
    stack_.push_back({parent, Action::value});
    any = true;
  }
  if (any || node->object() == nullptr) return any;
  std::uint32_t position = node->position() - (node->type() == Type::call ? 1 : 0);
  return want_object(plan_.graph().parents(i)[0], position);
}

bool LocalRun::want_object(std::uint32_t object, std::uint32_t position) {
  NodeBase* node = plan_.node(object);
  Chain& chain = plan_.chain(object);
  bool is_there = node->value() != nullptr;
  std::uint32_t at = node->object_part()->position;
  if (is_there && at == position) return false;
  if (is_there && at < position) {
    stack_.push_back({chain.calls[at], Action::replay});
    return true;
  }
  if (is_there) node->clear();
  if (chain.stored_position >= 0 && chain.stored_position <= position &&
      runner_.read_state(object)) {
    done_with_parents(object);
    return want_object(object, position);
  }
  stack_.push_back({object, Action::value});
  return true;
}

/// False: something that it is made of has turned out to be damaged, and has to be computed first.
bool LocalRun::execute(std::uint32_t i) {
  try {
    run_and_save(i);
    return true;
  } catch (const NodeError& e) {
    if (workflow_->storage == nullptr || !is_of_damage(e) || !drop_damaged(i)) throw;
  }
  NodeBase* node = plan_.node(i);
  if (node->value() != nullptr) node->clear();
  // A call that failed may have left its object anyhow.
  if (node->type() == Type::call) plan_.node(plan_.graph().parents(i)[0])->clear();
  return false;
}

/// Lets go of what node `i` was made of and is damaged in the storage. False: nothing is.
bool LocalRun::drop_damaged(std::uint32_t i) {
  bool any = false;
  for (std::uint32_t parent : plan_.graph().value_parents(i)) {
    NodeBase* node = plan_.node(parent);
    if (node->is_light()) {
      if (!drop_damaged(parent)) continue;
    } else {
      const bool is_object = node->type() == Type::object;
      const bool is_stored =
          is_object ? node->is_storable() && plan_.chain(parent).stored_position >= 0
                    : plan_.status(parent) == Status::stored;
      if (!is_stored || dropped_[parent] != 0 || !runner_.is_damaged(parent)) continue;
      dropped_[parent] = 1;
      if (is_object) plan_.chain(parent).stored_position = -1;
      if (!is_object) plan_.set_status(parent, Status::must_run);
    }
    node->clear();
    any = true;
  }
  return any;
}

void LocalRun::run_and_save(std::uint32_t i) {
  NodeBase* node = plan_.node(i);
  runner_.run(i);
  switch (node->type()) {
    case Type::item:
      return;  // may point into its parent's value: that goes with the item's
    case Type::state:
      break;
    case Type::object:
      runner_.save_state(i);
      break;
    case Type::call:
      runner_.save(i, needed_[i] > 0);
      runner_.save_state(plan_.graph().parents(i)[0]);
      break;
    case Type::function:
      runner_.save(i, needed_[i] > 0);
      break;
  }
  if (workflow_->storage != nullptr && !node->is_light()) plan_.set_saved(i);
  done_with_parents(i);
  if (needed_[i] == 0) node->clear();
}

void LocalRun::replay(std::uint32_t i) {
  runner_.replay(i);
  for (std::uint32_t parent : plan_.graph().value_parents(i)) release(parent);
}

void LocalRun::need_parents(std::uint32_t i) {
  if (counted_[i] != 0) return;
  counted_[i] = 1;
  for (std::uint32_t parent : plan_.graph().value_parents(i)) ++needed_[parent];
}

void LocalRun::done_with_parents(std::uint32_t i) {
  if (counted_[i] == 0) return;
  counted_[i] = 0;
  for (std::uint32_t parent : plan_.graph().value_parents(i)) release(parent);
}

void LocalRun::release(std::uint32_t i) {
  while (--needed_[i] == 0) {
    NodeBase* node = plan_.node(i);
    node->clear();
    if (node->type() != Type::item || counted_[i] == 0) return;
    counted_[i] = 0;
    i = plan_.graph().parents(i)[0];
  }
}

}  // namespace functionfuse::detail
