#!/bin/sh
# SPDX-License-Identifier: MIT
# build.sh - compile the module for Java, its server and its test:
#
#     sh build.sh jna|panama FOLDER [FILE.java...]
#     java @FOLDER/options Server 8080
#
# jna needs JNA (Debian: libjna-java; elsewhere its path in JNA), panama JDK 17, or 22 and later.
set -eu
variant=$1 out=$2
shift 2
cd "$(dirname "$0")"
mkdir -p "$out"
jdk=$(javac -version 2>&1 | sed 's/javac \([0-9]*\).*/\1/')
path=$out options=

set -- sse/*.java ./*.java "$@"
if [ "$variant" = jna ]; then
    path=$out:${JNA:-/usr/share/java/jna.jar}
    set -- jna/sse/*.java "$@"
elif [ "$jdk" -ge 22 ]; then
    options=--enable-native-access=ALL-UNNAMED
    set -- panama/sse/*.java panama22/sse/*.java "$@"
elif [ "$jdk" -eq 17 ]; then # javac warns of an incubator module, whatever its options are
    options='--enable-native-access=ALL-UNNAMED --add-modules=jdk.incubator.foreign'
    javac --add-modules=jdk.incubator.foreign -d "$out" panama17/sse/*.java
    set -- panama/sse/*.java "$@"
else
    echo "Panama needs JDK 17, or 22 and later: this is JDK $jdk"
    exit 77
fi
javac -Xlint:all -Werror -cp "$path" -d "$out" "$@"
echo "-cp \"$path\" $options" > "$out/options"
