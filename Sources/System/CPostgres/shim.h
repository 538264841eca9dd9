// libpq for Swift. Its functions import as they are; here is only what it writes as a character constant.
#pragma once
#if __has_feature(modules)
// The C library's types belong to Swift's own module of it, whichever module is loaded first.
#pragma clang module import SwiftGlibc
#endif
#include <libpq-fe.h>

static const int postgres_field_severity = PG_DIAG_SEVERITY_NONLOCALIZED;
static const int postgres_field_state = PG_DIAG_SQLSTATE;
static const int postgres_field_message = PG_DIAG_MESSAGE_PRIMARY;
static const int postgres_field_detail = PG_DIAG_MESSAGE_DETAIL;
static const int postgres_field_constraint = PG_DIAG_CONSTRAINT_NAME;
