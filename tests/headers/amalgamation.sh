# The amalgamation: sse.c as strict C99, and a program in C and one in C++ on nothing but the two.
#   amalgamation.sh BUILD_DIR
set -eu
"$CMAKE" --build "$1" --target sse-amalgamation
from=$1/amalgamation
to=$PWD/amalgamation
mkdir -p "$to"
strict="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wcast-qual -Wundef -Wvla -Werror"
"$CC" -std=c99 $strict -Wstrict-prototypes -O2 -c "$from/sse/sse.c" -o "$to/sse.o"
cat >"$to/program.cpp" <<'end'
#include "sse.h"
int main() { return SSE_LIT("x").len == 1 && sse_version_number() == SSE_VERSION_NUMBER ? 0 : 1; }
end
if [ -n "$CXX" ] && command -v "$CXX" >/dev/null; then
    "$CXX" -std=c++11 $strict -I "$from/sse" "$to/program.cpp" "$to/sse.o" -o "$to/program"
    "$to/program"
fi
"$CC" -std=c99 $strict -I "$from" "$TOP/examples/format.c" "$to/sse.o" -o "$to/format"
printed=$("$to/format")
[ "${printed#event: greeting}" != "$printed" ] || { echo "format printed: $printed"; exit 1; }
grep -q '#include "' "$from/sse/sse.h" && { echo "sse.h includes another file"; exit 1; }
exit 0
