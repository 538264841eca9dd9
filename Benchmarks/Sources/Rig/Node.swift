// The product's own node, as it is shipped: one shard on the server's core, a catalog, a journal.
import BenchKit
public import Foundation

extension Server {
    public static func node(catalog: URL, in folder: URL) throws -> Server {
        let (port, adminPort) = (try freePort(), try freePort())
        let state = folder.appendingPathComponent("node-state")
        let child = try Child(
            product("paceline-node"),
            [
                "--standalone", catalog.path, "--state", state.path, "--port", "\(port)", "--admin-port",
                "\(adminPort)", "--shards", "1",
            ], on: .server)
        return try Server("paceline-node", child, port: port, adminPort: adminPort)
    }

    /// What all decisions of a node took since it started, as it counts them itself, and how many there were.
    public func decisionTime() throws -> (seconds: Double, count: Double) {
        let metrics = try fetch("/metrics", port: adminPort)
        func value(_ name: String) throws -> Double {
            let line = metrics.split(separator: "\n").first { $0.hasPrefix(name + " ") }
            guard let value = line.flatMap({ Double($0.dropFirst(name.count + 1)) }) else {
                throw Impossible("a node's metrics have no \(name)")
            }
            return value
        }
        return (
            try value("paceline_decision_seconds_sum"), try value("paceline_decision_seconds_count")
        )
    }
}

/// The path of an executable of the product, which `./dev bench` builds beside the benches.
private func product(_ name: String) throws -> String {
    let here = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    var folder = URL(fileURLWithPath: here).deletingLastPathComponent()
    while folder.path != "/", folder.lastPathComponent != "Benchmarks" { folder.deleteLastPathComponent() }
    let path = folder.deletingLastPathComponent().appendingPathComponent(".build/release/\(name)").path
    guard FileManager.default.isExecutableFile(atPath: path) else {
        throw Impossible("\(path) is not built: swift build -c release --product \(name)")
    }
    return path
}
