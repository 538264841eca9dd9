// TLS over epoll: `handshakes` opens connections one after another on each of its slots, each with one small
// request that proves that the handshake has ended; `bulk` keeps connections and asks again and again for a
// large body. Certificates are not verified: the generator's own work is not what is measured.
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "histogram.h"
#include "load.h"
#include "meter.h"
#include "response.h"

enum {
    EVENTS = 64,
    READ_BYTES = 64 * 1024,       // four TLS records
    TICK_MS = 50,                 // how late the end of the window may be noticed
    STALL_NS = 2 * 1000 * 1000 * 1000u,  // without an answer for so long the measurement has failed
};

enum state { HANDSHAKING, READING };

struct slot {
    SSL *ssl;
    int fd;
    enum state state;
    uint32_t sent;
    uint64_t since;
    struct reader reader;
};

static const struct options *options;
static SSL_CTX *context;
static SSL_SESSION *session;      // what `--resume` offers: the newest ticket
static struct slot *slots;
static struct histogram latency;
static uint64_t answered, bytes_read, resumed, last_answer;
static char *request;
static size_t request_length;
static bool stopped, keep_alive;
static int poller;

static void fail(uint64_t *counter, const char *what) {
    count_error(counter, what);
    if (error_total() == 1) ERR_print_errors_fp(stderr);
    stopped = true;
}

/// OpenSSL hands over each ticket; returning 1 keeps the reference.
static int keep_session(SSL *ssl, SSL_SESSION *fresh) {
    (void)ssl;
    SSL_SESSION_free(session);
    session = fresh;
    return 1;
}

static void open_context(void) {
    int version = strcmp(options->tls_version, "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
    context = SSL_CTX_new(TLS_client_method());
    if (!context) die("SSL_CTX_new", ENOMEM);
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_read_ahead(context, 1);
    if (options->ciphers) {
        int set = version == TLS1_3_VERSION ? SSL_CTX_set_ciphersuites(context, options->ciphers)
                                            : SSL_CTX_set_cipher_list(context, options->ciphers);
        if (set != 1) die("--ciphers", EINVAL);
    }
    if (options->resume) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
        SSL_CTX_sess_set_new_cb(context, keep_session);
    }
}

static void open_slot(struct slot *slot) {
    slot->fd = dial(options->port, false);
    slot->ssl = slot->fd >= 0 ? SSL_new(context) : NULL;
    if (!slot->ssl || SSL_set_fd(slot->ssl, slot->fd) != 1) die("connect", errno);
    if (options->resume && session) SSL_set_session(slot->ssl, session);
    SSL_set_connect_state(slot->ssl);
    slot->state = HANDSHAKING;
    slot->since = now_ns();
    slot->sent = 0;
    slot->reader = (struct reader){0};
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = slot};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, slot->fd, &event) < 0) die("epoll_ctl", errno);
}

static void close_slot(struct slot *slot) {
    // Without this, freeing a connection that got no close_notify would make its session unusable.
    SSL_set_shutdown(slot->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(slot->ssl);
    close(slot->fd);
    slot->ssl = NULL;
}

static void ask(struct slot *slot) {
    slot->since = keep_alive ? now_ns() : slot->since;
    // The request fits the socket's buffer, so that it goes out whole or the connection is broken.
    if (SSL_write(slot->ssl, request, (int)request_length) != (int)request_length)
        return fail(&errors.cut_short, "a request could not be sent");
    slot->state = READING;
}

static void response_ended(struct slot *slot) {
    uint64_t now = now_ns();
    if (slot->reader.status / 100 != 2) return fail(&errors.status, "a status other than 2xx");
    if (options->expect_length >= 0 && slot->reader.body_length != (uint64_t)options->expect_length)
        return fail(&errors.length, "a body of another length");
    record(&latency, now - slot->since);
    last_answer = now;
    answered++;
    slot->reader.status = 0;
    if (keep_alive) return ask(slot);
    resumed += (uint64_t)SSL_session_reused(slot->ssl);
    close_slot(slot);
    open_slot(slot);
}

static void take(struct slot *slot, const char *bytes, size_t length) {
    SSL *ssl = slot->ssl;
    while (length > 0 && !stopped) {
        bool whole;
        size_t used = read_response(&slot->reader, bytes, length, &whole);
        if (slot->reader.malformed) return fail(&errors.malformed, "an answer that is not HTTP/1.1");
        bytes += used;
        length -= used;
        if (whole) response_ended(slot);
        if (slot->ssl != ssl) return;    // closed and opened anew
    }
}

static void advance(struct slot *slot) {
    static char bytes[READ_BYTES];
    if (slot->state == HANDSHAKING) {
        int done = SSL_do_handshake(slot->ssl);
        if (done != 1) {
            int error = SSL_get_error(slot->ssl, done);
            if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
                fail(&errors.tls, "a handshake failed");
            return;
        }
        ask(slot);
    }
    while (!stopped) {
        SSL *ssl = slot->ssl;
        int n = SSL_read(ssl, bytes, sizeof bytes);
        if (n <= 0) {
            if (SSL_get_error(ssl, n) != SSL_ERROR_WANT_READ)
                fail(&errors.cut_short, "the server closed a connection before its answer");
            return;
        }
        bytes_read += (uint64_t)n;
        take(slot, bytes, (size_t)n);
        if (slot->ssl != ssl) return;
    }
}

static void turn(void) {
    struct epoll_event events[EVENTS];
    if (now_ns() > last_answer + STALL_NS) return fail(&errors.cut_short, "no answer for two seconds");
    int n = epoll_wait(poller, events, EVENTS, TICK_MS);
    if (n < 0 && errno != EINTR) die("epoll_wait", errno);
    for (int i = 0; i < n && !stopped; i++) advance(events[i].data.ptr);
}

static void run_until(uint64_t end) {
    while (now_ns() < end && !stopped) turn();
}

static int run(const struct options *given, bool kept) {
    options = given;
    keep_alive = kept;
    request = build_request(options, keep_alive, &request_length);
    open_context();
    poller = epoll_create1(EPOLL_CLOEXEC);
    slots = calloc(options->connections, sizeof *slots);
    if (poller < 0 || !slots) die("epoll_create1", errno);
    last_answer = now_ns();
    open_slot(&slots[0]);
    // The first handshake brings the session that all others offer.
    for (uint64_t from = now_ns(); options->resume && !session && !stopped; turn())
        if (now_ns() > from + STALL_NS) fail(&errors.tls, "the server hands out no session");
    for (unsigned i = 1; i < options->connections; i++) open_slot(&slots[i]);
    run_until(now_ns() + (uint64_t)(options->warmup * 1e9));
    memset(&latency, 0, sizeof latency);
    answered = bytes_read = resumed = 0;
    struct meter from = read_meter(options->watch);
    run_until(from.at + (uint64_t)(options->seconds * 1e9));
    struct meter to = read_meter(options->watch);
    // On a busy machine one in hundreds is handshaken in full, by every server: that does not move the rate.
    if (options->resume && resumed * 100 < answered * 99) fail(&errors.tls, "sessions were not resumed");
    if (!options->resume && resumed != 0) fail(&errors.tls, "a handshake was not full");
    printf(
        "{\"mode\":\"%s\",\"requests\":%llu,\"bytes\":%llu,\"resumed\":%llu,\"errors\":%llu,", options->mode,
        (unsigned long long)answered, (unsigned long long)bytes_read, (unsigned long long)resumed,
        (unsigned long long)error_total());
    print_meters(stdout, &from, &to);
    printf(",");
    print_histogram(stdout, "latency", &latency);
    printf("}\n");
    if (answered == 0 && error_total() == 0) fprintf(stderr, "load: nothing was answered\n");
    return error_total() > 0 || answered == 0;
}

int run_handshakes(const struct options *given) { return run(given, false); }

int run_bulk(const struct options *given) { return run(given, true); }
