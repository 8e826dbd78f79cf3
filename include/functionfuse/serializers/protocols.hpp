#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace functionfuse {

namespace io::s3 {
class Client;
}

/// The interface that a storage hands to serializers, under a key. A serializer asks for the ones
/// that it can use and says so when the storage has none of them.
class Protocol {
 public:
  virtual ~Protocol();
};

inline constexpr std::string_view FILE_PROTOCOL = "FILE_PROTOCOL";

/// Files in the bigdata folder of one workflow.
///
/// A file opened for writing belongs to the save that is under way: it is removed when the save
/// fails, and is on the disk before the task replaces another and when Storage::sync returns.
///
/// Files `<filename>.<anything>` belong to `filename` (checksums of its chunks, for example): they
/// are opened like it, and copied and removed with it where its serializer is not registered.
///
/// \threads one save or read at a time
class FileProtocol : public Protocol {
 public:
  enum class Mode { read, write };

  /// The path of `filename`. Mode::write: a name that is not taken yet (see new_filename); the
  /// caller creates the file there, or a folder, complete when `pickle()` returns.
  /// \error not_found         Mode::read and it is not there
  /// \error invalid_argument  a name that leaves the folder; Mode::write and it is there
  virtual std::filesystem::path open(std::string_view filename, Mode mode) = 0;

  /// A file for an object of which a killed save may have left a part.
  struct Unfinished {
    std::string filename;
    std::filesystem::path path;
  };
  /// As a new file opened for writing, but with a name that a save of the same task, by the same function
  /// with the same arguments and in place of the same old result, gets again. Where a file is there, such
  /// a save was killed and left it, to be gone on with or removed by the caller. While another save has
  /// it, or where a storage can't tell: a new name.
  ///
  /// \param what  of the object, to tell it from others of the result; objects of one `what` are told apart
  ///              by their order
  virtual Unfinished open_unfinished(std::string_view what);

  /// Removes it; nothing where it is not there.
  virtual void remove(std::string_view filename) = 0;
};

inline constexpr std::string_view S3_PROTOCOL = "S3_PROTOCOL";

/// Objects in the bigdata prefix of one workflow, in a bucket.
///
/// A name is a path of one or more parts with slashes between them, below bigdata: `<filename>`,
/// `<filename>/0.1`. `<filename>` is what stands in the persistent id, a new_filename(); to it belongs
/// every name whose first part is `<filename>` or `<filename>.<anything>`, or whose second is and
/// whose first is `dask_arrays`, the group in which Function Fuse keeps Zarr arrays. What belongs to a
/// filename is copied and removed with it where its serializer is not registered.
///
/// What is put belongs to the save that is under way: it is removed when the save fails. An object is
/// there for all, whole, when put() returns.
///
/// \error invalid_argument  a name that is empty, has an empty part, or one that is `.` or `..`
/// \error io                the server refuses, or can't be reached
/// \threads one save or read at a time; within it, put and get are safe
class S3Protocol : public Protocol {
 public:
  /// Replaces what is there.
  virtual void put(std::string_view name, std::span<const std::byte> data) = 0;
  /// Nothing where there is no such object. \error io  also where it has more than `most_bytes`
  [[nodiscard]] virtual std::optional<std::vector<std::byte>> get(std::string_view name,
                                                                  std::size_t most_bytes) = 0;
  /// Names that begin with `prefix`, sorted. An empty prefix: all.
  [[nodiscard]] virtual std::vector<std::string> list(std::string_view prefix) = 0;
  /// Removes all that belongs to `filename`; nothing where there is nothing.
  virtual void remove(std::string_view filename) = 0;

  /// For serializers of this library that send their requests themselves: client() and key() say
  /// where to, and keeps() first, that what belongs to `filename` is of this save.
  virtual void keeps(std::string_view filename) = 0;
  [[nodiscard]] virtual std::string key(std::string_view name) const = 0;
  [[nodiscard]] virtual const std::shared_ptr<io::s3::Client>& client() const = 0;
  /// Where it is, for messages: "s3://bucket/prefix/workflow/bigdata/name".
  [[nodiscard]] virtual std::string url(std::string_view name) const = 0;
};

/// A name for a new object in bigdata: a random UUID (version 4) in its 36 characters.
[[nodiscard]] std::string new_filename();

}  // namespace functionfuse
