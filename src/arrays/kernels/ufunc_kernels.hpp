#pragma once

#include <cstddef>
#include <cstdint>

#include "ufunc.hpp"

namespace functionfuse::detail {

/// The loop of a function for one dtype: contiguous, aligned, native elements. `b` is not looked at
/// by functions of one operand. `out` may be `a` or `b`.
using UfuncKernel = void (*)(const std::byte* a, const std::byte* b, std::byte* out,
                             std::size_t count);

/// Each null for what loop() refuses.
UfuncKernel bool_kernel(Ufunc f);
UfuncKernel integer_kernel(Ufunc f, bool is_signed, std::size_t size);
UfuncKernel float_kernel(Ufunc f, std::size_t size);
UfuncKernel complex_kernel(Ufunc f, std::size_t size);
UfuncKernel datetime_kernel(Ufunc f);

// Says that iterations do not depend on each other: without it, GCC's loops would go one by one
// where the result is written over an operand. (Clang's way to say so warns of each loop that
// cannot use vectors anyway.)
#if defined(__GNUC__) && !defined(__clang__)
#define FUNCTIONFUSE_INDEPENDENT _Pragma("GCC ivdep")
#else
#define FUNCTIONFUSE_INDEPENDENT
#endif

/// A loop of a function of two elements, given as a lambda without captures.
template <class T, class Out, class F>
UfuncKernel binary(F) {
  return [](const std::byte* a, const std::byte* b, std::byte* out, std::size_t count) {
    const auto* x = reinterpret_cast<const T*>(a);
    const auto* y = reinterpret_cast<const T*>(b);
    auto* z = reinterpret_cast<Out*>(out);
    FUNCTIONFUSE_INDEPENDENT
    for (std::size_t i = 0; i < count; ++i) z[i] = F{}(x[i], y[i]);
  };
}

template <class T, class Out, class F>
UfuncKernel unary(F) {
  return [](const std::byte* a, const std::byte*, std::byte* out, std::size_t count) {
    const auto* x = reinterpret_cast<const T*>(a);
    auto* z = reinterpret_cast<Out*>(out);
    FUNCTIONFUSE_INDEPENDENT
    for (std::size_t i = 0; i < count; ++i) z[i] = F{}(x[i]);
  };
}

}  // namespace functionfuse::detail
