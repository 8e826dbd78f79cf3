#include "storage/record_log.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "io/new_file.hpp"
#include "storage/task_names.hpp"

namespace functionfuse::detail {
namespace {

constexpr std::size_t kWorthCompacting = std::size_t{1} << 20;

std::string private_path(const std::string& workflow_path) {
  return workflow_path + "/" + std::string(kPrivateFolder);
}

io::Fd open_log(const io::Folder& workflow) {
  const std::string folder(kPrivateFolder);
  const std::string name = folder + "/" + std::string(kRecords);
  for (bool made = false;; made = true) {
    io::Fd fd(::openat(workflow.fd(), name.c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC,
                       0666));
    if (fd) return fd;
    if (errno != ENOENT || made) io::fail("open", workflow.where(name), errno);
    if (::mkdirat(workflow.fd(), folder.c_str(), 0777) != 0 && errno != EEXIST) {
      io::fail("create the folder", workflow.where(folder), errno);
    }
  }
}

/// False while somebody rewrites the log. A file system without locks has no compaction either.
bool lock_shared(int fd) { return ::flock(fd, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK; }

}  // namespace

bool RecordLog::open() {
  using namespace std::chrono_literals;
  const auto give_up = std::chrono::steady_clock::now() + (waited_ ? 0s : 2s);
  for (;;) {
    fd_ = open_log(*workflow_);
    const bool locked = lock_shared(fd_.get());
    const io::FileInfo info = io::info(fd_.get(), workflow_->where(kPrivateFolder));
    // A compaction may have put another file in its place since it was opened. If one does not end
    // (its process is stopped, say), the entries until it does are the lesser loss: their tasks count
    // as saved without a record.
    const bool good = locked && info.links > 0;
    waited_ = !good && std::chrono::steady_clock::now() >= give_up;
    if (good || waited_) {
      if (info.size == 0) {
        io::write_all(fd_.get(), kRecordsHeader.data(), kRecordsHeader.size(),
                      workflow_->where(kPrivateFolder));
      }
      return good;
    }
    std::this_thread::sleep_for(1ms);
  }
}

void RecordLog::append(const std::string& entry) {
  std::lock_guard lock(mutex_);
  const bool keep = fd_ || open();
  // What a short write leaves is a torn line, which readers pass over.
  io::write_all(fd_.get(), entry.data(), entry.size(), workflow_->where(kPrivateFolder));
  if (!keep) fd_.reset();
}

void RecordLog::sync() {
  std::lock_guard lock(mutex_);
  if (fd_) io::sync_data(fd_.get(), workflow_->where(kPrivateFolder));
}

void RecordLog::close() {
  std::lock_guard lock(mutex_);
  fd_.reset();
}

namespace {

/// What the log holds from `begin` up to what was its size. Appends may go on meanwhile.
std::string read_part(int fd, std::uint64_t begin, std::uint64_t size, const io::Where& where) {
  std::string text(size - begin, '\0');
  io::read_all(fd, begin, text.data(), text.size(), where);
  return text;
}

/// The lines that count: for each task the one that a reader would find.
std::string live_lines(const io::Folder& workflow, const RecordTable& records) {
  std::string lines(kRecordsHeader);
  for_each_task(workflow, [&](std::string_view task) {
    io::FileInfo info;
    if (!records.knows(task) || !workflow.info_if_there(std::string(task), info)) return;
    const FileIdentity file(info);
    if (const RecordEntry* entry = records.find(task, file)) {
      lines += '\n';
      lines += entry->line;
    } else if (auto digest = stored_digest(workflow, std::string(task))) {
      entry = records.find(task, *digest);
      if (entry == nullptr) return;
      // A copy of a storage: from now on it is found without a look into the file.
      lines += encode_entry(task, file, *digest, entry->record ? &*entry->record : nullptr);
    }
  });
  return lines;
}

}  // namespace

RecordReader::RecordReader(const std::string& workflow_path)
    : path_(private_path(workflow_path) + "/" + std::string(kRecords)) {}

bool RecordReader::read(RecordTable& records) {
  // Opened, not only looked at: a file server tells no stale size then.
  io::Fd fd = io::open_if_there(path_, O_RDONLY);
  if (!fd) return false;
  const io::FileInfo info = io::info(fd.get(), path_);
  const bool same = fd_ && info.inode == info_.inode && info.device == info_.device;
  if (same && info.size == info_.size) return false;
  // Another log, after a compaction, is read from its start. What the last one had holds as well.
  const std::uint64_t begin = same && info.size > info_.size ? done_ : 0;
  done_ = begin + records.add(read_part(fd.get(), begin, info.size, path_));
  fd_ = std::move(fd);
  info_ = info;
  return true;
}

void compact_records(const std::string& workflow_path, bool all) {
  const auto folder = io::Folder::open_if_there(private_path(workflow_path));
  if (!folder) return;
  const std::string name(kRecords);
  const io::Fd log = folder->open_if_there(name, O_RDWR);
  if (!log || ::flock(log.get(), LOCK_EX | LOCK_NB) != 0) return;
  const io::FileInfo info = io::info(log.get(), folder->where(name));
  if (info.links == 0 || (!all && info.size <= kWorthCompacting)) return;

  const io::Folder workflow(workflow_path);
  const RecordTable records(read_part(log.get(), 0, info.size, folder->where(name)));
  const std::string lines = live_lines(workflow, records);
  if (all ? lines.size() >= info.size : lines.size() > info.size / 2) return;
  io::NewFile file(*folder);
  io::write_all(file.fd(), lines.data(), lines.size(), file.where(name));
  file.commit_over(name);
}

}  // namespace functionfuse::detail
