# The library from other languages, and the headers as their FFIs read them.
#   check.sh LIBRARY luajit HEADER...        in the order in which they include each other
set -eu
library=$1 language=$2
shift 2
here=$TOP/tests/bindings

command -v "$language" >/dev/null || {
    echo "skipped: there is no $language (Debian: luajit)"
    exit 77
}
cat "$@" | sed -f "$TOP/examples/languages/declarations.sed" >"declarations_$language.h"
set -- "$library" "declarations_$language.h"
case $language in
luajit) luajit "$here/ffi_test.lua" "$@" ;;
esac
