# What tools say of the source without running it. Each must say nothing.
#
#     check.sh gcc          gcc -fanalyzer
#     check.sh clang        clang --analyze
#     check.sh tidy         clang-tidy, as .clang-tidy says
#     check.sh cppcheck
#     check.sh sparse
#     check.sh format       every C file is as .clang-format has it (clang-format-14 -i mends one), and
#                           names its license first
#     check.sh complexity   no function above 10, counted by pmccabe
#     check.sh abi          the symbols, types and layouts of the shared library are those in
#                           libsse.abi, on x86-64
#     check.sh new-abi      they are others from now on: write libsse.abi
#
# Each tool is first given a mistake that it must find, so that one which looks at nothing fails.
# A tool that is missing is exit 77.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
dump=$TOP/tests/static/libsse.abi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$TOP"

# need PACKAGE COMMAND...: the first of the commands that there is, in $tool
need()
{
    package=$1
    shift
    for tool; do
        command -v "$tool" >/dev/null && return
    done
    echo "skipped: there is no $1 (Debian: $package)"
    exit 77
}

# says OPTION... FILE: what the tool says of a file
says()
{
    case $what in
    gcc) "$tool" -std=c99 -O2 -fanalyzer -Wall -Wextra -Iinclude -c -o "$work/out.o" "$@" 2>&1 ;;
    clang)
        "$tool" --analyze --analyzer-output text -std=c99 -Iinclude \
            -Xclang -analyzer-checker=core,deadcode,nullability,security,unix "$@" 2>&1
        ;;
    tidy) "$tool" --quiet --config-file="$TOP/.clang-tidy" "$@" -- -std=c99 -Iinclude 2>"$work/err" ;;
    cppcheck)
        # variableScope: declarations stand at the top of a function. The others are mistaken, each
        # in one file: members are read by offsetof; a pointer to the end of an array is one.
        "$tool" --platform=unix64 --std=c99 --enable=warning,style,performance,portability \
            --suppress=variableScope --suppress=unusedStructMember:src/history_header.c \
            --suppress=unusedStructMember:src/writer.c \
            --suppress=ctuPointerArith:src/history_index.c --quiet -Iinclude "$@" 2>&1
        ;;
    sparse) # glibc's attributes are not known to it
        "$tool" -std=c99 -Wsparse-all -Wno-unknown-attribute \
            -gcc-base-dir "$(gcc -print-file-name=)" -Iinclude "$@" 2>&1
        ;;
    esac
}

# Demand that a tool finds a mistake, and nothing in the source.
silent()
{
    printf '%s\n' "$1" >"$work/mistake.c"
    if ! says "$work/mistake.c" | grep -q "$2"; then
        echo "$tool does not find what is wrong with: $1"
        exit 1
    fi
    count=0 bad=0
    for file in src/*.c; do
        says "$file" >"$work/said" || bad=1
        if [ -s "$work/said" ]; then
            cat "$work/said"
            bad=1
        fi
        count=$((count + 1))
    done
    echo "$tool: $count files"
    [ "$count" -gt 1 ] && [ "$bad" -eq 0 ]
}

# library INCLUDE: the shared library, for its symbols and types alone. Where types are declared is
# in it, which tells public ones from private ones; paths begin at the top of the source.
library()
{
    need abigail-tools abidw
    [ "$(uname -m)" = x86_64 ] || { echo "skipped: the ABI on record is that of x86-64"; exit 77; }
    abi=$(sed -n 's/^#define SSE_VERSION_M[A-Z]* \([0-9]*\).*/\1/p' include/sse/version.h | paste -sd. |
        grep -oE '^(0\.[0-9]+|[0-9]+)')
    "${CC:-cc}" -std=c99 -g -gdwarf-4 -fPIC -fvisibility=hidden -ffile-prefix-map="$TOP/=" \
        -DSSE_BUILDING -I"$1" -shared -Wl,-soname,libsse.so.$abi src/*.c -o "$work/libsse.so"
}

same_abi()
{
    abidiff --headers-dir2 "$1" "$dump" "$work/libsse.so"
}

null='int f(int); int f(int a) { int *p = 0; if (a) return 0; return *p; }'
what=${1:-}
case $what in
gcc)
    need gcc gcc
    silent "$null" null
    ;;
clang)
    need clang-19 clang-19 clang
    silent "$null" Dereference
    ;;
tidy)
    need clang-tidy-19 clang-tidy-19
    silent "$null" clang-analyzer
    ;;
cppcheck)
    need cppcheck cppcheck
    silent "$null" nullPointer
    ;;
sparse)
    need sparse sparse
    silent 'int *f(void); int *f(void) { return 0; } int g(void) { return 0; }' 'NULL pointer'
    ;;
format)
    need clang-format-14 clang-format-14
    printf 'int  f( void );\n' >"$work/mistake.c"
    cp .clang-format "$work"
    if clang-format-14 --dry-run --Werror "$work/mistake.c" 2>/dev/null; then
        echo "clang-format does not see a wrong blank"
        exit 1
    fi
    find include src examples tests -name '*.[ch]' ! -path '*/node_modules/*' >"$work/files"
    xargs clang-format-14 --dry-run --Werror <"$work/files"
    xargs -n 1 head -n 1 <"$work/files" | grep -v 'SPDX-License-Identifier: MIT' && exit 1
    count=$(wc -l <"$work/files")
    echo "$count files"
    [ "$count" -gt 100 ]
    ;;
complexity)
    need pmccabe pmccabe
    pmccabe src/*.c src/*.h >"$work/all"
    awk '$1 > 10 { print $6, $7 ": " $1; bad = 1 }
         END { print NR " functions"; exit bad || NR < 100 }' "$work/all"
    ;;
abi)
    cp -r include "$work"
    sed -i 's/^    size_t extra_count;/&\n    uint64_t more;/' "$work/include/sse/http.h"
    library "$work/include"
    if same_abi "$work/include" >/dev/null; then
        echo "abidiff does not see a new member of sse_http_answer"
        exit 1
    fi
    library include
    same_abi include
    count=$(grep -c '<elf-symbol ' "$dump")
    echo "$count symbols"
    [ "$count" -gt 0 ]
    ;;
new-abi)
    library include
    abidw --headers-dir include --drop-private-types --no-corpus-path --no-comp-dir-path \
        --no-elf-needed --no-parameter-names --type-id-style hash --out-file "$dump" \
        "$work/libsse.so"
    ;;
*)
    sed -n '3,14s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
