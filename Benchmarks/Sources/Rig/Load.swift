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
    /// CPU seconds within the window: of the two ends, of all other processes, of other machines.
    public var clientCPU, serverCPU, others, stolen: Double
    public var latency: Quantiles
    /// Of plain HTTP: what was turned away for load, and how soon; open loop: how late the generator itself was, and
    /// what it could not send.
    public var shed: Double?
    public var turnedAway: Quantiles?
    public var late: Quantiles?
    public var unsent: Double?
    /// Open loop: seconds in which nothing was due and nothing came. The generator spins then, so that its CPU time says
    /// nothing of how near it is to its limit.
    public var idle: Double?

    private enum CodingKeys: String, CodingKey {
        case requests, bytes, errors, seconds, others, stolen, latency, shed, late, unsent, idle
        case turnedAway = "turned_away"
        case clientCPU = "client_cpu"
        case serverCPU = "server_cpu"
    }

    /// Others took a quarter of a core or more: what was measured is how the machine was shared.
    public var isDisturbed: Bool { others / seconds > 0.25 }

    public var perSecond: Double { requests / seconds }
    public var shedPerSecond: Double { (shed ?? 0) / seconds }
    public var serverMicroseconds: Double { serverCPU / requests * 1e6 }

    /// One window of load on a server; `mode` and `options` are those of the load generator.
    public static func run(
        _ mode: String, _ server: Server, tls: Bool = false, seconds: Double, warmup: Double,
        _ options: [String]
    ) throws -> Load {
        let port = tls ? server.tlsPort : server.port
        let child = try Child(
            sibling("load"),
            [
                mode, "--port", "\(port)", "--watch", "\(server.child.pid)", "--seconds", "\(seconds)",
                "--warmup", "\(warmup)",
            ] + options, on: .client)
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
    public var clientShare: Double { median(map { $0.clientCPU / $0.seconds }) }
    public var serverShare: Double { median(map { $0.serverCPU / $0.seconds }) }

    /// The client sets the pace: its core is busy and the server's is not.
    public var isClientBound: Bool { clientShare >= 0.95 && serverShare < 0.90 }

    /// Says who was how busy. A peer that the client held back would flatter ours, and is refused.
    public func inspect(_ name: String, isPeer: Bool) throws {
        func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
        Bench.note(
            "  \(name): client CPU \(percent(clientShare)), server CPU \(percent(serverShare)), stolen "
                + percent(median(map { $0.stolen / $0.seconds }))
                + (isClientBound ? ": the client was the bottleneck" : ""))
        if isPeer && isClientBound { throw Impossible("\(name): the client was the bottleneck") }
    }
}

/// Runs the sides in turns. A round in which other processes took part is run again, as often as there are
/// rounds; after that there is nothing to be measured on this machine now.
public func calmRounds(_ count: Int, _ sides: [() throws -> Load]) throws -> [[Load]] {
    var samples: [[Load]] = sides.map { _ in [] }
    var repeats = 0
    while samples[0].count < count {
        let done = samples[0].count
        let round = try interleaved(rounds: 1, warmups: done == 0 ? 1 : 0, first: done, sides)
        if let disturbed = round.joined().first(where: \.isDisturbed) {
            repeats += 1
            guard repeats <= count else {
                throw Impossible(
                    "other processes took \(Int(disturbed.others / disturbed.seconds * 100)) % of a core; "
                        + "measure again when they are done")
            }
            continue
        }
        for side in sides.indices { samples[side] += round[side] }
    }
    if repeats > 0 { Bench.note("  \(repeats) rounds run again: other processes were busy") }
    return samples
}
