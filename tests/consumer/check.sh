# Install the library, and use it as others do: find_package, pkg-config, add_subdirectory and
# FetchContent; static and shared; with the library folder named in three ways.
set -eu
here=$PWD/consumer
version=$(sed -n 's/^#define SSE_VERSION_M[A-Z]* \([0-9]*\).*/\1/p; s/^#define SSE_VERSION_PATCH \([0-9]*\).*/\1/p' \
    "$TOP/include/sse/version.h" | paste -sd.)
abi=$(echo "$version" | grep -oE '^(0\.[0-9]+|[0-9]+)') # that of the soname
rm -rf "$here"

fail() {
    echo "$*"
    exit 1
}

# says PROGRAM: whether it prints what it should
says() {
    printed=$("$1")
    [ "$printed" = "data: linked

$version" ] || fail "$1 printed: $printed"
}

# The library is built once; what differs is where it goes, and what its files say of that.
for libdir in lib lib/some-multiarch-name "$here/absolute/lib"; do
    prefix=$here/prefix
    case $libdir in /*) full=$libdir ;; *) full=$prefix/$libdir ;; esac
    echo "== installed with the library folder $libdir"
    rm -rf "$prefix"
    "$CMAKE" -S "$TOP" -B "$here/build" -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR="$libdir" \
        -DCMAKE_BUILD_TYPE=Debug -DSSE_BUILD_TESTS=OFF -DSSE_BUILD_EXAMPLES=OFF >"$here.log"
    "$CMAKE" --build "$here/build" -j2 >>"$here.log"
    "$CMAKE" --install "$here/build" >>"$here.log"
    for file in libsse.a libsse.so libsse.so.$abi cmake/sse/sseConfig.cmake; do
        [ -e "$full/$file" ] || fail "not installed: $full/$file"
    done
    readelf -d "$full/libsse.so" | grep -q "SONAME.*\[libsse\.so\.$abi\]" ||
        fail "the soname is not libsse.so.$abi: $(readelf -d "$full/libsse.so" | grep SONAME)"
    if command -v pkg-config >/dev/null; then
        export PKG_CONFIG_PATH="$full/pkgconfig"
        [ "$(pkg-config --modversion sse)" = "$version" ] || fail "sse.pc has another version"
        eval "set -- $(pkg-config --cflags --libs sse)" # which quotes blanks for the shell
        "$CC" "$TOP/tests/consumer/consumer.c" "$@" -Wl,-rpath,"$full" -o "$here/shared"
        says "$here/shared"
        eval "set -- $(pkg-config --cflags sse)"
        "$CC" "$TOP/tests/consumer/consumer.c" "$@" "$full/libsse.a" -o "$here/static"
        says "$here/static"
    else
        echo "skipped: sse.pc, since there is no pkg-config"
    fi
done

use() { # WAY SHARED
    echo "== $1, shared $2"
    "$CMAKE" -S "$TOP/tests/consumer" -B "$here/$1$2" -DWAY=$1 -DBUILD_SHARED_LIBS=$2 \
        -DSSE_TREE="$TOP" -DVERSION="$version" -Dsse_DIR="$full/cmake/sse" >"$here.log"
    "$CMAKE" --build "$here/$1$2" -j2 >>"$here.log"
    says "$here/$1$2/consumer"
    if ldd "$here/$1$2/consumer" | grep -q libsse; then linked=ON; else linked=OFF; fi
    [ $linked = "$2" ] || fail "$1 linked the other library"
}

for shared in OFF ON; do
    use find_package $shared
    use add_subdirectory $shared
done
use fetch_content OFF # which calls add_subdirectory, too
