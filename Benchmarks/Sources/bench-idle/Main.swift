// 10,000 connections that do nothing: what each costs the server in memory, and what they cost the others.
import BenchKit
import Foundation
import Rig

@main
enum Main {
    static let idle = 10_000
    static let load = ["--connections", "64", "--expect-length", "\(Server.answerLength)"]

    static func main() {
        Bench.run("idle") { bench in
            try withFolder { folder in
                let calm = try Server.ours()
                defer { calm.stop() }
                let ours = try Server.ours()
                defer { ours.stop() }
                let nginx = try Server.nginx(in: folder)
                defer { nginx.stop() }
                let bytes = try holding(on: ours) { growth in
                    let samples = try calmRounds(
                        5,
                        [
                            { try Load.run("http", ours, seconds: 0.7, warmup: 0.1, load) },
                            { try Load.run("http", calm, seconds: 0.7, warmup: 0.1, load) },
                        ])
                    try bench.compare(
                        "requests beside \(idle) idle connections", unit: "per s",
                        ours: samples[0].map(\.perSecond), peer: samples[1].map(\.perSecond),
                        named: "none idle")
                    return growth
                }
                let peer = try holding(on: nginx) { $0 }
                try bench.measure("memory of an idle connection", unit: "bytes", ours: [bytes])
                try bench.compare(
                    "memory of an idle connection", unit: "bytes", ours: [bytes], peer: [peer], named: "nginx"
                )
            }
        }
    }

    /// Gives `body` what the server's memory grew by for each idle connection, while they are held; all of
    /// them must still be answered afterwards. The kernel's memory for sockets is not in it.
    private static func holding<Result>(on server: Server, _ body: (Double) throws -> Result) throws -> Result
    {
        // What the server sets up with its first connections is not the idle ones' cost.
        _ = try Load.run("http", server, seconds: 0.3, warmup: 0.1, load)
        let before = try server.child.residentBytes()
        let holder = try Child(
            sibling("load"), ["idle", "--port", "\(server.port)", "--connections", "\(idle)"], on: .client)
        defer { holder.stop() }
        guard String(decoding: holder.readSome(), as: UTF8.self).hasPrefix("held") else {
            throw Impossible("\(idle) connections could not be held on \(server.name): \(holder.complaint)")
        }
        let result = try body((server.child.residentBytes() - before) / Double(idle))
        try holder.endInput()
        _ = try holder.wait()
        return result
    }
}
