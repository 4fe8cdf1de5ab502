# The library from other languages, and the headers as their FFIs read them.
#   check.sh LIBRARY python|luajit|php HEADER...        in the order in which they include each other
set -eu
library=$1 language=$2
shift 2
here=$TOP/tests/bindings

command -v "$language" >/dev/null || command -v "${language}3" >/dev/null || {
    echo "skipped: there is no $language (Debian: python3, luajit, php-cli)"
    exit 77
}
cat "$@" | sed -f "$TOP/examples/languages/declarations.sed" >"declarations_$language.h"
set -- "$library" "declarations_$language.h"
case $language in
python) PYTHONDONTWRITEBYTECODE=1 python3 "$here/sse_test.py" "$@" ;;
luajit) luajit "$here/ffi_test.lua" "$@" ;;
php) php -d ffi.enable=1 "$here/ffi_test.php" "$@" ;;
esac
