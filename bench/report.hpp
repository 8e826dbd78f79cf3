#pragma once

#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>

/// What all benchmark programs share. Each prints lines `name<TAB>number`, one run of everything;
/// run.py runs them in turns with their peers and takes medians.
namespace bench {

/// Seconds that a call takes.
template <class F>
double seconds(F f) {
  auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline void report(const std::string& name, double value) {
  std::printf("%s\t%.9g\n", name.c_str(), value);
}

/// Largest resident size so far in bytes; `forget_peak` starts it anew.
inline double peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) * 1024;
  }
  return 0;
}
inline void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

}  // namespace bench
