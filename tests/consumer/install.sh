# cmake --install obeys DESTDIR and --prefix, installs two components, and lists all files, so that they
# can be removed.
. "$TOP/tests/consumer/common.sh"

# holds FOLDER FILE...: fails unless these are the files there, except the headers
holds() {
    folder=$1
    shift
    printf '%s\n' "$@" | LC_ALL=C sort >"$here/expected"
    (cd "$folder" && find . ! -type d ! -path './usr/include/sse/*.h') | LC_ALL=C sort |
        diff "$here/expected" - || fail "other files are installed"
}
runtime="./usr/lib/libsse.so.$abi ./usr/lib/libsse.so.$version"
development="./usr/lib/libsse.a ./usr/lib/libsse.so ./usr/lib/pkgconfig/sse.pc"
for file in Config ConfigVersion Targets Targets-debug; do
    development="$development ./usr/lib/cmake/sse/sse$file.cmake"
done

build "$tree" "$here/build" $alone -DCMAKE_INSTALL_LIBDIR=lib
install_to() { # FOLDER OPTION...
    export DESTDIR="$1"
    shift
    quietly "$CMAKE" --install "$here/build" --prefix /usr "$@"
    unset DESTDIR
}
install_to "$here/all"
holds "$here/all" $runtime $development
diff -r "$tree/include" "$here/all/usr/include" || fail "the headers differ"
install_to "$here/runtime" --component sse_runtime
holds "$here/runtime" $runtime
install_to "$here/development" --component sse_development
holds "$here/development" $development

quietly "$CMAKE" --install "$here/build" --prefix "$here/prefix"
xargs -d '\n' rm <"$here/build/install_manifest.txt"
[ -z "$(find "$here/prefix" ! -type d)" ] || fail "still there: $(find "$here/prefix" ! -type d)"
