# Measure the core on Cortex-M0 and Cortex-M4: bytes of each object, of all that a program links which
# calls every function of event.h and writer.h, what that needs from outside, and its deepest stack.
# Fails when event and writer are 2 KiB or more on Cortex-M0, or the core has data, takes 256 bytes of
# stack or more, or needs anything but memory functions.
set -eu
gcc=arm-none-eabi-gcc
command -v $gcc >/dev/null || { echo "skipped: there is no $gcc (Debian: gcc-arm-none-eabi)"; exit 77; }
echo '#include <string.h>' | $gcc -fsyntax-only -x c - 2>/dev/null ||
    { echo "skipped: $gcc has no string.h (Debian: libnewlib-arm-none-eabi)"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
modules="text out event writer"

for cpu in cortex-m0 cortex-m4; do
    for name in $modules all; do
        case $name in all) from=$TOP/tests/footprint ;; *) from=$TOP/src ;; esac
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
    # Linked but for what it needs from outside; the caller's own code does not count.
    (cd "$dir" && arm-none-eabi-ld --gc-sections -e all -u all -r all.o text.o out.o event.o writer.o -o linked.o)
    set -- $(arm-none-eabi-size "$dir/linked.o" | tail -1)
    own=$(arm-none-eabi-size "$dir/all.o" | awk 'NR == 2 {print $1}')
    code=$(($1 - own)) data=$2 bss=$3
    needs=$(arm-none-eabi-nm -u "$dir/linked.o" | awk '{print $2}' | LC_ALL=C sort | tr '\n' ' ')
    stack=$(cd "$dir" && awk -f "$TOP/tests/footprint/stack.awk" text.ci out.ci event.ci writer.ci)
    printf '    event and writer are %d; with what they call, linked: %d; data: %d; they need %s\n' \
        $both $code $((data + bss)) "$needs"
    printf '    the deepest chain of calls takes %d of stack, and what those need\n\n' "$stack"

    [ $code -gt $both ] || { echo "that is too little: something was not measured"; exit 1; }
    [ "$stack" -gt 50 ] && [ "$stack" -lt 256 ] || { echo "not a stack, or 256 bytes and more"; exit 1; }
    [ "$data" = 0 ] && [ "$bss" = 0 ] || { echo "the core has data"; exit 1; }
    for need in $needs; do
        case $need in
        memchr | memcmp | memcpy | memmove | memset) ;;
        *) echo "the core needs $need"; exit 1 ;;
        esac
    done
    [ $cpu != cortex-m0 ] || [ $both -lt 2048 ] || { echo "event and writer have 2 KiB or more"; exit 1; }
done
