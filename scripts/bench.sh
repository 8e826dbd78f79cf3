#!/usr/bin/env bash
# bench.sh [ARGUMENT...]   Builds preset release with the benchmarks and runs bench/run.py with the arguments.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-packages.sh build test bench
cmake --preset release -DFUNCTIONFUSE_BUILD_BENCH=ON
cmake --build --preset release -j "${JOBS:-$(nproc)}"
FUNCTIONFUSE_BUILD=$PWD/build/release PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 bench/run.py "$@"
echo "bench.sh: OK"
