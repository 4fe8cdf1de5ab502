# Build the unit tests anew, and run them under a tool.
#   unit.sh memory|integer|valgrind [long]      in $PWD/unit_TOOL
# Left out is what a tool cannot run, and what it takes minutes for, unless there is a long time.
set -eu
need() {
    command -v "$1" >/dev/null || {
        echo "skipped: there is no $1 (Debian: $2)"
        exit 77
    }
}

tool=$1 long=${2:-}
build=$PWD/unit_$tool
set -- -DCMAKE_BUILD_TYPE=Debug -DSSE_NESTED_BUILDS=OFF -DSSE_BUILD_EXAMPLES=OFF
case $tool in
memory)
    need clang-19 "clang-19 libclang-rt-19-dev"
    set -- "$@" -DCMAKE_C_COMPILER=clang-19 \
        "-DCMAKE_C_FLAGS=-O1 -fsanitize=memory -fno-sanitize-recover=all"
    out='none'
    slow='history_exhaust|text'
    ;;
integer)
    need clang-19 "clang-19 libclang-rt-19-dev"
    meant=-fsanitize-ignorelist=$TOP/tests/platforms/integer.txt
    set -- "$@" -DCMAKE_C_COMPILER=clang-19 \
        "-DCMAKE_C_FLAGS=-O1 -fsanitize=integer -fno-sanitize-recover=all $meant"
    out='none'
    slow='none'
    ;;
valgrind)
    need valgrind valgrind
    set -- "$@" "-DCMAKE_C_FLAGS=-O1 -gdwarf-4" \
        "-DCMAKE_CROSSCOMPILING_EMULATOR=$(command -v valgrind);-q;--error-exitcode=99"
    out='history_crash' # it sees writes by their page faults
    slow='exhaust|history_exhaust|history_damage|history_hostile|channel_model|text|sequences_.*|faults_channel'
    ;;
*)
    echo "there is no tool $tool"
    exit 1
    ;;
esac
if [ -n "$long" ]; then
    slow='none'
    set -- "$@" -DSSE_UNIT_TIMEOUT=7200
fi
"$CMAKE" -S "$TOP" -B "$build" "$@"
"$CMAKE" --build "$build" -j2
cd "$build"
ctest --output-on-failure --no-tests=error -j2 -L unit -E "^($out|$slow)$"
