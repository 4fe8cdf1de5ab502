# Each public header alone, as C99 and as C++11, without a warning; then SSE_STR_INIT.
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

# What initializes a static object: a literal is a constant expression in C, too.
initializers='#include "sse/event.h"
static const sse_str name = SSE_STR_INIT("ping");
static const sse_event parts = {{NULL, 0}, SSE_STR_INIT("ping"), {NULL, 0}, 0, SSE_STR_INIT("")};
int main(void);
int main(void) { return (int)(name.len + parts.type.len); }'
named='#include "sse/event.h"
static const sse_event beat = {.type = SSE_STR_INIT("ping")};
int main(void);
int main(void) { const sse_str text = SSE_LIT("ping"); return (int)(beat.type.len + text.len); }'
for compiler in "$CC" clang; do
    command -v "$compiler" >/dev/null || continue
    printf '%s\n' "$initializers" | "$compiler" -x c -std=c99 $strict -I "$TOP/include" -
    printf '%s\n' "$named" | "$compiler" -x c -std=c99 $strict -Wno-missing-field-initializers \
        -I "$TOP/include" -
done
for compiler in "$CXX" clang++; do
    command -v "$compiler" >/dev/null || continue
    printf '%s\n' "$initializers" | "$compiler" -x c++ -std=c++11 $strict -I "$TOP/include" -
done
[ "$count" -gt 0 ] || { echo "no C++ compiler (Debian: g++)"; exit 77; }
