# Each public header alone, as C99 and as C++11, without a warning.
set -eu
strict="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wcast-qual -Wundef -Wvla -Werror -fsyntax-only"
count=0
for header in "$TOP"/include/sse/*.h; do
    name=sse/${header##*/}
    text="#include <$name>
#include <$name>
int main(void);
int main(void) { return 0; }"
    echo "$name"
    for compiler in "$CC" clang; do
        command -v "$compiler" >/dev/null || continue
        printf '%s\n' "$text" | "$compiler" -x c -std=c99 $strict -Wstrict-prototypes -I "$TOP/include" -
    done
    for compiler in "$CXX" clang++; do
        command -v "$compiler" >/dev/null || continue
        printf '%s\n' "$text" | "$compiler" -x c++ -std=c++11 $strict -I "$TOP/include" -
        count=$((count + 1))
    done
done
[ "$count" -gt 0 ] || { echo "no C++ compiler (Debian: g++)"; exit 77; }
