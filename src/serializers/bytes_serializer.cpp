#include "functionfuse/serializers/bytes_serializer.hpp"

#include <algorithm>
#include <memory>

#include <fcntl.h>

#include "io/hashing_writer.hpp"
#include "io/s3/multipart_upload.hpp"
#include "serializers/check_version.hpp"

namespace functionfuse {
namespace {

constexpr std::string_view kVersion = "0.0.0";
constexpr std::size_t kDigest = sizeof(io::Sha1Digest);
constexpr std::size_t kSlice = std::size_t{4} << 20;  // read at a time
constexpr std::size_t kPart = std::size_t{16} << 20;  // sent at a time

/// What was kept: the bytes, and their SHA-1 behind them.
class Kept {
 public:
  virtual ~Kept() = default;
  /// \param buffer  filled
  virtual void read(std::uint64_t offset, std::span<std::byte> buffer) const = 0;

  std::string place;
  std::uint64_t size = 0;  ///< of the bytes

  /// \error corrupt  it is not the one behind the bytes
  void check(const io::Sha1Digest& digest) const {
    io::Sha1Digest expected;
    read(size, expected);
    if (digest == expected) return;
    throw CorruptError(place +
                       " is damaged: its SHA-1 is not the one it ends with; run the node again");
  }

 protected:
  void set_size(std::uint64_t all) {
    if (all < kDigest) throw CorruptError(place + " is cut short: run the node again", all);
    size = all - kDigest;
  }
};

class KeptFile final : public Kept {
 public:
  KeptFile(FileProtocol& files, const std::string& filename) {
    place = files.open(filename, FileProtocol::Mode::read);
    fd_ = io::open_file(place, O_RDONLY | O_NONBLOCK);  // a pipe would be waited for
    const io::FileInfo what = io::info(fd_.get(), place);
    if (!what.regular) throw CorruptError(place + " is not a file");
    set_size(what.size);
  }
  void read(std::uint64_t offset, std::span<std::byte> buffer) const override {
    io::read_all(fd_.get(), offset, buffer.data(), buffer.size(), place);
  }

 private:
  io::Fd fd_;
};

class KeptObject final : public Kept {
 public:
  KeptObject(const S3Protocol& s3, const std::string& filename)
      : client_(s3.client()), key_(s3.key(filename)) {
    place = s3.url(filename);
    const auto object = client_->head(key_);
    if (!object) fail_gone();
    set_size(object->size);
  }
  void read(std::uint64_t offset, std::span<std::byte> buffer) const override {
    const auto got = client_->get(key_, buffer, io::s3::ByteRange{offset, buffer.size()});
    if (!got) fail_gone();
    if (*got < buffer.size()) throw CorruptError(place + " is cut short: run the node again");
  }

 private:
  [[noreturn]] void fail_gone() const {
    throw NotFoundError(place +
                        " is gone: an object of this result was kept there; remove the "
                        "task and run the workflow again");
  }
  std::shared_ptr<io::s3::Client> client_;
  std::string key_;
};

std::unique_ptr<Kept> open_kept(const Protocols& protocols, const SerializedAs& id) {
  detail::check_version(id, kVersion, "the bytes", BytesSerializer::name);
  if (const auto* s3 = protocols.get<S3Protocol>(S3_PROTOCOL)) {
    return std::make_unique<KeptObject>(*s3, id.second);
  }
  auto& files = protocols.require<FileProtocol>(FILE_PROTOCOL, BytesSerializer::name);
  return std::make_unique<KeptFile>(files, id.second);
}

void keep_file(FileProtocol& files, const std::string& filename, const Bytes& bytes) {
  const std::string path = files.open(filename, FileProtocol::Mode::write);
  io::Fd fd = io::open_file(path, O_CREAT | O_EXCL | O_WRONLY);
  io::HashingWriter writer(fd.get(), path);
  writer.write(bytes.data(), bytes.size());
  writer.finish();
  io::close_checked(fd, path);
}

/// All but the end is sent from where it lies.
void keep_object(S3Protocol& s3, const std::string& filename, std::span<const std::byte> bytes) {
  const io::Sha1Digest digest = io::sha1(bytes.data(), bytes.size());
  const std::size_t part =
      std::max(kPart, bytes.size() / (io::s3::MultipartUpload::kMostParts - 1) + 1);
  const std::size_t parts = bytes.size() / part;
  const auto rest = bytes.subspan(parts * part);
  std::vector<std::byte> end(rest.begin(), rest.end());
  end.insert(end.end(), digest.begin(), digest.end());
  if (parts == 0) return s3.put(filename, end);

  s3.keeps(filename);
  io::s3::Client& client = *s3.client();
  io::s3::MultipartUpload upload(client, s3.key(filename));
  io::s3::Batch batch(client, client.options().parts_in_flight);
  for (std::size_t i = 0; i < parts; ++i) {
    upload.put_part(batch, static_cast<unsigned>(i + 1), bytes.subspan(i * part, part));
  }
  upload.put_part(batch, static_cast<unsigned>(parts + 1), end);
  batch.finish();
  upload.complete();
}

}  // namespace

SerializedAs BytesSerializer::pickle(const Protocols& protocols, const Bytes& bytes) {
  const std::string filename = new_filename();
  if (auto* s3 = protocols.get<S3Protocol>(S3_PROTOCOL)) {
    keep_object(*s3, filename, {bytes.data(), bytes.size()});
  } else {
    keep_file(protocols.require<FileProtocol>(FILE_PROTOCOL, name), filename, bytes);
  }
  return {std::string(kVersion), filename};
}

Bytes BytesSerializer::unpickle(const Protocols& protocols, const SerializedAs& id) {
  const auto kept = open_kept(protocols, id);
  std::vector<std::byte> data(kept->size);
  io::BackgroundSha1 hash;  // destroyed before the data
  for (std::size_t done = 0; done < data.size();) {
    const auto slice = std::span(data).subspan(done, std::min(kSlice, data.size() - done));
    kept->read(done, slice);
    hash.update(slice.data(), slice.size());
    done += slice.size();
  }
  kept->check(hash.digest());
  return Bytes(std::move(data));
}

void BytesSerializer::remove(const Protocols& protocols, const SerializedAs& id) {
  if (auto* s3 = protocols.get<S3Protocol>(S3_PROTOCOL)) return s3->remove(id.second);
  protocols.require<FileProtocol>(FILE_PROTOCOL, name).remove(id.second);
}

void BytesSerializer::verify(const Protocols& protocols, const SerializedAs& id) {
  const auto kept = open_kept(protocols, id);
  std::vector<std::byte> buffer(std::min<std::uint64_t>(kSlice, kept->size));
  io::Sha1 hash;
  for (std::uint64_t done = 0; done < kept->size;) {
    const auto slice =
        std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), kept->size - done));
    kept->read(done, slice);
    hash.update(slice.data(), slice.size());
    done += slice.size();
  }
  kept->check(hash.digest());
}

}  // namespace functionfuse
