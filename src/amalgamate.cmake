# Write OUTPUT/sse.c and OUTPUT/sse.h: the library as two files, to be copied into another tree.
#
#   HEADERS   the public headers, each after those that it includes
#   SOURCES   the sources; each private header goes before the first file that includes it
#   TOP       the source tree
#
# Includes of the project's own headers are left out, since what they name stands above; so are the lines
# that name the license, except one.
cmake_minimum_required(VERSION 3.18)

function(append_file variable path)
    get_property(appended GLOBAL PROPERTY appended)
    if(path IN_LIST appended)
        return()
    endif()
    set_property(GLOBAL APPEND PROPERTY appended ${path})
    file(READ ${path} text)
    string(REGEX MATCHALL "#include \"[^\"/]*\"" includes "${text}")
    foreach(include ${includes})
        string(REGEX REPLACE ".*\"(.*)\"" "${TOP}/src/\\1" header "${include}")
        append_file(${variable} ${header})
    endforeach()
    string(REGEX REPLACE "#include \"[^\"]*\"\n" "" text "${text}")
    string(REGEX REPLACE "^/[*] SPDX[^\n]*\n" "" text "${text}")
    set(${variable} "${${variable}}${text}\n" PARENT_SCOPE)
endfunction()

file(READ ${TOP}/LICENSE license) # which wants to go wherever the code goes
string(STRIP "${license}" license)
set(origin "libsse ${VERSION}, all in one file.\n\n${license} */\n")

set(header "/* SPDX-License-Identifier: MIT */\n/* sse.h - ${origin}")
foreach(name ${HEADERS})
    append_file(header ${TOP}/include/sse/${name}.h)
endforeach()

# Functions that several sources share are not static, so they are hidden. Those of libc must not be:
# their header comes first.
set(hide "#include <string.h>

#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility push(hidden)
#endif
")
set(source "/* SPDX-License-Identifier: MIT */\n/* sse.c - ${origin}#include \"sse.h\"\n\n${hide}\n")
foreach(name ${SOURCES})
    append_file(source ${TOP}/src/${name}.c)
endforeach()

string(APPEND source "
#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility pop
#endif
")
file(WRITE ${OUTPUT}/sse.h "${header}")
file(WRITE ${OUTPUT}/sse.c "${source}")
