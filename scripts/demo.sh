#!/usr/bin/env bash
# demo.sh   Builds the library and shows on an example what it does. All that it writes goes to build/demo.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=build/demo
mkdir -p "$folder"

bold='' dim='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
  bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
fi
heading() { printf '\n%s== %s%s\n\n' "$bold" "$*" "$plain"; }
run() {
  printf '%s$ %s%s\n' "$dim" "$*" "$plain"
  "$@"
}
# The first $1 and the last $2 lines; the rest is counted.
shorten() {
  awk -v head="$1" -v tail="$2" '{line[NR] = $0} END {
    for (i = 1; i <= NR; ++i) {
      if (i <= head || i > NR - tail) print line[i]
      else if (i == head + 1) printf "    ... %d more\n", NR - head - tail
    }
  }'
}

heading "1. Build (the first time takes some minutes)"
scripts/install-packages.sh build demo
start=$SECONDS
build() {
  cmake -S . -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release -DFUNCTIONFUSE_BUILD_TESTS=OFF >"$folder/build.log"
  if [ -t 1 ]; then
    cmake --build "$folder" -j "${JOBS:-$(nproc)}"  # ninja keeps to one line
  else
    cmake --build "$folder" -j "${JOBS:-$(nproc)}" >>"$folder/build.log"
  fi
}
build || {
  tail -n 20 "$folder/build.log" >&2
  echo "demo.sh: the build failed, see $folder/build.log" >&2
  exit 1
}
echo "built in $((SECONDS - start)) s"

PATH=$PWD/$folder:$PWD/$folder/examples:$PATH
cd "$folder"
rm -rf storage

heading "2. Compare some texts: 14 or so are read, counted and compared, each step a node"
run text_similarity --storage storage --graph text_similarity.svg | shorten 6 13

heading "3. Once more: every result is stored, so nothing is computed"
run text_similarity --storage storage | shorten 3 8

heading "4. Look into the storage, without a program that knows the types"
run functionfuse ls storage
echo
run functionfuse ls storage text_similarity --pattern '[mpsv]*'
echo
run functionfuse show storage text_similarity matrix | shorten 9 1
echo
run functionfuse show storage text_similarity pairs | shorten 6 0

heading "5. The same results in Python, which needs nothing of ours"
cat >read.py <<'PYTHON'
import pickle, numpy

def read(task):
    with open("storage/text_similarity/" + task, "rb") as file:
        return pickle.loads(file.read()[:-20])  # the last 20 bytes are the SHA-1

matrix = read("matrix")
print(type(matrix), matrix.dtype, matrix.shape, "norms", numpy.linalg.norm(matrix, axis=1).round(3)[:3])
for pair in read("pairs")[:3]:
    print(pair)
PYTHON
sed 's/^/    /' read.py
echo
run /usr/bin/python3 read.py

heading "6. A picture of the workflow, with what is stored in green"
run text_similarity --storage storage --graph text_similarity.png >/dev/null
echo "$folder/text_similarity.png"

heading "7. A simulation whose frames, 25 MB, are more than the memory for arrays; killed in the middle"
simulate=(reaction_diffusion --size 256 --frames 96 --steps 100 --memory-limit 4MB --storage storage)
printf '%s$ %s &%s\n' "$dim" "${simulate[*]}" "$plain"
"${simulate[@]}" >killed.log &
until [ -e storage/reaction_diffusion/simulation.advance_0005 ] || ! kill -0 $! 2>/dev/null; do sleep 0.01; done
{ kill -KILL $! && wait $!; } 2>/dev/null || true
shorten 2 2 <killed.log
printf '%s$ kill -KILL %s%s\n' "$dim" $! "$plain"

heading "8. Started again it goes on from there"
run "${simulate[@]}" | shorten 3 15

heading "9. The last frame of the stored array as a picture"
run functionfuse ls storage reaction_diffusion --pattern frames
echo
run functionfuse export storage reaction_diffusion frames --slice=-1 --to frame.png --force
cat <<END

Pictures:
$folder/text_similarity.png
$folder/text_similarity.svg
$folder/frame.png

Next: README.md, docs/guide.md, and the programs in examples/.
END
