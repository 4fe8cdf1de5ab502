# Count the instructions that it takes to format an event, with callgrind: the difference between
# formatting it some times and twice as often, which leaves out all that is done once.
#   instructions.sh BENCH_FORMAT
set -eu
bench=$1
command -v valgrind >/dev/null || { echo "Skipped: there is no valgrind (Debian: valgrind)"; exit 0; }

# Instructions of a run: load, contender, times.
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" --run "$@" 2>&1 |
        sed -n 's/.*refs: *//p' | tr -d ,
}

contenders=$("$bench" --contenders)
printf '%-24s' instructions
for who in $contenders; do printf ' %10s' "$who"; done
echo
load=0
"$bench" --loads | while IFS= read -r name; do
    printf '%-24s' "$name"
    for who in $contenders; do
        once=$(count $load "$who" 40)
        twice=$(count $load "$who" 80)
        [ "$twice" -gt "$once" ] || { echo "nothing was counted"; exit 1; }
        printf ' %10d' $(((twice - once) / 40))
    done
    echo
    load=$((load + 1))
done
