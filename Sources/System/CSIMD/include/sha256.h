// SHA-256 (FIPS 180-4), a block of 64 bytes at a time. By the processor's own instructions where it has them.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Takes in whole blocks. `state` is eight words.
void csimd_sha256(uint32_t *state, const uint8_t *bytes, size_t blocks);

// The same without any instruction of its own: what other processors run, and what the tests compare with.
void csimd_sha256_portable(uint32_t *state, const uint8_t *bytes, size_t blocks);
