// Which types the elementwise functions have: a table, a row for each function.

#include <array>
#include <string>

#include <functionfuse/error.hpp>

#include "ufunc.hpp"

namespace functionfuse::detail {
namespace {

// In which dtype a function computes, given the one that holds all operands.
enum class In : std::uint8_t {
  same,
  no_bool,   // bool is computed as int8
  floating,  // integers as the float that holds them, float16 for the small ones
  divide,    // integers as float64
};
enum class Out : std::uint8_t { same, boolean, real };

struct Signature {
  Ufunc function;
  std::string_view name;
  unsigned operands;
  std::string_view kinds;  // of the common dtype, before it is widened
  In in;
  Out out;
};

constexpr std::string_view kAll = "biufc";
constexpr std::string_view kReal = "biuf";
constexpr std::string_view kNoBool = "iufc";
constexpr std::string_view kWhole = "biu";

constexpr std::array kSignatures{
    Signature{Ufunc::add, "add", 2, kAll, In::same, Out::same},
    Signature{Ufunc::subtract, "subtract", 2, kNoBool, In::same, Out::same},
    Signature{Ufunc::multiply, "multiply", 2, kAll, In::same, Out::same},
    Signature{Ufunc::divide, "divide", 2, kAll, In::divide, Out::same},
    Signature{Ufunc::floor_divide, "floor_divide", 2, kReal, In::no_bool, Out::same},
    Signature{Ufunc::remainder, "remainder", 2, kReal, In::no_bool, Out::same},
    Signature{Ufunc::power, "power", 2, kAll, In::no_bool, Out::same},
    Signature{Ufunc::minimum, "minimum", 2, kAll, In::same, Out::same},
    Signature{Ufunc::maximum, "maximum", 2, kAll, In::same, Out::same},
    Signature{Ufunc::equal, "equal", 2, kAll, In::same, Out::boolean},
    Signature{Ufunc::not_equal, "not_equal", 2, kAll, In::same, Out::boolean},
    Signature{Ufunc::less, "less", 2, kAll, In::same, Out::boolean},
    Signature{Ufunc::less_equal, "less_equal", 2, kAll, In::same, Out::boolean},
    Signature{Ufunc::greater, "greater", 2, kAll, In::same, Out::boolean},
    Signature{Ufunc::greater_equal, "greater_equal", 2, kAll, In::same, Out::boolean},
    Signature{Ufunc::logical_and, "logical_and", 2, kAll, In::same, Out::boolean},
    Signature{Ufunc::logical_or, "logical_or", 2, kAll, In::same, Out::boolean},
    Signature{Ufunc::logical_xor, "logical_xor", 2, kAll, In::same, Out::boolean},
    Signature{Ufunc::bitwise_and, "bitwise_and", 2, kWhole, In::same, Out::same},
    Signature{Ufunc::bitwise_or, "bitwise_or", 2, kWhole, In::same, Out::same},
    Signature{Ufunc::bitwise_xor, "bitwise_xor", 2, kWhole, In::same, Out::same},
    Signature{Ufunc::negative, "negative", 1, kNoBool, In::same, Out::same},
    Signature{Ufunc::absolute, "absolute", 1, kAll, In::same, Out::real},
    Signature{Ufunc::sign, "sign", 1, kNoBool, In::same, Out::same},
    Signature{Ufunc::square, "square", 1, kAll, In::no_bool, Out::same},
    Signature{Ufunc::sqrt, "sqrt", 1, kAll, In::floating, Out::same},
    Signature{Ufunc::exp, "exp", 1, kAll, In::floating, Out::same},
    Signature{Ufunc::log, "log", 1, kAll, In::floating, Out::same},
    Signature{Ufunc::log10, "log10", 1, kAll, In::floating, Out::same},
    Signature{Ufunc::sin, "sin", 1, kAll, In::floating, Out::same},
    Signature{Ufunc::cos, "cos", 1, kAll, In::floating, Out::same},
    Signature{Ufunc::tan, "tan", 1, kAll, In::floating, Out::same},
    Signature{Ufunc::tanh, "tanh", 1, kAll, In::floating, Out::same},
    Signature{Ufunc::floor, "floor", 1, kReal, In::floating, Out::same},
    Signature{Ufunc::ceil, "ceil", 1, kReal, In::floating, Out::same},
    Signature{Ufunc::rint, "rint", 1, kAll, In::floating, Out::same},
    Signature{Ufunc::isnan, "isnan", 1, kAll, In::same, Out::boolean},
    Signature{Ufunc::isfinite, "isfinite", 1, kAll, In::same, Out::boolean},
    Signature{Ufunc::logical_not, "logical_not", 1, kAll, In::same, Out::boolean},
    Signature{Ufunc::invert, "invert", 1, kWhole, In::same, Out::same},
    Signature{Ufunc::conjugate, "conjugate", 1, kAll, In::no_bool, Out::same},
    Signature{Ufunc::real, "real", 1, kAll, In::same, Out::real},
    Signature{Ufunc::imag, "imag", 1, kAll, In::same, Out::real},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kSignatures.size(); ++i) {
    if (static_cast<std::size_t>(kSignatures[i].function) != i) return false;
  }
  return true;
}
static_assert(in_order(), "the table is looked up by the function's number");

const Signature& signature(Ufunc f) { return kSignatures[static_cast<std::size_t>(f)]; }

// "subtract of bool and bool"
std::string described(Ufunc f, std::span<const OperandType> operands) {
  std::string text(name(f));
  text += " of ";
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (i > 0) text += " and ";
    text += operands[i].dtype.newbyteorder('=').to_string();
  }
  return text;
}

std::string advice(Ufunc f, const DType& common) {
  if (f == Ufunc::subtract) return "for bool use logical_xor, or convert to an integer with astype";
  if (f == Ufunc::negative) return "for bool use logical_not, or convert to an integer with astype";
  if (common.kind() == 'c') return "take real(), imag() or absolute() first";
  if (common.kind() == 'f') return "only integers and bools have bits: convert with astype first";
  return "convert to an integer with astype first";
}

bool is_extended(const DType& dtype) {
  return dtype.is_numeric() && dtype.itemsize() == (dtype.kind() == 'c' ? 32U : 16U) &&
         (dtype.kind() == 'c' || dtype.kind() == 'f');
}

void check_operands(Ufunc f, std::span<const OperandType> operands) {
  if (operands.size() != operand_count(f)) {
    throw Error(Errc::invalid_argument, std::string(name(f)) + " takes " +
                                            std::to_string(operand_count(f)) + " operands, not " +
                                            std::to_string(operands.size()));
  }
  for (const OperandType& operand : operands) {
    if (operand.dtype.is_numeric()) continue;
    throw UnsupportedError(described(f, operands) +
                           ": only numbers and bools have it; take a field or convert first "
                           "(datetimes of one unit can be compared)");
  }
}

bool is_comparison(Ufunc f) { return f >= Ufunc::equal && f <= Ufunc::greater_equal; }

// Datetimes of one kind, unit and count compare as the integers that they are.
bool compares_datetimes(Ufunc f, std::span<const OperandType> operands) {
  return is_comparison(f) && operands.size() == 2 && operands[0].dtype.is_datetime() &&
         operands[0].dtype.newbyteorder('=') == operands[1].dtype.newbyteorder('=');
}

// For these numpy does not promote; it takes the first loop, of those for int8, uint8, int16, ...,
// that every operand can be cast to.
bool takes_first_loop(Ufunc f) {
  return (f >= Ufunc::floor_divide && f <= Ufunc::power) ||
         (f >= Ufunc::bitwise_and && f <= Ufunc::bitwise_xor);
}

// The difference that this makes: a scalar that needs more bytes than an unsigned array makes them
// signed, if that is enough. uint8 & 300 is int16, where uint8 + 300 is uint16.
DType first_loop(const DType& common, std::span<const OperandType> operands) {
  if (common.kind() != 'u') return common;
  const DType candidate = DType::parse("i" + std::to_string(common.itemsize()));
  bool has_array = false;
  for (const OperandType& operand : operands) {
    has_array = has_array || (operand.scalar == nullptr && operand.dtype.kind() == 'u');
    const std::array<OperandType, 2> pair{OperandType{candidate}, operand};
    if (promote(pair) != candidate) return common;
  }
  return has_array ? candidate : common;
}

DType computed_in(In in, const DType& common) {
  if (in == In::same) return common;
  const bool whole = kWhole.find(common.kind()) != std::string_view::npos;
  if (!whole) return common;
  if (in == In::divide) return DType::of<double>();
  if (in == In::floating) return promote(common, DType::parse("f2"));
  return common.kind() == 'b' ? DType::of<std::int8_t>() : common;
}

DType returned(Out out, const DType& in) {
  if (out == Out::boolean) return DType::of<bool>();
  if (out == Out::same || in.kind() != 'c') return in;
  return in.itemsize() == 8 ? DType::of<float>() : DType::of<double>();
}

}  // namespace

std::string_view name(Ufunc f) { return signature(f).name; }
unsigned operand_count(Ufunc f) { return signature(f).operands; }

Loop loop(Ufunc f, std::span<const OperandType> operands) {
  if (compares_datetimes(f, operands)) {
    return {operands[0].dtype.newbyteorder('='), DType::of<bool>()};
  }
  check_operands(f, operands);
  const Signature& s = signature(f);
  DType common = promote(operands);
  if (takes_first_loop(f)) common = first_loop(common, operands);
  if (s.kinds.find(common.kind()) == std::string_view::npos) {
    throw UnsupportedError(described(f, operands) + " does not exist: " + advice(f, common));
  }
  const DType in = computed_in(s.in, common);
  if (is_extended(in)) {
    throw UnsupportedError(described(f, operands) + " would be computed in " + in.to_string() +
                           ", which is only stored and converted here: convert with astype to " +
                           (in.kind() == 'c' ? "complex128" : "float64") + " first");
  }
  return {in, returned(s.out, in)};
}

}  // namespace functionfuse::detail
