#pragma once

#include <set>
#include <string>
#include <string_view>

namespace functionfuse::detail {

/// Whether a pickle may name it as an object in bigdata: nothing elsewhere can be meant.
[[nodiscard]] bool is_plain_filename(std::string_view filename);

/// Whether a name in bigdata is `filename` or belongs to it: `<filename>.<anything>`.
[[nodiscard]] bool belongs_to(std::string_view name, std::string_view filename);

/// Filenames out of persistent ids, to be asked which names in bigdata belong to one of them.
class Filenames {
 public:
  void insert(std::string filename) { names_.insert(std::move(filename)); }
  [[nodiscard]] bool own(std::string_view name) const;
  [[nodiscard]] bool empty() const noexcept { return names_.empty(); }

 private:
  std::set<std::string, std::less<>> names_;
};

}  // namespace functionfuse::detail
