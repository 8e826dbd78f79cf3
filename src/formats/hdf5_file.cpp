#include "formats/hdf5_file.hpp"

#include <functionfuse/error.hpp>

#include "formats/hdf5/reader.hpp"
#include "formats/hdf5/writer.hpp"

namespace functionfuse::formats {

class Hdf5Writer::Impl final : public hdf5::Writer {
 public:
  using Writer::Writer;
};

Hdf5Writer::Hdf5Writer(std::string path, std::string dataset, DType dtype, Chunks chunks,
                       const Chunks& logical, const Hdf5Options& options)
    : impl_(std::make_unique<Impl>(std::move(path), std::move(dataset), std::move(dtype),
                                   std::move(chunks), logical, options)) {}

Hdf5Writer::Hdf5Writer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Hdf5Writer::~Hdf5Writer() = default;

std::unique_ptr<Hdf5Writer> Hdf5Writer::resume(const std::string& path, const std::string& dataset,
                                               const DType& dtype, const Chunks& chunks,
                                               const Chunks& logical, const Hdf5Options& options) {
  if (!options.checksums) return nullptr;  // nothing says which chunks are there
  std::unique_ptr<hdf5::Reader> old;
  try {
    old = std::make_unique<hdf5::Reader>(path, dataset);
  } catch (const NotFoundError&) {
    return nullptr;
  } catch (const CorruptError&) {  // stopped while it was being created
    return nullptr;
  } catch (const UnsupportedError&) {  // another's file
    return nullptr;
  }
  const bool is_compressed = options.deflate > 0 || options.shuffle;
  if (is_compressed && chunks.count() == 1) return nullptr;  // there or not, all of it
  const auto wanted = is_compressed ? hdf5::Reader::Mode::chunks : hdf5::Reader::Mode::direct;
  if (old->mode != wanted || old->checksums_at == 0 || !(old->dtype == dtype) ||
      !(old->chunks == chunks) || !(old->logical == logical) || old->deflate != options.deflate ||
      old->shuffle != options.shuffle) {
    return nullptr;
  }
  return std::unique_ptr<Hdf5Writer>(new Hdf5Writer(std::make_unique<Impl>(*old, chunks, options)));
}

void Hdf5Writer::write(std::size_t number, const NdArray& block) { impl_->write(number, block); }
bool Hdf5Writer::has(std::size_t number) const { return impl_->has(number); }
std::size_t Hdf5Writer::extra_bytes() const { return impl_->extra_bytes(); }
void Hdf5Writer::finish() { impl_->finish(); }

class Hdf5Source::Impl final : public hdf5::Reader {
 public:
  using Reader::Reader;
};

Hdf5Source::Hdf5Source(std::unique_ptr<Impl> impl)
    : ChunkSource(impl->dtype, impl->chunks), impl_(std::move(impl)) {}
Hdf5Source::~Hdf5Source() = default;

std::shared_ptr<Hdf5Source> Hdf5Source::open(const std::string& path, const std::string& dataset) {
  return std::shared_ptr<Hdf5Source>(new Hdf5Source(std::make_unique<Impl>(path, dataset)));
}

const Chunks& Hdf5Source::logical() const noexcept { return impl_->logical; }
const Hdf5Info& Hdf5Source::info() const noexcept { return impl_->info; }
const std::string& Hdf5Source::path() const noexcept { return impl_->path; }
void Hdf5Source::read(std::size_t number, NdArray& block) const { impl_->read(number, block); }
std::size_t Hdf5Source::extra_bytes() const { return impl_->extra_bytes(); }

}  // namespace functionfuse::formats
