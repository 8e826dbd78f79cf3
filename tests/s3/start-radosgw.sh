#!/usr/bin/env bash
# start-radosgw.sh FOLDER [--while PID | --while-parent]
# Starts Ceph's S3 server on a free port of 127.0.0.1, for tests: everything in memory and in FOLDER, no root, no systemd.
# FOLDER/server.env then says where it is, FOLDER/log what it did. A server that answers already is left as it is.
#   --while PID     stops it when that process is gone, however it ended
#   --while-parent  the same for the process that called this
# A bucket is in the path, or before the host's name: http://bucket.localhost:PORT/. It speaks https too, on another port, with a certificate of its own (FOLDER/ca.pem).
# Exit codes: 0 it answers; 77 radosgw is not installed (1, if FUNCTIONFUSE_REQUIRE_S3 is set); 1 it failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:?"start-radosgw.sh FOLDER [--while PID | --while-parent]"}
watched=
case ${2-} in
  --while) watched=${3:?} ;;
  --while-parent) watched=$PPID ;;
esac
timeout=60

for program in openssl ceph-mon ceph-osd ceph ceph-authtool monmaptool radosgw radosgw-admin curl; do
  command -v "$program" >/dev/null && continue
  echo "start-radosgw.sh: there is no $program: scripts/install-packages.sh test" >&2
  [ "${FUNCTIONFUSE_REQUIRE_S3-}" ] && exit 1 || exit 77
done

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
exec 9>"$folder/lock"
flock 9  # two starts at a time: the second finds the first one's server

answers() { curl -fs -o "$folder/answer" --noproxy '*' --max-time 2 "$1"; }
if [ -s "$folder/server.env" ]; then
  endpoint=$(sed -n 's/^endpoint=//p' "$folder/server.env")
  if answers "$endpoint"; then
    echo "start-radosgw.sh: $endpoint answers already"
    exit 0
  fi
fi
"$here/stop-radosgw.sh" "$folder"
mkdir -p "$folder"/{mon,osd,run,log}
export CEPH_CONF=$folder/ceph.conf

# A free port, of those that the system does not give away by itself.
free_port() {
  local port
  for _ in $(seq 50); do
    port=$((10000 + RANDOM % 20000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
  return 1
}

write_configuration() {  # PORT TLS-PORT MON-PORT
  local tls="ssl_endpoint=127.0.0.1:$2 ssl_certificate=$folder/ca.pem ssl_private_key=$folder/server.key"
  cat >"$CEPH_CONF" <<CONF
[global]
fsid = $fsid
mon host = [v2:127.0.0.1:$3/0]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr1 = false
auth allow insecure global id reclaim = false
keyring = $folder/keyring
run dir = $folder/run
crash dir = $folder/log
log file = $folder/log/\$name.log
admin socket =
pid file =
err to stderr = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon pg warn min per osd = 0
[mon]
mon data = $folder/mon
mon cluster log file = $folder/log/cluster.log
mon initial members = a
mon tick interval = 1
paxos propose interval = 0.02
paxos min wait = 0.01
mon data avail crit = 1
rocksdb cache size = 16777216
[osd]
osd data = $folder/osd
osd objectstore = memstore
memstore device bytes = 2147483648
osd class load list = *
osd class default list = *
osd op num shards = 2
[client]
rgw frontends = beast endpoint=127.0.0.1:$1 tcp_nodelay=1 $tls
rgw dns name = localhost
rgw data = $folder/run
rgw thread pool size = 64
rgw override bucket index max shards = 1
rgw dynamic resharding = false
rgw enable usage log = false
rgw enable ops log = false
rgw run sync thread = false
rgw gc obj min wait = 1
rgw gc processor period = 5
debug rgw = 0/0
debug ms = 0/0
CONF
}

fail() {
  echo "start-radosgw.sh: $1" >&2
  tail -n 20 "$folder"/log/* >&2 || true
  "$here/stop-radosgw.sh" "$folder"
  exit 1
}
run() { timeout "$timeout" "$@" >>"$folder/log/setup.log" 2>&1 9>&- || fail "failed: $*"; }
daemon() {  # NAME COMMAND...
  setsid "${@:2}" >"$folder/log/$1.out" 2>&1 </dev/null 9>&- &
  echo $! >"$folder/$1.pid"
}
runs() { kill -0 "$(cat "$folder/$1.pid")" 2>/dev/null; }

fsid=$(cat /proc/sys/kernel/random/uuid)
osd_id=$(cat /proc/sys/kernel/random/uuid)
port=$(free_port) tls_port=$(free_port) mon_port=$(free_port)
run openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout "$folder/server.key" -out "$folder/ca.pem" \
  -addext subjectAltName=IP:127.0.0.1,DNS:localhost
write_configuration "$port" "$tls_port" "$mon_port"

# Keys are needed: without any authentication radosgw never gets past the monitor.
run ceph-authtool --create-keyring "$folder/keyring" --gen-key -n mon. --cap mon 'allow *'
for name in client.admin client.rgw; do
  run ceph-authtool "$folder/keyring" --gen-key -n $name --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
done
run ceph-authtool "$folder/keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *' --cap mgr 'allow profile osd'
run monmaptool --create --fsid "$fsid" --addv a "[v2:127.0.0.1:$mon_port/0]" "$folder/monmap"
run ceph-mon -c "$CEPH_CONF" --mkfs -i a --monmap "$folder/monmap" --keyring "$folder/keyring"
daemon mon ceph-mon -c "$CEPH_CONF" -f -i a
run ceph-osd -c "$CEPH_CONF" --mkfs -i 0 --osd-uuid "$osd_id"
run ceph -c "$CEPH_CONF" osd new "$osd_id"
daemon osd ceph-osd -c "$CEPH_CONF" -f -i 0
# A pool that is made before the storage is up gets its place only seconds later. Where the log has
# other words some day, this costs 5 s.
for _ in $(seq 100); do
  grep -qs 'state: booting -> active' "$folder/log/osd.0.log" && break
  runs osd || fail "ceph-osd ended"
  sleep 0.05
done
access_key=testaccess0123456789 secret_key=testsecret0123456789
run radosgw-admin -c "$CEPH_CONF" user create --uid=test --display-name=test --access-key=$access_key --secret=$secret_key
daemon rgw radosgw -c "$CEPH_CONF" -f -n client.rgw

until answers "http://127.0.0.1:$port"; do
  runs rgw || fail "radosgw ended"
  ((SECONDS < timeout)) || fail "radosgw did not answer within $timeout s"
  sleep 0.1
done
{
  echo "endpoint=http://127.0.0.1:$port"
  echo "tls_endpoint=https://127.0.0.1:$tls_port"
  echo "access_key=$access_key"
  echo "secret_key=$secret_key"
} >"$folder/server.env.new"
mv "$folder/server.env.new" "$folder/server.env"

if [ "$watched" ]; then
  # Looks at the process once a second; ends by itself when the server was stopped.
  setsid bash -c '
    while kill -0 "$1" 2>/dev/null && [ -e "$2/rgw.pid" ]; do sleep 1; done
    [ ! -e "$2/rgw.pid" ] || "$3/stop-radosgw.sh" "$2"
  ' watch "$watched" "$folder" "$here" >/dev/null 2>&1 </dev/null 9>&- &
fi
echo "start-radosgw.sh: http://127.0.0.1:$port after $SECONDS s"
