#include "functionfuse/serializers/bytes_serializer.hpp"

#include <fcntl.h>

#include <algorithm>

#include "io/hashing_writer.hpp"

namespace functionfuse {
namespace {

constexpr std::string_view kVersion = "0.0.0";
constexpr std::size_t kDigest = sizeof(io::Sha1Digest);

}  // namespace

SerializedAs BytesSerializer::pickle(const Protocols& protocols, const Bytes& bytes) {
  auto& files = protocols.require<FileProtocol>(FILE_PROTOCOL, name);
  const std::string filename = new_filename();
  const std::string path = files.open(filename, FileProtocol::Mode::write);
  io::Fd fd = io::open_file(path, O_CREAT | O_EXCL | O_WRONLY);
  io::HashingWriter writer(fd.get(), path);
  writer.write(bytes.data(), bytes.size());
  writer.finish();
  io::close_checked(fd, path);
  return {std::string(kVersion), filename};
}

Bytes BytesSerializer::unpickle(const Protocols& protocols, const SerializedAs& id) {
  const auto& [version, filename] = id;
  if (version != kVersion) {
    throw UnsupportedError("the bytes \"" + filename + "\" were written by version " + version +
                           " of BytesSerializer; this one reads version " + std::string(kVersion) +
                           ": use a newer release");
  }
  auto& files = protocols.require<FileProtocol>(FILE_PROTOCOL, name);
  const std::string path = files.open(filename, FileProtocol::Mode::read);
  const io::Fd fd = io::open_file(path, O_RDONLY);
  const std::uint64_t size = io::info(fd.get(), path).size;
  if (size < kDigest) throw CorruptError(path + " is cut short: run the node again", size);

  constexpr std::size_t kSlice = std::size_t{4} << 20;
  std::vector<std::byte> data(size - kDigest);
  io::BackgroundSha1 hash;  // destroyed before the data
  for (std::size_t done = 0; done < data.size();) {
    const std::size_t n = std::min(kSlice, data.size() - done);
    io::read_all(fd.get(), done, data.data() + done, n, path);
    hash.update(data.data() + done, n);
    done += n;
  }
  io::Sha1Digest expected;
  io::read_all(fd.get(), data.size(), expected.data(), kDigest, path);
  if (hash.digest() != expected) {
    throw CorruptError(path + " is damaged: its SHA-1 is not the one it ends with; run the node again");
  }
  return Bytes(std::move(data));
}

void BytesSerializer::remove(const Protocols& protocols, const SerializedAs& id) {
  protocols.require<FileProtocol>(FILE_PROTOCOL, name).remove(id.second);
}

}  // namespace functionfuse
