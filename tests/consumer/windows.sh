# With MinGW and with clang-cl, which stands for MSVC, the DLL exports the declared functions and nothing
# else; the import library and the static library differ in name; a program that links either runs.
#
# There is no Windows SDK here. Three headers replace it, and MinGW's import library of msvcrt.dll. MinGW
# compiles the program, since its calling convention is the same, and wine runs it.
. "$TOP/tests/consumer/common.sh"
need clang-cl-19 clang-tools-19
need lld-link-19 lld-19
need llvm-readobj-19 llvm-19
need ninja ninja-build
need x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64
need wine "wine wine64"
libc=$(x86_64-w64-mingw32-gcc -print-file-name=libmsvcrt.a)

mkdir "$here/include"
cat >"$here/include/string.h" <<'end'
#include <stddef.h>
void *memchr(const void *, int, size_t);
int memcmp(const void *, const void *, size_t);
void *memcpy(void *, const void *, size_t);
void *memmove(void *, const void *, size_t);
void *memset(void *, int, size_t);
end
cat >"$here/include/stdlib.h" <<'end'
#include <stddef.h>
void *malloc(size_t);
void free(void *);
end
cat >"$here/include/malloc.h" <<'end'
#include <stddef.h>
void *_aligned_malloc(size_t, size_t);
void _aligned_free(void *);
end
cat >"$here/clang-cl.cmake" <<end
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_C_COMPILER clang-cl-19)
set(CMAKE_LINKER lld-link-19)
set(CMAKE_AR llvm-lib-19)
set(CMAKE_MT llvm-mt-19)
set(CMAKE_RC_COMPILER llvm-rc-19)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_FLAGS_INIT "-imsvc \"$here/include\" -GS-")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "/NODEFAULTLIB /NOENTRY \"$libc\"")
set(CMAKE_C_STANDARD_LIBRARIES "" CACHE STRING "")
end

cat >"$here/mingw.cmake" <<'end'
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc)
end

# makes TOOLCHAIN DLL FILE...: builds and installs them; checks the exports of the DLL
makes() {
    echo "== $1"
    build "$tree" "$here/build of $1" $alone -DCMAKE_TOOLCHAIN_FILE="$here/$1.cmake" -DSSE_WERROR=ON
    quietly "$CMAKE" --install "$here/build of $1" --prefix "$here/$1"
    prefix=$here/$1
    shift
    llvm-readobj-19 --coff-exports "$prefix/$1" | sed -n 's/^ *Name: \(..*\)/\1/p' | LC_ALL=C sort |
        diff "$TOP/tests/symbols/exported.txt" - || fail "other symbols are exported"
    for file; do
        [ -e "$prefix/$file" ] || fail "not installed: $file"
    done
}
makes mingw bin/libsse.dll lib/libsse.dll.a lib/libsse.a
makes clang-cl bin/sse.dll lib/sse.lib lib/sse_static.lib

export WINEPREFIX="$here/wine" WINEDEBUG=-all WINEDLLOVERRIDES=mscoree,mshtml=
trap 'wineserver -k || true' EXIT
run() { # NAME FLAG...
    program=$prefix/bin/$1.exe
    shift
    x86_64-w64-mingw32-gcc -std=c99 "$consumer/consumer.c" -I"$prefix/include" "$@" -o "$program" \
        2>"$here/log" || fail "$(cat "$here/log")" # ld warns of directives that are for link.exe
    wine "$program" | tr -d '\r' >"$here/printed"
    says cat "$here/printed"
}
run shared -DSSE_SHARED "$prefix/lib/sse.lib"
run static "$prefix/lib/sse_static.lib"
for program in shared static; do
    x86_64-w64-mingw32-objdump -p "$prefix/bin/$program.exe" >"$here/log"
    if grep -q 'DLL Name: sse.dll' "$here/log"; then linked=shared; else linked=static; fi
    [ $linked = $program ] || fail "$program.exe is $linked"
done
