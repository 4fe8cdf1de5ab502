# A parent project keeps its targets, functions, variables and tests, even with those of the library on.
. "$TOP/tests/consumer/common.sh"

configure "$consumer/parent" "$here/build" -DSSE_TREE="$TOP"
[ ! -e "$here/build/CTestTestfile.cmake" ] || fail "the parent has tests that it did not ask for"
