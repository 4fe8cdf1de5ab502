# Build the library and the ledger for a platform, run the ledger there, and compare it.
#   run.sh PLATFORM [long]    one of those below; what is not this machine is emulated. Long: a
#                             higher level of the ledger, which may take half an hour
# COMPILER-OX is a compiler with an optimization: gcc-12-O0, clang-19-Os.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
platform=$1 long=${2:-}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

skip() {
    echo "skipped: there is no $1 (Debian: $2)"
    exit 77
}

# need TOOL PACKAGE, or FILE PACKAGE
need() {
    command -v "$1" >/dev/null || [ -e "$1" ] || skip "$1" "$2"
}

# build COMPILER FLAG...: makes $dir/ledger; $machine is what the machine adds.
machine=$top/tests/ledger/main.c
strict="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wcast-qual -Wstrict-prototypes -Wundef"
strict="$strict -Wvla -Werror"
parts="accept events histories ledger lines payloads pieces resume ring schedules stream texts word"
build() {
    for part in $parts; do
        set -- "$@" "$top/tests/ledger/$part.c"
    done
    "$@" $machine "$top/tests/support/decoder.c" "$top/tests/support/chunks.c" "$top"/src/*.c \
        -I"$top/include" -I"$top/tests/ledger" -I"$top/tests/support" -o "$dir/ledger"
}

# levels SHORT LONG: sets $level, for builds that are told it, too.
levels() {
    level=${long:+$2}
    level=${level:-$1}
}

# compare COMMAND...: all parts; told is for programs that take a level
compare() {
    sh "$top/tests/ledger/check.sh" "$level" all "$@"
}

told() {
    compare "$@" "$level"
}

# One level more of the part `lines`, which gets to the blocks of 64 bytes at level 3.
lines_ahead() {
    [ -n "$long" ] ||
        sh "$top/tests/ledger/check.sh" $((level + 1)) lines "$@" $((level + 1)) lines
}

# On this machine.
native() {
    levels 2 4
    build "$@"
    told "$dir/ledger"
    lines_ahead "$dir/ledger"
}

case $platform in
gcc-12-O[023s] | clang-14-O[023s] | clang-19-O[023s])
    need "${platform%-O?}" "${platform%-O?}"
    native "${platform%-O?}" -std=c99 $strict "-O${platform#*-O}"
    ;;
portable) native "${CC:-cc}" -std=c99 $strict -O2 -DSSE_PORTABLE ;;
avx2)
    grep -qsw avx2 /proc/cpuinfo || skip "AVX2 in this machine" "none"
    native "${CC:-cc}" -std=c99 $strict -O2 -mavx2
    ;;
tcc)
    need tcc tcc
    levels 2 4
    build tcc -std=c99 -Wall -Werror
    told "$dir/ledger"
    ;;
musl)
    need musl-gcc musl-tools
    native musl-gcc -std=c99 $strict -O2 -static
    ;;
m32)
    need gcc-12 gcc-12
    echo 'int main(void) { return 0; }' | gcc-12 -m32 -x c -o "$dir/empty" - 2>/dev/null ||
        skip "32-bit libc for gcc-12" gcc-12-multilib
    # where the system's own headers are not for 32 bits, too
    native gcc-12 -m32 -std=c99 $strict -O2 -idirafter /usr/include/x86_64-linux-gnu
    ;;
s390x | powerpc)
    case $platform in powerpc) qemu=qemu-ppc-static ;; *) qemu=qemu-s390x-static ;; esac
    need $platform-linux-gnu-gcc "gcc-$platform-linux-gnu libc6-dev-$platform-cross"
    need $qemu qemu-user-static
    levels 2 3
    build $platform-linux-gnu-gcc -std=c99 $strict -O2 -static
    told $qemu "$dir/ledger"
    ;;
aarch64) # which has vectors of its own
    need aarch64-linux-gnu-gcc "gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
    need qemu-aarch64-static qemu-user-static
    levels 2 3
    build aarch64-linux-gnu-gcc -std=c99 $strict -O2 -static
    told qemu-aarch64-static "$dir/ledger"
    lines_ahead qemu-aarch64-static "$dir/ledger"
    ;;
cortex-m3)
    need arm-none-eabi-gcc gcc-arm-none-eabi
    need /usr/lib/arm-none-eabi/newlib libnewlib-arm-none-eabi
    need qemu-system-arm qemu-system-arm
    machine="$machine $top/tests/platforms/cortex-m3.c"
    levels 2 3
    build arm-none-eabi-gcc -std=c99 $strict -O2 -mcpu=cortex-m3 -mthumb --specs=rdimon.specs \
        -Wl,--section-start=.vectors=0 -DLEDGER_LEVEL=$level
    compare qemu-system-arm -M mps2-an385 -nographic -kernel "$dir/ledger" \
        -semihosting-config enable=on,target=native
    ;;
avr)
    need avr-gcc gcc-avr
    need /usr/lib/avr/include/avr/io.h avr-libc
    need simavr simavr
    machine=$top/tests/platforms/avr.c
    levels 1 2
    # A history has lengths of 32 bits, which fit in a size_t of 16 since the block does. And this old
    # gcc does not see that memcpy sets a variable.
    build avr-gcc -std=c99 $strict -Wno-conversion -Wno-uninitialized -Os -mmcu=atmega1284p \
        -DLEDGER_LEVEL=$level
    # what the UART sends is shown on stderr, in colour, with a dot where a line ends
    plainly='s/\x1b\[[0-9]*m//g; s/\.$//'
    compare sh -c 'simavr -m atmega1284p "$0" 2>&1 >/dev/null | sed "$1"' "$dir/ledger" "$plainly"
    ;;
wasm)
    need clang-19 clang-19
    need wasm-ld-19 lld-19
    need /usr/lib/wasm32-wasi/libc.a wasi-libc
    need "$(clang-19 -print-resource-dir)/lib/wasi" libclang-rt-19-dev-wasm32
    need node nodejs
    levels 2 4
    build clang-19 --target=wasm32-wasi --sysroot=/usr -std=c99 $strict -O2
    told node --no-warnings "$top/tests/platforms/wasi.mjs" "$dir/ledger"
    ;;
windows)
    need x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64
    need wine "wine wine64"
    levels 2 4
    build x86_64-w64-mingw32-gcc -std=c99 $strict -O2
    export WINEPREFIX="$dir/wine" WINEDEBUG=-all WINEDLLOVERRIDES=mscoree,mshtml=
    status=0
    told wine "$dir/ledger.exe" || status=$?
    wineserver -k || true # it would write to the folder that is about to go
    exit $status
    ;;
address)
    native "${CC:-cc}" -std=c99 $strict -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
    ;;
memory)
    need clang-19 "clang-19 libclang-rt-19-dev"
    native clang-19 -std=c99 $strict -O1 -fsanitize=memory -fno-sanitize-recover=all
    ;;
integer)
    need clang-19 "clang-19 libclang-rt-19-dev"
    native clang-19 -std=c99 $strict -O1 -fsanitize=integer -fno-sanitize-recover=all \
        -fsanitize-ignorelist="$top/tests/platforms/integer.txt"
    ;;
valgrind)
    need valgrind valgrind
    levels 1 2
    build "${CC:-cc}" -std=c99 $strict -O1 -gdwarf-4
    told valgrind -q --error-exitcode=1 "$dir/ledger"
    lines_ahead valgrind -q --error-exitcode=1 "$dir/ledger"
    ;;
*)
    echo "there is no platform $platform"
    exit 1
    ;;
esac
