# Build the tree anew with other options, and test it.
#   run.sh NAME build|servers|shared|TARGETS|unit|copying|threads OPTION...      in $PWD/NAME; build: all of
#   it, without a test; servers, shared, or targets that begin with sse-: build these alone; unit: the unit
#   tests; copying: those of them that have to do with how data is copied; threads: the example that has threads
set -eu
name=$1 what=$2
shift 2
"$CMAKE" -S "$TOP" -B "$name" -DSSE_NESTED_BUILDS=OFF "$@"
build() {
    "$CMAKE" --build "$name" -j2 --target "$@"
}

case $what in
build) build all ;;
servers | shared) build "sse-$what" ;;
sse-*) build $what ;;
unit)
    build sse-unit sse-searches
    (cd "$name" && ctest --output-on-failure --no-tests=error -L unit)
    ;;
copying)
    set -- text event lines refusal exhaust vectors writer writer_room writer_pieces writer_stream \
        writer_model
    sh "$TOP/tests/builds/known.sh" "$name" "$@"
    build $(printf 'sse-test_%s ' "$@")
    cd "$name"
    ctest --output-on-failure --no-tests=error -L unit -R "^($(echo "$@" | tr ' ' '|'))$"
    ;;
threads)
    build sse-threads
    python3 "$TOP/tests/e2e/fanout_examples.py" "$PWD/$name" Threads
    ;;
*)
    echo "there is no build for $what"
    exit 1
    ;;
esac
