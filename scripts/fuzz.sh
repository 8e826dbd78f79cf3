#!/usr/bin/env bash
# fuzz.sh [SECONDS] [TARGET]   Builds the fuzzers and runs fuzz/TARGET_fuzz.cpp (default: each) for SECONDS (default: 60).
# The seeds are fuzz/corpus/TARGET, which is not written to; what is found goes to build/fuzz/corpus and build/fuzz/crashes.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
jobs=${JOBS:-2}

targets=("${@:2:1}")
if ((${#targets[@]} == 0)); then
  for source in fuzz/*_fuzz.cpp; do
    [ ! -e "$source" ] || targets+=("$(basename "$source" _fuzz.cpp)")
  done
fi
if ((${#targets[@]} == 0)); then
  echo "fuzz.sh: there are no fuzzers in fuzz/"
  exit 0
fi

scripts/install-packages.sh build fuzz
cmake --preset fuzz
cmake --build --preset fuzz -j "${JOBS:-$(nproc)}"

root=$PWD
mkdir -p build/fuzz/crashes
for target in "${targets[@]}"; do
  found=$root/build/fuzz/corpus/$target logs=$root/build/fuzz/logs/$target
  mkdir -p "$found" "$logs"
  rm -f "$logs"/fuzz-*.log
  arguments=(
    -max_total_time="$seconds" -jobs="$jobs" -workers="$jobs"
    -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=1
    -artifact_prefix="$root/build/fuzz/crashes/$target-")
  [ ! -e "fuzz/$target.dict" ] || arguments+=(-dict="$root/fuzz/$target.dict")
  corpora=("$found")
  [ ! -d "fuzz/corpus/$target" ] || corpora+=("$root/fuzz/corpus/$target")
  # libFuzzer writes the log of a job, fuzz-<n>.log, to the current folder.
  if ! (cd "$logs" && "$root/build/fuzz/fuzz/${target}_fuzz" "${arguments[@]}" "${corpora[@]}" >jobs.log 2>&1); then
    grep -hE -A 25 'ERROR|runtime error' "$logs"/fuzz-*.log >&2 || tail -n 20 "$logs/jobs.log" >&2
    echo "fuzz.sh: FAILED: $target; the input is in build/fuzz/crashes/, the log in build/fuzz/logs/$target/" >&2
    exit 1
  fi
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$logs"/fuzz-*.log | paste -sd+ | sed 's/^$/0/')
  echo "fuzz.sh: $target: $((runs)) runs in $seconds s, no fault"
done
echo "fuzz.sh: OK: ${targets[*]}"
