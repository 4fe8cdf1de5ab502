# find_package(sse CONFIG) finds the installed library, static and shared, for three library folders,
# also after the prefix was moved. The build folder is a package, too.
. "$TOP/tests/consumer/common.sh"

# The library is built once, and installed into three places.
for libdir in lib lib/some-multiarch-name "$here/absolute/lib"; do
    echo "== installed with the library folder $libdir"
    install_and_move "$libdir"
    for file in libsse.a libsse.so libsse.so.$abi libsse.so.$version cmake/sse/sseConfig.cmake; do
        [ -e "$full/$file" ] || fail "not installed: $full/$file"
    done
    readelf -d "$full/libsse.so" | grep -q "SONAME.*\[libsse\.so\.$abi\]" ||
        fail "the soname is not libsse.so.$abi: $(readelf -d "$full/libsse.so" | grep SONAME)"
    for shared in OFF ON; do
        use find_package $shared -DWAY=find_package -DVERSION="$version" -Dsse_DIR="$full/cmake/sse"
    done
done

echo "== the build folder"
use in_build OFF -DWAY=find_package -Dsse_DIR="$here/build"

echo "== another minor version"
! "$CMAKE" -S "$consumer" -B "$here/other" -DWAY=find_package -DVERSION=0.1 -Dsse_DIR="$full/cmake/sse" \
    >"$here/log" 2>&1 || fail "found: 0.1"
grep -q 'requested version "0.1"' "$here/log" || fail "not found, for another reason: $(cat "$here/log")"
