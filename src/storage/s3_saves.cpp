#include "storage/s3_saves.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "io/s3/options.hpp"

namespace functionfuse::detail {
namespace {

constexpr std::size_t kMostBytes = std::size_t{64} << 20;  // unless one alone has more

}  // namespace

void S3Saves::Deleter::operator()(S3Saves* saves) const {
  // Its threads are the parent's: to wait for them would never end.
  if (!saves->is_forked()) delete saves;
}

S3Saves::~S3Saves() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
}

bool S3Saves::is_forked() const noexcept { return process_ != ::getpid(); }

bool S3Saves::has_failed(std::string_view workflow) const {
  return std::ranges::any_of(errors_, [&](const auto& e) { return e.first.first == workflow; });
}

bool S3Saves::has_room(const Name& name, std::size_t bytes) const {
  return under_way_.size() < io::s3::kRequestsInFlight && !under_way_.contains(name) &&
         (bytes_ == 0 || bytes_ + bytes <= kMostBytes);
}

bool S3Saves::make_thread() {
  try {
    threads_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {
    return !threads_.empty();
  }
  return true;
}

bool S3Saves::start(const std::string& workflow, const std::string& task, std::size_t bytes,
                    std::function<void()> save) {
  if (is_forked()) return false;
  Name name(workflow, task);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    return has_room(name, bytes) || (has_failed(workflow) && !under_way_.contains(name));
  });
  if (has_failed(workflow)) return false;
  if (idle_ <= waiting_.size() && !make_thread()) return false;
  under_way_.insert(name);
  bytes_ += bytes;
  waiting_.push_back({std::move(name), bytes, std::move(save)});
  lock.unlock();
  changed_.notify_all();
  return true;
}

void S3Saves::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [&] { return stop_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) return;
    Save save = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    std::exception_ptr error;
    try {
      save.run();
    } catch (...) {
      error = std::current_exception();
    }
    save.run = {};  // its memory
    lock.lock();
    if (error) {
      errors_.emplace(save.name, error);
    } else {
      errors_.erase(save.name);
    }
    under_way_.erase(save.name);
    bytes_ -= save.bytes;
    changed_.notify_all();
  }
}

void S3Saves::wait_for(std::string_view workflow, std::string_view task) {
  if (is_forked()) return;
  const Name name(workflow, task);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !under_way_.contains(name); });
}

void S3Saves::wait_for_all() {
  if (is_forked()) return;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return under_way_.empty(); });
}

void S3Saves::forget(const std::string& workflow, const std::string& task) {
  const std::lock_guard lock(mutex_);
  errors_.erase({workflow, task});
}

void S3Saves::forget(const std::string& workflow) {
  const std::lock_guard lock(mutex_);
  std::erase_if(errors_, [&](const auto& entry) { return entry.first.first == workflow; });
}

void S3Saves::finish(const std::string& workflow) {
  wait_for_all();
  std::unique_lock lock(mutex_);
  const auto found = std::ranges::find_if(
      errors_, [&](const auto& entry) { return entry.first.first == workflow; });
  if (found == errors_.end()) return;
  const std::exception_ptr error = found->second;
  lock.unlock();
  forget(workflow);
  std::rethrow_exception(error);
}

}  // namespace functionfuse::detail
