#pragma once

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

/// TBB is a library that ThreadSanitizer does not see into: it has to be told that what a thread did before it
/// gave a task away is done when the task begins, and the other way round.
namespace functionfuse::detail {

#if defined(__SANITIZE_THREAD__)
inline void hand_over(void* what) { __tsan_release(what); }
inline void take_over(void* what) { __tsan_acquire(what); }
#define FUNCTIONFUSE_HANDED_OVER __attribute__((no_sanitize_thread))
#else
inline void hand_over(void*) {}
inline void take_over(void*) {}
#define FUNCTIONFUSE_HANDED_OVER
#endif

}  // namespace functionfuse::detail
