// What a node says of itself, read from its answers, and how people and programs are told.
import Documents
import HTTP
import JSON

/// Why answers are not a node's: what was asked, and what is missing in the answer or wrong with it.
struct NotANode: Error {
    let why: String
}

struct NodeStatus {
    var name = ""
    var region = ""
    var version = ""
    var driver = ""
    var uptimeSeconds = 0
    /// Why it is not ready; empty where it is.
    var reasons: [String] = []
    /// What somebody should look at although it is ready.
    var notices: [String] = []
    /// Nil where it decides nothing.
    var catalog: NodeCatalogStatus?
    /// Only its operators' listener tells.
    var load: NodeLoad?

    init(
        _ identity: ClientResponse, _ readiness: ClientResponse, _ metrics: ClientResponse?
    ) throws(NotANode) {
        guard identity.status == 200 else { throw NotANode(why: "GET /v1/node got \(identity.status)") }
        // A node says 200 or 503 there, and the same in its answer.
        guard readiness.status == 200 || readiness.status == 503 else {
            throw NotANode(why: "GET /readyz got \(readiness.status)")
        }
        try readIdentity(identity.body)
        if try !readReadiness(readiness.body), reasons.isEmpty {
            throw NotANode(why: "GET /readyz says no and gives no reasons")
        }
        guard (readiness.status == 200) == reasons.isEmpty else {
            throw NotANode(why: "GET /readyz got \(readiness.status), and its answer says otherwise")
        }
        catalog = NodeCatalogStatus(identity.body)
        load = metrics.map { NodeLoad($0.body) }
    }

    private mutating func readIdentity(_ body: [UInt8]) throws(NotANode) {
        var missing: [StaticString] = ["name", "region", "version", "driver", "uptimeSeconds", "ready"]
        do {
            var scratch = JSONScratch(maximumBytes: body.count)
            var fields = try JSONDocument(body.span.bytes, scratch: &scratch).root.object()
            while let field = fields.next() {
                switch field.key {
                case "name": name = try field.value.string().copy()
                case "region": region = try field.value.string().copy()
                case "version": version = try field.value.string().copy()
                case "driver": driver = try field.value.string().copy()
                case "uptimeSeconds": uptimeSeconds = try field.value.int(in: 0...Int.max)
                case "ready": _ = try field.value.bool()
                default: break
                }
                missing.removeAll { field.key == $0 }
            }
        } catch {
            throw NotANode(why: "GET /v1/node: \(error)")
        }
        guard missing.isEmpty else {
            throw NotANode(why: "GET /v1/node lacks \(missing.map { "\($0)" }.joined(separator: ", "))")
        }
    }

    /// Whether the node says that it is ready; notes its reasons.
    private mutating func readReadiness(_ body: [UInt8]) throws(NotANode) -> Bool {
        var isReady: Bool?
        var hasReasons = false
        do {
            var scratch = JSONScratch(maximumBytes: body.count)
            var fields = try JSONDocument(body.span.bytes, scratch: &scratch).root.object()
            while let field = fields.next() {
                switch field.key {
                case "ok": isReady = try field.value.bool()
                case "reasons":
                    hasReasons = true
                    var list = try field.value.array()
                    while let reason = list.next() { reasons.append(try NodeStatus.sentence(reason)) }
                case "notices":
                    var list = try field.value.array()
                    while let notice = list.next() { notices.append(try NodeStatus.sentence(notice)) }
                default: break
                }
            }
        } catch {
            throw NotANode(why: "GET /readyz: \(error)")
        }
        guard let isReady else { throw NotANode(why: "GET /readyz lacks ok") }
        guard hasReasons else { throw NotANode(why: "GET /readyz lacks reasons") }
        return isReady
    }

    private static func sentence(_ reason: JSONValue) throws(JSONError) -> String {
        var (part, text) = ("node", "not ready")
        var fields = try reason.object()
        while let field = fields.next() {
            switch field.key {
            case "part": part = try field.value.string().copy()
            case "reason", "notice": text = try field.value.string().copy()
            default: break
            }
        }
        return "\(part): \(text)"
    }

    var lines: [String] {
        var lines = ["\(name) in \(region): \(reasons.isEmpty ? "ready" : "not ready")"]
        lines += (reasons + notices).map { "  \($0)" }
        lines.append("  version \(version), up for \(duration(uptimeSeconds)), \(driver)")
        if let catalog { lines += catalog.lines }
        if let load {
            lines.append("  \(load.requests) requests answered, \(load.connections) connections open")
            if let median = load.quantile(0.5), let slow = load.quantile(0.99) {
                lines.append("  service time: half within \(readable(median)), 99 % within \(readable(slow))")
            }
        }
        return lines
    }

    func tree(of url: String) -> JSONTree {
        var members: [JSONTree.Member] = [
            .init("url", .string(url)), .init("ready", .bool(reasons.isEmpty)),
            .init("reasons", .array(reasons.map { .string($0) })),
            .init("notices", .array(notices.map { .string($0) })), .init("name", .string(name)),
            .init("region", .string(region)), .init("version", .string(version)),
            .init("driver", .string(driver)),
            .init("uptimeSeconds", .number(uptimeSeconds)),
        ]
        if let catalog { members.append(.init("catalog", catalog.tree)) }
        if let load {
            members.append(.init("requests", .number(load.requests)))
            members.append(.init("connections", .number(load.connections)))
            members.append(
                .init(
                    "serviceSeconds",
                    [
                        "p50": load.quantile(0.5).map { JSONTree(.number($0)) } ?? .null,
                        "p99": load.quantile(0.99).map { JSONTree(.number($0)) } ?? .null,
                    ]))
        }
        return .object(members)
    }
}

/// The largest two units that say something.
func duration(_ seconds: Int) -> String {
    let parts = [
        (seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s"),
    ]
    let first = parts.firstIndex { $0.0 > 0 } ?? 3
    return parts[first...].prefix(2).map { "\($0.0) \($0.1)" }.joined(separator: " ")
}

/// A bound in seconds, as Prometheus writes it, in the unit that suits it.
private func readable(_ seconds: String) -> String {
    guard let value = Double(seconds) else { return "\(seconds) s" }
    let (scaled, unit) = value < 0.001 ? (value * 1e6, "µs") : value < 1 ? (value * 1e3, "ms") : (value, "s")
    let tenths = Int((scaled * 10).rounded())
    return (tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)") + " \(unit)"
}

/// How a node does on its request listeners, from its metrics in Prometheus' text.
struct NodeLoad {
    private(set) var requests = 0
    private(set) var connections = 0
    /// Requests that took no longer than a bound, by bound, in the order of the text, which is ascending.
    private var buckets: [(seconds: String, count: Int)] = []

    init(_ text: [UInt8]) {
        for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
            guard line.contains(#"server="requests""#), let space = line.lastIndex(of: " "),
                let value = Int(line[line.index(after: space)...])
            else { continue }
            switch line.prefix(while: { $0 != "{" }) {
            case "paceline_http_requests_total": requests = value
            case "paceline_http_connections_open": connections = value
            case "paceline_http_service_seconds_bucket":
                guard let start = line.firstRange(of: "le=\"") else { continue }
                buckets.append((String(line[start.upperBound...].prefix { $0 != "\"" }), value))
            default: break
            }
        }
    }

    /// The bound that so large a share of requests kept; nil where there were none, or the last bound was
    /// passed.
    func quantile(_ share: Double) -> String? {
        guard let all = buckets.last?.count, all > 0 else { return nil }
        let bound = buckets.first { Double($0.count) >= share * Double(all) }
        return bound.flatMap { $0.seconds == "+Inf" ? nil : $0.seconds }
    }
}
