# Stands for the FindSSE.cmake of other projects, which looks for features of a processor, on a file
# system that ignores case.
message(FATAL_ERROR "find_package(sse CONFIG) does not look here")
