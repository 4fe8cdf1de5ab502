# Fail where one of these names is not that of a unit test.
#   known.sh BUILD NAME...      in a folder that CMake has configured
set -eu
build=$1
shift
tests=$(cd "$build" && ctest -N -L unit | sed -n 's/^ *Test *#[0-9]*: //p')
for name in "$@"; do
    echo "$tests" | grep -qx "$name" || {
        echo "there is no unit test $name"
        exit 1
    }
done
