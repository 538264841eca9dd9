"""edge.py CONFIGURATION FOLDER: an edge's HAProxy as it was rendered, before nodes that are servers of this script: questions
for /e/reach come to the node that they name, or to none; notices of a node that is away come to another."""

import http.client
import http.server
import pathlib
import re
import socket
import subprocess
import sys
import threading
import time


class Node:
    """Answers every question, and remembers which came."""

    def __init__(self, port: int) -> None:
        paths: list[str] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                paths.append(self.path)
                self.send_response(200 if self.path in ("/healthz", "/readyz") else 204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.paths = paths
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def count(self, path: str) -> int:
        return self.paths.count(path)

    def end(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def ask(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def wait_for(what: str, port: int, path: str, status: int) -> None:
    end = time.monotonic() + 30
    while (found := ask(port, path)) != status:
        if time.monotonic() > end:
            raise SystemExit(f"edge: {what}: {path} says {found}, not {status}")
        time.sleep(0.2)


def main() -> None:
    text = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
    names = sorted(set(re.findall(r"^ *server (\S+) ", text, re.MULTILINE)))
    ports = {name: free_port() for name in names}
    port = free_port()
    for name in names:
        text = re.sub(rf"^( *server {re.escape(name)}) \S+", rf"\1 127.0.0.1:{ports[name]}", text, flags=re.MULTILINE)
    # One listener, in the clear; as many descriptors as this shell may have.
    text = re.sub(r"^ *bind .*\n", "", text, flags=re.MULTILINE).replace("maxconn 200000", "maxconn 100")
    text = text.replace("frontend requests\n", f"frontend requests\n  bind 127.0.0.1:{port}\n")
    text = text.replace("frontend metrics\n", f"frontend metrics\n  bind 127.0.0.1:{free_port()}\n")
    file = pathlib.Path(sys.argv[2]) / "edge-tried.cfg"
    file.write_text(text, encoding="utf-8")
    away, *others = names
    nodes = {name: Node(ports[name]) for name in names}
    proxy = subprocess.Popen(("haproxy", "-db", "-f", str(file)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found = []

    def hold(what: str, holds: bool) -> None:
        if not holds:
            found.append(what)

    try:
        wait_for("it passes requests on", port, f"/n/{away}/e/reach", 204)
        before = sum(node.count("/e/reach") for node in nodes.values())
        hold("without a node's name somebody answers", ask(port, "/e/reach") == 404)
        hold("a node that is none of the region's is asked", ask(port, "/n/nobody/e/reach") == 404)
        hold("without a node's name it came to one", sum(node.count("/e/reach") for node in nodes.values()) == before)
        for name in names:
            count = nodes[name].count("/e/reach")
            hold(f"{name} is not reached by its name", ask(port, f"/n/{name}/e/reach") == 204)
            hold(f"what asked for {name} came elsewhere", nodes[name].count("/e/reach") == count + 1)
        nodes[away].end()
        before = sum(nodes[name].count("/e/reach") for name in others)
        end = time.monotonic() + 9
        # While the edge has not seen it yet, and after.
        while time.monotonic() < end:
            hold(f"somebody answers for {away}, which is away", ask(port, f"/n/{away}/e/reach") == 503)
            time.sleep(0.3)
        hold(f"another node was asked for {away}", sum(nodes[name].count("/e/reach") for name in others) == before)
        if others:
            hold("notices of a node that is away come to nobody", ask(port, f"/n/{away}/e/imp?t=x") == 204)
    finally:
        proxy.terminate()
        proxy.wait()
        for name in others:
            nodes[name].end()
    for what in dict.fromkeys(found):
        print(f"edge: {what}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
