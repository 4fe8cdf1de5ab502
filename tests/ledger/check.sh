# Run a ledger, and compare what it prints with ledger.txt.
#   check.sh LEVEL PART|all COMMAND...      the command prints this level, and this part of it
set -eu
here=$(cd "$(dirname "$0")" && pwd)
level=$1 part=$2
shift 2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
awk -v level="$level" -v part="$part" \
    'NR == 1 || ($1 <= level && (part == "all" || $2 == part))' "$here/ledger.txt" >"$dir/want"
[ "$(wc -l <"$dir/want")" -gt 1 ] || { echo "ledger.txt has no level $level of $part"; exit 1; }
status=0
"$@" >"$dir/raw" || status=$?
tr -d '\r' <"$dir/raw" >"$dir/got"
diff "$dir/want" "$dir/got" || { echo "this is not the ledger: level $level, $part"; exit 1; }
[ $status = 0 ] || { echo "the ledger is right, and the exit status is $status"; exit 1; }
awk '$1 <= 4 {cases += $4} END {printf "%d cases, the ledger is the same\n", cases}' "$dir/got"
