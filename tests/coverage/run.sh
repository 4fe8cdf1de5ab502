# Measure how much of src/ the unit tests reach: lines, branches, and MC/DC, which asks of each
# condition that it has decided by itself. Fails below 100 % of any of these in any file, on an
# empty report, and where a file of src/ is missing from it.
#   run.sh
# The library has several ways to look for line ends, of which a compiler takes one. Each is
# measured by itself, as one shared library that the same test programs load, and each must be
# reached in full. All of src/ is one translation unit, as in the amalgamation: so a function in a
# header is there once, and is measured over all of its callers. Private functions are exported, too,
# since a test of a private interface calls them.
#
# Builds for size leave out what BY_WORDS is asked for. clang counts this source as not reached; gcc
# knows only lines and branches that are in the code. So gcc measures this way, without MC/DC.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
here=$top/tests/coverage
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

skip() {
    echo "skipped: there is no $1 (Debian: $2)"
    exit 77
}

for tool in clang-19 llvm-cov-19 llvm-profdata-19; do
    command -v $tool >/dev/null || skip $tool "clang-19, llvm-19"
done
for tool in gcc gcov; do
    command -v $tool >/dev/null || skip $tool gcc
done
echo 'int main(void) { return 0; }' >"$dir/probe.c"
clang-19 -fprofile-instr-generate "$dir/probe.c" -o "$dir/probe" 2>/dev/null ||
    skip "runtime for profiles" libclang-rt-19-dev
clang-19 -include stdarg.h -include stddef.h -include stdint.h -include setjmp.h -include cmocka.h \
    "$dir/probe.c" -lcmocka -o "$dir/probe" 2>/dev/null || skip cmocka libcmocka-dev

# The library in a way of its own, measured. Whatever the compiler says is an error: that it cannot
# measure a decision is a warning without a name.
library() {
    way=$1
    shift
    mkdir -p "$dir/$way/counts"
    clang-19 -std=c99 "$@" -shared -fPIC \
        -fprofile-instr-generate -fcoverage-mapping -fcoverage-mcdc \
        -I"$top/include" -I"$top/src" "$dir/all.c" -o "$dir/$way/libsse.so" 2>"$dir/said" &&
        [ ! -s "$dir/said" ] || {
        cat "$dir/said"
        exit 1
    }
}

for source in "$top"/src/*.c; do
    echo "#include \"${source##*/}\""
done >"$dir/all.c"
ways="vectors words"
library vectors -O1
library words -O1 -DSSE_PORTABLE
if grep -qs '^flags.* avx2' /proc/cpuinfo; then
    ways="$ways avx2"
    library avx2 -O1 -mavx2
else
    echo "without the way of AVX2: this processor has none"
fi
# Functions that are inlined would be counted once for each place.
mkdir "$dir/size"
(cd "$dir/size" && gcc -std=c99 -Os -fno-inline --coverage -shared -fPIC -I"$top/include" \
    -I"$top/src" ../all.c -o libsse.so)

# The tests, which are not.
mkdir "$dir/support" "$dir/tests"
options="-std=c99 -O1 -D_GNU_SOURCE -I$top/include -I$top/tests -I$top/tests/support
    -I$top/tests/vectors"
(cd "$dir/support" && clang-19 $options -c "$top"/tests/support/*.c "$top"/tests/vectors/*.c)
for source in "$top"/tests/test_*.c; do
    basename "$source" .c
done >"$dir/names"
xargs -P2 -I@ clang-19 $options "$top/tests/@.c" "$dir"/support/*.o -L"$dir/vectors" -lsse \
    -lcmocka -o "$dir/tests/@" <"$dir/names"

# What was not reached in a way, by file and line.
show() {
    llvm-cov-19 show -show-branches=count -show-mcdc -instr-profile "$dir/$1/merged" \
        "$dir/$1/libsse.so" "$top/src" | awk '/^\// { file = $0; next }
            /^ *[0-9]+\| *0\||: 0[],]|not covered/ { if (file) print file; file = ""; print }'
}

# Run the tests with the library of a way.
run() {
    xargs -P2 -I@ env LD_LIBRARY_PATH="$dir/$1" LLVM_PROFILE_FILE="$dir/$1/counts/@.%p" \
        sh -c '"$1" >"$1.out" 2>&1 || { cat "$1.out"; exit 1; }' sh "$dir/tests/@" <"$dir/names"
}

sources=$(cd "$top/src" && echo *.c)
failed=0
for way in $ways; do
    run "$way"
    llvm-profdata-19 merge -o "$dir/$way/merged" "$dir/$way/counts"
    llvm-cov-19 report -show-mcdc-summary -instr-profile "$dir/$way/merged" \
        "$dir/$way/libsse.so" >"$dir/$way/report"
    echo "$way:"
    awk -v sources="$sources" -f "$here/gate.awk" "$dir/$way/report" || {
        show "$way"
        failed=1
    }
done

run size
cd "$dir/size"
gcov -b ./*.gcda >report 2>/dev/null
echo size:
awk -v sources="$sources" -f "$here/size.awk" report || {
    awk '/^ *[-#=0-9]+[*]?: *[0-9]+:/ { line = $0 }
        /#####: *[0-9]+:/ || /^branch .* taken 0%/ { print FILENAME ": " line }' ./*.gcov
    failed=1
}

# A header is in the report of some way, if it has functions.
for header in $(cd "$top/src" && grep -l 'static inline' *.h); do
    awk -v path="/$header" 'index($1, path) && $8 > 0 { found = 1 } END { exit !found }' \
        "$dir"/*/report || {
        echo "$header is missing from each report"
        failed=1
    }
done
exit $failed
