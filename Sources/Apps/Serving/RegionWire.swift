// What a region's brokers ask the coordinator that leads, and nodes their brokers, as the bytes of `POST /v1/region`, version 1: where
// the region stands, in exchange for what its nodes were asked for. It may be lost: it is asked again within a second.
public import Documents
public import Fleet

/// Who asks, and what is known there of nodes: a broker of its own nodes, a node of itself.
public struct RegionQuestion: Hashable, Sendable {
    public static let version: UInt32 = 1
    /// As many as a broker has nodes, some of which have just begun anew.
    public static let countsMost = 128

    public var holder: String
    public var counts: [NodeCount]

    public init(holder: String, counts: [NodeCount]) { (self.holder, self.counts) = (holder, counts) }

    public init(_ tree: JSONTree) throws(Malformed) {
        let fields = try Fields(tree, at: "")
        _ = try fields.number("version", Self.version...Self.version)
        holder = try fields.text("holder")
        counts = []
        for (index, one) in try fields.list("nodes", most: Self.countsMost).enumerated() {
            let fields = try Fields(one, at: "nodes[\(index)]")
            counts.append(
                NodeCount(
                    node: try fields.text("node"), start: try fields.bits("start"),
                    requests: try fields.bits("requests")))
        }
    }

    public var tree: JSONTree {
        [
            "version": .number(Self.version), "holder": .string(holder),
            "nodes": .array(
                counts.map {
                    [
                        "node": .string($0.node), "start": .string("\($0.start)"),
                        "requests": .string("\($0.requests)"),
                    ]
                }),
        ]
    }
}

/// Where a region stands, as its nodes are to know it.
public struct RegionWord: Hashable, Sendable {
    public var state: RegionState
    /// In thousandths of what it could take.
    public var share: Int

    public init(_ state: RegionState, share: Int) { (self.state, self.share) = (state, share) }

    /// What holders hear that are of no region in the coordinator's settings.
    public static let ordinary = RegionWord(.healthy, share: 1_000)

    public init(_ tree: JSONTree) throws(Malformed) {
        let fields = try Fields(tree, at: "")
        _ = try fields.number("version", RegionQuestion.version...RegionQuestion.version)
        let word = try fields.text("state", most: 32)
        guard let state = RegionState.allCases.first(where: { "\($0)" == word }) else {
            throw Malformed(
                place: "state", allowed: RegionState.allCases.map { "\"\($0)\"" }.joined(separator: ", "))
        }
        self.init(state, share: Int(try fields.number("share", 0...1_000)))
    }

    public var tree: JSONTree {
        [
            "version": .number(RegionQuestion.version), "state": .string("\(state)"),
            "share": .number(UInt32(share)),
        ]
    }
}
