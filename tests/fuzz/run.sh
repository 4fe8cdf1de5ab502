# Fuzz each target for a while, or feed it what is in its corpus.
#
#     run.sh SECONDS [TARGET...]   fuzz, with AddressSanitizer and UndefinedBehaviorSanitizer
#     run.sh corpus [TARGET...]    feed the corpus, with $CC and $CFLAGS: any compiler will do
#     run.sh merge [TARGET...]     make the corpus anew from the seeds, what is in it, and what
#                                  runs in this folder have found
#
# It builds and finds things in $PWD/fuzz. A target that ran nothing is a failure. What made one
# fail is left in $PWD/fuzz/TARGET-*. Inputs in handmade/TARGET have a name, which says what they
# are for; they are fed with the corpus, and merging leaves them alone.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
[ $# -gt 0 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2; }
what=$1
shift
[ $# -gt 0 ] || set -- event writer history history_image http channel
here=$TOP/tests/fuzz
support=$TOP/tests/support
mkdir -p fuzz
cd fuzz

# What a target is made of, beside fuzz.c and the reference client.
parts()
{
    case $1 in
    writer) echo writer_queue ;;
    history) echo twin ;;
    channel)
        for part in model model_hear world world_any world_join world_take world_time; do echo "../support/$part"; done
        ;;
    esac
}

# build MAIN COMPILER OPTION... for each target; the library once for all of them
build()
{
    main=$1
    shift
    set -- "$@" -std=c99 -Wall -Wextra -I"$TOP/include" -I"$TOP/src" -I"$here" -I"$support"
    rm -rf objects
    mkdir -p objects
    (cd objects && "$@" -c "$TOP"/src/*.c) || exit 1
    for target in $targets; do
        sources=
        for part in "$target" $(parts "$target") fuzz $main; do
            sources="$sources $here/$part.c"
        done
        "$@" $sources "$support/parser.c" "$support/parsed.c" "$support/decoder.c" \
            "$support/chunks.c" objects/*.o -o "$target"
    done
}

# A fuzzer of clang's: the newest there is.
fuzzer()
{
    for clang in clang-19 clang-16 clang-14 clang; do
        echo 'int LLVMFuzzerTestOneInput(char *p, unsigned long n) { return p && n ? 0 : 0; }' |
            "$clang" -fsanitize=fuzzer,address,undefined -x c - -o probe 2>/dev/null && break
        clang=
    done
    if [ -z "$clang" ]; then
        echo "skipped: there is no clang with libFuzzer (Debian: clang-19 libclang-rt-19-dev)"
        exit 77
    fi
    build "" "$clang" -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
}

# The folders with inputs of a target.
inputs()
{
    echo "$here/corpus/$1"
    [ ! -d "$here/handmade/$1" ] || echo "$here/handmade/$1"
}

# A client of a channel has a long story: of these an input for each branch, not for each number of
# times that it is gone through, is corpus enough.
thrift()
{
    [ "$1" != channel ] || echo -use_counters=0
}

targets=$*
case $what in
corpus)
    build feed ${CC:-cc} ${CFLAGS:--O1 -g}
    for target in $targets; do
        printf '%s: ' "$target"
        ./"$target" $(inputs "$target")
    done
    ;;
merge)
    fuzzer
    cc -std=c99 -I"$TOP/include" -I"$here" "$here/seeds.c" "$TOP/tests/vectors/vectors.c" -o seeds
    for target in $targets; do
        rm -rf "seeds-$target" "merged-$target"
        mkdir -p "seeds-$target" "merged-$target" "found-$target" "$here/corpus/$target"
        ./seeds "$target" "seeds-$target"
        ./"$target" -set_cover_merge=1 -max_len=1024 $(thrift "$target") "merged-$target" \
            "$here/corpus/$target" "seeds-$target" "found-$target" 2>&1 | tail -1
        rm -f "$here/corpus/$target"/*
        cp "merged-$target"/* "$here/corpus/$target"
    done
    ;;
*)
    fuzzer
    for target in $targets; do
        mkdir -p "found-$target"
        ./"$target" -max_total_time="$what" -max_len=1024 -timeout=10 -print_final_stats=1 \
            -artifact_prefix="$target-" "found-$target" $(inputs "$target") >"$target.log" 2>&1 ||
            { tail -60 "$target.log"; exit 1; }
        count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$target.log")
        echo "$target: ${count:-0} inputs"
        [ "${count:-0}" -gt 1000 ]
    done
    ;;
esac
