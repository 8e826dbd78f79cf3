#!/usr/bin/env bash
# install-packages.sh [SECTION...]   Installs what is missing of the sections of packages.txt (default: build).
# Where nothing is missing, apt is not called at all. As root no sudo is needed.
set -euo pipefail
cd "$(dirname "$0")/.."
list=scripts/packages.txt
(($#)) || set -- build

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
offered() { [ -n "$(apt-cache madison "$1" 2>/dev/null)" ]; }

missing=()  # lines of the list
for section in "$@"; do
  grep -qxF "[$section]" "$list" || { echo "install-packages.sh: $list has no section [$section]" >&2; exit 2; }
  while IFS= read -r line; do
    for package in ${line//|/ }; do
      installed "$package" && continue 2
    done
    missing+=("$line")
  done < <(sed -e 's/ *#.*//' -e '/^$/d' "$list" | awk -v want="[$section]" '/^\[/ {on = ($0 == want); next} on')
done

if ((${#missing[@]} == 0)); then
  echo "install-packages.sh: $*: all there"
  exit 0
fi

as_root=(env DEBIAN_FRONTEND=noninteractive)
[ "$(id -u)" = 0 ] || as_root=(sudo "${as_root[@]}")
"${as_root[@]}" apt-get update -qq
packages=()
for line in "${missing[@]}"; do
  for package in ${line//|/ }; do
    if offered "$package"; then
      packages+=("$package")
      continue 2
    fi
  done
  echo "install-packages.sh: this system offers no package $line" >&2
  exit 1
done
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}"
echo "install-packages.sh: $*: installed ${packages[*]}"
