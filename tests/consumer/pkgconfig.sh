# pkg-config finds the installed library, for shared and for static programs, for three library folders.
# sse.pc follows a prefix that was moved, if the library folder is relative to it.
. "$TOP/tests/consumer/common.sh"
need pkg-config pkg-config

# compile PROGRAM FLAG...
compile() {
    program=$1
    shift
    quietly "$CC" "$consumer/consumer.c" "$@" -o "$program"
    says "$program"
}

for libdir in lib lib/some-multiarch-name "$here/absolute/lib"; do
    echo "== installed with the library folder $libdir"
    install_and_move "$libdir"
    export PKG_CONFIG_PATH="$full/pkgconfig"
    [ "$(pkg-config --modversion sse)" = "$version" ] || fail "sse.pc has another version"
    eval "set -- $(pkg-config --cflags --libs sse)" # which quotes blanks for the shell
    compile "$here/shared" "$@" -Wl,-rpath,"$full"
    links "$here/shared" ON
    eval "set -- $(pkg-config --static --cflags --libs sse)"
    compile "$here/static" -static "$@"
    compile "$here/partly" -Wl,-Bstatic "$@" -Wl,-Bdynamic
    links "$here/partly" OFF
done

echo "== an absolute header folder"
build "$tree" "$here/build" $alone -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_INSTALL_INCLUDEDIR=/opt/some/include
grep -qx 'includedir=/opt/some/include' "$here/build/sse.pc" || fail "$(cat "$here/build/sse.pc")"
