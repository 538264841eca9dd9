// Every setting at both ends of what it may be, against a node that really starts on it: what the settings
// accept, the node bears with. The ends come from the node's own schema, so that a new setting is in here at once.
import Foundation
import Testing

/// One setting with one value, and what must go with it for the rules between settings.
private struct Extreme: CustomStringConvertible, Sendable {
    /// `limits.headBytes`; in an array, its last element is meant.
    let path: [String]
    let value: String

    var description: String { "\(path.joined(separator: ".")): \(value)" }

    private static let company: [String: [(path: [String], value: String)]] = [
        "limits.pendingBytesPerShard": [(["limits", "headBytes"], "256"), (["limits", "bodyBytes"], "0")],
        "limits.outputBytesPerShard": [(["limits", "outputBytesPerConnection"], "4096")],
        "limits.outputBytesPerConnection": [(["limits", "outputBytesPerShard"], "68719476736")],
        "drain.noticeMilliseconds": [(["drain", "timeoutMilliseconds"], "3600000")],
        "journal.retainBytes": [(["journal", "segmentBytes"], "8388608")],
        "notices.lifetimeSeconds": [
            (["budgets", "holdSeconds"], "1"), (["budgets", "graceSeconds"], "2"),
            (["notices", "reachGapSeconds"], "1"),
        ],
        "notices.reachGapSeconds": [
            (["budgets", "graceSeconds"], "7200"), (["notices", "lifetimeSeconds"], "8000"),
            (["budgets", "lastBillSeconds"], "7300"),
        ],
        "budgets.lastBillSeconds": [(["budgets", "graceSeconds"], "1")],
        "catalog.retainSeconds": [(["journal", "retainSeconds"], "60")],
    ]

    /// The settings of a file, with this one and its company in them.
    func file(_ settings: [String: Any]) throws -> String {
        let company = Extreme.company[path.joined(separator: ".")] ?? []
        let all = try ([(path, value)] + company).reduce(settings as Any) { tree, one in
            let value = try JSONSerialization.jsonObject(with: Data(one.1.utf8), options: .fragmentsAllowed)
            return Extreme.set(value, at: one.0[...], in: tree)
        }
        return String(decoding: try JSONSerialization.data(withJSONObject: all), as: UTF8.self)
    }

    private static func set(_ value: Any, at path: ArraySlice<String>, in tree: Any) -> Any {
        guard let key = path.first else { return value }
        if let list = tree as? [Any], let last = list.last {
            return Array(list.dropLast()) + [set(value, at: path, in: last)]
        }
        var object = tree as? [String: Any] ?? [:]
        object[key] = set(value, at: path.dropFirst(), in: object[key] ?? [String: Any]())
        return object
    }

    /// Both ends of every number and each word of every choice below a part of the schema.
    static func all(in schema: [String: Any], at path: [String] = []) -> [Extreme] {
        if let least = schema["minimum"], let most = schema["maximum"] {
            return [Extreme(path: path, value: "\(least)"), Extreme(path: path, value: "\(most)")]
        }
        if let words = schema["enum"] as? [String] {
            return words.map { Extreme(path: path, value: "\"\($0)\"") }
        }
        let properties =
            (schema["properties"] ?? (schema["items"] as? [String: Any])?["properties"]) as? [String: Any]
        return (properties ?? [:]).sorted { $0.key < $1.key }.flatMap { key, value in
            all(in: value as? [String: Any] ?? [:], at: path + [key])
        }
    }
}

@Suite struct ExtremeTests {
    /// What is not for a test to choose: ports that others may have or that only root may bind, the daemon, memory that
    /// is not there. The versions of TLS and the certificates of clients have tests of their own.
    private static func isChosen(_ extreme: Extreme) -> Bool {
        !["port", "daemon"].contains(extreme.path.last) && extreme.path.last != "clientCertificate"
            // 64 GiB a shard, all of which is written to at the start: no machine that tests has it.
            && "\(extreme)" != "frequency.counterBytesPerShard: 68719476736"
    }

    @Test func everyAcceptedExtremeIsServed() async throws {
        let folder = try Folder.withCertificates()
        try Demo.copyCatalog(into: folder)
        try Demo.copyModels(into: folder)
        try folder.write("thirty-two bytes that nobody knows", to: "salt")
        let schema = try await folder.run("paceline check-config --schema node")
        let tree = try JSONSerialization.jsonObject(with: Data(schema.output.utf8)) as? [String: Any]
        let extremes = Extreme.all(in: try #require(tree)).filter(ExtremeTests.isChosen)
        #expect(extremes.count > 40, "the schema was not understood")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for extreme in extremes {
                group.addTask {
                    let ports = try FreePorts.take(3)
                    var settings = try ExtremeTests.settings(ports, in: folder)
                    let section = extreme.path[0]
                    let decides = [
                        "catalog", "decision", "models", "frequency", "budgets", "ledger", "notices",
                        "overload",
                    ]
                    if section == "journal" || decides.contains(section) {
                        settings["journal"] = ["directory": folder.path("journal-\(ports[0])")]
                    }
                    if decides.contains(section) {
                        settings["catalog"] = [
                            "path": folder.path("catalog"),
                            "stateDirectory": folder.path("state-\(ports[0])"),
                        ]
                    }
                    if section == "models" { settings["models"] = ["path": folder.path("models")] }
                    // Each of the two numbers beside one of the other that leaves it its range.
                    if section == "traces" {
                        settings["traces"] = [
                            "address": "127.0.0.1", "port": 1, "batchSpans": 1, "ringSpans": 65_536,
                        ]
                    }
                    if extreme.path.starts(with: ["models", "published"]) { settings["models"] = [:] }
                    if extreme.path.starts(with: ["models", "shared"]) {
                        settings["models"] = [
                            "path": folder.path("models"), "profiles": folder.path("profiles"),
                            "shared": ["address": "127.0.0.1", "port": 1],
                        ]
                    }
                    if section == "notices" {
                        settings["notices"] = [
                            "baseURL": "http://a.test", "keyFile": folder.path("keys-\(ports[0])"),
                        ]
                    }
                    // Nobody answers there, and nobody waits for it.
                    if extreme.path.starts(with: ["frequency", "shared"]) {
                        settings["frequency"] = [
                            "shared": ["address": "127.0.0.1", "port": 1], "saltFile": folder.path("salt"),
                        ]
                    }
                    if extreme.path.starts(with: ["catalog", "published"]) {
                        settings["catalog"] = ["stateDirectory": folder.path("state-\(ports[0])")]
                    }
                    if extreme.path.starts(with: ["ledger", "issuer"])
                        || extreme.path.starts(with: ["catalog", "published"])
                        || extreme.path.starts(with: ["models", "published"])
                    {
                        let nobody: [String: Any] = ["address": "127.0.0.1", "port": 1]
                        settings["ledger"] = ["issuer": ["holder": "node-a", "coordinators": [nobody]]]
                    }
                    // Each beside a value of the other that leaves it its range.
                    if extreme.path.first == "overload" {
                        settings["overload"] = ["targetMilliseconds": 1, "limitMilliseconds": 10_000]
                    }
                    let text = try extreme.file(settings)
                    try await Places.shared.take()
                    await ExtremeTests.serve(text, ports, extreme, in: folder)
                    await Places.shared.give()
                }
            }
            try await group.waitForAll()
        }
    }

    /// With TLS on every listener but the one that is asked.
    private static func settings(_ ports: [UInt16], in folder: Folder) throws -> [String: Any] {
        let text = try Plan(secure: [.init()]).settings(ports: ports, in: folder)
        var settings = try #require(
            try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        var admin = try #require(settings["admin"] as? [String: Any])
        admin["tls"] = (settings["listen"] as? [[String: Any]])?.last?["tls"]
        settings["admin"] = admin
        return settings
    }

    /// The node answers on its request listener.
    private static func serve(_ text: String, _ ports: [UInt16], _ extreme: Extreme, in folder: Folder) async
    {
        let name = "extreme-\(ports[0])"
        do {
            try folder.write(text, to: "\(name).json")
            let node = try folder.start(
                ["paceline-node", "--config", "\(name).json"], seconds: 60, into: name)
            try await until("\(extreme) serves, or ends", within: .seconds(30)) {
                guard node.isRunning else { return true }
                // With room for one field only, the answer is a refusal.
                return try await Wire.get("/readyz", port: ports[1]) != nil
            }
            #expect(node.isRunning, "\(extreme): ended: \(folder.read("\(name).errors"))")
            node.signal(SIGKILL)
            _ = await node.end()
        } catch {
            Issue.record("\(extreme): \(error)")
        }
    }

    /// The limit on fields is what the parser has room for: at its most, so many are read and one more is refused.
    @Test func asManyFieldsAreReadAsMayBeAllowed() async throws {
        try await withNode(Plan(limits: ["headerCount": 100, "connectionsPerShard": 10])) { node in
            for (count, status) in [(100, 200), (101, 431)] {
                let wire = try Wire(node.port)
                let fields = (1..<count).map { "f\($0): v\r\n" }.joined()
                wire.send("GET /healthz HTTP/1.1\r\nhost: a\r\n\(fields)\r\n")
                #expect(try await wire.answer()?.status == status, "\(count) fields")
            }
        }
    }
}
