# The library can be built as one translation unit, or as units of some files each: no two files have
# the same private name.
. "$TOP/tests/consumer/common.sh"

for files in 0 2 3 8; do # 0: all
    echo "== $files files in a unit"
    configure "$tree" "$here/build" $alone -DSSE_WERROR=ON \
        -DCMAKE_UNITY_BUILD_BATCH_SIZE=$files
    quietly "$CMAKE" --build "$here/build" -j2
    nm -D --defined-only "$here/build/libsse.so" | awk '{print $3}' | LC_ALL=C sort |
        diff "$TOP/tests/symbols/exported.txt" - || fail "other symbols are exported"
done
