# Build the unit tests anew, and run them under a tool.
#   unit.sh memory|integer|valgrind [long]      in $PWD/unit_TOOL
# Left out is what a tool cannot run, and what it takes minutes for, unless there is a long time. A
# name of a test that is left out, or of a function in integer.txt, is a mistake where there is none.
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
    out='channel_copy' # it counts what memcpy copies, and the sanitizer has one of its own
    slow='history_exhaust text sequences_writer sequences_channel'
    ;;
integer)
    need clang-19 "clang-19 libclang-rt-19-dev"
    for function in $(sed -n 's/^fun://p' "$TOP/tests/platforms/integer.txt"); do
        grep -qE "^[a-z].*\b$function\(" "$TOP"/src/*.[ch] || {
            echo "integer.txt names $function, and src/ has no such function"
            exit 1
        }
    done
    meant=-fsanitize-ignorelist=$TOP/tests/platforms/integer.txt
    set -- "$@" -DCMAKE_C_COMPILER=clang-19 \
        "-DCMAKE_C_FLAGS=-O1 -fsanitize=integer -fno-sanitize-recover=all $meant"
    out=''
    slow=''
    ;;
valgrind)
    need valgrind valgrind
    set -- "$@" "-DCMAKE_C_FLAGS=-O1 -gdwarf-4" \
        "-DCMAKE_CROSSCOMPILING_EMULATOR=$(command -v valgrind);-q;--error-exitcode=99"
    out='history_crash' # it sees writes by their page faults
    slow='exhaust history_exhaust history_damage history_hostile text text_repair faults_writer'
    slow="$slow sequences_writer sequences_heartbeat sequences_channel channel_random faults_channel"
    ;;
*)
    echo "there is no tool $tool"
    exit 1
    ;;
esac
[ -z "$long" ] || set -- "$@" -DSSE_UNIT_TIMEOUT=7200
"$CMAKE" -S "$TOP" -B "$build" "$@"
sh "$TOP/tests/builds/known.sh" "$build" $out $slow
[ -z "$long" ] || slow=
"$CMAKE" --build "$build" -j2 --target sse-unit sse-searches
cd "$build"
ctest --output-on-failure --no-tests=error -j2 -L unit -E "^($(echo none $out $slow | tr ' ' '|'))$"
