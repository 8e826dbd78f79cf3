#!/usr/bin/env bash
# test.sh [OPTION...] [PRESET...] [-- CTEST-ARGUMENT...]   Builds the presets (default: release) and runs their tests.
#   PRESET        release, dev, asan, tsan, or all for the four of them (see CMakePresets.json)
#   --fast        without the tests that are labelled slow
#   --build-only  without the tests
# What it needs is installed first (scripts/install-packages.sh). JOBS says how much runs at a time (default: all cores).
set -euo pipefail
cd "$(dirname "$0")/.."

# One cache for all clones of the project, whatever their folder.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

presets=() ctest_arguments=() build_only=
while (($#)); do
  case $1 in
    release | dev | asan | tsan) presets+=("$1") ;;
    all) presets+=(release dev asan tsan) ;;
    --fast) ctest_arguments+=(-LE '^slow$') ;;
    --build-only) build_only=yes ;;
    --)
      shift
      ctest_arguments+=("$@")
      break
      ;;
    *)
      sed -n '2,/^set/{/^#/p}' "$0" >&2
      exit 2
      ;;
  esac
  shift
done
((${#presets[@]})) || presets=(release)
jobs=${JOBS:-$(nproc)}

sections=(build test)
[[ " ${presets[*]} " != *" dev "* ]] || sections+=(bench)  # dev builds the benchmarks too, lest they rot
scripts/install-packages.sh "${sections[@]}"
export FUNCTIONFUSE_REQUIRE_S3=1  # the server is there now: its tests are not to be skipped

summaries=()
for preset in "${presets[@]}"; do
  start=$SECONDS
  cmake --preset "$preset"
  cmake --build --preset "$preset" -j "$jobs"
  if [ "$build_only" ]; then
    summaries+=("$preset: built in $((SECONDS - start)) s")
    continue
  fi
  log=build/$preset/test.log
  if ! ctest --preset "$preset" -j "$jobs" "${ctest_arguments[@]}" | tee "$log"; then
    echo "test.sh: FAILED: preset $preset, see $log" >&2
    exit 1
  fi
  count=$(sed -n 's/^.* tests failed out of \([0-9]*\)$/\1/p' "$log")
  summaries+=("$preset: $count tests passed, $((SECONDS - start)) s")
done

printf 'test.sh: %s\n' "${summaries[@]}"
echo "test.sh: OK"
