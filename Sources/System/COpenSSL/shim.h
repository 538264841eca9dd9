// OpenSSL 3 for Swift. Its functions import as they are; here is only what OpenSSL writes as a macro.
#pragma once
#include <openssl/err.h>
#include <openssl/ssl.h>
