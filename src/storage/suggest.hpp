#pragma once

#include <span>
#include <string>
#include <string_view>

namespace functionfuse::detail {

/// `; did you mean "model"?`, or nothing where no candidate is near.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string> candidates);
/// `"a", "b", "c"`, and how many more.
[[nodiscard]] std::string quoted_list(std::span<const std::string> words, std::size_t most = 10);

}  // namespace functionfuse::detail
