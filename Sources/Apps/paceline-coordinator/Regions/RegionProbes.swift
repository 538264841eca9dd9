// Regions as they are seen from outside: each address of the settings is asked every two seconds, while this process leads.
import Commands
import HTTP
import Kernel
import Reactor
import Settings
import Telemetry
import Units

/// Used on the root's thread only. It decides nothing: what was found goes to the regions' machines.
final class RegionProbes {
    private struct Probe {
        let region: Int
        let endpoint: Endpoint
        let path: String
        var nextAt = Instant(nanoseconds: .min)
        /// What the last one found; nil before the first.
        var answers: Bool?
    }

    private let context: CoordinatorContext
    private unowned let root: Root
    private let regions: FleetRegions
    private let reactor: Reactor
    private let client: Client
    private var probes: [Probe] = []
    private var random: Randomness

    private static let turn = Interval.milliseconds(100)
    /// Five of them in the ten seconds after which both signals move traffic.
    private static let pause = Interval.seconds(2)
    /// Longer than a packet that is lost once takes to come again.
    private static let limit = Interval.milliseconds(1_500)
    /// Health says some hundred bytes.
    private static let answerBytes = 64 * 1024

    init(
        _ context: CoordinatorContext, _ root: Root, _ regions: FleetRegions, on reactor: Reactor,
        seed: UInt64
    ) throws(Failure) {
        (self.context, self.root, self.regions, self.reactor) = (context, root, regions, reactor)
        random = Randomness(seed: seed)
        var limits = ClientLimits()
        limits.responseBytes = Self.answerBytes
        limits.connectionsPerEndpoint = 1
        client = Client(reactor: reactor, limits: limits)
        for (number, region) in context.settings.regions.enumerated() {
            for (index, one) in region.probes.enumerated() {
                guard let address = SocketAddress(literal: one.address.description, port: one.port) else {
                    throw Failure(
                        "regions[\(number)].probes[\(index)].address: \(one.address) is not an address of this system"
                    )
                }
                probes.append(
                    Probe(
                        region: number, endpoint: Endpoint(address: address, authority: "\(address)"),
                        path: one.path))
            }
        }
    }

    /// Regions that nobody looks at are named: nobody but an operator moves them.
    func start() {
        let blind = context.settings.regions.filter(\.probes.isEmpty).map(\.name)
        if !blind.isEmpty {
            context.log.notice(
                "no probes in the settings: nobody but an operator moves these regions' traffic",
                ["regions": .string(blind.joined(separator: " "))])
        }
        if !probes.isEmpty { tick() }
    }

    private func tick() {
        if reactor.timer(at: reactor.now + Self.turn, { [weak self] in self?.tick() }) == nil {
            context.log.critical("the reactor has no timer left for the regions' probes")
        }
        guard root.leads else {
            for index in probes.indices { probes[index].answers = nil }
            return
        }
        for index in probes.indices where reactor.now >= probes[index].nextAt { probe(index) }
    }

    private func probe(_ index: Int) {
        // Not all at once, and never twice at a time: the pause is longer than the limit.
        let jitter = Int64(random.next(below: UInt64(Self.pause.nanoseconds / 4)))
        probes[index].nextAt = reactor.now + Self.pause + Interval(nanoseconds: jitter)
        let request = ClientRequest(.get, probes[index].endpoint, probes[index].path)
        client.send(request, deadline: reactor.now + Self.limit) { [weak self] result in
            if case .success(let answer) = result {
                self?.found(index, answer.status < 500)
            } else {
                self?.found(index, false)
            }
        }
    }

    private func found(_ index: Int, _ answers: Bool) {
        guard root.leads else { return }
        probes[index].answers = answers
        let region = probes[index].region
        // One that was not asked yet says nothing against it.
        regions.probed(region, probes.contains { $0.region == region && $0.answers ?? true })
    }
}
