#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What all storages say, and do, in the same words.
namespace functionfuse::detail {

/// `task "x" of workflow "w" (<where>)`: starts the errors about it.
[[nodiscard]] std::string task_place(std::string_view workflow, std::string_view task,
                                     std::string_view where);
/// What to do about damage. \param remove  how to remove the task
[[nodiscard]] std::string task_cure(std::string_view remove);

/// Throws the Error that is being handled with `place` before its text, if it lacks it, and `cure`
/// behind that of damage.
[[noreturn]] void rethrow_placed(const std::string& place, const std::string& cure);

/// \error not_found  always; says what there is and what is probably meant
[[noreturn]] void fail_no_workflow(std::string_view workflow, const std::string& url,
                                   std::span<const std::string> there);
[[noreturn]] void fail_no_task(std::string_view workflow, std::string_view task,
                               const std::string& url, std::span<const std::string> there);

/// The names that a glob matches.
[[nodiscard]] std::vector<std::string> matching(std::vector<std::string> names,
                                                std::string_view pattern);
/// The tasks of `there` (sorted) that a pattern means: where it is the name of one, glob characters and
/// all, that one alone.
[[nodiscard]] std::vector<std::string> meant(std::vector<std::string> there,
                                             std::string_view pattern);
[[nodiscard]] inline bool is_glob(std::string_view pattern) {
  return pattern.find_first_of("*?[") != pattern.npos;
}

}  // namespace functionfuse::detail
