#include "functionfuse/pickle/unpickler.hpp"

#include <charconv>
#include <cmath>
#include <map>
#include <tuple>
#include <vector>

#include "functionfuse/error.hpp"
#include "pickle/globals.hpp"
#include "pickle/integers.hpp"
#include "pickle/known_calls.hpp"
#include "pickle/nesting.hpp"
#include "pickle/source.hpp"
#include "pickle/text_codes.hpp"
#include "pickle/utf8.hpp"

namespace functionfuse {

namespace {

using namespace detail;

// Bytes of a small array's opcodes without its data; see take_array.
constexpr std::size_t kArrayPattern = 21;

// Payloads from here on may be left in the input (see unpickle).
constexpr std::uint64_t kLargePayload = 1 << 20;
// What calls may copy of what they refer to (Heap::copies_left): a pickle of Python's has no call
// that refers to a payload twice.
constexpr std::uint64_t kCopies = 4, kFewCopies = 1 << 20;

double floating(const char* big_endian) {
  std::uint64_t bits;
  std::memcpy(&bits, big_endian, sizeof bits);
  return __builtin_bit_cast(double, __builtin_bswap64(bits));
}

/// The pickle machine: a stack, marks on it, a memo. Each opcode is checked for what it needs.
class Machine {
 public:
  Machine(Input& input, bool defer)
      : source_(input), defer_(defer), heap_(std::make_shared<Heap>()) {
    heap_->budget = read_budget(input.size());
    heap_->copies_left = kCopies * input.size() + kFewCopies;
  }

  Value run() {
    while (step()) {
    }
    need(1);
    Slot result = stack_.back();
    if (links_ >= kMaxNesting) check_nesting(result, kMaxNesting);
    return Value(result, std::move(heap_));
  }

 private:
  bool step();
  void step_text(char code);

  // Stack.
  void push(Slot slot) { stack_.push_back(slot); }
  void push(Object* object) { stack_.emplace_back(object); }
  void push_again(Slot slot) {
    push(slot);
    if (!slot.is_object()) return;
    slot.object->shared.store(true, std::memory_order_relaxed);
    if (has_children(slot.object->kind)) ++containers_;
  }
  /// A container will hold this without a mark.
  void link(Slot slot) {
    if (slot.is_object() && has_children(slot.object->kind)) ++links_;
  }
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back().stack; }
  void need(std::size_t n) {
    if (stack_.size() - floor() < n) fail("the stack is empty");
  }
  Slot pop() {
    need(1);
    Slot slot = stack_.back();
    stack_.pop_back();
    return slot;
  }
  Slot& top() {
    need(1);
    return stack_.back();
  }
  /// The slots above the mark, and the mark goes; `drop` them when used.
  std::span<Slot> above_mark() {
    if (marks_.empty()) fail("no mark");
    const Mark mark = marks_.back();
    marks_.pop_back();
    if (mark.containers != containers_) ++links_;
    return std::span(stack_).subspan(mark.stack);
  }
  void drop(std::size_t n) { stack_.resize(stack_.size() - n); }

  // Memo.
  void put(std::uint64_t index) { remember(index, top()); }
  void remember(std::uint64_t index, Slot slot) {
    // Indices come in order from every real pickler; a hostile one must not make a vast vector.
    if (index >= memo_.size() && index < 2 * memoized_ + 1024 && index < sparse_memo_from_) {
      memo_.resize(index + 1);
    }
    if (index < memo_.size()) {
      if (!memo_[index].set) ++memoized_;
      memo_[index] = {slot, true};
    } else {
      sparse_memo_from_ = std::min(sparse_memo_from_, index);
      if (sparse_memo_.insert_or_assign(index, slot).second) ++memoized_;
    }
  }
  const Slot* memo_slot(std::uint64_t index) const {
    return index < memo_.size() && memo_[index].set ? &memo_[index].slot : nullptr;
  }
  void get(std::uint64_t index) {
    Slot slot;
    if (const Slot* known = memo_slot(index)) {
      slot = *known;
    } else if (auto it = sparse_memo_.find(index); it != sparse_memo_.end()) {
      slot = it->second;
    } else {
      fail("memo " + std::to_string(index) + " was never set");
    }
    push_again(slot);
    if (!slot.is_object()) return;
    if (slot.object->kind == Kind::global &&
        static_cast<Global*>(slot.object)->id == GlobalId::numpy_reconstruct) {
      take_array();
    }
  }
  void take_array();

  // Objects.
  void push_container(Kind kind, std::span<const Slot> items) {
    ++containers_;
    if (kind == Kind::dict && items.size() % 2 != 0) fail("a dict with a key and no value");
    Container* container = heap_->make_container(kind, items.data(), items.size());
    drop(items.size());
    push(container);
  }
  void push_tuple_of(std::size_t n) {
    need(n);
    for (const Slot& slot : std::span(stack_).last(n)) link(slot);
    push_container(Kind::tuple, std::span(stack_).last(n));
  }
  Text* make_str(std::string_view utf8) {
    if (find_invalid_utf8(utf8, true) != utf8.size()) fail("a str that is not UTF-8");
    return heap_->make_text(Kind::str, utf8);
  }
  void push_str(std::uint64_t size);
  void push_blob(Kind kind, std::uint64_t size);
  void push_big(std::span<const std::byte> twos_complement);
  void push_global(const Text* module, const Text* name);
  void push_global(std::string_view module, std::string_view name);
  void push_call(Opaque::How how, Slot callable, Slot args, Slot kwargs = {});
  void push_python2_string(std::string_view bytes);
  void push_quoted(std::string_view line);
  void push_decimal(std::string_view text, bool may_be_bool);
  void push_float(std::string_view text);
  void push_instance(Slot cls, Slot args);
  std::uint64_t parse_index(std::string_view text);
  void append(Slot target, std::span<const Slot> items);
  void set_items(Slot target, std::span<const Slot> items);
  void add_items(Slot target, std::span<const Slot> items);
  void build();
  void add_step(Slot target, Step step);

  [[noreturn]] void fail(const std::string& what) const {
    throw CorruptError("pickle byte " + std::to_string(at_) + ": " + what + ": not a valid pickle",
                       at_);
  }

  [[noreturn]] void fail_unsupported(const std::string& what) const {
    throw UnsupportedError("pickle byte " + std::to_string(at_) + ": " + what);
  }

  struct Mark {
    std::size_t stack;
    std::size_t containers;  // pushed before it
  };
  struct Memo {
    Slot slot;
    bool set = false;
  };

  Source source_;
  bool defer_;
  std::shared_ptr<Heap> heap_;
  std::vector<Slot> stack_;
  std::vector<Mark> marks_;
  std::vector<Memo> memo_;
  std::map<std::uint64_t, Slot> sparse_memo_;  // no hash: the indices are the file's to choose
  std::uint64_t sparse_memo_from_ = ~std::uint64_t{0};
  std::uint64_t memoized_ = 0;  // indices that are set: what MEMOIZE uses next
  std::uint64_t at_ = 0;  // of the opcode under way
  // How often a container was put into another: no result is nested deeper than this.
  std::size_t links_ = 0;
  std::size_t containers_ = 0;  // that were pushed, to tell whether there is one above a mark
  unsigned protocol_ = 0;
};

bool Machine::step() {
  at_ = source_.offset();
  const char code = *source_.take(1);
  switch (code) {
    case 'K': push(Slot(std::int64_t{source_.number<std::uint8_t>()})); return true;
    case 'M': push(Slot(std::int64_t{source_.number<std::uint16_t>()})); return true;
    case 'J': push(Slot(std::int64_t{source_.number<std::int32_t>()})); return true;
    case 'G':
      push(Slot(floating(source_.take(8))));
      // Floats often come in long runs.
      for (const char* p; (p = source_.peek(9)) != nullptr && *p == 'G'; source_.take(9)) {
        push(Slot(floating(p + 1)));
      }
      return true;
    case '\x8c': push_str(source_.number<std::uint8_t>()); return true;
    case 'X': push_str(source_.number<std::uint32_t>()); return true;
    case '\x8d': push_str(source_.number<std::uint64_t>()); return true;
    case 'C': push_blob(Kind::bytes, source_.number<std::uint8_t>()); return true;
    case 'B': push_blob(Kind::bytes, source_.number<std::uint32_t>()); return true;
    case '\x8e': push_blob(Kind::bytes, source_.number<std::uint64_t>()); return true;
    case '\x96': push_blob(Kind::bytearray, source_.number<std::uint64_t>()); return true;
    case '\x94': put(memoized_); return true;
    case 'q': put(source_.number<std::uint8_t>()); return true;
    case 'r': put(source_.number<std::uint32_t>()); return true;
    case 'h': get(source_.number<std::uint8_t>()); return true;
    case 'j': get(source_.number<std::uint32_t>()); return true;
    case 'N': push(Slot()); return true;
    case '\x88': push(Slot(true)); return true;
    case '\x89': push(Slot(false)); return true;
    case '(': marks_.push_back({stack_.size(), containers_}); return true;
    case ')': push_container(Kind::tuple, {}); return true;
    case ']': push_container(Kind::list, {}); return true;
    case '}': push_container(Kind::dict, {}); return true;
    case '\x8f': push_container(Kind::set, {}); return true;
    case 't': push_container(Kind::tuple, above_mark()); return true;
    case 'l': push_container(Kind::list, above_mark()); return true;
    case 'd': push_container(Kind::dict, above_mark()); return true;
    case '\x91': push_container(Kind::frozenset, above_mark()); return true;
    case '\x85': push_tuple_of(1); return true;
    case '\x86': push_tuple_of(2); return true;
    case '\x87': push_tuple_of(3); return true;
    case 'a': {
      need(2);
      Slot item = pop();
      link(item);
      append(top(), {&item, 1});
      return true;
    }
    case 'e': {
      auto items = above_mark();
      if (stack_.size() - items.size() <= floor()) fail("no list");
      append(items.data()[-1], items);
      drop(items.size());
      return true;
    }
    case 's': {
      need(3);
      auto items = std::span(stack_).last(2);
      link(items[0]);
      link(items[1]);
      set_items(items.data()[-1], items);
      drop(2);
      return true;
    }
    case 'u': {
      auto items = above_mark();
      if (stack_.size() - items.size() <= floor()) fail("no dict");
      set_items(items.data()[-1], items);
      drop(items.size());
      return true;
    }
    case '\x90': {
      auto items = above_mark();
      if (stack_.size() - items.size() <= floor()) fail("no set");
      add_items(items.data()[-1], items);
      drop(items.size());
      return true;
    }
    case 'R': {
      Slot args = pop(), callable = pop();
      push_call(Opaque::How::reduce, callable, args);
      return true;
    }
    case '\x81': {
      Slot args = pop(), cls = pop();
      push_call(Opaque::How::newobj, cls, args);
      return true;
    }
    case '\x92': {
      Slot kwargs = pop(), args = pop(), cls = pop();
      push_call(Opaque::How::newobj_ex, cls, args, kwargs);
      return true;
    }
    case 'b': build(); return true;
    case '\x93': {
      Slot name = pop(), module = pop();
      if (name.kind() != Kind::str || module.kind() != Kind::str) fail("a class not named by str");
      push_global(static_cast<Text*>(module.object), static_cast<Text*>(name.object));
      return true;
    }
    case 'Q': {
      Slot id = pop();
      auto* persistent = heap_->make<Persistent>(Kind::persistent);
      persistent->id = id;
      link(id);
      ++containers_;
      push(persistent);
      return true;
    }
    case '\x8a': {
      auto size = source_.number<std::uint8_t>();
      push_big({reinterpret_cast<const std::byte*>(source_.take(size)), size});
      return true;
    }
    case '\x8b': {
      auto size = source_.number<std::int32_t>();
      if (size < 0) fail("an int of negative size");
      auto bytes = static_cast<std::size_t>(size);
      push_big({reinterpret_cast<const std::byte*>(source_.take(bytes)), bytes});
      return true;
    }
    case '\x95': source_.check(source_.number<std::uint64_t>()); return true;
    case '\x80':
      protocol_ = source_.number<std::uint8_t>();
      if (protocol_ > 5) {
        throw UnsupportedError("pickle byte " + std::to_string(at_) + ": protocol " +
                               std::to_string(protocol_) + "; 0 to 5 can be read");
      }
      return true;
    case '0':
      if (stack_.size() == floor() && !marks_.empty()) {
        marks_.pop_back();
      } else {
        pop();
      }
      return true;
    case '1': drop(above_mark().size()); return true;
    case '2': {
      push_again(top());
      return true;
    }
    case '.': return false;
    default: step_text(code); return true;
  }
}

/// Opcodes of protocols 0 and 1, and those that can't be followed.
void Machine::step_text(char code) {
  switch (code) {
    case 'I':
    case 'L': push_decimal(source_.line(), code == 'I'); return;
    case 'F': push_float(source_.line()); return;
    case 'S': push_quoted(source_.line()); return;
    case 'T': {
      auto size = source_.number<std::uint32_t>();
      push_python2_string({source_.take(size), size});
      return;
    }
    case 'U': {
      auto size = source_.number<std::uint8_t>();
      push_python2_string({source_.take(size), size});
      return;
    }
    case 'V': {
      auto text = decode_raw_unicode_escape(source_.line());
      if (!text) fail("a str with a broken escape");
      push(heap_->make_text(Kind::str, *text));
      return;
    }
    case 'p': put(parse_index(source_.line())); return;
    case 'g': get(parse_index(source_.line())); return;
    case 'P': {
      auto* persistent = heap_->make<Persistent>(Kind::persistent);
      persistent->id = Slot(make_str(source_.line()));
      push(persistent);
      return;
    }
    case 'c': {
      std::string module(source_.line());
      push_global(module, source_.line());
      return;
    }
    case 'i': {
      std::string module(source_.line());
      std::string name(source_.line());
      push_container(Kind::tuple, above_mark());
      Slot args = pop();
      push_global(module, name);
      push_instance(pop(), args);
      return;
    }
    case 'o': {
      auto slots = above_mark();
      if (slots.empty()) fail("no class");
      Slot cls = slots[0];
      push_container(Kind::tuple, slots.subspan(1));
      Slot args = pop();
      pop();
      push_instance(cls, args);
      return;
    }
    case '\x82':
    case '\x83':
    case '\x84': fail_unsupported("an extension code of copyreg, which has no meaning here");
    case '\x97':
    case '\x98': fail_unsupported("an out-of-band buffer, which is not in this file");
    default: {
      constexpr char kHex[] = "0123456789abcdef";
      auto byte = static_cast<unsigned char>(code);
      fail(std::string("unknown opcode 0x") + kHex[byte >> 4] + kHex[byte & 15]);
    }
  }
}

/// Python 2's way to make an instance: without arguments the class is not called.
void Machine::push_instance(Slot cls, Slot args) {
  const bool bare = args.object->size == 0;
  push_call(bare ? Opaque::How::newobj : Opaque::How::reduce, cls, args);
}

/// A result with many small arrays has the same opcodes for each but for their numbers. This takes
/// them in one go where they are as Pickler writes a one-dimensional array behind the first:
///
///     get(ndarray) K 0 \x85 C 1 b \x87 R ( K 1 K length \x85 get(dtype) \x89 C size data t b
///
/// and otherwise leaves everything to the single opcodes.
void Machine::take_array() {
  const char* p = source_.peek(kArrayPattern);
  if (p == nullptr || p[0] != 'h' || p[16] != 'h') return;
  static constexpr char kHead[] = {'K', 0, '\x85', 'C', 1, 'b', '\x87', 'R', '(', 'K', 1, 'K'};
  if (std::memcmp(p + 2, kHead, sizeof kHead) != 0 || p[15] != '\x85' || p[18] != '\x89' ||
      p[19] != 'C') {
    return;
  }
  auto byte = [p](std::size_t i) { return static_cast<std::uint8_t>(p[i]); };
  const std::size_t size = byte(20);
  const char* whole = source_.peek(kArrayPattern + size + 2);
  if (whole == nullptr || whole[21 + size] != 't' || whole[22 + size] != 'b') return;
  const Slot* type = memo_slot(byte(1));
  const Slot* dtype = memo_slot(byte(17));
  if (type == nullptr || dtype == nullptr || type->kind() != Kind::global ||
      static_cast<Global*>(type->object)->id != GlobalId::numpy_ndarray) {
    return;
  }
  Array* array = make_array_1d(*heap_, *dtype, byte(14), whole + 21, size);
  if (array == nullptr) return;
  source_.take(23 + size);
  type->object->shared.store(true, std::memory_order_relaxed);
  dtype->object->shared.store(true, std::memory_order_relaxed);
  stack_.back() = Slot(array);
}

void Machine::push_str(std::uint64_t size) {
  const char* bytes = source_.take(size);
  push(make_str({bytes, static_cast<std::size_t>(size)}));
}

void Machine::push_blob(Kind kind, std::uint64_t size) {
  source_.check(size);
  auto* blob = heap_->make<Blob>(kind, size);
  if (size >= kLargePayload && defer_) {
    blob->offset = source_.offset();
    heap_->deferred = true;
    source_.skip(size);
  } else {
    std::byte* data = heap_->allocate_payload(size);
    source_.read(data, size);
    blob->data = data;
  }
  push(blob);
}

void Machine::push_big(std::span<const std::byte> bytes) {
  if (bytes.empty()) return push(Slot(std::int64_t{0}));
  if (auto small = small_integer(bytes)) return push(Slot(*small));
  bytes = shortest_integer(bytes);
  push(heap_->make_text(Kind::big_integer,
                        {reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
}

void Machine::push_decimal(std::string_view text, bool may_be_bool) {
  // As many digits as CPython itself reads by default, rounded up; the time is quadratic.
  constexpr std::size_t kMostDigits = 20'000;
  if (may_be_bool && (text == "00" || text == "01")) return push(Slot(text == "01"));
  if (!text.empty() && text.back() == 'L') text.remove_suffix(1);
  if (text.size() > kMostDigits) fail("an int of more than 20,000 decimal digits");
  auto bytes = parse_integer(text);
  if (!bytes) fail("an int that is not a number");
  push_big(*bytes);
}

void Machine::push_float(std::string_view text) {
  auto value = parse_float(text);
  if (!value) fail("a float that is not a number");
  push(Slot(*value));
}

void Machine::push_quoted(std::string_view line) {
  auto text = decode_string_literal(line);
  if (!text) fail("a string without its quotes, or with a broken escape");
  push_python2_string(*text);
}

/// Python 2's str: text where it is ASCII, as pickle.loads has it, otherwise bytes.
void Machine::push_python2_string(std::string_view bytes) {
  for (char c : bytes) {
    if (c & 0x80) return push(heap_->make_blob(Kind::bytes, bytes.data(), bytes.size()));
  }
  push(heap_->make_text(Kind::str, bytes));
}

std::uint64_t Machine::parse_index(std::string_view text) {
  std::uint64_t index = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc() || end != text.data() + text.size()) fail("a broken memo index");
  return index;
}

void Machine::push_global(std::string_view module, std::string_view name) {
  if (protocol_ < 3) std::tie(module, name) = python3_name(module, name);
  const Text* module_text = make_str(module);
  push_global(module_text, make_str(name));
}

void Machine::push_global(const Text* module, const Text* name) {
  heap_->copying(module->size + name->size);  // when the Value is pickled again
  auto* global = heap_->make<Global>(Kind::global);
  global->module = module;
  global->name = name;
  global->id = find_global(module->view(), name->view());
  push(global);
}

void Machine::push_call(Opaque::How how, Slot callable, Slot args, Slot kwargs) {
  if (args.kind() != Kind::tuple) fail("a call whose arguments are no tuple");
  if (how == Opaque::How::newobj_ex && kwargs.kind() != Kind::dict) {
    fail("a call whose keyword arguments are no dict");
  }
  if (how == Opaque::How::reduce && callable.kind() == Kind::global) {
    auto id = static_cast<Global*>(callable.object)->id;
    if (id != GlobalId::other) {
      if (Object* known = call_known(*heap_, id, *static_cast<Container*>(args.object))) {
        if (has_children(known->kind)) {  // those of the argument
          ++links_;
          ++containers_;
        }
        return push(known);
      }
    }
  }
  Opaque* object = heap_->make_opaque(how, callable, args);
  object->kwargs = kwargs;
  ++links_;  // the arguments
  ++containers_;
  push(object);
}

void Machine::append(Slot target, std::span<const Slot> items) {
  if (target.kind() == Kind::list) {
    auto& list = *static_cast<Container*>(target.object);
    heap_->reserve(list, list.size, items.size());
    if (!items.empty()) {
      std::memcpy(static_cast<void*>(list.items + list.size), items.data(), items.size_bytes());
    }
    list.size += items.size();
  } else if (target.kind() == Kind::object) {
    for (const Slot& item : items) add_step(target, {Step::What::append, item, {}});
  } else {
    fail("append to a " + std::string(kind_name(target.kind())));
  }
}

void Machine::set_items(Slot target, std::span<const Slot> items) {
  if (items.size() % 2 != 0) fail("a key without a value");
  if (target.kind() == Kind::dict) {
    auto& dict = *static_cast<Container*>(target.object);
    heap_->reserve(dict, dict.size * 2, items.size());
    if (!items.empty()) {
      std::memcpy(static_cast<void*>(dict.items + dict.size * 2), items.data(),
                  items.size_bytes());
    }
    dict.size += items.size() / 2;
  } else if (target.kind() == Kind::object) {
    for (std::size_t i = 0; i < items.size(); i += 2) {
      add_step(target, {Step::What::set_item, items[i], items[i + 1]});
    }
  } else {
    fail("an item set in a " + std::string(kind_name(target.kind())));
  }
}

void Machine::add_items(Slot target, std::span<const Slot> items) {
  if (target.kind() == Kind::set) {
    auto& set = *static_cast<Container*>(target.object);
    heap_->reserve(set, set.size, items.size());
    if (!items.empty()) {
      std::memcpy(static_cast<void*>(set.items + set.size), items.data(), items.size_bytes());
    }
    set.size += items.size();
  } else if (target.kind() == Kind::object) {
    for (const Slot& item : items) add_step(target, {Step::What::add, item, {}});
  } else {
    fail("items added to a " + std::string(kind_name(target.kind())));
  }
}

void Machine::build() {
  need(2);
  Slot state = pop();
  link(state);
  Slot target = top();
  if (target.kind() != Kind::object) {
    fail("a state for a " + std::string(kind_name(target.kind())));
  }
  auto& object = *static_cast<Opaque*>(target.object);
  if (object.steps == nullptr && build_known(*heap_, object, state)) return;
  add_step(target, {Step::What::build, state, {}});
}

void Machine::add_step(Slot target, Step step) {
  auto& object = *static_cast<Opaque*>(target.object);
  if (object.steps == nullptr) {
    auto steps = std::make_shared<std::vector<Step>>();
    object.steps = steps.get();
    heap_->keep(std::move(steps));
  }
  object.steps->push_back(step);
}

}  // namespace

Value unpickle(Input& input, bool defer_payloads) { return Machine(input, defer_payloads).run(); }

}  // namespace functionfuse
