#include "storage/s3_saves.hpp"

#include <utility>

#include "io/s3/options.hpp"

namespace functionfuse::detail {
namespace {

constexpr std::size_t kMostBytes = std::size_t{64} << 20;  // unless one alone has more

}  // namespace

S3Saves::~S3Saves() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
}

bool S3Saves::has_room(const Name& name, std::size_t bytes) const {
  return under_way_.size() < io::s3::kRequestsInFlight && !under_way_.contains(name) &&
         (bytes_ == 0 || bytes_ + bytes <= kMostBytes);
}

bool S3Saves::start(const std::string& workflow, const std::string& task, std::size_t bytes,
                    std::function<void()> save) {
  Name name(workflow, task);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return has_room(name, bytes) || errors_.contains(workflow); });
  if (errors_.contains(workflow)) return false;
  if (idle_ <= waiting_.size()) threads_.emplace_back([this] { work(); });
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
    if (error) errors_.emplace(save.name.first, error);
    under_way_.erase(save.name);
    bytes_ -= save.bytes;
    changed_.notify_all();
  }
}

void S3Saves::wait_for(std::string_view workflow, std::string_view task) {
  const Name name(workflow, task);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !under_way_.contains(name); });
}

void S3Saves::wait_for_all() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return under_way_.empty(); });
}

void S3Saves::finish(std::string_view workflow) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return under_way_.empty(); });
  const auto found = errors_.find(workflow);
  if (found == errors_.end()) return;
  const std::exception_ptr error = found->second;
  errors_.erase(found);
  lock.unlock();
  std::rethrow_exception(error);
}

}  // namespace functionfuse::detail
