// The OpenAPI document against the handlers: what is in one is in the other, and real answers have codes that it names.
import Documents
import Foundation
import HTTP
import PostgresServer
import Testing

@testable import paceline_coordinator

struct OpenAPITests {
    private static let file = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../docs/openapi.json").standardized

    private static func document() throws -> [String: [String: [String: Any]]] {
        let whole = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        return try #require(whole["paths"] as? [String: [String: [String: Any]]])
    }

    @Test func theFileIsWhatTheHandlersSay() throws {
        #expect(
            try String(contentsOf: Self.file, encoding: .utf8) == OpenAPI.document.page + "\n",
            "write it anew: paceline-coordinator --openapi > docs/openapi.json")
        let named = try Self.document().flatMap { path, methods in methods.keys.map { "\($0) \(path)" } }
        let handled = AdminOperation.all.map {
            "\($0.method.token)".lowercased() + " /api/v1/\($0.address)"
                + ($0.address.hasSuffix("/") ? "{id}" : "")
        }
        #expect(named.sorted() == handled.sorted())
        for operation in AdminOperation.all {
            let found = AdminOperation.find(
                Substring(operation.address + (operation.address.hasSuffix("/") ? "a/b" : "")))
            #expect(found.operations.contains(operation), "\(operation)")
        }
    }

    @Test(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"))
    func everyAddressIsAnsweredAsItSays() throws {
        // Six hundred requests from one address, one after the other.
        let pair = try Pair(more: [
            "rates": [
                "readsPerSecond": 100_000, "changesPerSecond": 100_000, "readBurst": 1_000_000,
                "changeBurst": 1_000_000,
            ]
        ])
        let leader = try pair.leader()
        try pair.until("the tables are there") { try pair.admin("GET /api/v1/tokens").status == 200 }
        // Made first: a token of this pair would keep the rest out.
        let paths = try Self.document().sorted { $0.key < $1.key }
        for (path, methods) in paths {
            for (method, operation) in methods.sorted(by: { $0.key < $1.key }) {
                let codes = Set((operation["responses"] as? [String: Any] ?? [:]).keys.compactMap { Int($0) })
                for body in ["", "{}", "[]", #"{"id": "x", "version": 1, "campaign": "x"}"#] {
                    for headers in [[], ["if-match: *"], ["idempotency-key: \(body.count)"]] {
                        let head = "\(method.uppercased()) \(path.replacing("{id}", with: "x"))"
                        let answer = try pair.admin(head, body, headers, at: leader)
                        #expect(
                            codes.contains(answer.status),
                            "\(head) \(headers) \(body): \(answer.status) \(answer.body)")
                        guard !path.hasSuffix("/events") || answer.status != 200 else { continue }
                        let isJSON = (try? JSONSerialization.jsonObject(with: Data(answer.bytes))) != nil
                        #expect(isJSON, "\(head): \(answer.body)")
                    }
                }
            }
        }
        #expect(try pair.admin("PATCH /api/v1/campaigns/x").status == 405)
        #expect(try pair.admin("GET /api/v1/nothing").status == 404)
    }
}
