// The product's own node, as it is shipped: one shard on the server's core, a catalog, a journal.
import BenchKit
public import Foundation

extension Server {
    public static func node(catalog: URL, in folder: URL) throws -> Server {
        let port = try freePort()
        let state = folder.appendingPathComponent("node-state")
        let child = try Child(
            product("paceline-node"),
            [
                "--standalone", catalog.path, "--state", state.path, "--port", "\(port)", "--admin-port",
                "\(try freePort())", "--shards", "1",
            ], on: .server)
        return try Server("paceline-node", child, port: port)
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
