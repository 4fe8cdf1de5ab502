# Fuzz each target for a while, or feed it what is in its corpus.
#
#     run.sh SECONDS [TARGET...]   fuzz, with AddressSanitizer and UndefinedBehaviorSanitizer
#     run.sh corpus [TARGET...]    feed the corpus, with $CC and $CFLAGS: any compiler will do
#     run.sh merge [TARGET...]     make the corpus anew from the seeds, what is in it, and what
#                                  runs in this folder have found
#
# It builds and finds things in $PWD/fuzz. A target that ran nothing is a failure. What made a target
# fail is left in $PWD/fuzz/TARGET-*.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
[ $# -gt 0 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2; }
what=$1
shift
[ $# -gt 0 ] || set -- event writer replay replay_image http
here=$TOP/tests/fuzz
support="fuzz.c $TOP/tests/support/parser.c $TOP/tests/support/parsed.c $TOP/tests/support/decoder.c
    $TOP/tests/support/chunks.c"
mkdir -p fuzz
cd fuzz

# build COMPILER OPTION... for each target, with what else its program is made of
build()
{
    for target in $targets; do
        "$@" -std=c99 -Wall -Wextra -I"$TOP/include" -I"$TOP/src" -I"$here" -I"$TOP/tests/support" \
            "$here/$target.c" "$here"/$support "$TOP"/src/*.c $main -o "$target"
    done
}

# A fuzzer of clang's: the newest there is.
fuzzer()
{
    for clang in clang-19 clang-16 clang-14 clang; do
        echo 'int LLVMFuzzerTestOneInput(const char *p, unsigned long n) { return p && n ? 0 : 0; }' |
            "$clang" -fsanitize=fuzzer,address,undefined -x c - -o probe 2>/dev/null && return
    done
    echo "skipped: there is no clang with libFuzzer (Debian: clang-19 libclang-rt-19-dev)"
    exit 77
}

targets=$*
case $what in
corpus)
    main=$here/feed.c
    build ${CC:-cc} ${CFLAGS:--O1 -g}
    for target in $targets; do
        printf '%s: ' "$target"
        ./"$target" "$here/corpus/$target"
    done
    ;;
merge)
    fuzzer
    cc -std=c99 -I"$TOP/include" -I"$here" "$here/seeds.c" "$TOP/tests/vectors/vectors.c" -o seeds
    main=
    build "$clang" -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
    for target in $targets; do
        rm -rf "seeds-$target" "merged-$target"
        mkdir -p "seeds-$target" "merged-$target" "found-$target" "$here/corpus/$target"
        ./seeds "$target" "seeds-$target"
        ./"$target" -set_cover_merge=1 -max_len=1024 "merged-$target" "$here/corpus/$target" \
            "seeds-$target" "found-$target" 2>&1 | tail -1
        rm -f "$here/corpus/$target"/*
        cp "merged-$target"/* "$here/corpus/$target"
    done
    ;;
*)
    fuzzer
    main=
    build "$clang" -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
    for target in $targets; do
        mkdir -p "found-$target"
        ./"$target" -max_total_time="$what" -max_len=1024 -timeout=10 -print_final_stats=1 \
            -artifact_prefix="$target-" "found-$target" "$here/corpus/$target" >"$target.log" 2>&1 ||
            { tail -60 "$target.log"; exit 1; }
        count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$target.log")
        echo "$target: ${count:-0} inputs"
        [ "${count:-0}" -gt 1000 ]
    done
    ;;
esac
