# Without an operating system only the static library is built, as the top project and as a subproject,
# with Ninja and with make. It is not position-independent by default.
. "$TOP/tests/consumer/common.sh"
need arm-none-eabi-gcc gcc-arm-none-eabi
[ -e /usr/lib/arm-none-eabi/newlib ] || need newlib libnewlib-arm-none-eabi
need ninja ninja-build
need qemu-arm-static qemu-user-static

cat >"$here/toolchain.cmake" <<'end'
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_C_FLAGS_INIT --specs=rdimon.specs)
end
link() { # WAY OPTION...
    way=$1
    shift
    echo "== $CMAKE_GENERATOR: $way"
    rm -rf "$here/$way"
    build "$consumer" "$here/$way" -DCMAKE_TOOLCHAIN_FILE="$here/toolchain.cmake" -DWAY=$way "$@"
    says qemu-arm-static "$here/$way/consumer"
}

for generator in Ninja "Unix Makefiles"; do
    export CMAKE_GENERATOR="$generator"
    rm -rf "$here/top"
    echo "== $generator: the top project"
    build "$tree" "$here/top" -DCMAKE_TOOLCHAIN_FILE="$here/toolchain.cmake" -DBUILD_SHARED_LIBS=ON
    [ -e "$here/top/libsse.a" ] || fail "there is no libsse.a"
    ! grep -r -e '-fPIC' "$here/top" || fail "position-independent code"
    quietly "$CMAKE" --install "$here/top" --prefix "$here/prefix"
    link add_subdirectory -DSSE_TREE="$tree"
    link find_package -DCMAKE_PREFIX_PATH="$here/prefix"
done

echo "== the example that needs no operating system"
build "$TOP" "$here/examples" -DCMAKE_TOOLCHAIN_FILE="$here/toolchain.cmake" -DSSE_BUILD_EXAMPLES=ON
qemu-arm-static "$here/examples/format" | grep -qx 'event: greeting' || fail "format is silent"
