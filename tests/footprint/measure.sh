# How large the library is at -Os, on this machine, on Cortex-M0 and on Cortex-M4: code and data of
# each module, the deepest stack, what it needs from outside, and the sizes of structures. Nothing
# of it is run: compiler, linker and symbol tables tell.
#
# Fails when a module has data, or needs more than memory functions and arithmetic that is missing
# in the processor; when the core, as it is linked for a Cortex, has 2 KiB or more, takes 256 bytes
# of stack or more, or needs such arithmetic; and when a subscriber has more than 160 bytes.
set -eu
LC_ALL=C
export LC_ALL

# The modules, as users see them, and the files of each in src/.
modules='
    status      status version
    text        text text_repair
    event       event lines out digits
    writer      writer writer_read queue
    parts       event_parts writer_parts
    heartbeat   heartbeat
    retry       retry
    http        http_answer http_head http_send http_parts http_accept http_resume last_id query ascii
    history     history history_header history_index digits64
    file        history_open
    channel     channel channel_time timers
    subscriber  subscriber subscriber_join subscriber_take offer notice reader queue_front
'
small='sse_writer_init sse_writer_send sse_writer_peek sse_writer_consume sse_writer_close'
constants='SSE_WRITER_OVERHEAD SSE_HISTORY_OVERHEAD SSE_HISTORY_SLOT'
memory='memchr|memcmp|memcpy|memmove|memset'
arithmetic='__aeabi_(u?idiv(mod)?|u?ldivmod|lmul|llsl|llsr|lasr)|__u?(mul|div|mod|divmod)[sd]i[34]'

# What a distribution's compiler may add of its own would be measured, too.
flags='-std=c99 -Os -ffunction-sections -fdata-sections -fcallgraph-info=su -fno-pie
    -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none -U_FORTIFY_SOURCE'

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() {
    echo "$*"
    exit 1
}

# What objects $@ need that nothing in the library defines.
outside() {
    "${tools}nm" -u "$@" | awk 'NF == 2 {print $2}' | sort -u | comm -23 - defined
}

# row LABEL FROM MAY_NEED OBJECT...: print what objects have and need, and the stack of FROM, which
# are files of src/, or functions. Sets code and stack.
row() {
    label=$1 from=$2 may_need=$3
    shift 3
    needs=$(outside "$@")
    stack=$(awk -v from="$from" -f "$TOP/tests/footprint/stack.awk" ./*.ci) || fail "$stack"
    set -- $("${tools}size" "$@" | awk 'NR > 1 {code += $1; data += $2; bss += $3}
        END {print code + 0, data + 0, bss + 0}')
    code=$1
    printf '    %-12s %6d %6d %6d %7d%1s  %s\n' "$label" "$@" "${stack%+}" "${stack#"${stack%+}"}" \
        "$(echo ${needs:--})"
    [ "$code" -gt 0 ] || fail "nothing was measured"
    [ "$2 $3" = "0 0" ] || fail "$label has data"
    ! echo "$needs" | grep -vxE "($may_need)?" || fail "$label needs what it must not"
}

# link OUTPUT FUNCTION...: what a program has of the library that calls these functions. What only
# the rest of the library needs is stripped.
link() {
    output=$1
    shift
    "${tools}ld" -r --gc-sections $(printf ' -u %s' "$@") -o "$output" ./*.o
    "${tools}strip" --strip-unneeded "$output"
}

# sizes FLAG...: print each structure and its size, which is that of an array in a symbol table.
sizes() {
    {
        echo '#include "sse/sse.h"'
        "${tools}gcc" -E -P -I"$TOP/include" "$TOP/include/sse/sse.h" |
            sed -nE 's/^(typedef )?struct (sse_[a-z_]+) \{$/char \2_[sizeof(struct \2)];/p'
        for constant in $constants; do
            echo "char ${constant}_[$constant];"
        done
    } >sizes.c
    "${tools}gcc" "$@" -fno-toplevel-reorder -I"$TOP/include" -c sizes.c
    "${tools}nm" -n -S -t d sizes.o | awk '{sub(/_$/, "", $4); print $4, $2 + 0}'
}

# platform NAME TOOLS FLAG...: measure all of the library. Sets code and stack of the core.
platform() {
    name=$1 tools=$2
    shift 2
    mkdir "$dir/$name" "$dir/$name/sizes"
    cd "$dir/$name/sizes"
    sizes "$@" >../structures
    cd ..
    "${tools}gcc" "$@" $flags -I"$TOP/include" -c "$TOP"/src/*.c
    "${tools}nm" --defined-only ./*.o | awk 'NF == 3 {print $3}' | sort -u >defined

    echo "$name, gcc $("${tools}gcc" -dumpfullversion), -Os: bytes"
    printf '    %-12s %6s %6s %6s %7s   %s\n' module code data bss stack needs
    echo "$modules" | while read -r module files; do
        [ -z "$module" ] || row "$module" "$files" "$memory|$arithmetic" $(printf '%s.o ' $files)
    done
    row library "$all_files" "$memory|$arithmetic" ./*.o
    [ -n "$needs" ] || fail "no need was found, not even memchr"
    link ../small.o $small
    row 'small core' "$small" "$memory" ../small.o
    least=$code
    link ../core.o $core
    link ../all.o $all
    row 'core, all' "$all" "$memory" ../all.o
    row core "$core" "$memory" ../core.o
    echo
    [ "$least" -gt 500 ] && [ "$code" -gt "$least" ] || fail "the core was not measured"
}

# can TOOLS: whether there is a gcc that makes call graphs, and what goes with it.
can() {
    echo '#include <string.h>' >"$dir/can.c"
    (cd "$dir" && "$1gcc" $flags -c can.c && "$1nm" can.o && "$1size" can.o && "$1strip" can.o &&
        "$1ld" --version) >/dev/null 2>&1
}

all_files=$(echo "$modules" | awk '{for (i = 2; i <= NF; i++) print $i}' | sort)
for file in "$TOP"/src/*.c; do basename "$file" .c; done | sort >"$dir/sources"
echo "$all_files" | diff - "$dir/sources" ||
    fail "measure.sh: each file of src/ is to stand in the table of modules, once"
all=$(grep -h '^SSE_API' "$TOP/include/sse/event.h" "$TOP/include/sse/writer.h" |
    grep -oE 'sse_[a-z_0-9]+[(]' | tr -d '(')
parts=$(grep -hoE '^[a-z].* \*?sse_[a-z_0-9]+[(]' "$TOP"/src/event_parts.c "$TOP"/src/writer_parts.c |
    grep -oE 'sse_[a-z_0-9]+[(]' | tr -d '(')
core=$(echo "$all" | grep -vxF "$parts")

cat <<EOF
needs        of libc, and of the compiler where the processor lacks arithmetic
stack        in the deepest chain of calls, but for what is needed; +: and what callbacks take
core         what a program links that calls each function of sse/event.h and sse/writer.h, except
             those of src/event_parts.c and src/writer_parts.c: the flat calls, which do what others
             do, cancel, and the constants as functions
core, all    and one that calls these, too
small core   and one that calls init, send, peek, consume and close

EOF
measured=
native=$(uname -m | tr _ -)
if can ''; then
    platform "$native" ''
    measured=$native
else
    echo "skipped: $native, since there is no gcc 10 or later (Debian: gcc)"
    echo
fi
if can arm-none-eabi-; then
    for cpu in cortex-m0 cortex-m4; do
        platform $cpu arm-none-eabi- -mcpu=$cpu -mthumb
        [ "$code" -lt 2048 ] || fail "the core has 2 KiB or more"
        stack=${stack%+}
        [ "$stack" -gt 50 ] && [ "$stack" -lt 256 ] || fail "no stack, or 256 bytes and more of it"
        measured="$measured $cpu"
    done
else
    echo "skipped: Cortex-M0 and M4, since there is no arm-none-eabi-gcc with string.h" \
        "(Debian: gcc-arm-none-eabi, libnewlib-arm-none-eabi)"
    echo
fi
[ -n "$measured" ] || exit 77

printf 'structures: bytes       %s\n' "$(printf '%12s' $measured)"
cd "$dir"
awk '
    !($1 in row) {name[++n] = $1}
    {row[$1] = row[$1] sprintf("%12d", $2)}
    $1 == "sse_subscriber" {seen++; if ($2 > 160) bad = "a subscriber has more than 160 bytes"}
    END {
        for (i = 1; i <= n; i++)
            printf "    %-20s%s\n", name[i], row[name[i]]
        if (seen != ARGC - 1)
            bad = "no subscriber was measured"
        if (bad) {
            print bad
            exit 1
        }
    }' $(printf '%s/structures ' $measured)
