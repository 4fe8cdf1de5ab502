# add_subdirectory and FetchContent build the library that is linked, and not the other one.
. "$TOP/tests/consumer/common.sh"

for shared in OFF ON; do
    use add_subdirectory $shared -DWAY=add_subdirectory -DSSE_TREE="$tree"
    if [ $shared = ON ]; then other='libsse.a'; else other='libsse.so*'; fi
    [ -z "$(find "$here" -name "$other")" ] || fail "built, though not linked: $(find "$here" -name "$other")"
    rm -rf "$here/add_subdirectory"
done
use fetch_content OFF -DWAY=fetch_content -DSSE_TREE="$tree" # which calls add_subdirectory, too
