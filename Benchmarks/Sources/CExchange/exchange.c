// What renameat2(2) does beyond rename(2).
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CExchange.h"

#include <fcntl.h>
#include <stdio.h>

int exchange_paths(const char *a, const char *b) { return renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE); }
