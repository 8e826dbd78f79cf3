#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "functionfuse/error.hpp"
#include "functionfuse/workflow/function_node.hpp"

namespace functionfuse {

/// A stateful object: an object of class C that lives while a workflow runs, and methods of it as
/// nodes. `workflow<C>()(constructor's arguments...)` makes it.
///
///     auto sum = ff::workflow<IncrementalSum>()(start);
///     auto first = sum.call<&IncrementalSum::add>(two);      // a Node of add's result
///
/// Calls run in the order in which they were made. As an argument of another node the object is a
/// copy of its state after the calls that were made before; as a given node of a workflow it is
/// its state after all of them.
///
/// With a storage, a call whose result is stored does not run. When a later call must, the object is
/// brought to where it was: if C can be stored, its state after the last call that ran lies in the
/// storage under the object's name, as the tuple (number of calls, state); else the constructor and
/// the calls up to there run again, for what they do to the object only.
template <class C>
class Object : public Node<C> {
 public:
  using Node<C>::Node;

  /// A call of a method, of C or of a base of it. Default name: "<object's name>.<method>_0000".
  template <auto method, class... A>
  auto call(A&&... arguments) const;

  Object& set_name(std::string_view name) & {
    this->rename(name);
    return *this;
  }
  Object set_name(std::string_view name) && {
    this->rename(name);
    return std::move(*this);
  }
  Object& set_version(std::string_view version) & {
    this->node()->set_version(version);
    return *this;
  }
  Object set_version(std::string_view version) && {
    this->node()->set_version(version);
    return std::move(*this);
  }
};

namespace detail {

[[noreturn]] void fail_not_copyable(std::string_view class_name);
inline constexpr FunctionInfo kStateInfo{"state", "state"};

/// A copy of an object's state.
template <class C>
class StateNode final : public TypedNode<C> {
 public:
  explicit StateNode(std::uint32_t position) : TypedNode<C>(NodeBase::Type::state, kStateInfo) {
    this->set_position(position);
  }
  void run(const ErasedFunction*) override {
    this->value_ = new (this->memory()) C(*static_cast<const C*>(this->object()->value()));
  }
  std::string item_text() const override { return " after call " + std::to_string(this->position()); }
};

template <class C, class... Arguments>
class ObjectNode final : public TypedNode<C> {
 public:
  template <class... A>
  explicit ObjectNode(NodeBuilder& builder, A&&... arguments)
      : TypedNode<C>(NodeBase::Type::object, class_info<C>),
        arguments_{Arguments(builder, std::forward<A>(arguments))...} {
    part_.last = this;
  }

  void run(const ErasedFunction*) override {
    std::apply(
        [this](const Arguments&... argument) {
          if constexpr (requires { C(argument.get()...); }) {
            new (this->memory()) C(argument.get()...);
          } else {
            new (this->memory()) C{argument.get()...};
          }
        },
        arguments_);
    this->value_ = this->memory();
    part_.position = 0;
  }
  void digest_arguments(ArgumentDigest& digest) const override {
    std::apply([&](const Arguments&... argument) { (argument.digest(digest), ...); }, arguments_);
  }
  ObjectPart* object_part() noexcept override { return &part_; }

  void pickle(Pickler& pickler) const override {
    if constexpr (Storable<C>) {
      pickler.integer(part_.position);
      pickler.save(*static_cast<const C*>(this->value_));
      pickler.tuple_of(2);
    }
  }
  void load(const Reading& reading) override {
    if constexpr (Storable<C>) {
      auto state = reading.as<std::pair<std::uint32_t, C>>();
      this->clear();
      this->value_ = new (this->memory()) C(std::move(state.second));
      part_.position = state.first;
    }
  }

  NodeBase* as_argument(Graph& graph) override {
    if constexpr (std::is_copy_constructible_v<C>) {
      return NodeBuilder::make_within<StateNode<C>>(
          graph, this, part_.last, static_cast<std::uint32_t>(part_.calls.size()));
    } else {
      fail_not_copyable(class_info<C>.full_name);
    }
  }

 private:
  [[no_unique_address]] std::tuple<Arguments...> arguments_;
  ObjectPart part_;
};

/// A call of a method of C.
template <class C, auto method, class Result, class... Arguments>
class CallNode final : public TypedNode<Kept<Result>> {
  using T = Kept<Result>;

 public:
  template <class... A>
  CallNode(NodeBuilder& builder, const NodeRef& object, A&&... arguments)
      : TypedNode<T>(NodeBase::Type::call, function_info<method>),
        object_(builder.argument_as_is(object)),
        arguments_{Arguments(builder, std::forward<A>(arguments))...} {
    ObjectPart& part = *object_->object_part();
    if (part.last != object_) builder.order(part.last);
    part.calls.push_back(this);
    part.last = this;
    this->set_position(static_cast<std::uint32_t>(part.calls.size()));
  }

  void run(const ErasedFunction*) override {
    invoke([this](auto&&... arguments) {
      if constexpr (std::is_void_v<Result>) {
        (object().*method)(std::forward<decltype(arguments)>(arguments)...);
        new (this->memory()) T;
      } else {
        new (this->memory()) T((object().*method)(std::forward<decltype(arguments)>(arguments)...));
      }
    });
    this->value_ = this->memory();
  }
  void replay() override {
    invoke([this](auto&&... arguments) {
      static_cast<void>((object().*method)(std::forward<decltype(arguments)>(arguments)...));
    });
  }
  void digest_arguments(ArgumentDigest& digest) const override {
    digest.function(type_hash<std::remove_cv_t<decltype(method)>>());
    std::apply([&](const Arguments&... argument) { (argument.digest(digest), ...); }, arguments_);
  }

 private:
  using Class = typename MemberSignature<std::remove_cv_t<decltype(method)>>::Class;
  Class& object() { return *static_cast<C*>(const_cast<void*>(object_->value())); }
  template <class F>
  void invoke(F f) {
    std::apply([&](const Arguments&... argument) { f(argument.get()...); }, arguments_);
    object_->object_part()->position = this->position();
  }

  NodeBase* object_;
  [[no_unique_address]] std::tuple<Arguments...> arguments_;
};

template <class C, auto method, class R, class... P, class... A>
Node<R> make_call(const functionfuse::Object<C>& object, TypeList<P...>, A&&... arguments) {
  using N = CallNode<C, method, R, ArgumentFor<P, A&&>...>;
  NodeBuilder builder;
  builder.join(object);
  (join(builder, arguments), ...);
  auto [graph, node] = builder.make<N>(builder, object, std::forward<A>(arguments)...);
  return Node<R>(std::move(graph), node);
}

template <class C, class... P, class... A>
functionfuse::Object<C> make_object(TypeList<P...>, A&&... arguments) {
  using N = ObjectNode<C, ArgumentFor<P, A&&>...>;
  NodeBuilder builder;
  (join(builder, arguments), ...);
  auto [graph, node] = builder.make<N>(builder, std::forward<A>(arguments)...);
  return functionfuse::Object<C>(std::move(graph), node);
}

/// What `workflow<C>()` gives: call it with the constructor's arguments.
template <class C>
struct ClassMaker {
  template <class... A>
  functionfuse::Object<C> operator()(A&&... arguments) const {
    constexpr bool constructible =
        requires { C(std::declval<typename OwnParameter<A&&>::type>()...); } ||
        requires { C{std::declval<typename OwnParameter<A&&>::type>()...}; };
    static_assert(constructible,
                  "functionfuse: no constructor of this class takes these arguments (they reach it "
                  "as const&)");
    if constexpr (constructible) {
      return make_object<C>(TypeList<typename OwnParameter<A&&>::type...>(),
                            std::forward<A>(arguments)...);
    } else {
      return functionfuse::Object<C>(nullptr, nullptr);
    }
  }
};

}  // namespace detail

template <class C>
template <auto method, class... A>
auto Object<C>::call(A&&... arguments) const {
  using M = detail::MemberSignature<std::remove_cv_t<decltype(method)>>;
  static_assert(M::known, "functionfuse: call<&Class::method>: not a pointer to a method");
  static_assert(std::derived_from<C, typename M::Class>,
                "functionfuse: call<&Class::method>: a method of another class");
  using R = std::conditional_t<std::is_void_v<typename M::Result>, void,
                               std::remove_cvref_t<typename M::Result>>;
  if constexpr (detail::CheckArguments<detail::StaticFunction<method>, typename M::Parameters,
                                       detail::TypeList<A&&...>>::ok &&
                detail::check_result<detail::Kept<R>>()) {
    return detail::make_call<C, method, R>(*this, typename M::Parameters(),
                                           std::forward<A>(arguments)...);
  } else {
    return Node<R>(nullptr, nullptr);
  }
}

}  // namespace functionfuse
