// The node under test: the real program, started from a settings file on free ports of loopback, asked over
// HTTP only.
import Foundation
import Synchronization
import Testing

/// What a test wants of its node. Times are short, since tests wait for them.
struct Plan: Sendable {
    /// A listener with TLS: where its files are, and whether it asks clients for theirs.
    struct Secure: Sendable {
        var certificate = "server"
        var clientCertificate = "none"
        var minimumVersion = "1.2"
    }

    var reactor = "auto"
    var shards = 1
    /// Listeners beside the plain one.
    var secure: [Secure] = []
    var limits = ["connectionsPerShard": 1_000]
    var noticeMilliseconds = 0
    var drainMilliseconds = 5_000
    var logFormat = "text"
    var environment: [String: String] = [:]
    /// Descriptors that the node may have open.
    var descriptors: Int?
    /// A catalog to serve, in the folder; what the node makes of it is kept in its folder `state`.
    var catalog: String?
    /// Models to predict with, and profiles, in the folder.
    var models: String?
    var profiles: String?
    /// Where changes of profiles come from: the settings' section.
    var feed: [String: any Sendable] = [:]
    /// The settings of shadows, in the section of models.
    var shadows: [String: Int] = [:]
    /// The settings' section, as JSON.
    var frequency: String?
    /// What stands before `/e/` in the addresses of ads; the keys are in the folder.
    var notices: String?
    var overload: [String: Int] = [:]
    /// The settings' section.
    var traces: [String: any Sendable] = [:]
    /// The settings' section.
    var decision: [String: Int] = [:]
    /// How long money is set aside for an ad, and how long after that its bill may come.
    var holdSeconds = 300
    var graceSeconds = 60
    /// The same where nobody could reach its notices, and how long that takes to be so.
    var lastBillSeconds: Int?
    var reachGapSeconds = 30
    /// Journals into the folder, with one answer of so many.
    var accessOneIn: Int?
    /// For so long what is journaled may wait for the disk.
    var flushMilliseconds = 5
    /// One decision of so many is journaled with its request.
    var requestOneIn = 1
    /// How old a segment of a journal gets.
    var segmentSeconds = 3_600

    func settings(ports: [UInt16], in folder: Folder) throws -> String {
        var listen: [[String: Any]] = [["address": "127.0.0.1", "port": Int(ports[1])]]
        for (index, one) in secure.enumerated() {
            var tls: [String: Any] = [
                "certificateFile": folder.path("\(one.certificate).pem"),
                "keyFile": folder.path("\(one.certificate).key"), "minimumVersion": one.minimumVersion,
                "reloadSeconds": 1,
            ]
            if one.clientCertificate != "none" {
                tls["clientCAFile"] = folder.path("ca.pem")
                tls["clientCertificate"] = one.clientCertificate
            }
            listen.append(["address": "127.0.0.1", "port": Int(ports[index + 2]), "tls": tls])
        }
        var all: [String: Any] = [
            "daemon": "node", "node": ["name": "tested", "region": "here"], "shards": shards,
            "reactor": reactor,
            "listen": listen, "admin": ["address": "127.0.0.1", "port": Int(ports[0])], "limits": limits,
            "drain": ["noticeMilliseconds": noticeMilliseconds, "timeoutMilliseconds": drainMilliseconds],
            "log": ["format": logFormat],
        ]
        if let catalog {
            var budgets = ["holdSeconds": holdSeconds, "graceSeconds": graceSeconds]
            if let lastBillSeconds { budgets["lastBillSeconds"] = lastBillSeconds }
            all["budgets"] = budgets
            all["catalog"] = [
                "path": folder.path(catalog), "stateDirectory": folder.path("state"), "reloadSeconds": 1,
            ]
        }
        if let models {
            var section: [String: Any] = ["path": folder.path(models)]
            if let profiles { section["profiles"] = folder.path(profiles) }
            if !feed.isEmpty { section["shared"] = feed }
            all["models"] = section.merging(shadows) { $1 }
        }
        if let frequency {
            all["frequency"] = try JSONSerialization.jsonObject(with: Data(frequency.utf8))
        }
        if let notices {
            all["notices"] = [
                "baseURL": notices, "keyFile": folder.path("notice-keys"), "reachGapSeconds": reachGapSeconds,
            ]
        }
        if !traces.isEmpty { all["traces"] = traces }
        if !overload.isEmpty { all["overload"] = overload }
        if !decision.isEmpty { all["decision"] = decision }
        // No money is spent that is not written down.
        if let accessOneIn = accessOneIn ?? catalog.map({ _ in 0 }) {
            all["journal"] = [
                "directory": folder.path("journal"), "accessOneIn": accessOneIn,
                "requestOneIn": requestOneIn, "segmentBytes": 8_388_608,
                "segmentAgeSeconds": segmentSeconds, "flushIntervalMilliseconds": flushMilliseconds,
            ]
        }
        return String(decoding: try JSONSerialization.data(withJSONObject: all), as: UTF8.self)
    }
}

final class RunningNode: Sendable {
    let folder: Folder
    let running: Running
    /// Of the operators' listener, the plain one, then those with TLS.
    let ports: [UInt16]

    private init(_ folder: Folder, _ running: Running, _ ports: [UInt16]) {
        self.folder = folder
        self.running = running
        self.ports = ports
    }

    /// A test that failed half-way leaves nothing running.
    deinit { running.signal(SIGKILL) }

    var admin: UInt16 { ports[0] }
    var port: UInt16 { ports[1] }
    var log: String { folder.read("node.errors") }

    /// Starts a node and waits until it is ready.
    static func start(_ plan: Plan, in folder: Folder, seconds: Int = 300) async throws -> RunningNode {
        let ports = try FreePorts.take(2 + plan.secure.count)
        try folder.write(plan.settings(ports: ports, in: folder), to: "node.json")
        let command = ["paceline-node", "--config", "node.json"]
        let limited = plan.descriptors.map { ["prlimit", "--nofile=\($0):\($0)"] + command } ?? command
        let running = try folder.start(limited, seconds: seconds, into: "node", environment: plan.environment)
        let node = RunningNode(folder, running, ports)
        do {
            try await until("the node is ready", within: .seconds(20)) {
                try #require(running.isRunning, "the node ended: \(node.log)")
                return try await Wire.get("/readyz", port: node.admin)?.status == 200
            }
        } catch {
            await node.stop()
            throw error
        }
        return node
    }

    /// Ends the node at once, where it has not ended by itself.
    func stop() async {
        guard running.isRunning else { return }
        running.signal(SIGKILL)
        _ = await running.end()
    }

    /// All metrics, by name and labels as they stand on the page.
    func metrics() async throws -> [String: Double] {
        let page = try #require(try await Wire.get("/metrics", port: admin))
        return Dictionary(
            page.body.split(separator: "\n").compactMap { line in
                guard !line.hasPrefix("#"), let space = line.lastIndex(of: " ") else { return nil }
                return Double(line[line.index(after: space)...]).map { (String(line[..<space]), $0) }
            }, uniquingKeysWith: +)
    }

    func metric(_ name: String) async throws -> Double {
        try #require(try await metrics()[name], "there is no metric \(name)")
    }

    /// Waits until the disk has all that was journaled before.
    func hasWritten() async throws {
        // A shard says at the end of a turn what waits: that of the last answer is over when the next one comes.
        _ = try await Wire.get("/v1/node", port: port)
        try await until("all is on the disk", within: .seconds(30)) {
            try await metric("paceline_journal_waiting_bytes") == 0
        }
    }

    /// Connections that ended for this reason.
    func ended(_ reason: String) async throws -> Double {
        try await metric("paceline_connections_ended_total{reason=\"\(reason)\"}")
    }

    /// A line of /proc/PID/status in KiB.
    func kibibytes(_ line: String) throws -> Int {
        let pid = try #require(running.pid)
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let found = try #require(status.split(separator: "\n").first { $0.hasPrefix("\(line):") })
        return try #require(Int(found.filter(\.isNumber)))
    }
}

/// Runs a test against a node of its own, which ends with it and must not have ended before.
func withNode(
    _ plan: Plan = Plan(), in folder: Folder? = nil, _ body: (RunningNode) async throws -> Void
) async throws {
    try await Places.shared.take()
    do {
        let node = try await RunningNode.start(plan, in: folder ?? Folder())
        do {
            try await body(node)
            #expect(node.running.isRunning, "the node ended: \(node.log)")
        } catch {
            await node.stop()
            throw error
        }
        await node.stop()
    } catch {
        await Places.shared.give()
        throw error
    }
    await Places.shared.give()
}

/// How many nodes are tested at once: most tests wait for a time to pass, and a machine may have two cores
/// only.
actor Places {
    static let shared = Places(4)

    private var free: Int

    init(_ count: Int) { free = count }

    func take() async throws {
        while free == 0 { try await Task.sleep(for: .milliseconds(5)) }
        free -= 1
    }

    func give() { free += 1 }
}

/// Ports below those that the kernel gives to clients, so that none is taken between being found and being
/// used.
enum FreePorts {
    private static let range = 20_000..<32_000
    private static let next = Mutex(Int(getpid()) * 97 % range.count)

    static func take(_ count: Int) throws -> [UInt16] {
        try next.withLock { next in
            var found: [UInt16] = []
            for _ in range where found.count < count {
                next = (next + 1) % range.count
                let port = UInt16(range.lowerBound + next)
                if Wire.isFree(port) { found.append(port) }
            }
            try #require(found.count == count, "no free ports")
            return found
        }
    }
}

/// Waits until something holds, and fails where it does not come to hold in time.
func until(
    _ what: String, within limit: Duration = .seconds(10), sourceLocation: SourceLocation = #_sourceLocation,
    _ holds: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !holds() {
        try #require(ContinuousClock.now < deadline, "not in time: \(what)", sourceLocation: sourceLocation)
        try await Task.sleep(for: .milliseconds(10))
    }
}
