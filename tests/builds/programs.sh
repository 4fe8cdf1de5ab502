# Run the programs of examples/ and tests/bench under a tool, as their tests run them. Fails where one
# of them was not run, or with one setting only.
#   programs.sh address|memory      in $PWD/programs_TOOL
# Memory is MemorySanitizer, and Valgrind for programs that link libraries which were built without it.
set -eu
need() {
    command -v "$1" >/dev/null || {
        echo "skipped: there is no $1 (Debian: $2)"
        exit 77
    }
}

# build FOLDER OPTION...
build() {
    folder=$1
    shift
    "$CMAKE" -S "$TOP" -B "$folder" -DCMAKE_BUILD_TYPE=Debug -DSSE_NESTED_BUILDS=OFF -DSSE_NOTE_RUNS=ON "$@"
    "$CMAKE" --build "$folder" -j2 --target sse-programs
}

# under_valgrind FOLDER PROGRAM...: a script takes the place of each
under_valgrind() {
    mkdir -p "$1/plain"
    cd "$1"
    shift
    for program in "$@"; do
        mv "$program" plain
        printf '#!/bin/sh\nexec valgrind -q --exit-on-first-error=yes --error-exitcode=99 "%s" "$@"\n' \
            "$PWD/plain/$program" >"$program"
        chmod +x "$program"
    done
}

tool=$1
tree=$PWD/programs_$tool
export SSE_RAN="$tree.ran"
rm -rf "$tree" "$SSE_RAN"
case $tool in
address)
    build "$tree" "-DCMAKE_C_FLAGS=-O1 -fsanitize=address,undefined -fno-sanitize-recover=all"
    cd "$tree"
    ctest --output-on-failure --no-tests=error -j2 -L built -R '^bench_'
    ctest --output-on-failure --no-tests=error -j2 -L e2e -E '_(chromium|firefox)$' # ssecat alone is ours there
    ;;
memory)
    need clang-19 "clang-19 libclang-rt-19-dev"
    need valgrind valgrind
    build "$tree" -DCMAKE_C_COMPILER=clang-19 -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON \
        "-DCMAKE_C_FLAGS=-O1 -fsanitize=memory -fno-sanitize-recover=all"
    (cd "$tree" && ctest --output-on-failure --no-tests=error -j2 \
        -R '^(examples|fanout_examples|ssecat.*|bench_.*|resume_.*)$')
    sort "$tree/programs.txt" >"$tree/done"
    tree=$tree/valgrind
    build "$tree" "-DCMAKE_C_FLAGS=-O1 -gdwarf-4"
    under_valgrind "$tree" $(sort "$tree/programs.txt" | comm -13 "$tree/../done" -)
    # those that are quick, since Valgrind is not
    python3 "$TOP/tests/e2e/examples.py" "$tree" -k Progress.test_plain -k Progress.test_event_stream \
        -k Progress.test_a_client_that -k Tokens.test_the_t -k Tokens.test_w -k Tokens.test_one
    ;;
*)
    echo "there is no tool $tool"
    exit 1
    ;;
esac
# These have a port at the most; and what resume_bare is to send, resume_storm has from ssecat.
fixed='sizes broadcast threads topics latest resume_bare'
awk -v fixed="$fixed" -f "$TOP/tests/builds/ran.awk" "$tree/programs.txt" "$SSE_RAN"
