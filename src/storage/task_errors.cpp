#include "storage/task_errors.hpp"

#include <fnmatch.h>

#include <algorithm>

#include "functionfuse/error.hpp"

#include "storage/suggest.hpp"

namespace functionfuse::detail {

std::string task_place(std::string_view workflow, std::string_view task, std::string_view where) {
  std::string text = "task \"";
  text += task;
  text += "\" of workflow \"";
  text += workflow;
  text += "\" (";
  text += where;
  text += ')';
  return text;
}

std::string task_cure(std::string_view remove) {
  return "run the workflow again, which computes it anew, or remove it: " + std::string(remove);
}

void rethrow_placed(const std::string& place, const std::string& cure) {
  auto placed = [&](const Error& e) {
    const std::string_view what = e.what();
    return what.starts_with(place) ? std::string(what) : place + ": " + std::string(what);
  };
  try {
    throw;
  } catch (const CorruptError& e) {
    throw CorruptError(placed(e) + cure, e.offset());
  } catch (const NotFoundError& e) {
    throw NotFoundError(placed(e));
  } catch (const UnsupportedError& e) {
    throw UnsupportedError(placed(e));
  } catch (const Error& e) {
    throw Error(e.code(), placed(e));
  }
}

void fail_no_workflow(std::string_view workflow, const std::string& url,
                      std::span<const std::string> there) {
  throw NotFoundError(
      "there is no workflow \"" + std::string(workflow) + "\" in " + url +
      (there.empty() ? ", which holds none" : ", which holds " + quoted_list(there)) +
      did_you_mean(workflow, there));
}

void fail_no_task(std::string_view workflow, std::string_view task, const std::string& url,
                  std::span<const std::string> there) {
  throw NotFoundError(
      "there is no task \"" + std::string(task) + "\" in workflow \"" + std::string(workflow) +
      "\" of " + url +
      (there.empty() ? ", which holds none" : ", which holds " + quoted_list(there)) +
      did_you_mean(task, there));
}

std::vector<std::string> matching(std::vector<std::string> names, std::string_view pattern) {
  if (pattern == "*") return names;
  const std::string glob(pattern);
  std::erase_if(names, [&](const std::string& name) {
    return ::fnmatch(glob.c_str(), name.c_str(), FNM_NOESCAPE) != 0;
  });
  return names;
}

std::vector<std::string> meant(std::vector<std::string> there, std::string_view pattern) {
  const std::string name(pattern);
  if (std::ranges::binary_search(there, name)) return {name};
  return matching(std::move(there), pattern);
}

}  // namespace functionfuse::detail
