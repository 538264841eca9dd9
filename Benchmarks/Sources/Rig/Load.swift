// Runs the load generator against a server and refuses what it measured where that cannot be right.
import BenchKit
import Foundation

public struct Load: Decodable, Sendable {
    public struct Quantiles: Decodable, Sendable {
        /// In microseconds.
        public var p50, p90, p99, p999, max: Double
    }

    public var requests: Double
    public var bytes: Double
    public var errors: Double
    public var seconds: Double
    /// CPU seconds within the window.
    public var client_cpu, server_cpu, stolen: Double
    public var latency: Quantiles

    public var perSecond: Double { requests / seconds }
    public var serverMicroseconds: Double { server_cpu / requests * 1e6 }
    public var clientMicroseconds: Double { client_cpu / requests * 1e6 }

    /// One window of load on a server; `mode` and `options` are those of the load generator.
    public static func run(
        _ mode: String, _ server: Server, tls: Bool = false, seconds: Double, warmup: Double,
        _ options: [String]
    ) throws -> Load {
        let port = tls ? server.tlsPort : server.port
        let child = try Child(
            sibling("load"),
            [mode, "--port", "\(port)", "--watch", "\(server.child.pid)", "--seconds", "\(seconds)", "--warmup",
                "\(warmup)"] + options, on: .client)
        do {
            let load = try JSONDecoder().decode(Load.self, from: try child.wait())
            guard load.errors == 0, load.requests > 0 else {
                throw Impossible("\(load.errors) errors, \(load.requests) answers")
            }
            return load
        } catch {
            throw Impossible("load \(mode) on \(server.name): \(error)")
        }
    }
}

extension [Load] {
    /// The median share of its core that each half used.
    public var clientShare: Double { median(map { $0.client_cpu / $0.seconds }) }
    public var serverShare: Double { median(map { $0.server_cpu / $0.seconds }) }

    /// The client sets the pace: its core is busy and the server's is not.
    public var isClientBound: Bool { clientShare >= 0.95 && serverShare < 0.90 }

    /// Says who was how busy, and refuses what shows nothing about the servers. `isPeer`: a peer that the client
    /// held back would flatter ours. `fills`: with so many connections one of the two cores has no idle time,
    /// unless other processes took it.
    public func inspect(_ name: String, isPeer: Bool, fills: Bool = true) throws {
        func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
        Bench.note(
            "  \(name): client CPU \(percent(clientShare)), server CPU \(percent(serverShare)), stolen "
                + percent(median(map { $0.stolen / $0.seconds }))
                + (isClientBound ? ": the client was the bottleneck" : ""))
        if isPeer && isClientBound { throw Impossible("\(name): the client was the bottleneck") }
        if fills && Swift.max(clientShare, serverShare) < 0.8 {
            throw Impossible("\(name): neither end had its core to itself; other processes were busy")
        }
    }
}
