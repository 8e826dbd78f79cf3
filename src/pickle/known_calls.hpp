#pragma once

#include "functionfuse/pickle/object.hpp"
#include "pickle/globals.hpp"

namespace functionfuse::detail {

/// What a call of a known class or function gives, as an object of a kind of its own. Null where
/// the arguments are not of the form that Python's pickles have: the call is then kept as it is.
Object* call_known(Heap& heap, GlobalId callable, const Container& args);

/// Gives an unfinished numpy array or dtype its state and turns it into an Array or Dtype. False
/// where it is something else, or holds Python objects: the state is then kept as it is.
bool build_known(Heap& heap, Opaque& object, Slot state);

/// A one-dimensional C-order array with a copy of `data`; null where dtype and sizes don't fit.
Array* make_array_1d(Heap& heap, Slot dtype, std::int64_t length, const char* data,
                     std::size_t size);

}  // namespace functionfuse::detail
