/* sqlite_backend.h - stores in a directory of their own. */
#ifndef TEST_DB_SQLITE_BACKEND_H
#define TEST_DB_SQLITE_BACKEND_H

#include "suite.h"

extern const struct backend sqlite_backend;

const char *sqlite_path(const char *url); /* the file of a URL that fresh() made */

#endif
