// OpenSSL 3 for Swift. Its functions import as they are; here is only what OpenSSL writes as a macro.
#pragma once
#include <openssl/core_names.h>
#if __has_feature(modules)
// The C library's types belong to Swift's own module of it, whichever module is loaded first.
#pragma clang module import SwiftGlibc
#endif
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// Options are shifted 64-bit constants.
static const uint64_t openssl_op_no_renegotiation = SSL_OP_NO_RENEGOTIATION;
static const uint64_t openssl_op_no_compression = SSL_OP_NO_COMPRESSION;
static const uint64_t openssl_op_no_ticket = SSL_OP_NO_TICKET;
static const uint64_t openssl_op_server_preference = SSL_OP_CIPHER_SERVER_PREFERENCE;
static const uint64_t openssl_op_prioritise_chacha = SSL_OP_PRIORITIZE_CHACHA;

// Calls that are SSL_ctrl or SSL_CTX_ctrl underneath.
static inline long openssl_ctx_set_mode(SSL_CTX *ctx, long mode) { return SSL_CTX_set_mode(ctx, mode); }
static inline int openssl_ctx_set_min_version(SSL_CTX *ctx, int version) {
    return (int)SSL_CTX_set_min_proto_version(ctx, version);
}
static inline int openssl_ctx_set_max_version(SSL_CTX *ctx, int version) {
    return (int)SSL_CTX_set_max_proto_version(ctx, version);
}
static inline int openssl_ctx_set_groups(SSL_CTX *ctx, const char *groups) {
    return (int)SSL_CTX_set1_groups_list(ctx, groups);
}
static inline void openssl_ctx_set_cache_mode(SSL_CTX *ctx, long mode) { SSL_CTX_set_session_cache_mode(ctx, mode); }
static inline void openssl_ctx_set_max_chain_bytes(SSL_CTX *ctx, long bytes) { SSL_CTX_set_max_cert_list(ctx, bytes); }
static inline int openssl_ctx_add_chain(SSL_CTX *ctx, X509 *certificate) {
    return (int)SSL_CTX_add1_chain_cert(ctx, certificate);
}
static inline int openssl_set_server_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

// Stacks are typed by macros over one untyped structure.
static inline int openssl_names_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }
static inline GENERAL_NAME *openssl_names_at(const GENERAL_NAMES *names, int at) {
    return sk_GENERAL_NAME_value(names, at);
}

// Parameters are named by string literals, whose addresses must outlive the call that builds the list.
static inline int openssl_mac_start(EVP_MAC_CTX *mac, unsigned char *key, size_t key_bytes) {
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key, key_bytes),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, parameters);
}
