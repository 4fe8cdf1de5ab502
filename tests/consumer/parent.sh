# The library changes no target, function, variable or test of a parent project, even when its own tests
# and examples are switched on.
. "$TOP/tests/consumer/common.sh"

configure "$consumer/parent" "$here/build" -DSSE_TREE="$TOP"
[ ! -e "$here/build/CTestTestfile.cmake" ] || fail "the parent has tests that it did not ask for"
