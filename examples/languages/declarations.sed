# Makes declarations for an FFI out of the public headers:
#
#     cat base.h status.h ... | sed -f declarations.sed      in the order of SSE_HEADERS in CMakeLists.txt
#
# in three steps, which need no preprocessor:
#
# 1. Groups of #ifdef __cplusplus are dropped, from that line to its #endif.
# 2. All other preprocessor lines are dropped, with the lines that continue them.
# 3. SSE_API is dropped.
#
# LuaJIT takes the result as it is. PHP takes no comments: they are dropped in a fourth step.
/^#ifdef __cplusplus/,/^#endif/d
/^#/{
:more
/\\$/{
N
b more
}
d
}
s/SSE_API //
