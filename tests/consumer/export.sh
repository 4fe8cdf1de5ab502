# A library that links sse::sse, by add_subdirectory or FetchContent, can install and export itself: with
# SSE_INSTALL, or with sse-static in its own package. The prefix can be moved.
. "$TOP/tests/consumer/common.sh"

wrap() { # WAY SHARED INSTALL
    echo "== the wrapper: $1, shared $2, SSE_INSTALL $3"
    rm -rf "$here/build" "$here/moved" "$here/wrapper"
    build "$consumer/wrapper" "$here/build" -DWAY=$1 -DBUILD_SHARED_LIBS=$2 -DSSE_INSTALL=$3 \
        -DSSE_TREE="$tree" -DCMAKE_INSTALL_PREFIX="$here/prefix"
    quietly "$CMAKE" --install "$here/build"
    mv "$here/prefix" "$here/moved"
    rm -rf "$here/build"
    use wrapper $2 -DWAY=wrapper -DCMAKE_PREFIX_PATH="$here/moved"
}

wrap add_subdirectory OFF ON
wrap fetch_content ON ON
wrap add_subdirectory OFF OFF
