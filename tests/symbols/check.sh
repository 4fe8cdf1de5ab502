# What the library shows and what it needs.
#   check.sh STATIC_LIBRARY SHARED_LIBRARY
set -eu
static=$1 shared=$2
memory='^(memchr|memcmp|memcpy|memmove|memset)$'
here=$TOP/tests/symbols

fail() {
    echo "$*"
    exit 1
}

# The exported symbols are the ABI: a change of the list is a decision.
nm -D --defined-only "$shared" | awk '{print $3}' | LC_ALL=C sort >exported.txt
[ -s exported.txt ] || fail "no exported symbol was found"
diff "$here/exported.txt" exported.txt || fail "the exported symbols are not those of tests/symbols/exported.txt"

# Each of them is declared in a header, as other languages read it, and the other way round.
cat "$TOP"/include/sse/*.h | sed -f "$TOP/examples/languages/declarations.sed" | grep -v '^typedef' |
    grep -oE '^[a-z].*[ *]sse_[a-z_0-9]+[(]' | grep -oE 'sse_[a-z_0-9]+[(]$' | tr -d '(' | LC_ALL=C sort -u >declared.txt
diff exported.txt declared.txt || fail "declared and exported functions differ"

# No function pointer is stored: the one type of function is sse_sink, and it is a parameter alone.
sed -e 's,/\*.*\*/,,' -e '/\/\*/,/\*\//d' "$TOP"/include/sse/*.h "$TOP"/src/*.[ch] >code.txt
! grep -E '[(][*][^()]*[)] *[(]' code.txt || fail "a pointer to a function"
! grep -w sse_sink code.txt | grep -vE '^typedef int sse_sink[(]|\bsse_sink \*sink[,)]' ||
    fail "sse_sink is something else than a parameter"
[ "$(grep -c '^typedef int sse_sink(' code.txt)" = 1 ] || fail "there is no sse_sink"

# Of libc, memory functions only. What one object defines, another may use.
nm --defined-only "$static" | awk 'NF == 3 && $2 ~ /[A-Z]/ {print $3}' | LC_ALL=C sort -u >defined.txt
nm -u "$static" | awk '$1 == "U" {print $2}' | LC_ALL=C sort -u | LC_ALL=C comm -23 - defined.txt |
    grep -vE '^_GLOBAL_OFFSET_TABLE_$' >needed.txt || true
[ -s needed.txt ] || fail "no needed symbol was found, not even memcpy"
! grep -vE "$memory" needed.txt || fail "the library needs more than memory functions"
! grep -v '^sse_' defined.txt || fail "a global name without sse_"

# No data that changes, no data to relocate, in any object. Each has code, so each was looked at.
objects=$(ar t "$static" | wc -l)
objdump -h "$static" | awk '$1 ~ /^[0-9]+$/ {print $2, $3}' >sections.txt
[ "$(grep -c '^\.text ' sections.txt)" = "$objects" ] || fail "an object without .text, or no objdump"
! grep -E '^\.(data|bss|tdata|tbss)' sections.txt | grep -v ' 0*$' || fail "data in an object"
echo "$(wc -l <exported.txt) functions, $objects objects, needed: $(tr '\n' ' ' <needed.txt)"
