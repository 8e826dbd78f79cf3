#include <string>
#include <string_view>

#include "functionfuse/error.hpp"
#include "functionfuse/storage/storage.hpp"
#include "functionfuse/workflow/function_node.hpp"
#include "functionfuse/workflow/stateful.hpp"

namespace functionfuse::detail {

void check_function_name(std::string_view name) {
  check_name(name, "task");
  if (name.size() > 240) {  // which leaves room for a number
    throw Error(Errc::invalid_argument, "workflow(\"" + std::string(name.substr(0, 40)) +
                                            "...\", ...): the name is longer than 240 bytes");
  }
}

void fail_not_movable(const std::string& type) {
  throw Error(Errc::unsupported,
              "an object of " + type +
                  " can't be moved, and so it can't be a given node of a workflow; give a call of a "
                  "method of it");
}

const NodeRef& of_type(const NodeRef& node, const std::type_info& type, std::string (*name)()) {
  if (node.node()->value_type() != type) {
    throw Error(Errc::type_mismatch, "the result of \"" + node.name() + "\" is a " +
                                         node.node()->value_type_name() + ", not a " + name());
  }
  return node;
}

void fail_not_copyable(std::string_view class_name) {
  throw Error(Errc::unsupported,
              "an object of " + std::string(class_name) +
                  " can't be copied, and so its state can't be an argument or be looked into; call "
                  "a method of it");
}

}  // namespace functionfuse::detail
