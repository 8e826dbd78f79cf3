#!/usr/bin/env bash
# format.sh [--fix]   Checks with clang-format that the C++ files look as .clang-format says; --fix makes them so.
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1-} in
  '' | --fix) ;;
  *)
    sed -n '2p' "$0" >&2
    exit 2
    ;;
esac
scripts/install-packages.sh format

folders=()
for folder in include src tools examples tests testing bench fuzz python; do
  [ ! -d "$folder" ] || folders+=("$folder")
done
mapfile -t files < <(find "${folders[@]}" \( -name '*.cpp' -o -name '*.hpp' \) | sort)
if [ "${1-}" = --fix ]; then
  clang-format -i "${files[@]}"
else
  unformatted=()
  for file in "${files[@]}"; do
    clang-format "$file" | cmp -s - "$file" || unformatted+=("$file")
  done
  if ((${#unformatted[@]})); then
    printf 'format.sh: not formatted: %s\n' "${unformatted[@]}" >&2
    echo "format.sh: FAILED; scripts/format.sh --fix formats them" >&2
    exit 1
  fi
fi
echo "format.sh: OK: ${#files[@]} files"
