#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

/// Runs a program and interferes with one of the system calls by which it touches files, between
/// its first and its second mark (a write to the descriptor -1). Threads are followed.
namespace functionfuse::test {

struct Plan {
  enum class What { only_count, kill_before, kill_after, fail } what = What::only_count;
  int call = -1;               ///< which one, from 0
  int error = 0;               ///< for `fail`
  bool without_tmpfile = false;  ///< O_TMPFILE fails always, as on a file server
};

struct Outcome {
  int calls = 0;                 ///< between the marks
  std::string call;              ///< the name of the one in question
  bool killed = false;           ///< as planned
  std::optional<int> exit_code;  ///< nothing: ended by a signal
  std::string trouble;           ///< why tracing is not possible
};

inline const std::map<long, const char*>& file_calls() {
  static const std::map<long, const char*> calls = {
      {SYS_openat, "openat"}, {SYS_write, "write"}, {SYS_pwrite64, "pwrite64"},
      {SYS_writev, "writev"}, {SYS_renameat, "renameat"}, {SYS_renameat2, "renameat2"},
      {SYS_linkat, "linkat"}, {SYS_unlinkat, "unlinkat"}, {SYS_mkdirat, "mkdirat"},
      {SYS_fsync, "fsync"}, {SYS_fdatasync, "fdatasync"}, {SYS_syncfs, "syncfs"},
      {SYS_close, "close"}, {SYS_ftruncate, "ftruncate"}, {SYS_fallocate, "fallocate"},
      {SYS_copy_file_range, "copy_file_range"}, {SYS_ioctl, "ioctl"},
      {SYS_getdents64, "getdents64"}, {SYS_pread64, "pread64"}, {SYS_read, "read"},
      {SYS_newfstatat, "newfstatat"}, {SYS_statx, "statx"}, {SYS_flock, "flock"},
      {SYS_lseek, "lseek"}, {SYS_fstat, "fstat"},
#ifdef __x86_64__
      {SYS_open, "open"}, {SYS_rename, "rename"}, {SYS_link, "link"}, {SYS_unlink, "unlink"},
      {SYS_mkdir, "mkdir"}, {SYS_rmdir, "rmdir"}, {SYS_stat, "stat"}, {SYS_lstat, "lstat"},
#endif
  };
  return calls;
}

class Tracer {
 public:
  explicit Tracer(const Plan& plan) : plan_(plan) {}

  Outcome run(const std::vector<std::string>& command) {
#ifndef __x86_64__
    outcome_.trouble = "only on x86-64";
    return outcome_;
#endif
    start(command);
    while (outcome_.trouble.empty() && step()) {
    }
    return outcome_;
  }

 private:
  void start(const std::vector<std::string>& command) {
    std::vector<char*> argv;
    for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      const int null = ::open("/dev/null", O_WRONLY);
      ::dup2(null, 2);
      if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(126);
      ::raise(SIGSTOP);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    int status = 0;
    ::waitpid(pid_, &status, 0);
    constexpr long kOptions =
        PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (!WIFSTOPPED(status) || ::ptrace(PTRACE_SETOPTIONS, pid_, nullptr, kOptions) != 0) {
      outcome_.trouble = "ptrace is not allowed here";
      return;
    }
    go_on(pid_, 0);
  }

  static void go_on(pid_t thread, int signal) {
    ::ptrace(PTRACE_SYSCALL, thread, nullptr, static_cast<long>(signal));
  }

  /// False when the program has ended.
  bool step() {
    int status = 0;
    const pid_t thread = ::waitpid(-1, &status, __WALL);
    if (thread < 0) {
      outcome_.trouble = "waitpid failed";
      return false;
    }
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      if (thread != pid_) return true;
      if (WIFEXITED(status)) outcome_.exit_code = WEXITSTATUS(status);
      return false;
    }
    const int signal = WSTOPSIG(status);
    if (signal == (SIGTRAP | 0x80)) {
      at_call(thread);
      go_on(thread, 0);
    } else if (signal == SIGTRAP || signal == SIGSTOP) {
      go_on(thread, 0);  // an event, or a new thread
    } else {
      go_on(thread, signal);
    }
    return true;
  }

  void at_call(pid_t thread) {
    struct __ptrace_syscall_info info;
    if (::ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) < 0) {
      return;
    }
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
      at_entry(thread, info);
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
      at_exit(thread);
    }
  }

  void at_entry(pid_t thread, const struct __ptrace_syscall_info& info) {
    const long call = static_cast<long>(info.entry.nr);
    if (call == SYS_write && static_cast<int>(info.entry.args[0]) == -1) {
      ++marks_;
      return;
    }
    const auto known = file_calls().find(call);
    if (marks_ != 1 || known == file_calls().end()) return;
    if (plan_.without_tmpfile && call == SYS_openat &&
        (info.entry.args[2] & O_TMPFILE) == O_TMPFILE) {
      return replace(thread, EOPNOTSUPP);
    }
    if (outcome_.calls++ != plan_.call) return;
    outcome_.call = known->second;
    switch (plan_.what) {
      case Plan::What::only_count:
        break;
      case Plan::What::kill_before:
        kill();
        break;
      case Plan::What::kill_after:
        kill_at_exit_of_ = thread;
        break;
      case Plan::What::fail:
        replace(thread, plan_.error);
        break;
    }
  }

  void at_exit(pid_t thread) {
    if (kill_at_exit_of_ == thread) kill();
    const auto failing = failing_.find(thread);
    if (failing == failing_.end()) return;
    set_register(thread, &user_regs_struct::rax, static_cast<unsigned long long>(-failing->second));
    failing_.erase(failing);
  }

  /// The kernel gets a call that does not exist, the program the error.
  void replace(pid_t thread, int error) {
    set_register(thread, &user_regs_struct::orig_rax, ~0ull);
    failing_[thread] = error;
  }

  static void set_register(pid_t thread, unsigned long long user_regs_struct::* which,
                           unsigned long long value) {
    struct user_regs_struct registers;
    ::ptrace(PTRACE_GETREGS, thread, nullptr, &registers);
    registers.*which = value;
    ::ptrace(PTRACE_SETREGS, thread, nullptr, &registers);
  }

  void kill() {
    ::kill(pid_, SIGKILL);
    outcome_.killed = true;
  }

  Plan plan_;
  Outcome outcome_;
  pid_t pid_ = -1;
  int marks_ = 0;
  pid_t kill_at_exit_of_ = -1;
  std::map<pid_t, int> failing_;
};

}  // namespace functionfuse::test
