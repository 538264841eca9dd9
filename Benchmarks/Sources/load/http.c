// Plain HTTP over one io_uring. Closed loop: every connection keeps `depth` requests in flight. Open loop:
// requests fall due at a rate whatever the server does, latency counts from when each was due, and the
// generator spins so that its own sleep is not in the numbers; or it sleeps, where its core has other work.
#include <errno.h>
#include <liburing.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "histogram.h"
#include "load.h"
#include "meter.h"
#include "response.h"

enum {
    SUBMISSIONS = 4096,
    SUBMIT_AT = 16,              // sends that wait at most for one another: a larger batch would add latency
    BUFFERS = 1024,              // a power of two, as the kernel asks
    BUFFER_BYTES = 4096,
    TICK_NS = 50 * 1000 * 1000,  // how late the end of the window may be noticed when no answer comes
    SLEEP_LEAST_NS = 30 * 1000,  // what waking up usually takes at most
    STALL_NS = 1000 * 1000 * 1000,  // a closed loop without an answer for so long has failed
    SEND_BYTES_MAX = 128 * 1024,    // what a socket takes at once, so that two sends never overlap
};

enum operation { RECEIVE, SEND, TICK };

/// A request that is sent, and what an answer with a body must begin with.
struct message {
    char *bytes;
    size_t length;
    const char *prefix;
    uint32_t prefix_length;
};

struct connection {
    struct reader reader;
    const struct message *message;
    uint64_t since[DEPTH_MAX];  // when each request in flight was sent, or was due
    uint32_t first, in_flight;
    uint64_t freed_at;
};

static const struct options *options;
static struct io_uring ring;
static struct io_uring_buf_ring *buffer_ring;
static char *buffers, *requests;
static size_t request_length;
static struct message *messages;
static uint32_t message_count, next_message;
static struct connection *connections;
static struct histogram latency, late, turned_away;
static uint64_t answered, shed, without_body, bytes_read, last_answer, unsent, idle_ns;
static bool stopped;
static unsigned prepared;

// Open loop: the connections that have nothing in flight, oldest first, and when the next request is due.
static uint32_t idle[CONNECTIONS_MAX];
static uint64_t idle_head, idle_tail, due, random_state;

static struct io_uring_sqe *order(void) {
    if (prepared == SUBMIT_AT) {
        io_uring_submit(&ring);
        prepared = 0;
    }
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
    if (!sqe) die("no submission entry", EBUSY);
    prepared++;
    return sqe;
}

static void mark(struct io_uring_sqe *sqe, enum operation operation, uint32_t index) {
    io_uring_sqe_set_data64(sqe, (uint64_t)operation << 32 | index);
}

static void receive(uint32_t index) {
    struct io_uring_sqe *sqe = order();
    io_uring_prep_recv_multishot(sqe, (int)index, NULL, 0, 0);
    sqe->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
    sqe->buf_group = 0;
    mark(sqe, RECEIVE, index);
}

static void tick(void) {
    static struct __kernel_timespec after = {.tv_nsec = TICK_NS};
    struct io_uring_sqe *sqe = order();
    io_uring_prep_timeout(sqe, &after, 0, 0);
    mark(sqe, TICK, 0);
}

/// Sends `count` requests in one go, all of them counted from `since`.
static void send_requests(uint32_t index, uint32_t count, uint64_t since) {
    struct connection *c = &connections[index];
    for (uint32_t i = 0; i < count; i++) c->since[(c->first + c->in_flight++) % DEPTH_MAX] = since;
    const char *bytes = requests;
    size_t length = count * request_length;
    if (messages) {
        c->message = &messages[next_message++ % message_count];
        bytes = c->message->bytes;
        length = c->message->length;
    }
    struct io_uring_sqe *sqe = order();
    io_uring_prep_send(sqe, (int)index, bytes, length, MSG_NOSIGNAL | MSG_WAITALL);
    sqe->flags |= IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS;
    mark(sqe, SEND, index);
}

static void fail(uint64_t *counter, const char *what) {
    count_error(counter, what);
    stopped = true;    // one error makes the measurement void; there is no use in going on
}

static uint64_t next_gap(void) {
    double mean = 1e9 / options->rate;
    if (options->even) return (uint64_t)mean;
    random_state += 0x9e3779b97f4a7c15u;    // splitmix64
    uint64_t z = random_state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return (uint64_t)(-log(((double)(z >> 11) + 1) * 0x1p-53) * mean);
}

static void send_due(uint64_t now) {
    while (due <= now && idle_head != idle_tail) {
        uint32_t index = idle[idle_head++ % options->connections];
        uint64_t possible = connections[index].freed_at > due ? connections[index].freed_at : due;
        record(&late, now - possible);
        send_requests(index, 1, due);
        due += next_gap();
    }
}

static void response_ended(uint32_t index, uint64_t now) {
    struct connection *c = &connections[index];
    if (c->in_flight == 0) return fail(&errors.malformed, "an answer that no request asked for");
    if (c->reader.status / 100 != 2) return fail(&errors.status, "a status other than 2xx");
    if (options->expect_length >= 0 && c->reader.body_length != (uint64_t)options->expect_length)
        return fail(&errors.length, "a body of another length");
    if (c->message && c->reader.body_length > 0
        && (c->reader.prefix_length < c->message->prefix_length
            || memcmp(c->reader.prefix, c->message->prefix, c->message->prefix_length) != 0))
        return fail(&errors.length, "an answer to another request");
    if (c->reader.body_length == 0) without_body++;
    if (c->reader.shed) {
        shed++;
        record(&turned_away, now - c->since[c->first]);
    } else {
        record(&latency, now - c->since[c->first]);
    }
    c->first = (c->first + 1) % DEPTH_MAX;
    c->in_flight--;
    c->reader.status = 0;
    c->freed_at = now;
    answered++;
}

static void received(uint32_t index, const char *bytes, size_t length) {
    struct connection *c = &connections[index];
    uint64_t now = now_ns();
    uint32_t ended = 0;
    last_answer = now;
    bytes_read += length;
    while (length > 0 && !stopped) {
        bool whole;
        size_t used = read_response(&c->reader, bytes, length, &whole);
        if (c->reader.malformed) return fail(&errors.malformed, "an answer that is not HTTP/1.1");
        if (whole) response_ended(index, now);
        ended += whole;
        bytes += used;
        length -= used;
    }
    if (ended == 0 || stopped) return;
    if (options->rate > 0) {
        idle[idle_tail++ % options->connections] = index;
    } else {
        send_requests(index, ended, now);
    }
}

static void recycle(unsigned buffer) {
    io_uring_buf_ring_add(
        buffer_ring, buffers + (size_t)buffer * BUFFER_BYTES, BUFFER_BYTES, (unsigned short)buffer,
        io_uring_buf_ring_mask(BUFFERS), 0);
    io_uring_buf_ring_advance(buffer_ring, 1);
}

static void completed(const struct io_uring_cqe *cqe) {
    uint32_t index = (uint32_t)cqe->user_data;
    switch ((enum operation)(cqe->user_data >> 32)) {
    case TICK: return tick();
    case SEND: return fail(&errors.cut_short, "a send failed");
    case RECEIVE: break;
    }
    if (cqe->res > 0) {
        unsigned buffer = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
        received(index, buffers + (size_t)buffer * BUFFER_BYTES, (size_t)cqe->res);
        recycle(buffer);
    } else if (cqe->res != -ENOBUFS) {
        return fail(&errors.cut_short, "the server closed a connection");
    }
    if (!(cqe->flags & IORING_CQE_F_MORE)) receive(index);
}

/// Open loop: what has come by now, or until a request is due.
static int wait_until_due(void) {
    uint64_t now = now_ns();
    if (!options->sleeps || due < now + 2 * SLEEP_LEAST_NS) return io_uring_submit_and_get_events(&ring);
    struct __kernel_timespec time = {.tv_nsec = (long long)(due - now - SLEEP_LEAST_NS)};
    time.tv_sec = time.tv_nsec / 1000000000, time.tv_nsec %= 1000000000;
    struct io_uring_cqe *first;
    int error = io_uring_submit_and_wait_timeout(&ring, &first, 1, &time, NULL);
    return error == -ETIME ? 0 : error;
}

static void turn(bool open_loop) {
    prepared = 0;
    int error = open_loop ? wait_until_due() : io_uring_submit_and_wait(&ring, 1);
    if (error < 0 && error != -EINTR) die("io_uring_enter", -error);
    struct io_uring_cqe *cqe;
    unsigned head, seen = 0;
    io_uring_for_each_cqe(&ring, head, cqe) {
        seen++;
        completed(cqe);
    }
    io_uring_cq_advance(&ring, seen);
}

static void run_until(uint64_t end) {
    bool open_loop = options->rate > 0;
    for (uint64_t now = now_ns(), before = 0, done = 0; now < end && !stopped; now = now_ns()) {
        if (open_loop) {
            // A round in which nothing came and nothing was due is what the generator has to spare.
            uint64_t doing = answered + idle_head;
            if (before && doing == done) idle_ns += now - before;
            before = now;
            done = doing;
            send_due(now);
        } else if (now > last_answer + STALL_NS) {
            fail(&errors.cut_short, "no answer for a second");
        }
        turn(open_loop);
    }
}

/// Open loop: what was due within the window and is not answered counts with its age.
static void count_unanswered(uint64_t end) {
    for (uint32_t i = 0; i < options->connections; i++) {
        struct connection *c = &connections[i];
        for (uint32_t k = 0; k < c->in_flight; k++)
            record(&latency, end - c->since[(c->first + k) % DEPTH_MAX]);
    }
    for (; due < end; due += next_gap(), unsent++) record(&latency, end - due);
}

static void open_ring(void) {
    struct io_uring_params params = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
        .cq_entries = 4 * SUBMISSIONS,
    };
    int error = io_uring_queue_init_params(SUBMISSIONS, &ring, &params);
    if (error < 0) die("io_uring_setup", -error);
    io_uring_register_ring_fd(&ring);
    void *memory;
    if (posix_memalign(&memory, 4096, BUFFERS * sizeof(struct io_uring_buf))) die("posix_memalign", ENOMEM);
    buffer_ring = memory;
    io_uring_buf_ring_init(buffer_ring);
    struct io_uring_buf_reg registration = {
        .ring_addr = (uint64_t)(uintptr_t)memory, .ring_entries = BUFFERS};
    error = io_uring_register_buf_ring(&ring, &registration, 0);
    if (error < 0) die("register buffers", -error);
    buffers = malloc((size_t)BUFFERS * BUFFER_BYTES);
    connections = calloc(options->connections, sizeof *connections);
    if (!buffers || !connections) die("malloc", errno);
    for (unsigned i = 0; i < BUFFERS; i++) recycle(i);
}

static void open_connections(void) {
    int *fds = calloc(options->connections, sizeof *fds);
    if (!fds) die("malloc", errno);
    for (uint32_t i = 0; i < options->connections; i++) {
        fds[i] = dial(options->port, true);
        if (fds[i] < 0) die("connect", errno);
    }
    int error = io_uring_register_files(&ring, fds, options->connections);
    if (error < 0) die("register files", -error);
    free(fds);
}

static void make_messages(void) {
    size_t size;
    char *file = read_file(options->bodies_file, &size);
    for (size_t at = 0; at < size; at++) message_count += file[at] == '\n';
    messages = calloc(message_count, sizeof *messages);
    if (!messages || message_count == 0) die("--bodies has no line", EINVAL);
    const char *start = file;
    for (uint32_t i = 0; i < message_count; i++) {
        const char *end = memchr(start, '\n', (size_t)(file + size - start));
        struct message *m = &messages[i];
        m->bytes = build_request_with(options, true, start, (size_t)(end - start), &m->length);
        if (m->length > SEND_BYTES_MAX) die("a body is over 128 KB", EINVAL);
        // Up to the end of the first string behind the first key: {"id":"…"
        const char *at = start;
        for (int quotes = 0; at < end && quotes < 4; at++) quotes += *at == '"';
        m->prefix = start;
        m->prefix_length = (uint32_t)(at - start < PREFIX_BYTES ? at - start : PREFIX_BYTES);
        start = end + 1;
    }
}

static void make_requests(void) {
    if (options->bodies_file) return make_messages();
    char *one = build_request(options, true, &request_length);
    if (request_length * options->depth > SEND_BYTES_MAX) die("depth × request is over 128 KB", EINVAL);
    requests = malloc(request_length * options->depth);
    if (!requests) die("malloc", errno);
    for (unsigned i = 0; i < options->depth; i++) memcpy(requests + i * request_length, one, request_length);
    free(one);
}

int run_http(const struct options *given) {
    options = given;
    random_state = options->seed;
    if (options->sleeps) prctl(PR_SET_TIMERSLACK, 1);
    make_requests();
    open_ring();
    open_connections();
    tick();
    uint64_t start = last_answer = due = now_ns();
    for (uint32_t i = 0; i < options->connections; i++) {
        receive(i);
        if (options->rate > 0) {
            connections[i].freed_at = start;
            idle[idle_tail++ % options->connections] = i;
        } else {
            send_requests(i, options->depth, start);
        }
    }
    run_until(start + (uint64_t)(options->warmup * 1e9));
    memset(&latency, 0, sizeof latency);
    memset(&late, 0, sizeof late);
    memset(&turned_away, 0, sizeof turned_away);
    answered = bytes_read = shed = without_body = idle_ns = 0;
    struct meter from = read_meter(options->watch);
    run_until(from.at + (uint64_t)(options->seconds * 1e9));
    struct meter to = read_meter(options->watch);
    if (options->rate > 0) count_unanswered(to.at);
    printf(
        "{\"mode\":\"http\",\"requests\":%llu,\"shed\":%llu,\"without_body\":%llu,\"bytes\":%llu,"
        "\"unsent\":%llu,\"idle\":%.6f,\"errors\":%llu,",
        (unsigned long long)answered, (unsigned long long)shed, (unsigned long long)without_body,
        (unsigned long long)bytes_read, (unsigned long long)unsent, (double)idle_ns / 1e9,
        (unsigned long long)error_total());
    print_meters(stdout, &from, &to);
    printf(",");
    print_histogram(stdout, "latency", &latency);
    printf(",");
    print_histogram(stdout, "late", &late);
    printf(",");
    print_histogram(stdout, "turned_away", &turned_away);
    printf("}\n");
    if (answered == 0 && error_total() == 0) fprintf(stderr, "load: nothing was answered\n");
    return error_total() > 0 || answered == 0;
}
