// The load generator's command line: one process, one thread, one kind of load, one JSON object at the end.
// Exit 0: measured. 1: an error was counted, or nothing was answered. 2: unknown arguments.
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"

/// Beside the window: for connecting, and for a server that answers late.
enum { PATIENCE_SECONDS = 10 };

struct errors errors;

void count_error(uint64_t *counter, const char *what) {
    if (error_total() == 0) fprintf(stderr, "load: %s\n", what);
    (*counter)++;
}

uint64_t error_total(void) {
    return errors.connect + errors.status + errors.length + errors.cut_short + errors.malformed + errors.tls;
}

void die(const char *what, int error) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(error));
    exit(1);
}

int dial(uint16_t port, bool blocking) {
    int on = 1, type = SOCK_STREAM | SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK);
    int fd = socket(AF_INET, type, 0);
    if (fd < 0) return -1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // The generator's own half costs least without pacing; the server's half is left as the machine has it.
    setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

char *read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) die(path, errno);
    long size = ftell(file);
    rewind(file);
    char *bytes = size < 0 ? NULL : malloc((size_t)size + 1);
    if (!bytes || fread(bytes, 1, (size_t)size, file) != (size_t)size) die(path, errno);
    fclose(file);
    *length = (size_t)size;
    return bytes;
}

/// The fields that a bidder's exchange sends; the body is a file, or a JSON string that fills the request up.
char *build_request(const struct options *options, bool keep_alive, size_t *length) {
    size_t body_length = 0;
    char *file = options->body_file ? read_file(options->body_file, &body_length) : NULL;
    char *request = build_request_with(options, keep_alive, file, body_length, length);
    free(file);
    return request;
}

char *build_request_with(
    const struct options *options, bool keep_alive, const char *body, size_t body_length, size_t *length) {
    enum { HEAD_MAX = 1024 };
    char *request = NULL;
    int head = 0;
    // The head's length depends on the digits of the body's: a second pass settles it.
    for (int pass = 0; pass < 3; pass++) {
        free(request);
        request = malloc(HEAD_MAX + body_length);
        if (!request) die("malloc", errno);
        head = snprintf(
            request, HEAD_MAX,
            "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUser-Agent: paceline-load/1\r\nAccept: */*\r\n"
            "Content-Type: application/json\r\nContent-Length: %zu\r\n%s\r\n",
            options->method, options->path, options->port, body_length,
            keep_alive ? "" : "Connection: close\r\n");
        if (head >= HEAD_MAX) die("the path is too long", EINVAL);
        if (body || options->request_bytes <= (size_t)head) break;
        body_length = options->request_bytes - (size_t)head;
    }
    if (body) {
        memcpy(request + head, body, body_length);
    } else if (body_length > 0) {
        memset(request + head, 'x', body_length);
        request[head] = request[(size_t)head + body_length - 1] = '"';
    }
    *length = (size_t)head + body_length;
    return request;
}

static int usage(void) {
    fprintf(stderr,
        "usage: load http|idle|handshakes|bulk --port N [options]\n"
        "  --connections N     held at once (64)\n"
        "  --depth N           http: requests in flight on each (1)\n"
        "  --method M --path P (POST /bid)\n"
        "  --request-bytes N   the whole request, its body filled up (1484); 0 for no body\n"
        "  --body FILE         a body from a file\n"
        "  --bodies FILE       http: a body on each line, in turns; an answer with a body must begin as its request\n"
        "                      does, with the same id\n"
        "  --expect-length N   of each answer's body; else any\n"
        "  --seconds S         of the window that is measured (1), after --warmup S (0.3)\n"
        "  --rate R            http: open loop, R requests a second; latency counts from when each was due\n"
        "  --sleep             http: open loop, sleep while nothing is due soon, and leave the core to others\n"
        "  --even --seed N     http: at even intervals instead of Poisson arrivals; their seed (1)\n"
        "  --watch PID         the server, whose CPU time over the window is printed\n"
        "  --tls 1.2|1.3       handshakes, bulk: the version (1.3);  --ciphers LIST\n"
        "  --resume            handshakes: resume one session instead of full handshakes\n");
    return 2;
}

static bool sane(const struct options *o) {
    return o->port > 0 && o->connections >= 1 && o->connections <= CONNECTIONS_MAX && o->depth >= 1
        && o->depth <= DEPTH_MAX && o->seconds > 0 && o->warmup >= 0 && o->rate >= 0
        && ((o->rate == 0 && !o->bodies_file) || o->depth == 1);
}

int main(int count, char **arguments) {
    struct options o = {
        .mode = count > 1 ? arguments[1] : "", .connections = 64, .depth = 1, .method = "POST",
        .path = "/bid", .request_bytes = 1484, .expect_length = -1, .seconds = 1, .warmup = 0.3, .seed = 1,
        .tls_version = "1.3",
    };
    enum {
        PORT = 256, CONNECTIONS, DEPTH, METHOD, PATH, BYTES, BODY, BODIES, LENGTH, SECONDS, WARMUP, RATE, EVEN, SEED,
        WATCH, TLS, CIPHERS, RESUME, SLEEP,
    };
    static const struct option names[] = {
        {"port", 1, 0, PORT}, {"connections", 1, 0, CONNECTIONS}, {"depth", 1, 0, DEPTH},
        {"method", 1, 0, METHOD}, {"path", 1, 0, PATH}, {"request-bytes", 1, 0, BYTES}, {"body", 1, 0, BODY},
        {"bodies", 1, 0, BODIES},
        {"expect-length", 1, 0, LENGTH}, {"seconds", 1, 0, SECONDS}, {"warmup", 1, 0, WARMUP},
        {"rate", 1, 0, RATE}, {"even", 0, 0, EVEN}, {"seed", 1, 0, SEED}, {"watch", 1, 0, WATCH},
        {"tls", 1, 0, TLS}, {"ciphers", 1, 0, CIPHERS}, {"resume", 0, 0, RESUME}, {"sleep", 0, 0, SLEEP}, {0},
    };
    if (count > 1) optind = 2;
    for (int name; (name = getopt_long(count, arguments, "", names, NULL)) != -1;) {
        switch (name) {
        case PORT: o.port = (uint16_t)atoi(optarg); break;
        case CONNECTIONS: o.connections = (unsigned)atoi(optarg); break;
        case DEPTH: o.depth = (unsigned)atoi(optarg); break;
        case METHOD: o.method = optarg; break;
        case PATH: o.path = optarg; break;
        case BYTES: o.request_bytes = (size_t)atol(optarg); break;
        case BODY: o.body_file = optarg; break;
        case BODIES: o.bodies_file = optarg; break;
        case LENGTH: o.expect_length = atol(optarg); break;
        case SECONDS: o.seconds = atof(optarg); break;
        case WARMUP: o.warmup = atof(optarg); break;
        case RATE: o.rate = atof(optarg); break;
        case EVEN: o.even = true; break;
        case SEED: o.seed = strtoull(optarg, NULL, 10); break;
        case WATCH: o.watch = atoi(optarg); break;
        case TLS: o.tls_version = optarg; break;
        case CIPHERS: o.ciphers = optarg; break;
        case RESUME: o.resume = true; break;
        case SLEEP: o.sleeps = true; break;
        default: return usage();
        }
    }
    if (optind != count || !sane(&o)) return usage();
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    // Whatever goes wrong, nobody waits for this process for long; idle connections are held for the asking.
    if (strcmp(o.mode, "idle") != 0) alarm((unsigned)(o.warmup + o.seconds) + PATIENCE_SECONDS);
    if (strcmp(o.mode, "http") == 0) return run_http(&o);
    if (strcmp(o.mode, "idle") == 0) return run_idle(&o);
    if (strcmp(o.mode, "handshakes") == 0) return run_handshakes(&o);
    if (strcmp(o.mode, "bulk") == 0) return run_bulk(&o);
    return usage();
}
