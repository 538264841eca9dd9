// curl, the client that every operator has: over plain HTTP, TLS and TLS on both sides.
import Foundation
import TestCertificates
import Testing

extension Folder {
    /// With an authority's ca.pem, and a server's and a client's certificate under it.
    static func withCertificates(_ authority: TestAuthority = TestAuthority()) throws -> Folder {
        let folder = try Folder()
        try folder.write(authority.certificate, to: "ca.pem")
        try folder.write(authority.issue("server", ["DNS:localhost", "IP:127.0.0.1"]), as: "server")
        try folder.write(
            authority.issue("client", ["URI:spiffe://test/client", "URI:urn:second"]), as: "client")
        return folder
    }
}

/// Both ways in which a shard waits for its sockets.
let drivers = ["io_uring", "epoll"]

@Suite(.enabled(if: Folder.has("curl"), "needs curl"))
struct CurlTests {
    private static let codes = "--silent --write-out '%{stderr}%{http_code} %{num_connects}\\n'"

    @Test(arguments: drivers)
    func plain(_ driver: String) async throws {
        try await withNode(Plan(reactor: driver)) { node in
            let url = "http://127.0.0.1:\(node.port)"
            let body = "[" + (0..<20_000).map(String.init).joined(separator: ",") + "]"
            try node.folder.write(body, to: "body.json")

            let identity = try await node.folder.run("curl --silent --include \(url)/v1/node")
            #expect(identity.output.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(
                identity.output.contains("\"driver\":\"\(driver)")
                    && identity.output.contains("\"peer\":null"))

            // One connection serves them all.
            let kept = try await node.folder.run(
                "curl \(CurlTests.codes) \(url)/v1/node \(url)/none \(url)/healthz \(url)/v1/json/check")
            #expect(kept.errors == "200 1\n404 0\n200 0\n405 0\n")

            // Version 1.0 gets an answer that it understands, and its end with it.
            let old = try await node.folder.run("curl --http1.0 --silent --include \(url)/healthz")
            #expect(
                old.output.hasPrefix("HTTP/1.1 200 OK\r\n")
                    && old.output.contains("\r\nconnection: close\r\n"))
            let oldKept = try await node.folder.run(
                "curl --http1.0 -H 'Connection: keep-alive' --silent --include \(url)/healthz")
            #expect(oldKept.output.contains("\r\nconnection: keep-alive\r\n"))

            let posted = [
                "--data-binary @body.json", "--data-binary @body.json -H 'Transfer-Encoding: chunked'",
                "--data-binary @- -H 'Transfer-Encoding: chunked' < <(cat body.json)",
                "--data-binary @body.json -H 'Expect: 100-continue' --expect100-timeout 15",
                "--data-binary @body.json -H 'Expect:'",
            ]
            for how in posted {
                let answer = try await node.folder.run("curl --silent --verbose \(url)/v1/json/check \(how)")
                #expect(answer.output == "{\"valid\":true}\n", "\(how): \(answer.errors)")
                #expect(answer.errors.contains("HTTP/1.1 100 Continue") == how.contains(": 100-continue"))
            }

            // What stands after a HEAD's head is the next answer.
            let head = try await node.folder.run(
                "curl --silent --head \(url)/healthz; curl --silent --include \(url)/healthz")
            let pages = head.output.components(separatedBy: "HTTP/1.1 200 OK\r\n").dropFirst()
            let lengths = pages.map { $0.split(separator: "\r\n").first { $0.hasPrefix("content-length") } }
            #expect(pages.first?.hasSuffix("\r\n\r\n") == true)
            #expect(lengths.count == 2 && lengths[0] == lengths[1] && lengths[0] != nil)
            let next = try await node.folder.run(
                "curl --head \(CurlTests.codes) \(url)/healthz --next \(CurlTests.codes) \(url)/healthz")
            #expect(next.errors == "200 1\n200 0\n")
        }
    }

    @Test(arguments: drivers)
    func secure(_ driver: String) async throws {
        let folder = try Folder.withCertificates()
        let plan = Plan(
            reactor: driver, shards: 2,
            secure: [.init(), .init(clientCertificate: "required"), .init(clientCertificate: "optional")])
        try await withNode(plan, in: folder) { node in
            let curl = "curl --silent --show-error --cacert ca.pem"
            let client = "--cert client.pem --key client.key"
            let peer = "\"peer\":{\"uris\":[\"spiffe://test/client\",\"urn:second\"],\"serial\":\""
            let url = (2...4).map { "https://localhost:\(node.ports[$0])" }

            let anonymous = try await folder.run("\(curl) --http2 --verbose \(url[0])/v1/node \(client)")
            #expect(anonymous.output.contains("\"peer\":null"))
            #expect(anonymous.errors.contains("ALPN: server accepted http/1.1"), "\(anonymous.errors)")
            #expect(try await folder.run("\(curl) \(url[1])/v1/node \(client)").output.contains(peer))
            #expect(try await folder.run("\(curl) \(url[2])/v1/node \(client)").output.contains(peer))
            #expect(try await folder.run("\(curl) \(url[2])/v1/node").output.contains("\"peer\":null"))
            let refused = try await folder.run("\(curl) \(url[1])/v1/node")
            #expect(
                refused.status == 56 && refused.errors.contains("certificate required"), "\(refused.errors)")
            #expect(
                try await folder.run("\(curl) --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0 \(url[0])").status
                    == 35)

            let kept = try await folder.run(
                "\(curl) \(CurlTests.codes) \(url[1])/v1/node \(url[1])/none \(url[1])/healthz \(client)")
            #expect(kept.errors == "200 1\n404 0\n200 0\n")

            // A body of many records, up and down again as a reason with its place.
            try folder.write("[" + String(repeating: "1,", count: 100_000) + "]", to: "body.json")
            let posted = try await folder.run(
                "\(curl) \(url[0])/v1/json/check --data-binary @body.json -H 'Transfer-Encoding: chunked'")
            #expect(posted.output.contains("\"column\":200002"), "\(posted.output) \(posted.errors)")
            #expect(
                try await node.metric(
                    "paceline_tls_failures_total{server=\"requests\",reason=\"certificate_required\"}")
                    == 1)
        }
    }
}
