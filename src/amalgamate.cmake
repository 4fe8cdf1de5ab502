# Write OUTPUT/sse.c and OUTPUT/sse.h: the library as two files, to be copied into another tree.
#
#   HEADERS   the public headers, each behind those that it includes
#   SOURCES   the sources; private headers go ahead of them
#   TOP       the source tree
#
# Includes of the project's own headers are left out, since what they name stands above.
cmake_minimum_required(VERSION 3.18)

function(append_file variable path)
    file(READ ${path} text)
    string(REGEX REPLACE "#include \"[^\"]*\"\n" "" text "${text}")
    string(APPEND ${variable} "${text}\n")
    set(${variable} "${${variable}}" PARENT_SCOPE)
endfunction()

file(READ ${TOP}/LICENSE license) # which wants to go wherever the code goes
string(STRIP "${license}" license)
set(origin "libsse ${VERSION}, all in one file.\n\n${license} */\n")

set(header "/* sse.h - ${origin}")
foreach(name ${HEADERS})
    append_file(header ${TOP}/include/sse/${name}.h)
endforeach()

set(source "/* sse.c - ${origin}#include \"sse.h\"\n\n")
foreach(name assert str out digits word vector lines encode ascii query last_id http_answer chunk queue
        history_layout list timers fanout reader notice offer)
    append_file(source ${TOP}/src/${name}.h)
endforeach()
foreach(name ${SOURCES})
    append_file(source ${TOP}/src/${name}.c)
endforeach()

file(WRITE ${OUTPUT}/sse.h "${header}")
file(WRITE ${OUTPUT}/sse.c "${source}")
