// Which texts of a folder are alike? Every step is a node: run it twice, and the second time nothing
// is computed.
//
//     read_text ──> count_words ──┬──> vocabulary ──> matrix ──> similarity ──> nearest
//     read_text ──> count_words ──┤                     │
//        ...           ...        └─────────────────────┘
//
//     text_similarity [FOLDER] [--storage FOLDER] [--graph FILE]

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functionfuse/functionfuse.hpp>
#include <iomanip>
#include <iostream>
#include <map>
#include <numeric>
#include <string>
#include <vector>

namespace ff = functionfuse;
namespace fs = std::filesystem;

using Counts = std::map<std::string, int>;
using Strings = std::vector<std::string>;

struct Pair {
  std::string first, second;
  double similarity;
};
FUNCTIONFUSE_FIELDS(Pair, first, second, similarity)

std::string read_text(const std::string& path) {
  std::ifstream in(path);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

Counts count_words(const std::string& text) {
  Counts counts;
  std::string word;
  for (char c : text + ' ') {
    auto letter = static_cast<unsigned char>(c);
    if (std::isalpha(letter) != 0) {
      word += static_cast<char>(std::tolower(letter));
    } else if (!word.empty()) {
      ++counts[std::exchange(word, {})];
    }
  }
  return counts;
}

/// In how many texts each word is. Words of one text alone, or of all, tell nothing.
Counts vocabulary(const std::vector<Counts>& texts) {
  Counts found;
  for (const Counts& text : texts) {
    for (const auto& [word, n] : text) ++found[word];
  }
  std::erase_if(found, [&](const auto& word) {
    return word.second < 2 || word.second == std::ssize(texts);
  });
  return found;
}

/// tf-idf: a row of length 1 for each text, a column for each word.
ff::NdArray matrix(const std::vector<Counts>& texts, const Counts& words) {
  std::vector<double> all;
  for (const Counts& text : texts) {
    auto row = all.insert(all.end(), words.size(), 0.0);
    double squares = 0;
    for (auto value = row; const auto& [word, texts_with_it] : words) {
      if (auto found = text.find(word); found != text.end()) {
        double rare = std::log(static_cast<double>(texts.size()) / texts_with_it);
        *value = (1 + std::log(found->second)) * rare;
        squares += *value * *value;
      }
      ++value;
    }
    if (squares == 0) continue;  // it has no word in common with any other
    for (auto value = row; value != all.end(); ++value) *value /= std::sqrt(squares);
  }
  return ff::NdArray::from(std::move(all), {std::ssize(texts), std::ssize(words)});
}

/// The cosine of the angle between any two rows.
ff::NdArray similarity(const ff::NdArray& rows) {
  const std::int64_t n = rows.shape()[0];
  std::vector<double> cosines;
  for (std::int64_t i = 0; i < n * n; ++i) {
    auto a = rows[i / n], b = rows[i % n];
    auto x = a.view<double>(), y = b.view<double>();
    cosines.push_back(std::inner_product(x.begin(), x.end(), y.begin(), 0.0));
  }
  return ff::NdArray::from(std::move(cosines), {n, n});
}

std::vector<Pair> nearest(const ff::NdArray& similarity, const Strings& names, std::size_t count) {
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::size_t k = i + 1; k < names.size(); ++k) {
      pairs.push_back({names[i], names[k], similarity.at<double>(i, k)});
    }
  }
  std::ranges::sort(pairs, std::ranges::greater(), &Pair::similarity);
  pairs.resize(std::min(count, pairs.size()));
  return pairs;
}

int main(int argc, char** argv) {
  std::string folder = "/usr/share/common-licenses", storage = "storage", picture;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (argument == "--storage" && i + 1 < argc) storage = argv[++i];
    else if (argument == "--graph" && i + 1 < argc) picture = argv[++i];
    else folder = argument;
  }

  std::vector<fs::directory_entry> files;
  for (const auto& file : fs::directory_iterator(folder)) {
    if (file.is_regular_file() && !file.is_symlink()) files.push_back(file);
  }
  std::ranges::sort(files);

  Strings names;
  std::vector<ff::Node<Counts>> counts;
  for (const auto& file : files) {
    auto changed = std::to_string(file.last_write_time().time_since_epoch().count());
    names.push_back(file.path().filename());
    auto text = ff::workflow<read_text>()(file.path().string()).set_version(changed);
    counts.push_back(ff::workflow<count_words>()(text.set_name(names.back()))
                         .set_name("words of " + names.back()));
  }
  auto words = ff::workflow<vocabulary>()(counts).set_name("vocabulary");
  auto rows = ff::workflow<matrix>()(counts, words).set_name("matrix");
  auto cosines = ff::workflow<similarity>()(rows).set_name("similarity");
  auto pairs = ff::workflow<nearest>()(cosines, names, 8).set_name("pairs");

  auto kept = ff::storage_factory({{"kind", "file"}, {"options", {{"path", storage}}}});
  ff::LocalWorkflow workflow({pairs}, "text_similarity");
  workflow.set_storage(kept);
  workflow.set_log(std::cout);
  for (const Pair& pair : workflow.run<std::vector<Pair>>()) {
    std::cout << std::left << std::setw(14) << pair.first << std::setw(14) << pair.second
              << std::fixed << std::setprecision(3) << pair.similarity << ' '
              << std::string(static_cast<std::size_t>(40 * pair.similarity), '#') << "\n";
  }

  if (picture.empty()) return 0;
  ff::GraphWorkflow graph({pairs}, "text_similarity");
  graph.set_storage(kept);
  graph.write(picture);
}
