// Holds connections that do nothing. Each asks once, so that the server has set up all that it keeps for a
// connection; "held" is printed; when standard input ends, each asks again, to show that it was held.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"
#include "response.h"

static bool ask(int fd, const char *request, size_t length) {
    struct reader reader = {0};
    char bytes[4096];
    if (send(fd, request, length, MSG_NOSIGNAL) != (ssize_t)length) return false;
    for (bool whole = false; !whole;) {
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        if (n <= 0) return false;
        if (read_response(&reader, bytes, (size_t)n, &whole) != (size_t)n || reader.malformed) return false;
    }
    return reader.status / 100 == 2;
}

int run_idle(const struct options *options) {
    size_t length;
    char *request = build_request(options, true, &length);
    int *fds = calloc(options->connections, sizeof *fds);
    if (!fds) die("malloc", errno);
    unsigned held = 0, alive = 0;
    for (; held < options->connections; held++) {
        fds[held] = dial(options->port, true);
        if (fds[held] < 0) die("connect", errno);
        if (!ask(fds[held], request, length)) count_error(&errors.cut_short, "a connection got no answer");
    }
    puts("held");
    fflush(stdout);
    while (getchar() != EOF) {}
    for (unsigned i = 0; i < held; i++) alive += ask(fds[i], request, length);
    if (alive != held) count_error(&errors.cut_short, "an idle connection was not kept");
    printf(
        "{\"mode\":\"idle\",\"held\":%u,\"alive\":%u,\"errors\":%llu}\n", held, alive,
        (unsigned long long)error_total());
    free(fds);
    free(request);
    return error_total() > 0;
}
