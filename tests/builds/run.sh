# Build the tree anew with other options, and test it.
#   run.sh NAME build|servers|shared|unit|copying|threads OPTION...      in $PWD/NAME; servers, shared:
#   build these alone; unit: the unit tests only; copying: those of them that have to do with how
#   data is copied; threads: the example that has threads
set -eu
name=$1 what=$2
shift 2
"$CMAKE" -S "$TOP" -B "$name" -DSSE_NESTED_BUILDS=OFF "$@"
if [ "$what" = servers ] || [ "$what" = shared ]; then
    exec "$CMAKE" --build "$name" -j2 --target "sse-$what"
fi
"$CMAKE" --build "$name" -j2
case $what in
build) ;;
unit) (cd "$name" && ctest --output-on-failure --no-tests=error -L unit) ;;
copying)
    set -- text event lines refusal exhaust vectors writer writer_room writer_pieces writer_stream \
        writer_model
    sh "$TOP/tests/builds/known.sh" "$name" "$@"
    cd "$name"
    ctest --output-on-failure --no-tests=error -L unit -R "^($(echo "$@" | tr ' ' '|'))$"
    ;;
threads) python3 "$TOP/tests/e2e/fanout_examples.py" "$PWD/$name" Threads ;;
esac
