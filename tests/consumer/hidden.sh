# A plugin that contains the static library or the amalgamation exports none of its functions if
# SSE_HIDDEN is on, or if it is linked with --exclude-libs.
. "$TOP/tests/consumer/common.sh"
plugin=$here/plugin.so

# exports FUNCTION: fails if the plugin exports anything else
exports() {
    nm -D --defined-only "$plugin" | awk '{print $3}' | LC_ALL=C sort >"$here/exported"
    [ "$(cat "$here/exported")" = "$1" ] || fail "exported: $(head -3 "$here/exported") ..."
}

link() { # FLAG...
    quietly "$CC" -std=c99 -shared -fPIC "$@" -o "$plugin"
}

echo "== SSE_HIDDEN on"
build "$tree" "$here/on" $alone -DCMAKE_UNITY_BUILD=OFF -DSSE_HIDDEN=ON
link "$consumer/plugin.c" -I"$tree/include" "$here/on/libsse.a"
exports plugin_length
nm -D --defined-only "$here/on/libsse.so" | grep -q ' T sse_event_encode$' ||
    fail "the shared library is hidden, too"

echo "== SSE_HIDDEN off"
configure "$tree" "$here/off" $alone -DCMAKE_UNITY_BUILD=OFF
quietly "$CMAKE" --build "$here/off" --target sse-static -j2
link "$consumer/plugin.c" -I"$tree/include" "$here/off/libsse.a"
nm -D --defined-only "$plugin" | grep -q ' T sse_event_encode$' || fail "hidden by default"
link "$consumer/plugin.c" -I"$tree/include" "$here/off/libsse.a" -Wl,--exclude-libs,libsse.a
exports plugin_length

echo "== the amalgamation"
quietly "$CMAKE" --build "$here/on" --target sse-amalgamation
link "$here/on/amalgamation/sse/sse.c"
nm -D --defined-only "$plugin" | awk '{print $3}' | LC_ALL=C sort |
    diff "$TOP/tests/symbols/exported.txt" - || fail "it does not export what the library exports"
link -DSSE_HIDDEN "$consumer/plugin.c" -I"$here/on/amalgamation" "$here/on/amalgamation/sse/sse.c"
exports plugin_length
