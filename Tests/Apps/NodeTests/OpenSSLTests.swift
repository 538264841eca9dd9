// OpenSSL's own client: versions, what is agreed on, and sessions that are taken up again, on whichever
// shard.
import Testing

@Suite(.enabled(if: Folder.has("openssl"), "needs the openssl command"))
struct OpenSSLTests {
    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func sessions(_ version: String) async throws {
        let folder = try Folder.withCertificates()
        let plan = Plan(
            shards: 2, secure: [.init(), .init(clientCertificate: "required"), .init(minimumVersion: "1.3")])
        try await withNode(plan, in: folder) { node in
            func ask(_ listener: Int, _ more: String) async throws -> String {
                let request = "GET /v1/node HTTP/1.1\\r\\nhost: localhost\\r\\nconnection: close\\r\\n\\r\\n"
                let asked = try await folder.run(
                    "printf '\(request)' | openssl s_client -connect 127.0.0.1:\(node.ports[listener]) -CAfile ca.pem"
                        + " -verify_return_error -verify_hostname localhost -ign_eof -alpn h2,http/1.1 \(version) \(more)"
                )
                return asked.output + asked.errors
            }
            let first = try await ask(2, "-sess_out anonymous")
            #expect(
                first.contains("Verification: OK") && first.contains("ALPN protocol: http/1.1"), "\(first)")
            #expect(first.contains("New, TLSv1") && first.contains("HTTP/1.1 200 OK"))
            // Connections fall on shards as the kernel likes; a ticket is good on all of them.
            for _ in 0..<4 {
                let next = try await ask(2, "-sess_in anonymous")
                #expect(next.contains("Reused, TLSv1") && next.contains("HTTP/1.1 200 OK"), "\(next)")
            }
            #expect(try await node.metric("paceline_tls_resumptions_total{server=\"requests\"}") == 4)
            #expect(try await node.metric("paceline_tls_handshakes_total{server=\"requests\"}") == 5)

            // Who resumes is who came first; and what was agreed without a certificate opens no other door.
            let client = "-cert client.pem -key client.key"
            #expect(try await ask(3, "-sess_out known \(client)").contains("spiffe://test/client"))
            let known = try await ask(3, "-sess_in known")
            #expect(known.contains("Reused, TLSv1") && known.contains("spiffe://test/client"), "\(known)")
            let intruder = try await ask(3, "-sess_in anonymous")
            #expect(!intruder.contains("HTTP/1.1 200") && !intruder.contains("Reused"), "\(intruder)")

            let modern = try await ask(4, "")
            #expect(modern.contains("HTTP/1.1 200") == (version == "-tls1_3"))
            #expect(modern.contains("alert protocol version") == (version == "-tls1_2"))
        }
    }
}
