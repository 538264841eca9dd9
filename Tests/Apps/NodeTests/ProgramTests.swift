// Clients of other languages' standard libraries, and a load generator: each talks to a node in its own way.
import Foundation
import Testing

@Suite struct ProgramTests {
    @Test(.enabled(if: Folder.has("wrk"), "needs wrk"), arguments: drivers)
    func wrk(_ driver: String) async throws {
        try await withNode(Plan(reactor: driver, shards: 2)) { node in
            let run = try await node.folder.run(
                "wrk -t1 -c32 -d1s --latency http://127.0.0.1:\(node.port)/v1/node")
            #expect(run.status == 0)
            #expect(!run.output.contains("Socket errors") && !run.output.contains("Non-2xx"), "\(run.output)")
            let rate = run.output.split(separator: "\n").first { $0.hasPrefix("Requests/sec") }
            print("wrk, 32 connections, \(driver), unoptimised: \(rate ?? "nothing")")
            #expect(rate != nil)
        }
    }

    private static let python = """
        import http.client, ssl, sys, json
        port, secure = map(int, sys.argv[1:])
        context = ssl.create_default_context(cafile="ca.pem")
        for connection in (http.client.HTTPConnection("127.0.0.1", port),
                           http.client.HTTPSConnection("localhost", secure, context=context)):
            sockets = set()
            for number in range(50):
                connection.request("GET", "/v1/node")
                answer = connection.getresponse()
                assert json.loads(answer.read())["name"] == "tested"
                sockets.add(connection.sock)
            def pieces():
                yield b"["
                for number in range(3000): yield b"%d," % number
                yield b"null]"
            connection.request("POST", "/v1/json/check", body=pieces(), encode_chunked=True,
                               headers={"Transfer-Encoding": "chunked"})
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b'{"valid":true}\\n')
            connection.request("HEAD", "/v1/node")
            answer = connection.getresponse()
            assert answer.status == 200 and answer.read() == b"" and int(answer.headers["content-length"]) > 10
            sockets.add(connection.sock)
            assert len(sockets) == 1, "not one connection"
            connection.request("GET", "/v1/node", headers={"Connection": "close"})
            answer = connection.getresponse()
            assert answer.read() and answer.headers["connection"] == "close"

        # The handshake and a request, a byte of ciphertext at a time.
        import socket
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
        plain = socket.create_connection(("127.0.0.1", secure))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        def step(what):
            while True:
                try:
                    done = what()
                    break
                except ssl.SSLWantReadError: done = None
                finally:
                    for byte in outgoing.read(): plain.send(bytes([byte]))
                incoming.write(plain.recv(65536))
            for byte in outgoing.read(): plain.send(bytes([byte]))
            return done
        step(tls.do_handshake)
        for method in ("GET", "GET", "HEAD"):
            step(lambda: tls.write(f"{method} /v1/node HTTP/1.1\\r\\nhost: localhost\\r\\n\\r\\n".encode()))
            assert step(lambda: tls.read(65536)).startswith(b"HTTP/1.1 200 OK\\r\\n")
        """

    @Test(.enabled(if: Folder.has("python3"), "needs python3"), arguments: drivers)
    func python(_ driver: String) async throws {
        try await run(driver, ProgramTests.python, as: "client.py", with: "python3 client.py")
    }

    /// Sends thousands of requests ahead, and reads all the time: the answers are many times as long, so that the node
    /// has to stop reading again and again with requests in hand.
    private static let pipelining = """
        import select, socket, ssl, sys
        port, secure = map(int, sys.argv[1:])
        context = ssl.create_default_context(cafile="ca.pem")
        request = b"GET /v1/node HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"
        last = request.replace(b"\\r\\n\\r\\n", b"\\r\\nConnection: close\\r\\n\\r\\n")
        number = 20000
        for port in (port, secure):
            connection = socket.create_connection(("127.0.0.1", port))
            if port == secure: connection = context.wrap_socket(connection, server_hostname="localhost")
            connection.setblocking(False)
            unsent, answers, ended = request * number + last, b"", False
            while not ended:
                ready = select.select([connection], [connection] if unsent else [], [], 10)
                assert ready[0] or ready[1], "the node stands still"
                try:
                    if unsent: unsent = unsent[connection.send(unsent[:16384]):]
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError): pass
                try:
                    while True:
                        more = connection.recv(1 << 20)
                        answers += more
                        if not more:
                            ended = True
                            break
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError): pass
            assert answers.count(b"HTTP/1.1 200 OK") == number + 1, answers.count(b"HTTP/1.1 200 OK")
        """

    @Test(.enabled(if: Folder.has("python3"), "needs python3"), arguments: drivers)
    func pythonPipelines(_ driver: String) async throws {
        try await run(driver, ProgramTests.pipelining, as: "pipeline.py", with: "python3 pipeline.py")
    }

    private static let javaScript = """
        const [http, https, fs, assert] = ["http", "https", "fs", "assert"].map(name => require(name));
        const [plain, secure] = process.argv.slice(2).map(Number);
        function ask(library, options, body) {
          return new Promise((resolve, reject) => {
            const request = library.request(options, answer => {
              let text = "";
              answer.on("data", more => text += more);
              answer.on("end", () => resolve({ status: answer.statusCode, text, reused: request.reusedSocket }));
            });
            request.on("error", reject);
            if (body) for (const piece of body) request.write(piece);
            request.end();
          });
        }
        async function all(library, options) {
          options.agent = new library.Agent({ keepAlive: true, maxSockets: 1 });
          for (let number = 0; number < 20; number++) {
            const answer = await ask(library, { ...options, path: "/v1/node" });
            assert.equal(answer.status, 200);
            assert.equal(JSON.parse(answer.text).name, "tested");
            assert.equal(answer.reused, number > 0);
          }
          const many = await Promise.all(Array.from({ length: 20 }, () =>
            ask(library, { ...options, method: "POST", path: "/v1/json/check" }, ["[", "1,".repeat(9999), "2]"])));
          for (const answer of many) assert.deepEqual([answer.status, answer.text], [200, '{"valid":true}\\n']);
          options.agent.destroy();
        }
        (async () => {
          await all(http, { host: "127.0.0.1", port: plain });
          await all(https, { host: "localhost", port: secure, ca: fs.readFileSync("ca.pem"), family: 4 });
        })();
        """

    @Test(.enabled(if: Folder.has("node"), "needs node"))
    func node() async throws {
        try await run("auto", ProgramTests.javaScript, as: "client.js", with: "node client.js")
    }

    /// Its default asks to upgrade to HTTP/2 in the clear, which is to be passed over.
    private static let java = """
        import java.io.*;
        import java.net.URI;
        import java.net.http.*;
        import java.net.http.HttpRequest.BodyPublishers;
        import java.security.KeyStore;
        import java.security.cert.CertificateFactory;
        import java.util.concurrent.*;
        import java.util.stream.*;
        import javax.net.ssl.*;

        class Client {
            public static void main(String[] ports) throws Exception {
                var store = KeyStore.getInstance(KeyStore.getDefaultType());
                store.load(null);
                try (var file = new FileInputStream("ca.pem")) {
                    store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(file));
                }
                var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
                trust.init(store);
                var tls = SSLContext.getInstance("TLS");
                tls.init(null, trust.getTrustManagers(), null);
                var client = HttpClient.newBuilder().sslContext(tls).build();
                for (var base : new String[] {"http://127.0.0.1:" + ports[0], "https://localhost:" + ports[1]}) {
                    var get = HttpRequest.newBuilder(URI.create(base + "/v1/node")).build();
                    var body = new ByteArrayInputStream(("[" + "1,".repeat(50000) + "2]").getBytes());
                    var post = HttpRequest.newBuilder(URI.create(base + "/v1/json/check"))
                        .POST(BodyPublishers.ofInputStream(() -> body)).build();
                    for (int number = 0; number < 10; number++) check(client.send(get, text()), "tested");
                    var many = IntStream.range(0, 20).mapToObj(i -> client.sendAsync(get, text())).toList();
                    for (var one : many) check(one.get(10, TimeUnit.SECONDS), "tested");
                    check(client.send(post, text()), "{\\"valid\\":true}");
                }
            }
            static HttpResponse.BodyHandler<String> text() { return HttpResponse.BodyHandlers.ofString(); }
            static void check(HttpResponse<String> answer, String part) {
                if (answer.statusCode() != 200 || !answer.body().contains(part)
                    || answer.version() != HttpClient.Version.HTTP_1_1) throw new AssertionError(answer + answer.body());
            }
        }
        """

    @Test(.enabled(if: Folder.has("java"), "needs java"))
    func java() async throws {
        try await run(
            "auto", ProgramTests.java, as: "Client.java",
            with: "java -XX:TieredStopAtLevel=1 -Xshare:auto Client.java")
    }

    private func run(_ driver: String, _ text: String, as name: String, with command: String) async throws {
        let folder = try Folder.withCertificates()
        try folder.write(text, to: name)
        try await withNode(Plan(reactor: driver, shards: 2, secure: [.init()]), in: folder) { node in
            let run = try await folder.run("\(command) \(node.port) \(node.ports[2])", seconds: 30)
            #expect(run.status == 0, "\(run.output)\(run.errors)")
        }
    }
}
