#!/usr/bin/env bash
# stop-radosgw.sh FOLDER   Stops what start-radosgw.sh started there, and empties the folder but for its log.
set -euo pipefail
folder=${1:?"stop-radosgw.sh FOLDER"}
[ -d "$folder" ] || exit 0
folder=$(cd "$folder" && pwd)

# Of a number that another process has by now, hands off.
ours() { [ -r "/proc/$1/cmdline" ] && tr '\0' ' ' <"/proc/$1/cmdline" | grep -qF "$folder/ceph.conf"; }
rm -f "$folder/server.env"
for name in rgw osd mon; do
  [ -s "$folder/$name.pid" ] || continue
  pid=$(cat "$folder/$name.pid")
  rm -f "$folder/$name.pid"
  ! ours "$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null || true  # what it holds is thrown away
  for _ in $(seq 100); do
    ours "$pid" 2>/dev/null || break
    sleep 0.05
  done
done
rm -rf "$folder"/{mon,osd,run,monmap,keyring,ceph.conf,answer,ca.pem,server.key}
