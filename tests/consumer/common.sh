# What the checks of this folder share; each of them sources it first.
#
#   $here      an empty folder for this check; its name has a blank, and so has that of $tree
#   $tree      a copy of the library without tests and examples
#   $alone     options for $tree as the top project
#   $version   the version of the library; $abi is its part in the soname
set -eu
consumer=$TOP/tests/consumer
here="$PWD/consumer/of $(basename "$0" .sh)"
tree="$here/source tree"
alone="-DSSE_BUILD_TESTS=OFF -DSSE_BUILD_EXAMPLES=OFF"
version=$(sed -n 's/^#define SSE_VERSION_[MP][A-Z]* \([0-9]*\).*/\1/p' "$TOP/include/sse/version.h" | paste -sd.)
abi=$(echo "$version" | grep -oE '^(0\.[0-9]+|[0-9]+)')
rm -rf "$here"
mkdir -p "$tree"
cp -r "$TOP/CMakeLists.txt" "$TOP/LICENSE" "$TOP/include" "$TOP/src" "$tree"
unset MAKEFLAGS MAKELEVEL MFLAGS # of a make that runs the tests
if command -v ninja >/dev/null; then
    export CMAKE_GENERATOR="${CMAKE_GENERATOR:-Ninja}" # it is faster
fi

fail() {
    echo "$*"
    exit 1
}

# need TOOL PACKAGE
need() {
    command -v "$1" >/dev/null || {
        echo "skipped: there is no $1 (Debian: $2)"
        exit 77
    }
}

# quietly COMMAND...: prints the output of a command only if it fails; a warning is a failure, too
quietly() {
    "$@" >"$here/log" 2>&1 || { cat "$here/log"; fail "failed: $*"; }
    ! grep -E 'CMake.*(Warning|Error)|[wW]arning:' "$here/log" || fail "warnings of: $*"
}

# configure SOURCE BUILD OPTION...: as one translation unit, which is faster, unless an option says not
configure() {
    source=$1 build=$2
    shift 2
    quietly "$CMAKE" -S "$source" -B "$build" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_UNITY_BUILD=ON \
        -DCMAKE_UNITY_BUILD_BATCH_SIZE=0 "$@"
}

# build SOURCE BUILD OPTION...: configures, and builds
build() {
    configure "$@"
    quietly "$CMAKE" --build "$2" -j2
}

# install_and_move LIBDIR: installs the library, and moves its prefix, unless LIBDIR is absolute and so
# stays; $full is where the libraries are then
install_and_move() {
    build "$tree" "$here/build" $alone -DCMAKE_INSTALL_PREFIX="$here/prefix" -DCMAKE_INSTALL_LIBDIR="$1"
    quietly "$CMAKE" --install "$here/build"
    rm -rf "$here/moved"
    case $1 in
    /*) full=$1 ;;
    *) full=$here/moved/$1 && mv "$here/prefix" "$here/moved" ;;
    esac
}

# says PROGRAM...: fails unless it prints what consumer.c should
says() {
    printed=$("$@")
    [ "$printed" = "data: linked

$version" ] || fail "$* printed: $printed"
}

# links PROGRAM ON|OFF: fails unless the program needs the shared library, or does not need it
links() {
    if readelf -d "$1" | grep -q 'NEEDED.*libsse'; then linked=ON; else linked=OFF; fi
    [ $linked = "$2" ] || fail "$1 is linked with the other library"
}

# use NAME SHARED OPTION...: builds and runs the project of consumer.c
use() {
    name=$1 shared=$2
    shift 2
    echo "== $name, shared $shared"
    build "$consumer" "$here/$name" -DBUILD_SHARED_LIBS=$shared "$@"
    says "$here/$name/consumer"
    links "$here/$name/consumer" $shared
}
