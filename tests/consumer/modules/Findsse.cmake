# Where a file system ignores case, this is the FindSSE.cmake that looks for features of a processor.
message(FATAL_ERROR "find_package(sse CONFIG) does not look here")
