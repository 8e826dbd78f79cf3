#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "functionfuse/serializers/protocols.hpp"
#include "io/folder.hpp"
#include "storage/copying_hooks.hpp"

namespace functionfuse::detail {

class FileOrigin;

/// The FILE_PROTOCOL of a FileStorage, for one save, read or removal.
class Bigdata final : public FileProtocol {
 public:
  /// `folder`: <path>/<workflow>/bigdata; made with the first file.
  explicit Bigdata(std::string folder) : folder_(std::move(folder)) {}
  /// \param save  gives bytes that tell this save from others, at the moment: see open_unfinished
  void set_save(std::function<std::string()> save) { save_ = std::move(save); }
  ~Bigdata() override;
  Bigdata(const Bigdata&) = delete;
  Bigdata& operator=(const Bigdata&) = delete;

  std::filesystem::path open(std::string_view filename, Mode mode) override;
  Unfinished open_unfinished(std::string_view what) override;
  void remove(std::string_view filename) override;

  /// Copies a file of another such folder, with those that belong to it, under a new name.
  std::string copy_from(const FileOrigin& origin, const std::string& filename);
  [[nodiscard]] bool exists(const std::string& filename) const;
  /// Whether a save that has begun to keep objects in that folder is still under way, in any process
  /// of this computer: as long as it is, it holds a shared lock (flock) on the folder.
  [[nodiscard]] static bool is_saved_to(const std::string& folder);

  /// Whether a file was opened to be read.
  [[nodiscard]] bool looked_into() const noexcept { return looked_into_; }
  [[nodiscard]] const std::vector<std::string>& created() const noexcept { return created_; }
  /// What was created is on the disk when it returns.
  void sync_created() const;
  /// What can't be removed stays for gc.
  void remove_created() noexcept;

 private:
  [[nodiscard]] std::string path_of(std::string_view filename) const;
  void begin_saving();
  bool lock(const std::string& filename);
  std::string folder_;
  bool looked_into_ = false;
  std::optional<io::Folder> saving_;  // locked, see is_saved_to
  std::vector<std::string> created_;
  std::function<std::string()> save_;
  std::map<std::string, int, std::less<>> unfinished_;  // how many of each `what` were opened
  struct Lock {
    std::string path;
    io::Fd fd;
  };
  std::vector<Lock> locks_;                             // on those, until the save ends
};

/// Where the objects of a Value lie that was read from a FileStorage.
class FileOrigin final : public PersistentOrigin {
 public:
  explicit FileOrigin(std::string bigdata) : bigdata_(std::move(bigdata)) {}
  [[nodiscard]] const std::string& where() const noexcept { return bigdata_; }

 private:
  std::string bigdata_;
};

using FileHooks = CopyingHooks<FileOrigin, Bigdata>;

/// Removes the objects behind `ids` from `folder`, as objects.hpp says: what has no serializer are
/// the files of that name.
void remove_objects(const std::string& folder, std::span<const PersistentId> ids,
                    const SerializerPool& pool);

}  // namespace functionfuse::detail
