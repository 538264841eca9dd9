"""A collector of traces for tests: takes OTLP over HTTP as OpenTelemetry's own classes for Python read it.

Usage: collector.py FOLDER [ANSWER ...]

Listens on a port of loopback that it writes to FOLDER/port, and writes one line of JSON for each request to
FOLDER/requests. The answers are given in turn, the last one from there on: a status, perhaps with a colon and a
retry-after behind it, or `partial`, which takes all spans of a request but one.

Ends with its folder or whoever started it, or after two minutes.
"""
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

folder = os.path.abspath(sys.argv[1])
answers = sys.argv[2:] or ["200"]
lock = threading.Lock()


def value(one):
    kind = one.WhichOneof("value")
    return getattr(one, kind) if kind else None


def attributes(pairs):
    return {pair.key: value(pair.value) for pair in pairs}


def span(one):
    return {
        "trace": one.trace_id.hex(),
        "span": one.span_id.hex(),
        "parent": one.parent_span_id.hex(),
        "name": one.name,
        "kind": one.kind,
        "start": one.start_time_unix_nano,
        "end": one.end_time_unix_nano,
        "status": one.status.code,
        "flags": one.flags,
        "attributes": attributes(one.attributes),
    }


class Collector(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        request = ExportTraceServiceRequest()
        request.ParseFromString(body)
        known = len(UnknownFieldSet(request)) == 0
        with lock:
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        status, _, after = answer.partition(":")
        response = ExportTraceServiceResponse()
        if status == "partial":
            status = "200"
            response.partial_success.rejected_spans = 1
            response.partial_success.error_message = "one too many"
        line = {
            "path": self.path,
            "type": self.headers["content-type"],
            "status": int(status),
            "time": time.time(),
            "known": known,
            "resource": attributes(request.resource_spans[0].resource.attributes),
            "scope": request.resource_spans[0].scope_spans[0].scope.name,
            "spans": [
                span(one)
                for resource in request.resource_spans
                for scope in resource.scope_spans
                for one in scope.spans
            ],
        }
        with lock, open(os.path.join(folder, "requests"), "a") as lines:
            lines.write(json.dumps(line) + "\n")
        content = response.SerializeToString()
        self.send_response(int(status))
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(content)))
        if after:
            self.send_header("retry-after", after)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def end_in_time():
    starter, end = os.getppid(), time.monotonic() + 120
    while os.path.isdir(folder) and os.getppid() == starter and time.monotonic() < end:
        time.sleep(0.1)
    os._exit(0)


threading.Thread(target=end_in_time, daemon=True).start()
server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
with open(os.path.join(folder, "port.part"), "w") as port:
    port.write(str(server.server_address[1]))
os.rename(os.path.join(folder, "port.part"), os.path.join(folder, "port"))
server.serve_forever()
