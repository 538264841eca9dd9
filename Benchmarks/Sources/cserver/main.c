// The peer that ours must come within 5 % of: a single-threaded HTTP/1.1 server in C on one io_uring, with
// multishot accept and receive, a provided-buffer ring, registered files and deferred task work. It parses
// strictly, gathers each body whole, routes by method and path, and writes each answer anew, as ours does.
//
//     cserver PORT
#include <arpa/inet.h>
#include <errno.h>
#include <liburing.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "request.h"

enum {
    CONNECTIONS_MAX = 16384,      // as many registered files as the idle bench needs, and some
    SUBMISSIONS = 1024,           // more than the connections that can be ready in one batch of the benches
    BUFFERS = 512,                // a power of two, as the kernel asks
    BUFFER_BYTES = 4096,          // two requests of the benches, or a TCP segment on loopback in pieces
    BUFFER_GROUP = 0,
    PENDING_BYTES = 64 * 1024,    // a request that is larger is refused
    DATE_BYTES = 29,              // "Fri, 20 Nov 2026 19:42:47 GMT"
    OUT_BYTES = 16 * 1024,        // some 40 answers: deeper pipelines wait for the send before
};

enum operation { ACCEPT, RECEIVE, SEND, SHUTDOWN, CLOSE };

struct connection {
    bool open, receiving, closing;
    uint32_t flying;       // bytes of out[which ^ 1] that the kernel is sending
    uint32_t filled;       // bytes of out[which] that wait for that send to end
    uint32_t pending;      // bytes kept of a request that is not whole yet
    uint8_t which;
    char *out[2];          // allocated with the first answer, kept for the slot's life
    char *in;              // allocated with the first split request, kept likewise
};

static struct io_uring ring;
static struct io_uring_buf_ring *buffer_ring;
static char *buffers;
static struct connection connections[CONNECTIONS_MAX];
static char body[300], date[DATE_BYTES + 1];

static void die(const char *what, int error) {
    fprintf(stderr, "cserver: %s: %s\n", what, strerror(error));
    exit(1);
}

static void *allocate(size_t bytes) {
    void *memory = malloc(bytes);
    if (!memory) die("malloc", errno);
    return memory;
}

static struct io_uring_sqe *order(void) {
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
    if (!sqe) {
        io_uring_submit(&ring);
        sqe = io_uring_get_sqe(&ring);
        if (!sqe) die("no submission entry", EBUSY);
    }
    return sqe;
}

/// Comes after the prep function, which clears user_data.
static void mark(struct io_uring_sqe *sqe, enum operation operation, uint32_t slot) {
    io_uring_sqe_set_data64(sqe, (uint64_t)operation << 32 | slot);
}

static void accept_many(int listener) {
    struct io_uring_sqe *sqe = order();
    io_uring_prep_multishot_accept_direct(sqe, listener, NULL, NULL, 0);
    mark(sqe, ACCEPT, 0);
}

static void receive(uint32_t slot) {
    struct io_uring_sqe *sqe = order();
    io_uring_prep_recv_multishot(sqe, (int)slot, NULL, 0, 0);
    sqe->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
    sqe->buf_group = BUFFER_GROUP;
    mark(sqe, RECEIVE, slot);
    connections[slot].receiving = true;
}

static void flush(uint32_t slot) {
    struct connection *c = &connections[slot];
    if (c->flying > 0 || c->filled == 0) return;
    struct io_uring_sqe *sqe = order();
    io_uring_prep_send(sqe, (int)slot, c->out[c->which], c->filled, MSG_NOSIGNAL | MSG_WAITALL);
    sqe->flags |= IOSQE_FIXED_FILE;
    mark(sqe, SEND, slot);
    c->flying = c->filled;
    c->filled = 0;
    c->which ^= 1;
}

static void shut(uint32_t slot) {
    struct io_uring_sqe *sqe = order();
    io_uring_prep_shutdown(sqe, (int)slot, SHUT_RDWR);
    sqe->flags |= IOSQE_FIXED_FILE;
    mark(sqe, SHUTDOWN, slot);
}

/// Gives the slot back once nothing of it is in the kernel's hands.
static void close_if_done(uint32_t slot) {
    struct connection *c = &connections[slot];
    if (!c->open || c->receiving || c->flying > 0) return;
    c->open = false;
    struct io_uring_sqe *sqe = order();
    io_uring_prep_close_direct(sqe, slot);
    mark(sqe, CLOSE, slot);
}

static void append(struct connection *c, const char *bytes, size_t length) {
    memcpy(c->out[c->which] + c->filled, bytes, length);
    c->filled += (uint32_t)length;
}

static void answer(struct connection *c, const char *status, size_t length, bool keep_alive) {
    char head[160];
    int n = snprintf(
        head, sizeof head, "HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n%s\r\n",
        status, length, keep_alive ? "" : "connection: close\r\n");
    append(c, head, (size_t)n);
    append(c, body, length);
    if (!keep_alive) c->closing = true;
}

/// The answer of the benches: put together anew, its fields known beforehand but for the date.
static void answer_bid(struct connection *c) {
    static const char head[] = "\r\ncontent-type: application/json\r\ncontent-length: 300\r\n\r\n";
    static const char line[] = "HTTP/1.1 200 OK\r\ndate: ";
    append(c, line, sizeof line - 1);
    append(c, date, DATE_BYTES);
    append(c, head, sizeof head - 1);
    append(c, body, sizeof body);
}

/// Writes the date down once a second, asking the clock once a turn.
static void tell_date(void) {
    static time_t told;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec == told) return;
    told = now.tv_sec;
    struct tm parts;
    gmtime_r(&told, &parts);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
}

static void route(struct connection *c, const struct request *request) {
    bool post = request->method_length == 4 && memcmp(request->method, "POST", 4) == 0;
    bool bid = request->path_length == 4 && memcmp(request->path, "/bid", 4) == 0;
    if (post && bid && request->keep_alive) {
        answer_bid(c);
    } else if (post && bid) {
        answer(c, "200 OK", sizeof body, false);
    } else {
        answer(c, bid ? "405 Method Not Allowed" : "404 Not Found", 0, request->keep_alive);
    }
}

/// Answers every whole request at the start of `bytes`; gives the number of bytes it used.
static size_t serve(struct connection *c, const char *bytes, size_t length) {
    size_t used = 0;
    if (!c->out[c->which]) c->out[c->which] = allocate(OUT_BYTES);
    while (used < length && !c->closing) {
        if (c->filled + sizeof body + 160 > OUT_BYTES) break;
        struct request request;
        enum parsed parsed = parse_request(bytes + used, length - used, &request);
        if (parsed == REQUEST_MALFORMED) answer(c, "400 Bad Request", 0, false);
        if (parsed == REQUEST_UNSUPPORTED) answer(c, "501 Not Implemented", 0, false);
        if (parsed != REQUEST_WHOLE) break;
        size_t whole = request.head_length + request.body_length;
        if (whole > length - used) break;
        route(c, &request);
        used += whole;
    }
    return used;
}

/// Serves what has arrived, joined with what was kept, and keeps the rest.
static void received(uint32_t slot, const char *bytes, size_t length) {
    struct connection *c = &connections[slot];
    if (c->closing) return;
    if (c->pending > 0) {
        if (c->pending + length > PENDING_BYTES) return shut(slot);
        memcpy(c->in + c->pending, bytes, length);
        bytes = c->in;
        length += c->pending;
    }
    size_t rest = length - serve(c, bytes, length);
    if (rest > 0 && !c->closing) {
        if (rest > PENDING_BYTES) return shut(slot);
        if (!c->in) c->in = allocate(PENDING_BYTES);
        memmove(c->in, bytes + length - rest, rest);
    }
    c->pending = (uint32_t)rest;
    flush(slot);
}

static void recycle(unsigned buffer) {
    io_uring_buf_ring_add(
        buffer_ring, buffers + (size_t)buffer * BUFFER_BYTES, BUFFER_BYTES, (unsigned short)buffer,
        io_uring_buf_ring_mask(BUFFERS), 0);
    io_uring_buf_ring_advance(buffer_ring, 1);
}

static void accepted(int listener, const struct io_uring_cqe *cqe) {
    if (!(cqe->flags & IORING_CQE_F_MORE)) accept_many(listener);
    if (cqe->res < 0) return;    // no slot or no descriptor: the peer sees its connection closed
    uint32_t slot = (uint32_t)cqe->res;
    struct connection *c = &connections[slot];
    *c = (struct connection){.open = true, .out = {c->out[0], c->out[1]}, .in = c->in};
    receive(slot);
}

static void receive_ended(uint32_t slot, const struct io_uring_cqe *cqe) {
    struct connection *c = &connections[slot];
    if (cqe->res > 0) {
        unsigned buffer = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
        received(slot, buffers + (size_t)buffer * BUFFER_BYTES, (size_t)cqe->res);
        recycle(buffer);
    }
    if (cqe->flags & IORING_CQE_F_MORE) return;
    c->receiving = false;
    if (cqe->res > 0 || cqe->res == -ENOBUFS) receive(slot);
    close_if_done(slot);
}

static void send_ended(uint32_t slot, int result) {
    struct connection *c = &connections[slot];
    bool whole = result == (int)c->flying;
    c->flying = 0;
    if (!whole || (c->closing && c->filled == 0)) {
        shut(slot);
    } else if (c->pending > 0) {
        received(slot, "", 0);    // what waited for room in the other buffer
    } else {
        flush(slot);
    }
    close_if_done(slot);
}

static int listen_on(uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (fd < 0) die("socket", errno);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) die("bind", errno);
    if (listen(fd, 4096) < 0) die("listen", errno);
    return fd;
}

static void open_ring(void) {
    struct io_uring_params params = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
        .cq_entries = 4 * SUBMISSIONS,
    };
    int error = io_uring_queue_init_params(SUBMISSIONS, &ring, &params);
    if (error < 0) die("io_uring_setup", -error);
    io_uring_register_ring_fd(&ring);
    error = io_uring_register_files_sparse(&ring, CONNECTIONS_MAX);
    if (error < 0) die("register files", -error);
    void *memory;
    if (posix_memalign(&memory, 4096, BUFFERS * sizeof(struct io_uring_buf))) die("posix_memalign", ENOMEM);
    buffer_ring = memory;
    io_uring_buf_ring_init(buffer_ring);
    struct io_uring_buf_reg registration = {
        .ring_addr = (uint64_t)(uintptr_t)memory, .ring_entries = BUFFERS, .bgid = BUFFER_GROUP};
    error = io_uring_register_buf_ring(&ring, &registration, 0);
    if (error < 0) die("register buffers", -error);
    buffers = allocate((size_t)BUFFERS * BUFFER_BYTES);
    for (unsigned i = 0; i < BUFFERS; i++) recycle(i);
}

int main(int count, char **arguments) {
    if (count != 2) {
        fprintf(stderr, "usage: cserver PORT\n");
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    memset(body, 'x', sizeof body);
    memcpy(body, "{\"id\":\"", 7);
    memcpy(body + sizeof body - 2, "\"}", 2);
    int listener = listen_on((uint16_t)atoi(arguments[1]));
    open_ring();
    accept_many(listener);
    for (;;) {
        int error = io_uring_submit_and_wait(&ring, 1);
        if (error < 0 && error != -EINTR) die("io_uring_enter", -error);
        tell_date();
        struct io_uring_cqe *cqe;
        unsigned head, seen = 0;
        io_uring_for_each_cqe(&ring, head, cqe) {
            seen++;
            uint32_t slot = (uint32_t)cqe->user_data;
            switch ((enum operation)(cqe->user_data >> 32)) {
            case ACCEPT: accepted(listener, cqe); break;
            case RECEIVE: receive_ended(slot, cqe); break;
            case SEND: send_ended(slot, cqe->res); break;
            case SHUTDOWN: case CLOSE: break;
            }
        }
        io_uring_cq_advance(&ring, seen);
    }
}
