#pragma once

#include <cstddef>
#include <type_traits>

namespace functionfuse::detail {

template <class... T>
struct TypeList {
  static constexpr std::size_t size = sizeof...(T);
};

/// Result and parameter types of a callable. `known` is false for what has several: overloaded or
/// generic function objects.
template <class F, class = void>
struct Signature {
  static constexpr bool known = false;
};

template <class R, class... P>
struct KnownSignature {
  static constexpr bool known = true;
  using Result = R;
  using Parameters = TypeList<P...>;
};

template <class R, class... P>
struct Signature<R(P...)> : KnownSignature<R, P...> {};
template <class R, class... P>
struct Signature<R(P...) noexcept> : KnownSignature<R, P...> {};
template <class R, class... P>
struct Signature<R (*)(P...)> : KnownSignature<R, P...> {};
template <class R, class... P>
struct Signature<R (*)(P...) noexcept> : KnownSignature<R, P...> {};

/// A member function's, without its object.
template <class F>
struct MemberSignature {
  static constexpr bool known = false;
};

template <class C, bool Const, class R, class... P>
struct KnownMemberSignature {
  static constexpr bool known = true;
  static constexpr bool is_const = Const;
  using Class = C;
  using Result = R;
  using Parameters = TypeList<P...>;
};

#define FUNCTIONFUSE_DETAIL_MEMBER(qualifiers, is_const)                                  \
  template <class C, class R, class... P>                                                 \
  struct MemberSignature<R (C::*)(P...) qualifiers>                                       \
      : KnownMemberSignature<C, is_const, R, P...> {};                                    \
  template <class C, class R, class... P>                                                 \
  struct MemberSignature<R (C::*)(P...) qualifiers noexcept>                              \
      : KnownMemberSignature<C, is_const, R, P...> {};
FUNCTIONFUSE_DETAIL_MEMBER(, false)
FUNCTIONFUSE_DETAIL_MEMBER(&, false)
FUNCTIONFUSE_DETAIL_MEMBER(const, true)
FUNCTIONFUSE_DETAIL_MEMBER(const&, true)
#undef FUNCTIONFUSE_DETAIL_MEMBER

template <class M, class Parameters>
struct WithParameters;
template <class M, class... P>
struct WithParameters<M, TypeList<P...>> : KnownSignature<typename M::Result, P...> {};

/// A function object with one operator().
template <class F>
struct Signature<F, std::enable_if_t<MemberSignature<decltype(&F::operator())>::known>>
    : WithParameters<MemberSignature<decltype(&F::operator())>,
                     typename MemberSignature<decltype(&F::operator())>::Parameters> {};

template <class M, class Object, class Parameters>
struct WithObject;
template <class M, class Object, class... P>
struct WithObject<M, Object, TypeList<P...>> : KnownSignature<typename M::Result, Object, P...> {};

/// A pointer to a member function: its object comes first.
template <class F>
struct Signature<F, std::enable_if_t<MemberSignature<F>::known>>
    : WithObject<MemberSignature<F>,
                 std::conditional_t<MemberSignature<F>::is_const,
                                    const typename MemberSignature<F>::Class&,
                                    typename MemberSignature<F>::Class&>,
                 typename MemberSignature<F>::Parameters> {};

}  // namespace functionfuse::detail
