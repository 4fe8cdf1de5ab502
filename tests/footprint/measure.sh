# Measure the core on Cortex-M0 and Cortex-M4: bytes of each object, of all that a program links which
# calls every function of event.h and writer.h, what that needs from outside, and its deepest stack.
# Fails when all that has 2 KiB or more, has data, takes 256 bytes of stack or more, or needs anything
# but memory functions.
set -eu
gcc=arm-none-eabi-gcc
command -v $gcc >/dev/null || { echo "skipped: there is no $gcc (Debian: gcc-arm-none-eabi)"; exit 77; }
echo '#include <string.h>' | $gcc -fsyntax-only -x c - 2>/dev/null ||
    { echo "skipped: $gcc has no string.h (Debian: libnewlib-arm-none-eabi)"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
modules="text out event writer"

# What program $1 links of the core, but for what it needs from outside: sets code, data, needs. The
# program's own code does not count.
link() {
    (cd "$dir" && arm-none-eabi-ld --gc-sections -e "$1" -u "$1" -r programs.o text.o out.o event.o writer.o -o $1.o)
    set -- "$1" $(arm-none-eabi-size "$dir/$1.o" | tail -1)
    code=$(($2 - $(arm-none-eabi-size -A "$dir/programs.o" | awk -v s=".text.$1" '$1 == s {print $2}')))
    data=$(($3 + $4))
    needs=$(arm-none-eabi-nm -u "$dir/$1.o" | awk '{print $2}' | LC_ALL=C sort | tr '\n' ' ')
}

fail() {
    echo "$*"
    exit 1
}

for cpu in cortex-m0 cortex-m4; do
    for name in $modules programs; do
        case $name in programs) from=$TOP/tests/footprint ;; *) from=$TOP/src ;; esac
        $gcc -std=c99 -mcpu=$cpu -mthumb -Os -ffunction-sections -fdata-sections -fstack-usage \
            -fcallgraph-info=su -I"$TOP/include" -I"$TOP/src" -c "$from/$name.c" -o "$dir/$name.o"
    done
    echo "$cpu, -Os: bytes"
    printf '    %-10s %6s %6s %6s %12s\n' object code data bss 'most stack'
    both=0
    for module in $modules; do
        stack=$(awk -F'\t' '$2 + 0 > most {most = $2 + 0} END {print most + 0}' "$dir/$module.su")
        set -- $(arm-none-eabi-size "$dir/$module.o" | tail -1)
        printf '    %-10s %6d %6d %6d %12d\n' $module "$1" "$2" "$3" "$stack"
        case $module in event | writer) both=$((both + $1)) ;; esac
    done
    stack=$(cd "$dir" && awk -f "$TOP/tests/footprint/stack.awk" text.ci out.ci event.ci writer.ci)
    link few
    few=$code
    link all
    echo "    event and writer: $both"
    echo "    linked by a program that calls init, send, peek, consume and close: $few"
    echo "    linked by a program that calls every function: $code, data: $data, needs: $needs"
    echo "    the deepest chain of calls takes $stack of stack, and what memory functions take"
    echo

    [ "$few" -gt 500 ] && [ $code -gt $both ] || fail "that is too little: something was not measured"
    [ "$stack" -gt 50 ] && [ "$stack" -lt 256 ] || fail "not a stack, or 256 bytes and more"
    [ "$data" = 0 ] || fail "the core has data"
    for need in $needs; do
        case $need in
        memchr | memcmp | memcpy | memmove | memset) ;;
        *) fail "the core needs $need" ;;
        esac
    done
    [ $code -lt 2048 ] || fail "the core has 2 KiB or more"
done
