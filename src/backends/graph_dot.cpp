#include "backends/graph_dot.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <compare>
#include <initializer_list>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "backends/names.hpp"
#include "pickle/utf8.hpp"

/// How a graph becomes a picture:
///
/// 1. every node that has a task is a box; an object and its calls share a frame (a cluster);
/// 2. items and copies of an object's state are no boxes: an arrow that comes through them starts
///    at the task above them and carries their text. Only where such a node was given to the
///    workflow, or is all that ends there, it stands as text at the end of an arrow;
/// 3. arrows from one box to another with the same meaning become one, with all their texts;
/// 4. the direction is the one in which the picture will have roughly the shape of a screen;
/// 5. where arrows would pass too many levels altogether (a node that all steps of a long chain
///    need), the longest become a note in the box that they point to: Graphviz takes minutes for
///    them, and nobody could follow them.
namespace functionfuse::detail {

namespace {

constexpr std::string_view kFont = "DejaVu Sans,Verdana,Helvetica,sans-serif";
constexpr std::string_view kInk = "#1f2937";      // names
constexpr std::string_view kFaint = "#6b7280";    // functions, notes
constexpr std::string_view kFainter = "#94a3b8";  // types
constexpr std::string_view kArrow = "#64748b";
constexpr std::string_view kOrder = "#a3aebd";   // after
constexpr std::string_view kObject = "#7c6bb0";  // objects, order of calls
constexpr std::string_view kObjectFill = "#f6f4fc";
constexpr std::string_view kObjectBorder = "#d5cdec";

struct Look {
  std::string_view fill, border, style, word;
};
constexpr std::array<Look, 3> kLooks = {
    Look{"#ffffff", "#94a3b8", "dashed", "not stored"},
    Look{"#d8f2de", "#4c9f68", "solid", "stored"},
    Look{"#fdebc3", "#d69a2d", "solid", "stale"},
};
constexpr Look kNoStorage{"#eaf1fb", "#6f8fbf", "solid", ""};
const Look& look_of(TaskState state) { return kLooks[static_cast<std::size_t>(state)]; }

// Measures in points, to estimate the size of a picture.
constexpr double kLetter = 7.6, kBoxPadding = 26, kLine = 15;
constexpr double kGapDown = 0.3, kGapRight = 0.18;  // between boxes of a level; in inches
constexpr double kLevelsDown = 0.45, kLevelsRight = 0.55;
constexpr double kInch = 72;
// Graphviz (2.43) lays out 1,000 boxes in a second, but is in trouble with levels that arrows pass:
// 100 boxes in a row and an arrow to each from one more, 5,000 levels, take it 23 s; with nslimit,
// at no cost that one would see, 0.5 s; but 5,000 levels among 300 boxes 14 s.
constexpr std::size_t kManyPassed = 500, kTooManyPassed = 1500;
// And curves around the boxes take half of the time.
constexpr std::size_t kManyBoxes = 2000, kManyEdges = 4000;
constexpr std::size_t kLongest = 44;  // characters of a name or type; the whole is in the tooltip
constexpr std::size_t kLongestVersion = 12;  // a longer one is a number for machines

/// `text` as valid UTF-8 on one line: what is neither is shown as its code, `\n` or `\x1b`.
std::string visible(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t valid = find_invalid_utf8(text);
    for (char c : text.substr(0, valid)) {
      if (c == '\n') {
        out += "\\n";
      } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
        out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
      } else {
        out += c;
      }
    }
    text.remove_prefix(valid);
    if (text.empty()) break;
    out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    text.remove_prefix(1);
  }
  return out;
}

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

/// Valid UTF-8 with its middle left out where it is long.
std::string shortened(const std::string& text, std::size_t longest = kLongest) {
  if (characters(text) <= longest) return text;
  const std::size_t head = longest * 2 / 3, tail = longest - head - 1;
  const std::size_t all = characters(text);
  std::string out;
  std::size_t index = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (starts_character(text[i])) {
      if (index == head) out += "…";
      ++index;
    }
    if (index <= head || index > all - tail) out += text[i];
  }
  return out;
}

std::string replaced(std::string_view text, std::initializer_list<std::pair<char, std::string_view>> with) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    auto found = std::find_if(with.begin(), with.end(), [&](auto& pair) { return pair.first == c; });
    if (found == with.end()) {
      out += c;
    } else {
      out += found->second;
    }
  }
  return out;
}

// Graphviz reads a backslash and some letters as the name of the box or arrow and the like, in some
// places once, in others twice. Nothing is read into one with a space of no width behind it.
/// For a label in <...>.
std::string html(std::string_view text) {
  return replaced(text, {{'&', "&amp;"},
                         {'<', "&lt;"},
                         {'>', "&gt;"},
                         {'"', "&quot;"},
                         {'\\', "&#92;&#8203;"}});
}
/// For a tooltip.
std::string tooltip(std::string_view text) {
  return '"' + replaced(text, {{'&', "&amp;"}, {'"', "\\\""}, {'\\', "\\\\\u200b"}}) + '"';
}
/// For a label in quotes.
std::string label(std::string_view text) {
  return '"' + replaced(text, {{'&', "&amp;"}, {'"', "\\\""}, {'\\', "\\\\"}}) + '"';
}
/// The name of a box. Codes of `visible` keep their backslash single, others have two: different
/// names stay different.
std::string id(std::string_view text) {
  return '"' + visible(replaced(text, {{'"', "\\\""}, {'\\', "\\\\"}})) + '"';
}

/// A type as one says it: without std:: and the rest of the path.
std::string short_type(const std::string& type) {
  std::string out;
  for (std::size_t i = 0; i < type.size();) {
    std::string_view rest = std::string_view(type).substr(i);
    bool begins = i == 0 || (std::isalnum(static_cast<unsigned char>(type[i - 1])) == 0 &&
                             type[i - 1] != '_' && type[i - 1] != ':');
    if (begins && rest.starts_with("std::")) {
      i += 5;
    } else if (begins && rest.starts_with("functionfuse::")) {
      out += "ff::";
      i += 14;
    } else if (begins && rest.starts_with("{anonymous}::")) {
      i += 13;
    } else {
      out += type[i++];
    }
  }
  return out;
}

class Writer {
 public:
  Writer(const Resolution& resolution, std::string_view workflow_name,
         std::span<const TaskState> states, const DotOptions& options)
      : resolution_(resolution),
        names_(resolution),
        workflow_name_(workflow_name),
        states_(states),
        options_(options) {}

  std::string text() {
    find_shown();
    find_edges();
    find_levels();
    leave_out_long_edges();
    begin();
    clusters();
    for (std::uint32_t i = 0; i < resolution_.size(); ++i) {
      if (shown_[i] && cluster_[i] == kNone) box(i, "  ");
    }
    arrows();
    out_ += "}\n";
    return std::move(out_);
  }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  enum class Meaning : std::uint8_t { value, state, call, order };
  struct Edge {
    std::uint32_t from, to;
    Meaning meaning;
    friend auto operator<=>(const Edge&, const Edge&) = default;
  };

  // --- what there is to draw ---------------------------------------------------------------

  /// Boxes, and the light nodes where an arrow ends.
  void find_shown() {
    const std::uint32_t n = resolution_.size();
    shown_.assign(n, 0);
    cluster_.assign(n, kNone);
    std::vector<char> has_children(n);
    for (std::uint32_t i = 0; i < n; ++i) {
      for (std::uint32_t parent : resolution_.parents(i)) has_children[parent] = 1;
    }
    std::vector<char> given(n);
    for (std::uint32_t i : resolution_.given()) given[i] = 1;
    for (std::uint32_t i = 0; i < n; ++i) {
      const NodeBase* node = resolution_.node(i);
      shown_[i] = !node->is_light() || given[i] || !has_children[i];
      boxes_ += shown_[i];
      if (node->type() == NodeBase::Type::call) {
        const std::uint32_t object = node->object()->index;
        cluster_[i] = cluster_[object] = object;
      }
    }
  }

  /// The box that an arrow from `i` starts at, and what it says there.
  struct Start {
    std::uint32_t box;
    std::string text;
    bool state = false;
  };
  Start start(std::uint32_t i) const {
    Start start{i, {}};
    while (resolution_.node(start.box)->is_light() && !(shown_[start.box] && start.box != i)) {
      const NodeBase* node = resolution_.node(start.box);
      if (node->type() == NodeBase::Type::state) {
        start.state = true;
        start.text.insert(0, "state");
        start.box = resolution_.parents(start.box).back();  // the call before, else the object
      } else {
        start.text.insert(0, node->item_text());
        start.box = resolution_.parents(start.box)[0];
      }
    }
    return start;
  }

  void find_edges() {
    for (std::uint32_t i = 0; i < resolution_.size(); ++i) {
      if (!shown_[i]) continue;
      const NodeBase* node = resolution_.node(i);
      if (node->is_light()) {
        Start from = start(i);
        add(from.box, i, from.state ? Meaning::state : Meaning::value, "");
        continue;
      }
      auto parents = resolution_.parents(i);
      const std::size_t values = node->value_parents().size();
      const std::uint32_t before = call_before(i);
      if (before != kNone) add(before, i, Meaning::call, "");
      for (std::size_t k = 0; k < parents.size(); ++k) {
        const bool order_of_calls = before != kNone && (k == 0 || (k >= values && parents[k] == before));
        if (order_of_calls) continue;
        Start from = start(parents[k]);
        Meaning meaning = k >= values  ? Meaning::order
                          : from.state ? Meaning::state
                                       : Meaning::value;
        add(from.box, i, meaning, std::move(from.text));
      }
    }
  }

  /// Of a call: the call before, else the object.
  [[nodiscard]] std::uint32_t call_before(std::uint32_t i) const {
    NodeBase* node = resolution_.node(i);
    if (node->type() != NodeBase::Type::call) return kNone;
    NodeBase* object = node->object();
    const std::uint32_t position = node->position();
    return position == 1 ? object->index : object->object_part()->calls[position - 2]->index;
  }

  void add(std::uint32_t from, std::uint32_t to, Meaning meaning, std::string text) {
    auto& texts = edges_[{from, to, meaning}];
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(std::move(text));
  }

  // --- shape -------------------------------------------------------------------------------

  void find_levels() {
    std::vector<std::vector<std::uint32_t>> parents(resolution_.size());
    for (const auto& [edge, texts] : edges_) parents[edge.to].push_back(edge.from);
    levels_.resize(resolution_.size());
    for (std::uint32_t i = 0; i < resolution_.size(); ++i) {
      for (std::uint32_t parent : parents[i]) {
        levels_[i] = std::max(levels_[i], levels_[parent] + 1);
      }
    }
  }
  [[nodiscard]] std::size_t passed(const Edge& edge) const {
    return levels_[edge.to] - levels_[edge.from] - 1;
  }

  void leave_out_long_edges() {
    std::map<std::size_t, std::size_t> by_length;  // levels passed: edges
    for (const auto& [edge, texts] : edges_) {
      ++by_length[passed(edge)];
      passed_ += passed(edge);
    }
    if (passed_ <= kTooManyPassed) return;
    std::size_t longest = 0;
    passed_ = 0;
    for (const auto& [length, count] : by_length) {
      if (passed_ + length * count > kTooManyPassed) break;
      passed_ += length * count;
      longest = length;
    }
    for (auto at = edges_.begin(); at != edges_.end();) {
      const auto& [edge, texts] = *at;
      if (passed(edge) <= longest || edge.meaning == Meaning::call) {
        ++at;
        continue;
      }
      for (const std::string& text : texts) {
        notes_[edge.to].push_back((edge.meaning == Meaning::order ? "after " : "") +
                                  name(edge.from) + (text.empty() ? "" : " ") + text);
      }
      at = edges_.erase(at);
    }
  }

  [[nodiscard]] bool to_the_right() const {
    if (options_.direction != GraphWorkflow::Direction::automatic) {
      return options_.direction == GraphWorkflow::Direction::right;
    }
    std::vector<double> across;  // boxes of a level
    double letters = 0;
    for (std::uint32_t i = 0; i < resolution_.size(); ++i) {
      if (!shown_[i]) continue;
      if (across.size() <= levels_[i]) across.resize(levels_[i] + 1);
      ++across[levels_[i]];
      letters += static_cast<double>(std::min(kLongest, characters(names_[i])));
    }
    if (across.empty()) return false;
    const double box_width = kBoxPadding + kLetter * letters / static_cast<double>(boxes_);
    const double box_height = kBoxPadding - 10 + kLine * (options_.types ? 2 : 1);
    const double most = *std::max_element(across.begin(), across.end());
    const auto levels = static_cast<double>(across.size());
    auto off = [](double width, double height) {  // from the shape of a screen
      const double ratio = width / height / 1.6;
      return std::max(ratio, 1 / ratio);
    };
    const double down = off(most * (box_width + kInch * kGapDown),
                            levels * (box_height + kInch * kLevelsDown));
    const double right = off(levels * (box_width + kInch * kLevelsRight),
                             most * (box_height + kInch * kGapRight));
    return down > 2 && right < down;
  }

  // --- text --------------------------------------------------------------------------------

  void begin() {
    const bool right = to_the_right();
    out_ += fmt::format("digraph {} {{\n", id(workflow_name_));
    out_ += fmt::format("  graph [rankdir={}, nodesep={}, ranksep={}, pad=0.3, bgcolor=white,\n",
                        right ? "LR" : "TB", right ? kGapRight : kGapDown,
                        right ? kLevelsRight : kLevelsDown);
    out_ += fmt::format("    fontname=\"{}\", fontcolor=\"{}\", labelloc=t,\n", kFont, kInk);
    if (passed_ > kManyPassed || boxes_ > kManyBoxes) out_ += "    nslimit=2, nslimit1=2,\n";
    if (boxes_ > kManyBoxes || edges_.size() > kManyEdges) {
      out_ += "    splines=line, mclimit=0.3, searchsize=10,\n";
    }
    title();
    out_ += fmt::format(
        "  node [shape=box, style=\"rounded,filled\", fontname=\"{}\", fontsize=13, fontcolor=\"{}\", "
        "penwidth=1.3, margin=\"0.16,0.08\", height=0.4]\n",
        kFont, kInk);
    out_ += fmt::format(
        "  edge [color=\"{}\", fontname=\"{}\", fontsize=9.5, fontcolor=\"{}\", arrowsize=0.7, "
        "penwidth=1.2]\n",
        kArrow, kFont, kFaint);
  }

  void title() {
    std::array<std::size_t, kLooks.size()> counts{};
    for (std::uint32_t i = 0; i < resolution_.size() && !states_.empty(); ++i) {
      if (!resolution_.node(i)->is_light()) ++counts[static_cast<std::size_t>(states_[i])];
    }
    // The larger the picture, the smaller it is shown.
    const double scale = std::clamp(std::sqrt(static_cast<double>(boxes_) / 40), 1.0, 8.0);
    std::string legend;  // one line: cells would take all the width that the title has
    auto entry = [&](std::string_view mark, std::string_view color, std::string_view words) {
      legend += fmt::format(
          "{}<font point-size=\"{:.0f}\" color=\"{}\">{}</font>"
          "<font point-size=\"{:.0f}\" color=\"{}\"> {}</font>",
          legend.empty() ? "" : "&#160;&#160;&#160; ", 12 * scale, color, mark, 10 * scale, kFaint,
          words);
    };
    for (TaskState state : {TaskState::stored, TaskState::stale, TaskState::missing}) {
      const std::size_t count = counts[static_cast<std::size_t>(state)];
      const Look& look = look_of(state);
      if (count > 0) {
        entry(state == TaskState::missing ? "□" : "■", look.border,
              fmt::format("{} {}", count, look.word));
      }
    }
    auto line_entry = [&](Meaning meaning, std::string_view color, std::string_view words) {
      const bool there = std::any_of(edges_.begin(), edges_.end(), [&](const auto& edge) {
        return edge.first.meaning == meaning;
      });
      if (there) entry("╌╌▸", color, words);
    };
    line_entry(Meaning::call, kObject, "order of calls");
    line_entry(Meaning::order, kOrder, "runs after");
    if (!notes_.empty()) entry("↖", kArrow, "also needs, without an arrow");

    out_ += "    label=<<table border=\"0\" cellborder=\"0\" cellspacing=\"0\" cellpadding=\"3\">";
    out_ += fmt::format("<tr><td><font point-size=\"{:.0f}\"><b>{}</b></font></td></tr>",
                        18 * scale, html(shortened(visible(workflow_name_), 2 * kLongest)));
    if (!legend.empty()) out_ += fmt::format("<tr><td>{}</td></tr>", legend);
    out_ += "<tr><td height=\"6\"></td></tr></table>>]\n";
  }

  void clusters() {
    std::map<std::uint32_t, std::vector<std::uint32_t>> members;
    for (std::uint32_t i = 0; i < resolution_.size(); ++i) {
      if (shown_[i] && cluster_[i] != kNone) members[cluster_[i]].push_back(i);
    }
    for (const auto& [object, nodes] : members) {
      out_ += fmt::format(
          "  subgraph {} {{\n"
          "    graph [style=\"rounded,filled\", fillcolor=\"{}\", color=\"{}\", margin=14, labeljust=l, "
          "fontsize=11, fontcolor=\"{}\",\n      label={}]\n",
          id(fmt::format("cluster_{}", name(object))), kObjectFill, kObjectBorder, kObject,
          label(shortened(visible(short_type(resolution_.node(object)->value_type_name())))));
      for (std::uint32_t i : nodes) box(i, "    ");
      out_ += "  }\n";
    }
  }

  [[nodiscard]] std::string name(std::uint32_t i) const {
    return resolution_.node(i)->is_light() ? name_of(resolution_.node(i)) : std::string(names_[i]);
  }
  /// A slash is in no task's name, so what is no task has a name of its own.
  [[nodiscard]] std::string box_id(std::uint32_t i) const {
    return id(resolution_.node(i)->is_light() ? "/" + name(i) : name(i));
  }

  void box(std::uint32_t i, std::string_view indent) {
    const NodeBase* node = resolution_.node(i);
    if (node->is_light()) {
      const bool state = node->type() == NodeBase::Type::state;
      out_ += fmt::format(
          "{}{} [shape=plaintext, style=\"\", fontsize=10, fontcolor=\"{}\", margin=\"0.05,0.02\", "
          "height=0, label={}]\n",
          indent, box_id(i), kFaint,
          label(state ? "state" : shortened(visible(node->item_text()))));
      return;
    }
    const Look& look = states_.empty() ? kNoStorage : look_of(states_[i]);
    const std::string type = node->value_type_name();
    const std::string name = visible(names_[i]);
    const bool is_object = node->type() == NodeBase::Type::object;
    std::string function;  // an object's class stands on its frame
    if (!node->set_name().empty() && node->set_name() != node->function().name &&
        (!is_object || cluster_[i] == kNone)) {
      function = visible(node->function().name);
    }
    const std::string version = visible(node->version());
    if (!version.empty() && version.size() <= kLongestVersion) {
      function += fmt::format("{}version {}", function.empty() ? "" : ", ", version);
    }
    std::string text = html(shortened(name));
    if (!function.empty()) {
      text += fmt::format("<br/><font point-size=\"9.5\" color=\"{}\">{}</font>", kFaint,
                          html(shortened(function)));
    }
    if (options_.types && !is_object && type != "std::monostate") {
      text += fmt::format("<br/><font point-size=\"8.5\" color=\"{}\">{}</font>",
                          look.word == "stored" || look.word == "stale" ? kFaint : kFainter,
                          html(shortened(short_type(type), 36)));
    }
    if (auto found = notes_.find(i); found != notes_.end()) {
      std::string note = "↖ ";
      for (std::size_t k = 0; k < std::min<std::size_t>(found->second.size(), 3); ++k) {
        note += (k > 0 ? ", " : "") + visible(found->second[k]);
      }
      if (found->second.size() > 3) note += fmt::format(", … {} in all", found->second.size());
      text += fmt::format("<br/><font point-size=\"8.5\" color=\"{}\">{}</font>", kArrow,
                          html(shortened(note)));
    }
    std::string tip = fmt::format("{}: {} {}", name, visible(node->function().full_name), type);
    if (!version.empty()) tip += fmt::format(", version {}", version);
    if (!states_.empty()) tip += fmt::format(", {}", look.word);
    out_ += fmt::format("{}{} [label=<{}>, fillcolor=\"{}\", color=\"{}\"{}{}, tooltip={}]\n", indent,
                        box_id(i), text, look.fill, look.border,
                        look.style == "dashed" ? ", style=\"rounded,filled,dashed\"" : "",
                        is_object ? ", penwidth=2.2" : "", tooltip(tip));
  }

  void arrows() {
    for (const auto& [edge, texts] : edges_) {
      std::string attributes;
      auto attribute = [&](std::string_view name, std::string_view value) {
        attributes += fmt::format("{}{}={}", attributes.empty() ? " [" : ", ", name, value);
      };
      switch (edge.meaning) {
        case Meaning::value:
          break;
        case Meaning::state:
          attribute("color", quoted(kObject));
          attribute("fontcolor", quoted(kObject));
          break;
        case Meaning::call:
          attribute("color", quoted(kObject));
          attribute("style", "dashed");
          attribute("weight", "8");
          break;
        case Meaning::order:
          attribute("color", quoted(kOrder));
          attribute("style", "dashed");
          break;
      }
      std::string head = fmt::format("  {} -> {}", box_id(edge.from), box_id(edge.to));
      // The whole result and items of it are two arrows.
      std::string items;
      std::size_t count = 0;
      bool whole = false;
      for (const std::string& text : texts) {
        if (text.empty()) {
          whole = true;
        } else if (++count <= 4) {
          items += (count > 1 ? ", " : "") + visible(text);
        }
      }
      if (count > 4) items += fmt::format(", … {} in all", count);
      if (whole || count == 0) {
        out_ += head + attributes + (attributes.empty() ? "" : "]") + "\n";
      }
      if (count > 0) {
        attribute("label", label(fmt::format("  {} ", shortened(items))));
        out_ += head + attributes + "]\n";
      }
    }
  }

  static std::string quoted(std::string_view text) { return fmt::format("\"{}\"", text); }

  const Resolution& resolution_;
  const Names names_;
  std::string_view workflow_name_;
  std::span<const TaskState> states_;
  const DotOptions& options_;

  std::vector<char> shown_;
  std::vector<std::uint32_t> cluster_;             // the object whose frame a node is in
  std::map<Edge, std::vector<std::string>> edges_;  // in order of the node where they start
  std::map<std::uint32_t, std::vector<std::string>> notes_;  // in place of arrows
  std::vector<std::uint32_t> levels_;
  std::size_t boxes_ = 0;
  std::size_t passed_ = 0;  // levels, by all arrows
  std::string out_;
};

}  // namespace

std::string dot_text(const Resolution& resolution, std::string_view workflow_name,
                     std::span<const TaskState> states, const DotOptions& options) {
  return Writer(resolution, workflow_name, states, options).text();
}

}  // namespace functionfuse::detail
