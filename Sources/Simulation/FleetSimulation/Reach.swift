// Whether anybody can reach a simulated node's notice addresses: who proves it, how that fails while requests come by another way,
// and what the exchange may still bill then.
import Ledger
import Units

/// A time in which nobody could reach a node's notice addresses, by its own clock: up to the first proof behind it.
struct Outage {
    let from: Instant
    var proved: Instant?
}

extension World {
    var reachLimits: ReachLimits? {
        guard !has(.freedUnreached) else { return nil }
        return ReachLimits(
            gap: WorldShape.reachGap, hold: WorldShape.holdMost,
            lastBill: WorldShape.lastBill + Node.graceMargin)
    }

    /// Requests go on, and no bill, loss or probe comes through.
    func cutNotices(_ index: Int, until time: Int64) {
        if nodes[index].unreachedUntil <= now,
            nodes[index].outages.last?.proved != nil || nodes[index].outages.isEmpty
        {
            nodes[index].outages.append(Outage(from: nodes[index].clock.now(now)))
        }
        nodes[index].unreachedUntil = max(nodes[index].unreachedUntil, time)
    }

    /// Something has come in by its notice addresses. What is known of it comes to the disk behind it.
    func reached(_ index: Int) {
        guard nodes[index].unreachedUntil <= now else { return }
        let time = nodes[index].clock.now(now)
        if let last = nodes[index].outages.indices.last, nodes[index].outages[last].proved == nil {
            nodes[index].outages[last].proved = time
        }
        nodes[index].reachKept = nodes[index].reach
        nodes[index].reach.note(time, gap: WorldShape.reachGap)
        for lane in nodes[index].lanes {
            for desk in lane.desks { tell(desk, index, .reached(at: time)) }
        }
        for desk in nodes[index].estate { tell(desk, index, .reached(at: time)) }
    }

    /// Who probes does so about once in a second.
    static let ticksOfAProbe = 6

    func noteKept(_ index: Int) {
        let isKept =
            nodes[index].estate.contains { $0.holder.kept > 0 }
            || nodes[index].lanes.contains { $0.desks.contains { $0.holder.kept > 0 } }
        if isKept { coverage.note(.kept) }
    }

    /// Whether nobody could reach a reservation's node for longer than the gap, between its beginning and now: its exchange may bill
    /// it until the last bill's time.
    func isUnreached(_ ad: Ad) -> Bool {
        let time = nodes[ad.node].clock.now(now)
        return nodes[ad.node].outages.contains {
            ($0.proved ?? time) - max($0.from, ad.begun) > WorldShape.reachGap
        }
    }
}
