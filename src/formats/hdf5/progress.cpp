#include "formats/hdf5/progress.hpp"

#include <algorithm>
#include <span>

#include "io/file.hpp"

namespace functionfuse::formats::hdf5 {
namespace {

constexpr std::size_t kPage = 512;
constexpr auto kFlushEvery = std::chrono::seconds(1);

}  // namespace

Progress::Progress(int fd, std::uint64_t sums_at, const ChunkIndex* index,
                   std::vector<std::uint64_t> sums, std::vector<ChunkPlace> places, bool at_once)
    : fd_(fd),
      sums_at_(sums_at),
      index_(index),
      at_once_(at_once),
      sums_(std::move(sums)),
      places_(std::move(places)),
      pages_((sums_.size() + kPage - 1) / kPage) {
  for (std::size_t i = 0; i < sums_.size(); ++i) pages_[i / kPage].missing += sums_[i] == 0;
}

void Progress::set(std::size_t number, std::uint64_t sum, const ChunkPlace& place,
                   const std::string& path) {
  std::lock_guard lock(mutex_);
  Page& page = pages_[number / kPage];
  if (sums_[number] == 0) --page.missing;
  sums_[number] = sum;
  if (index_ != nullptr) places_[number] = place;
  if (sums_at_ == 0) return;
  if (at_once_) {
    write(number, 1, path);
    return;
  }
  page.changed = true;
  if (page.missing == 0) write_page(number / kPage, path);
  if (std::chrono::steady_clock::now() - flushed_ > kFlushEvery) write_changed(path);
}

std::uint64_t Progress::sum(std::size_t number) const {
  std::lock_guard lock(mutex_);
  return sums_[number];
}

ChunkPlace Progress::place(std::size_t number) const {
  std::lock_guard lock(mutex_);
  return places_[number];
}

void Progress::forget(std::size_t number) {
  std::lock_guard lock(mutex_);
  if (sums_[number] != 0) ++pages_[number / kPage].missing;
  sums_[number] = 0;
}

/// The place first: a checksum says that the chunk is there.
void Progress::write(std::size_t first, std::size_t count, const std::string& path) {
  if (index_ != nullptr) index_->write(fd_, first, std::span(places_).subspan(first, count), path);
  io::pwrite_all(fd_, sums_at_ + 8 * first, sums_.data() + first, 8 * count, path);
}

void Progress::write_page(std::size_t page, const std::string& path) {
  write(page * kPage, std::min(kPage, sums_.size() - page * kPage), path);
  pages_[page].changed = false;
}

void Progress::write_changed(const std::string& path) {
  for (std::size_t page = 0; page < pages_.size(); ++page) {
    if (pages_[page].changed) write_page(page, path);
  }
  flushed_ = std::chrono::steady_clock::now();
}

void Progress::flush(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (sums_at_ != 0) write_changed(path);
}

std::size_t Progress::first_missing() const {
  std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::find(sums_.begin(), sums_.end(), 0) - sums_.begin());
}

}  // namespace functionfuse::formats::hdf5
