# Write the file IN as a C array of bytes, NAME, that ends in NUL, and its length without it, NAME_len.
file(READ ${IN} hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR len "${digits} / 2")
string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
file(WRITE ${OUT} "#include <stddef.h>\n
static const unsigned char ${NAME}[] = {\n${hex}0};
static const size_t ${NAME}_len = ${len};\n")
