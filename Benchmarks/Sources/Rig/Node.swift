// The product's own node, as it is shipped: one shard on the server's core, a catalog, a journal.
import BenchKit
public import Foundation

extension Server {
    /// - Parameters:
    ///   - models: a directory with models.json; without it nothing is predicted.
    ///   - sharesOther: what is no shard has the client's core, which has to have time.
    public static func node(
        catalog: URL, models: URL? = nil, in folder: URL, sharesOther: Bool = false
    ) throws -> Server {
        let (port, adminPort) = (try freePort(), try freePort())
        let state = folder.appendingPathComponent("node-state")
        let child = try Child(
            sibling("paceline-node"),
            [
                "--standalone", catalog.path, "--state", state.path, "--port", "\(port)", "--admin-port",
                "\(adminPort)", "--shards", "1",
            ] + (models.map { ["--models", $0.path] } ?? []), on: .server, sharesOther: sharesOther)
        return try Server("paceline-node", child, port: port, adminPort: adminPort)
    }

    /// What all decisions of a node took since it started, as it counts them itself, and how many there were.
    public func decisionTime() throws -> (seconds: Double, count: Double) {
        let found = try metrics(["paceline_decision_seconds_sum", "paceline_decision_seconds_count"])
        return (found[0], found[1])
    }

    /// What a node says of itself, by the names with their labels.
    public func metrics(_ names: [String]) throws -> [Double] {
        let lines = try fetch("/metrics", port: adminPort).split(separator: "\n")
        return try names.map { name in
            let line = lines.first { $0.hasPrefix(name + " ") }
            guard let value = line.flatMap({ Double($0.dropFirst(name.count + 1)) }) else {
                throw Impossible("a node's metrics have no \(name)")
            }
            return value
        }
    }
}
