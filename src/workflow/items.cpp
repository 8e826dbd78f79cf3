#include <string>
#include <string_view>

#include "functionfuse/error.hpp"
#include "functionfuse/workflow/item_node.hpp"

namespace functionfuse::detail {

void fail_item_index(std::size_t index, std::size_t size) {
  throw Error(Errc::invalid_argument, "there is no item [" + std::to_string(index) + "]: there are " +
                                          std::to_string(size));
}

void fail_item_key(const std::string& key) {
  throw Error(Errc::not_found, "there is no item " + key);
}

std::string quoted_text(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace functionfuse::detail
