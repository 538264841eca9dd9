// CRC32C (Castagnoli, RFC 3720 B.4): the check of everything that Paceline keeps on disk. By the processor's own
// instruction where it has one.
#pragma once
#include <stddef.h>
#include <stdint.h>

// The checksum of some bytes after those whose checksum is `before`; 0 is the checksum of none.
uint32_t csimd_crc32c(uint32_t before, const uint8_t *bytes, size_t count);

// The same without any instruction of its own: what other processors run, and what the tests compare with.
uint32_t csimd_crc32c_portable(uint32_t before, const uint8_t *bytes, size_t count);
