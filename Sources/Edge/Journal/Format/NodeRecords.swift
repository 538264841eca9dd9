// The records that exist: those of every journal, and those of a node. Numbers of kinds are given once and never
// used again.

extension RecordKind {
    public static let nodeStarted = RecordKind(rawValue: 16)
    public static let nodeStopped = RecordKind(rawValue: 17)
    public static let certificateReload = RecordKind(rawValue: 18)
    public static let drainBegan = RecordKind(rawValue: 19)
    public static let drainEnded = RecordKind(rawValue: 20)
    /// One answered request.
    public static let access = RecordKind(rawValue: 21)
    /// What one decision came to and, of a sample, what it was made of: Core's `DecisionRecorder` writes it.
    public static let decision = RecordKind(rawValue: 23)
    /// The settings that decisions name, in the form of Core's `DecisionSettings`.
    public static let decisionSettings = RecordKind(rawValue: 24)
    /// What shadows said of one decision of their sample: Core's `RecordedShadow` reads it.
    public static let shadow = RecordKind(rawValue: 25)
    /// What a shard has seen to win and to lose in one market, by price.
    public static let shadingMarket = RecordKind(rawValue: 26)
    /// A catalog was taken into use, or refused while another one stays.
    public static let catalogReload = RecordKind(rawValue: 22)
}

extension RecordLayout {
    public static let all: [RecordLayout] = node + ledger + frequency + notices + broker

    /// The two forms that are read differ in their details alone.
    private static func decision(version: UInt16) -> RecordLayout {
        RecordLayout(
            "decision", .decision, version: version,
            [
                ("id", .id), ("at", .i64), ("catalog", .id), ("settings", .id), ("format", .u16),
                ("noBid", .u16), ("ads", .u32), ("answerBytes", .u32), ("answerChecksum", .u32),
                ("lineItems", .u32), ("request", .u16), ("flags", .u16), ("details", .rest),
            ])
    }

    private static let node: [RecordLayout] = [
        RecordLayout(
            "sealed", .sealed, version: 1,
            [("cause", .u32), ("recordsCut", .u32), ("bytesCut", .u64)]),
        RecordLayout("lost", .lost, version: 1, LossReason.allCases.map { ($0.label, .u64) }),
        RecordLayout(
            "node-started", .nodeStarted, version: 1,
            [
                ("version", .text), ("region", .text), ("settingsChecksum", .u32), ("shards", .u32),
                ("driver", .text),
            ]),
        RecordLayout("node-stopped", .nodeStopped, version: 1, [("connectionsCut", .u32)]),
        RecordLayout(
            "certificate-reload", .certificateReload, version: 1,
            [("listener", .text), ("taken", .u16), ("cause", .text)]),
        RecordLayout(
            "drain-began", .drainBegan, version: 1, [("connections", .u32), ("limitNanoseconds", .i64)]),
        RecordLayout(
            "drain-ended", .drainEnded, version: 1, [("connectionsCut", .u32), ("tookNanoseconds", .i64)]),
        RecordLayout(
            "access", .access, version: 1,
            [
                ("method", .text), ("path", .text), ("status", .u16), ("requestBytes", .u32),
                ("responseBytes", .u32), ("tookNanoseconds", .i64), ("oneIn", .u32),
            ]),
        decision(version: 5), decision(version: 6),
        RecordLayout(
            "decision-settings", .decisionSettings, version: 1, [("id", .id), ("content", .rest)]),
        RecordLayout(
            "shadow", .shadow, version: 1, [("decision", .id), ("models", .id), ("details", .rest)]),
        RecordLayout("shading-market", .shadingMarket, version: 1, [("market", .id), ("outcomes", .rest)]),
        RecordLayout(
            "catalog-reload", .catalogReload, version: 1,
            [("version", .u64), ("lineItems", .u32), ("taken", .u16), ("cause", .text)]),
    ]
}

/// Why a journal did not take a record, or lost one that it had taken.
public enum LossReason: Int, CaseIterable, Sendable {
    /// The memory for what waits to be written was full: the disk is slower than the records come.
    case backlog
    /// The same, because there is no segment to write to: the disk is full, or failing.
    case noSegment
    /// A sample, dropped so that there is room for what must be kept.
    case shed
    /// Larger than a record may be.
    case tooLarge
    /// Taken, but never durable: the journal was closed while its disk failed.
    case failed
    /// After the journal was closed.
    case closed

    public var label: String {
        switch self {
        case .backlog: "backlog"
        case .noSegment: "noSegment"
        case .shed: "shed"
        case .tooLarge: "tooLarge"
        case .failed: "failed"
        case .closed: "closed"
        }
    }
}
