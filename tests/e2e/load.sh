# A load on ssecat: one fast pipe, many clients of curl that read, one that never does.
#   load.sh SSECAT [LINES [CLIENTS]]
# Each client must get every line in order; the one that never reads must be cut; and the server's
# memory must stay small.
set -eu
ssecat=$1 lines=${2:-1000000} clients=${3:-100}
for tool in curl python3 seq; do
    command -v $tool >/dev/null || { echo "skipped: there is no $tool"; exit 77; }
done
dir=$(mktemp -d)
stalled= server=
trap 'kill $stalled $server 2>/dev/null || true; rm -rf "$dir"' EXIT

mkfifo "$dir/pipe"
"$ssecat" --port 0 --wait $((clients + 1)) <"$dir/pipe" >"$dir/address" 2>"$dir/log" &
server=$!
seq 1 "$lines" >"$dir/pipe" &
until [ -s "$dir/address" ]; do sleep 0.05; done
address=$(sed -n 's/^ssecat: \(http[^ ]*\)\/ .*/\1/p' "$dir/address")

python3 -c '
import socket, sys, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
s.connect(("127.0.0.1", int(sys.argv[1])))
s.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
time.sleep(600)' "${address##*:}" &
stalled=$!
readers=
for n in $(seq "$clients"); do
    curl -sN -m 500 "$address/events" | sed -n 's/^data: \(.\)/\1/p' | cksum >"$dir/$n" &
    readers="$readers $!"
done

most=0
while grep VmHWM /proc/$server/status >"$dir/memory" 2>/dev/null; do
    most=$(awk '{print $2}' "$dir/memory")
    sleep 0.2
done
wait $readers
wait "$server"
server=

expected=$(seq 1 "$lines" | cksum)
same=$(cat "$dir"/[0-9]* | grep -cxF "$expected" || true)
cut=$(grep -c 'does not keep up' "$dir/log" || true)
echo "$lines lines to $clients clients: $same got every line in order; $cut cut; at most $most KiB of memory"
[ "$same" = "$clients" ] && [ "$cut" = 1 ] && [ "$most" -gt 0 ] && [ "$most" -lt 65536 ]
