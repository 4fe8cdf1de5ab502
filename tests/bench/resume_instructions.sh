# Count the instructions of a find, with and without the first event, at a million events.
#   resume_instructions.sh BENCH_RESUME
set -eu
bench=$1
command -v valgrind >/dev/null || { echo "Skipped: there is no valgrind (Debian: valgrind)"; exit 0; }
out=$(mktemp)
trap 'rm -f "$out"' EXIT
asked=100000 # by --count, of each

# Instructions inside of a function, a call: function, options of --count.
count() {
    valgrind -q --tool=callgrind --callgrind-out-file="$out" --collect-atstart=no --toggle-collect="$1" \
        "$bench" --count $2 >/dev/null
    set -- $(grep '^totals' "$out")
    [ "$2" -gt 0 ] || { echo "nothing was counted"; exit 1; }
    echo $(($2 / asked))
}

printf '%-32s %10s %10s\n' 'instructions, a million events' find '+ get'
for ids in '' own; do
    printf '%-32s' "${ids:-automatic} ids"
    for what in find_only find_get; do
        n=$(count $what "$ids")
        printf ' %10d' "$n"
    done
    echo
done
