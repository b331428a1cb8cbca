/* The same text, by a C++ compiler. */
#include "test_header.c"
