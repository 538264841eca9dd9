// Roles by client certificates: which entry fits, and a real coordinator over TLS, asked by curl and by our own command.
import Foundation
import PostgresServer
import Settings
import TestCertificates
import Testing

@testable import paceline_coordinator

struct CertificateRoleSettingsTests {
    private static func settings(_ roles: String, _ admin: String) throws -> CoordinatorSettings {
        try CoordinatorSettings(
            Array(
                """
                {"daemon": "coordinator", "name": "c", "listen": [{"address": "127.0.0.1", "port": 1}], "holders": ["b"],
                 "admin": {\(admin)}, "roles": [\(roles)]}
                """.utf8))
    }
    private static let tls =
        #""tls": {"certificateFile": "/c", "keyFile": "/k", "clientCAFile": "/a", "clientCertificate": "optional"}"#

    @Test func theFirstThatFitsDecides() throws {
        let roles = try Self.settings(
            """
            {"certificate": "spiffe://f/people/alice", "role": "admin"}, {"certificate": "spiffe://f/people/*", "role": "viewer"},
            {"certificate": "watch.example", "role": "operator"}
            """, Self.tls
        ).roles
        func found(_ uris: [String], _ names: [String] = []) -> String? {
            for one in roles {
                if let name = one.name(uris: uris, names: names) { return "\(name) \(one.role.rawValue)" }
            }
            return nil
        }
        #expect(found(["spiffe://f/people/alice"]) == "spiffe://f/people/alice admin")
        #expect(found(["spiffe://f/people/bob"]) == "spiffe://f/people/bob viewer")
        #expect(found(["spiffe://f/people/alice/x"]) == "spiffe://f/people/alice/x viewer")
        #expect(found(["spiffe://f/people/"]) == nil && found(["spiffe://f/people"]) == nil)
        #expect(found(["spiffe://f/peoples/a", "spiffe://g/people/a"]) == nil)
        // A DNS name is no URI, and the other way round.
        #expect(found([], ["watch.example"]) == "certificate watch.example operator")
        #expect(
            found(["watch.example"]) == nil
                && found([], ["spiffe://f/people/alice", "x.watch.example"]) == nil)
    }

    @Test func whatCannotBeIsRefused() {
        let one = #"{"certificate": "spiffe://f/a", "role": "admin"}"#
        for (roles, admin, place) in [
            (one, "", "roles"), (one, #""tls": {"certificateFile": "/c", "keyFile": "/k"}"#, "roles"),
            ("\(one), \(one)", Self.tls, "roles[1].certificate"),
            (#"{"certificate": "spiffe://*", "role": "admin"}"#, Self.tls, "roles[0].certificate"),
            (#"{"certificate": "*.example", "role": "admin"}"#, Self.tls, "roles[0].certificate"),
            (#"{"certificate": "spiffe://f/a", "role": "root"}"#, Self.tls, "roles[0].role"),
            // As coordinators stand in the audit log.
            (#"{"certificate": "coordinator one", "role": "admin"}"#, Self.tls, "roles[0].certificate"),
        ] {
            let refused = #expect(throws: (any Error).self) { try Self.settings(roles, admin) }
            #expect(
                "\(refused.map { "\($0)" } ?? "")".contains(place), "\(roles): \(String(describing: refused))"
            )
        }
    }
}

@Suite(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"), .serialized)
struct CertificateRoleTests {
    /// One coordinator whose operators come by TLS.
    private final class Guarded {
        let database: PostgresServer
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "paceline-roles-\(UUID().uuidString)")
        let coordinator: RunningCoordinator
        let port: UInt16

        init() throws {
            let folder = folder
            database = try PostgresServer(["fsync=on"])
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let authority = TestAuthority()
            let port = try PostgresServer.freePort()
            self.port = port
            func path(_ name: String) -> String { folder.appending(path: name).path() }
            func write(_ bytes: [UInt8], _ name: String) throws {
                try Data(bytes).write(to: folder.appending(path: name))
                chmod(path(name), 0o600)
            }
            try write(authority.certificate, "authority.pem")
            let names = [
                "server": ["IP:127.0.0.1"], "alice": ["URI:spiffe://f/people/alice"],
                "bob": ["URI:spiffe://f/people/bob"], "ci": ["DNS:ci.example"],
                "broker": ["URI:spiffe://f/brokers/one"],
            ]
            for (name, alternatives) in names {
                let one = authority.issue(name, alternatives)
                try write(one.chain, "\(name).pem")
                try write(one.key, "\(name).key")
            }
            coordinator = try RunningCoordinator(
                "one", database: database.port, lease: 600, user: "postgres", catalog: nil,
                more: [
                    "admin": [
                        "address": "127.0.0.1", "port": Int(port),
                        "tls": [
                            "certificateFile": path("server.pem"), "keyFile": path("server.key"),
                            "clientCAFile": path("authority.pem"), "clientCertificate": "optional",
                        ],
                    ],
                    "roles": [
                        ["certificate": "spiffe://f/people/alice", "role": "admin"],
                        ["certificate": "spiffe://f/people/*", "role": "viewer"],
                        ["certificate": "ci.example", "role": "trafficker"],
                    ],
                ], in: folder)
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        /// With curl: the status and the body.
        func ask(_ who: String?, _ path: String, _ more: [String] = []) throws -> (
            status: Int, json: [String: Any], text: String
        ) {
            let process = Process()
            let pipe = Pipe()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments =
                [
                    "curl", "--silent", "--show-error", "--max-time", "10", "--cacert",
                    folder.appending(path: "authority.pem").path(),
                ]
                + (who.map {
                    [
                        "--cert", folder.appending(path: "\($0).pem").path(), "--key",
                        folder.appending(path: "\($0).key").path(),
                    ]
                } ?? [])
                + ["--write-out", "\n%{http_code}"] + more + ["https://127.0.0.1:\(port)\(path)"]
            process.standardOutput = pipe
            process.standardError = pipe
            try process.run()
            let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            let lines = text.split(separator: "\n")
            let body = lines.dropLast().joined(separator: "\n")
            let json = (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any] ?? [:]
            return (Int(lines.last ?? "") ?? 0, json, body)
        }
    }

    @Test func aCertificateHasARole() throws {
        let guarded = try Guarded()
        let end = Date().addingTimeInterval(30)
        while try guarded.ask("alice", "/v1/coordinator").json["leads"] as? Bool != true {
            #expect(Date() < end, "\(guarded.coordinator.log)")
            guard Date() < end else { return }
            usleep(100_000)
        }
        // Who is who, before there is any token: nobody may all any more.
        let alice = try guarded.ask("alice", "/api/v1/me").json
        #expect(alice["who"] as? String == "spiffe://f/people/alice" && alice["role"] as? String == "admin")
        #expect(alice["by"] as? String == "certificate" && alice["needsToken"] as? Bool == true)
        #expect(try guarded.ask("bob", "/api/v1/me").json["role"] as? String == "viewer")
        #expect(try guarded.ask("ci", "/api/v1/me").json["who"] as? String == "certificate ci.example")
        let stranger = try guarded.ask("broker", "/api/v1/campaigns")
        #expect(stranger.status == 403, "\(stranger.text)")
        #expect(stranger.json["certificate"] as? [String] == ["spiffe://f/brokers/one"])
        #expect((stranger.json["title"] as? String)?.contains("this certificate has no role here") ?? false)
        #expect(try guarded.ask(nil, "/api/v1/campaigns").status == 401)
        #expect(try guarded.ask(nil, "/healthz").status == 200)
        // By their roles, and in the audit log by their names.
        let file = guarded.folder.appending(path: "catalog.json")
        try Data(SmallCatalog.file.utf8).write(to: file)
        let load = ["--json", "@\(file.path())", "--header", "If-None-Match: *"]
        let refused = try guarded.ask("bob", "/api/v1/catalog/import", load)
        #expect(refused.status == 403 && refused.json["needed"] as? String == "trafficker", "\(refused.text)")
        #expect(try guarded.ask("ci", "/api/v1/catalog/import", load).status == 201)
        let audit = try guarded.ask("alice", "/api/v1/audit")
        #expect(
            (audit.json["entries"] as? [[String: Any]])?.first?["who"] as? String == "certificate ci.example")
        #expect(try guarded.ask("ci", "/api/v1/audit").status == 403)
        // A token that comes with it decides alone, for more, for less, or not at all. No token is named as a certificate.
        let make = { (name: String, role: String) in
            ["--json", #"{"name": "\#(name)", "role": "\#(role)", "days": 1}"#]
        }
        #expect(
            try guarded.ask("alice", "/api/v1/tokens", make("spiffe://f/people/alice", "viewer")).status
                == 400)
        #expect(
            try guarded.ask("alice", "/api/v1/tokens", make("certificate ci.example", "viewer")).status == 400
        )
        let made = try guarded.ask("alice", "/api/v1/tokens", make("night", "operator"))
        #expect(made.status == 201, "the first token needs not be an admin's here: \(made.text)")
        let header = ["--header", "Authorization: Bearer \(made.json["token"] as? String ?? "")"]
        for who in ["alice", "broker", nil] as [String?] {
            let me = try guarded.ask(who, "/api/v1/me", header).json
            #expect(
                me["who"] as? String == "night" && me["role"] as? String == "operator",
                "\(who ?? "nobody"): \(me)")
            #expect(me["by"] as? String == "token")
        }
        #expect(
            try guarded.ask("alice", "/api/v1/me", ["--header", "Authorization: Bearer none"]).status == 401)
        // Our own command shows it as well.
        func path(_ name: String) -> String { guarded.folder.appending(path: name).path() }
        let list = try paceline([
            "campaign", "list", "--coordinator", "https://127.0.0.1:\(guarded.port)", "--certificate",
            path("bob.pem"),
            "--key", path("bob.key"), "--ca", path("authority.pem"),
        ])
        #expect(list.status == 0 && list.output.contains("winter"), "\(list.output)")
        // While the database is away since the start, certificates are known all the same.
        guarded.database.kill()
        #expect(try guarded.ask("bob", "/api/v1/me").status == 200)
    }
}
