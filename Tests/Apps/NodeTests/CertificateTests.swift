// Certificates that are renewed under a node that serves: nobody is cut off, and what is broken is not taken.
import Foundation
import TestCertificates
import Testing

@Suite(.enabled(if: Folder.has("python3"), "needs python3"))
struct CertificateTests {
    /// Watches the serial number that new connections are shown, while one old connection goes on.
    private static let watcher = """
        import http.client, os, signal, socket, ssl, sys, time
        port, admin, pid = map(int, sys.argv[1:])
        context = ssl.create_default_context(cafile="ca.pem")
        def connect():
            connection = http.client.HTTPSConnection("localhost", port, context=context)
            connection.connect()
            return connection, connection.sock.getpeercert()["serialNumber"]
        def ask(connection):
            connection.request("GET", "/v1/node")
            answer = connection.getresponse()
            assert answer.status == 200 and answer.read(), answer.status
        def metric(name):
            page = http.client.HTTPConnection("127.0.0.1", admin)
            page.request("GET", "/metrics")
            for line in page.getresponse().read().decode().splitlines():
                if line.startswith(name + " ") or line.startswith(name + "{"): return float(line.split()[-1])
        def until(what, holds):
            end = time.monotonic() + 10
            while not holds():
                assert time.monotonic() < end, "not in time: " + what
                time.sleep(0.02)
        def put(name, suffix): os.replace(name, "server." + suffix)
        refused = "paceline_certificate_reload_failures_total"
        old, first = connect()
        ask(old)
        expires = metric("paceline_certificate_expiry_seconds")

        put("second.key", "key"); put("second.pem", "pem")
        os.kill(pid, signal.SIGHUP)
        until("the second is shown", lambda: connect()[1] != first)
        second = connect()[1]
        assert old.sock.getpeercert()["serialNumber"] == first
        ask(old)
        assert metric("paceline_certificate_reloads_total") >= 1
        assert metric("paceline_certificate_expiry_seconds") > expires + 86400

        before = metric(refused)
        put("broken.pem", "pem")
        os.kill(pid, signal.SIGHUP)
        until("the broken one is refused", lambda: metric(refused) > before)
        assert connect()[1] == second
        ask(old)

        # Renewed in two steps, and noticed without being told: half a pair is refused, the whole taken.
        before = metric(refused)
        put("third.pem", "pem")
        until("half a pair is refused", lambda: metric(refused) > before)
        assert connect()[1] == second
        put("third.key", "key")
        until("the third is shown", lambda: connect()[1] not in (first, second))
        ask(old)

        # Files that are gone are no reason to stop.
        before = metric(refused)
        os.remove("server.pem"); os.remove("server.key")
        os.kill(pid, signal.SIGHUP)
        until("nothing is refused", lambda: metric(refused) > before)
        ask(connect()[0]); ask(old)
        """

    @Test(arguments: drivers)
    func renewedWhileServing(_ driver: String) async throws {
        let authority = TestAuthority()
        let folder = try Folder.withCertificates(authority)
        for name in ["second", "third"] {
            try folder.write(authority.issue("server", ["DNS:localhost"], until: 60 * 86_400), as: name)
        }
        try folder.write("-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n", to: "broken.pem")
        try folder.write(CertificateTests.watcher, to: "watcher.py")
        try await withNode(Plan(reactor: driver, shards: 2, secure: [.init()]), in: folder) { node in
            let pid = try #require(node.running.pid)
            let watched = try await folder.run(
                "python3 watcher.py \(node.ports[2]) \(node.admin) \(pid)", seconds: 30)
            #expect(watched.status == 0, "\(watched.errors)\n\(node.log)")
            #expect(node.log.contains("certificate on disk refused, the last good one stays"))
        }
    }
}
