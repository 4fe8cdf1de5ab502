# Build the tree anew with other options, and test it.
#   run.sh NAME build|unit|threads|test OPTION...      in $PWD/NAME; unit: the unit tests only;
#   threads: the example that has threads
set -eu
name=$1 what=$2
shift 2
"$CMAKE" -S "$TOP" -B "$name" -DSSE_NESTED_BUILDS=OFF "$@"
"$CMAKE" --build "$name" -j2
case $what in
build) ;;
unit) (cd "$name" && ctest --output-on-failure --no-tests=error -L unit) ;;
test) (cd "$name" && ctest --output-on-failure --no-tests=error -L 'unit|e2e') ;;
threads) python3 "$TOP/tests/e2e/fanout_examples.py" "$PWD/$name" Threads ;;
esac
