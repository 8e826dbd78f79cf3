#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "functionfuse/pickle/types.hpp"
#include "functionfuse/serializers/serializer.hpp"
#include "functionfuse/storage/record.hpp"

namespace functionfuse {

/// The tasks of one workflow, for many questions at once: a task is found as it was when the index
/// was made or as it is when it is asked for.
/// \threads const functions are safe
class TaskIndex {
 public:
  virtual ~TaskIndex();
  struct Found {
    bool stored = false;
    /// Null: stored without a record (by IBM's Function Fuse, or by Storage::save alone). Valid as
    /// long as the index.
    const Record* record = nullptr;
  };
  [[nodiscard]] virtual Found find(std::string_view task) const = 0;
};

/// What `Storage::gc` found, or would remove.
struct Leftover {
  std::string path;  ///< of a file, or URL
  std::uint64_t bytes = 0;
  std::string why;    ///< "temporary file of a save that did not end", ...
  bool kept = false;  ///< left alone: it may still be needed, for the reason in `why`
};

/// What `Storage::verify` found wrong.
struct Problem {
  std::string workflow, task, path, what;
};

/// Keeps results of nodes: (workflow name, task name) -> result, as files that IBM's Function Fuse
/// reads, and reads what it wrote.
///
/// A save is atomic: at any instant, kills included, a reader finds the old result or the new one.
/// The order of a commit: (1) objects of persistent serializers under fresh names in bigdata,
/// complete; (2) the task, in one step; (3) the objects of the result that it replaced are removed.
/// Removal goes the other way. What a kill leaves behind, gc() removes.
///
/// A name of a workflow or task must not be empty, start with a dot, contain a slash or NUL, be
/// `bigdata` (task) or be longer than 255 bytes: Error(invalid_argument) otherwise, before anything
/// is touched.
///
/// \threads safe: any number of threads and processes; for one task the last commit wins
class Storage {
 public:
  virtual ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  /// Where it is, for messages: "file:///home/a/storage".
  [[nodiscard]] virtual std::string url() const = 0;

  /// Registers serializers, default-constructed, for everything saved and read from now on.
  /// \error invalid_argument  two of the same name or type
  template <PersistentSerializer... S>
  void register_persistent_serializers() {
    (serializers_.register_serializer(S{}), ...);
  }
  /// The same with objects, for serializers that have options.
  template <PersistentSerializer... S>
  void register_persistent_serializers(S... serializers) {
    (serializers_.register_serializer(std::move(serializers)), ...);
  }
  [[nodiscard]] const SerializerPool& serializers() const noexcept { return serializers_; }

  /// Makes room for a workflow; nothing where it is there already. Saving does so by itself.
  virtual void new_workflow(std::string_view workflow) = 0;

  template <class T>
  void save(std::string_view workflow, std::string_view task, const T& result,
            const Record* record = nullptr) {
    save_erased(workflow, task, {&result, [](Pickler& pickler, const void* object) {
                                   pickler.save(*static_cast<const T*>(object));
                                 }},
                record);
  }

  /// The result as a T (rules: types.hpp), or as a Value.
  /// \error not_found      no such task; the text says what the workflow holds
  /// \error corrupt        cut short, altered (SHA-1), not a pickle
  /// \error type_mismatch  names the place in the result and both types
  /// \error unsupported    a serializer that kept a part of it is not registered
  template <class T>
  [[nodiscard]] T read_task(std::string_view workflow, std::string_view task) const {
    std::optional<T> result;
    read_erased(workflow, task, {&result, [](const Reading& reading, void* object) {
                                   static_cast<std::optional<T>*>(object)->emplace(
                                       reading.as<T>());
                                 }});
    return std::move(*result);
  }
  [[nodiscard]] virtual Value read_task(std::string_view workflow, std::string_view task) const = 0;

  [[nodiscard]] virtual bool file_exists(std::string_view workflow, std::string_view task) const = 0;

  /// Names of the tasks that match a glob (`*`, `?`, `[a-z]`), sorted. An unknown workflow has none.
  [[nodiscard]] virtual std::vector<std::string> list_tasks(std::string_view workflow,
                                                            std::string_view pattern = "*") const = 0;
  [[nodiscard]] virtual std::vector<std::string> list_workflows() const = 0;

  /// Removes the tasks that match (a name of a task means that task alone) with what serializers keep for
  /// them, and returns how many they were. Never unpickles objects: a task whose array is gone, or
  /// whose serializer is not registered, is removed all the same.
  virtual std::size_t remove_task(std::string_view workflow, std::string_view pattern) = 0;
  /// Removes everything of the workflow, bigdata included. False where it was not there.
  virtual bool remove_workflow(std::string_view workflow) = 0;

  /// True: a backend goes on with what it reads back from the storage, not with the object that a
  /// node returned, so that a first run sees what later runs see. Default: false.
  void set_always_read(bool on) noexcept { always_read_ = on; }
  [[nodiscard]] bool always_read() const noexcept { return always_read_; }

  /// The tasks of a workflow at this moment. `expected` is how many of them will be asked for: few
  /// are looked up one by one, for many the folder is read once.
  [[nodiscard]] virtual std::unique_ptr<TaskIndex> index(std::string_view workflow,
                                                         std::size_t expected) const = 0;

  /// When it returns, all that was saved to the workflow through this object before is on the disk.
  /// \error any  of a save in the background that has failed
  virtual void sync(std::string_view workflow) = 0;

  /// Finds what killed or failed saves left behind, and removes it unless `dry_run`. What is younger
  /// than `grace_seconds` is left alone: it may belong to a save that is under way. On one computer
  /// objects of such a save are safe however long it takes; on a file server that several computers
  /// use, the grace has to be longer than the longest save.
  virtual std::vector<Leftover> gc(std::optional<std::string_view> workflow, bool dry_run,
                                   double grace_seconds = 3600) = 0;

  /// Reads everything and says what is wrong: digests, pickles, objects of persistent serializers
  /// that are not there or, where their serializer is registered and has a function `verify`, not
  /// what it wrote. `checked`, if given, gets the number of tasks.
  [[nodiscard]] virtual std::vector<Problem> verify(std::optional<std::string_view> workflow,
                                                    std::size_t* checked = nullptr) const = 0;
  /// The same of one task; nothing where it is not there.
  [[nodiscard]] virtual std::vector<Problem> verify_task(std::string_view workflow,
                                                         std::string_view task) const = 0;

  /// An object with its type erased, and how to pickle it.
  struct Saved {
    const void* object;
    void (*pickle)(Pickler&, const void* object);
  };
  /// Room for a result, and how to read it there.
  struct Loaded {
    void* object;
    void (*load)(const Reading&, void* object);
  };
  virtual void save_erased(std::string_view workflow, std::string_view task, Saved result,
                           const Record* record) = 0;
  virtual void read_erased(std::string_view workflow, std::string_view task,
                           Loaded result) const = 0;
  /// As save_erased, for who calls sync() before long: a storage that waits for a server may return
  /// once the object has been pickled, and send it while the program goes on. Other calls of this
  /// Storage see the result all the same. Should it not be stored in the end, sync() throws the error.
  virtual void save_in_background(std::string_view workflow, std::string_view task, Saved result,
                                  const Record* record);

 protected:
  Storage();
  SerializerPool serializers_;

 private:
  bool always_read_ = false;
};

/// \error invalid_argument  a workflow's or task's name that a storage can't hold; `what` is
///                          "workflow" or "task"
void check_name(std::string_view name, std::string_view what);

}  // namespace functionfuse
