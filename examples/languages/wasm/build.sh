#!/bin/sh
# Build libsse for WebAssembly:  sh build.sh FOLDER [-O2]  writes FOLDER/sse.wasm
#
# The module imports nothing. It exports its memory and the functions that sse.mjs names, and has no
# heap: memory.mjs manages what is above __heap_base. With -O2 it is a fifth larger and publishes a
# quarter faster. It needs clang and wasm-ld of version 15 or newer, and of libc just the
# functions for memory. Exit code 77: one of these is missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
folder=${1:?which folder?}
optimize=${2:--Os}

missing() {
    echo "there is no $1 (Debian: $2)" >&2
    exit 77
}

# newest PROGRAM PACKAGE: its path
newest() {
    for version in -19 -18 -17 -16 -15 ''; do
        command -v "$1$version" && return
    done
    missing "$1" "$2"
}
clang=$(newest clang clang-19)
linker=$(newest wasm-ld lld-19)
[ -e /usr/lib/wasm32-wasi/libc.a ] || missing "libc for wasm32-wasi" wasi-libc

exports=$(grep -o 'wasm\.sse_[a-z_]*' "$here/sse.mjs" | sort -u | sed 's/^wasm\./-Wl,--export=/')
mkdir -p "$folder"
"$clang" --target=wasm32-wasi --sysroot=/usr -std=c99 "$optimize" -mbulk-memory -I"$top/include" \
    "$top"/src/*.c -nostdlib -lc -fuse-ld="$linker" -Wl,--no-entry -Wl,--gc-sections -Wl,--strip-all \
    -Wl,--stack-first -Wl,--export=__heap_base $exports -o "$folder/sse.wasm"

size=$(wc -c <"$folder/sse.wasm")
echo "sse.wasm: $size bytes, $(gzip -9 <"$folder/sse.wasm" | wc -c) with gzip"
if [ "$optimize" = -Os ] && [ "$size" -gt 32768 ]; then
    echo "it has more than 32768 bytes" >&2
    exit 1
fi
