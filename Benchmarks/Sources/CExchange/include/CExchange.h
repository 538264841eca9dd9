// Two paths of one file system that take each other's place at once, which Swift's Glibc does not know of.
#pragma once

// 0, or -1 with errno.
int exchange_paths(const char *a, const char *b);
