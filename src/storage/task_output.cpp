#include "storage/task_output.hpp"

#include <cstring>

namespace functionfuse::detail {

// One buffer a thread is kept for the next save. It is taken away while in use: what is pickled may
// itself save something.
TaskOutput::Buffer& TaskOutput::spare() {
  thread_local Buffer buffer;
  return buffer;
}

TaskOutput::Buffer TaskOutput::take_buffer() {
  if (spare()) return std::move(spare());
  return std::make_unique_for_overwrite<char[]>(kBuffer + sizeof(io::Sha1Digest));
}

TaskOutput::TaskOutput(const io::Folder& folder, const std::string& task)
    : folder_(folder), task_(task), buffer_(take_buffer()) {}

TaskOutput::~TaskOutput() {
  writer_.reset();  // nobody reads the buffers any more
  spare() = std::move(buffer_);
}

void TaskOutput::write(const void* data, std::size_t size) {
  if (size >= kBuffer) {
    flush();
    stream();
    writer_->write_and_wait(data, size);
    return;
  }
  if (size > kBuffer - used_) flush();
  std::memcpy(buffer_.get() + used_, data, size);
  used_ += size;
}

void TaskOutput::stream() {
  if (writer_) return;
  file_.emplace(folder_);
  writer_.emplace(file_->fd(), file_->where(task_));
}

void TaskOutput::flush() {
  if (used_ == 0) return;
  stream();
  writer_->wait();  // for the other buffer
  if (!hashed_) hashed_ = take_buffer();
  buffer_.swap(hashed_);
  writer_->write(hashed_.get(), std::exchange(used_, 0));
}

io::NewFile TaskOutput::finish() {
  if (writer_) {
    flush();
    digest_ = writer_->finish();
    writer_.reset();
  } else {
    digest_ = io::sha1(buffer_.get(), used_);
    std::memcpy(buffer_.get() + used_, digest_.data(), digest_.size());
    file_.emplace(folder_);
    io::write_all(file_->fd(), buffer_.get(), used_ + digest_.size(), file_->where(task_));
  }
  return std::move(*file_);
}

}  // namespace functionfuse::detail
