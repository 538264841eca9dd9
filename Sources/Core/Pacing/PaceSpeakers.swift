// Who speaks of pacing to the coordinator behind a broker: a node, whose words come by either one of a pair.
public import Units

/// The names under which nodes behind brokers are planned for. A node has one as long as its process lives, whichever broker
/// passes its words on: under two it would be given two parts, and what it spent would count twice. The name begins with the
/// holder that spoke for it first, so none can take another's: only who knows the number of a node's start, which the node tells
/// its own brokers, is heard as that node.
public struct PaceSpeakers: Sendable {
    private struct Known: Sendable {
        let holder: String
        var start: UInt64
        var heardAt: Instant
    }

    private let silence: Interval
    /// By the node's own name, which nodes of different brokers may share.
    private var known: [String: [Known]] = [:]

    /// Of one holder, as many as a broker's settings may name; one more has no name.
    public static let most = 64

    /// - silence: who was not heard for so long is forgotten.
    public init(silence: Interval) { self.silence = silence }

    /// - Parameters:
    ///   - start: the number of the node's process.
    ///   - holder: the broker that passes the words on.
    /// - Returns: nil where the holder speaks for too many already.
    public mutating func name(of node: String, start: UInt64, by holder: String, at now: Instant) -> String? {
        if known[node]?.contains(where: { $0.start == start }) != true { forget(at: now) }
        var all = known[node] ?? []
        let place =
            all.firstIndex { $0.start == start } ?? all.firstIndex { $0.holder == holder } ?? all.count
        if place == all.count {
            guard count(of: holder) < Self.most else { return nil }
            all.append(Known(holder: holder, start: start, heardAt: now))
        }
        (all[place].start, all[place].heardAt) = (start, now)
        known[node] = all
        return "\(all[place].holder)/\(node)"
    }

    private func count(of holder: String) -> Int {
        known.values.reduce(0) { $0 + $1.count { $0.holder == holder } }
    }

    private mutating func forget(at now: Instant) {
        for (node, all) in known {
            let kept = all.filter { now <= $0.heardAt + silence }
            if kept.count < all.count { known[node] = kept.isEmpty ? nil : kept }
        }
    }
}
