// Who asks this coordinator for questions, each under one name that nobody else can take: the holder's, which its certificate vouches for, and
// behind a broker the node's beside it. A region is the settings' where they have the holder in one, and else what the node says.
import Pacing
import Serving
import Units

struct QuestionPeers {
    struct Peer {
        let region: String
        var kinds: [String]
        var heardAt: Instant
    }

    /// By name: of one holder at most its own and those of `PaceSpeakers.most` nodes.
    private(set) var all: [String: Peer] = [:]
    private var speakers = PaceSpeakers(silence: Self.memory)
    private let regions: [String: String]
    private var forgotAt = Instant(nanoseconds: .min)

    /// Who asks no more is named so long.
    static let memory = Interval.seconds(900)

    /// - Parameter regions: of the settings, by holder.
    init(_ regions: [String: String]) { self.regions = regions }

    /// Under which name this node is known; nil where its holder speaks for too many already.
    mutating func heard(_ words: QuestionWords, at now: Instant) -> String? {
        var name = words.holder
        if let node = words.node {
            guard let known = speakers.name(of: node, start: words.start, by: words.holder, at: now) else {
                return nil
            }
            name = known
        }
        if all[name] == nil || now >= forgotAt + .seconds(1) {
            all = all.filter { now <= $0.value.heardAt + Self.memory }
            forgotAt = now
        }
        let region = all[name]?.region ?? self.region(of: name, saying: words.region)
        all[name] = Peer(region: region, kinds: words.kinds, heardAt: now)
        return name
    }

    /// Of a node by its name here, or in words of pacing.
    func region(of name: String, saying said: String) -> String { regions[Self.holder(of: name)] ?? said }

    private static func holder(of name: String) -> String {
        name.firstIndex(of: "/").map { String(name[..<$0]) } ?? name
    }

    /// Nodes behind brokers by their own names: of a pair either may have spoken of a node first in words of pacing, and the other one here.
    struct Place: Hashable {
        let node: String
        let region: String
    }

    var places: Set<Place> {
        Set(all.compactMap { name, peer in Self.node(of: name).map { Place(node: $0, region: peer.region) } })
    }

    /// Whether a node that has spoken of pacing, under this name there, asks for questions too.
    func have(_ name: String, saying region: String, among places: Set<Place>) -> Bool {
        if all[name] != nil { return true }
        guard let node = Self.node(of: name) else { return false }
        return places.contains(Place(node: node, region: self.region(of: name, saying: region)))
    }

    /// Nil for a holder itself.
    private static func node(of name: String) -> String? {
        name.firstIndex(of: "/").map { String(name[name.index(after: $0)...]) }
    }
}
