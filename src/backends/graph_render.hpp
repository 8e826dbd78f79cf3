#pragma once

#include <filesystem>
#include <string>

namespace functionfuse::detail {

/// Whether a picture can have this name: it ends in .svg, .png, .pdf or .dot.
/// \error invalid_argument  it does not
void check_picture_name(const std::filesystem::path& file);

/// Draws `dot` to `file` (see GraphWorkflow::write). Returns what the program complained about.
std::string render(const std::string& dot, const std::filesystem::path& file);

}  // namespace functionfuse::detail
