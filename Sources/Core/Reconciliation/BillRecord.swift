// What an exchange wrote down of the ads that it was sold: a line for each thing that became of one, as `paceline traffic
// --record` writes it. Beside it stand the faults that somebody injected meanwhile, and when they were healed.
//
//     AT  sold|told|acknowledged|refused|lost  REGION  CAMPAIGN  MICROS  SESSION  SHARD  SEQUENCE
//     AT  fault   NAME
//     AT  healed  NAME  BOUND
//
// Tabs stand between the columns; times are milliseconds since 1970, and a bound is milliseconds too.

/// Which reservation an ad was sold from: what its notices say in clear, and by what the ledger knows its settlement.
public struct BillKey: Hashable, Sendable, CustomStringConvertible {
    public var session: UInt64
    public var shard: UInt32
    public var sequence: UInt64

    public init(session: UInt64, shard: UInt32, sequence: UInt64) {
        (self.session, self.shard, self.sequence) = (session, shard, sequence)
    }

    public var description: String { "\(session)/\(shard)/\(sequence)" }
}

/// What became of an ad, as its exchange sees it.
public struct BillEvent: Hashable, Sendable {
    public enum Kind: String, CaseIterable, Sendable {
        /// A node's answer has it.
        case sold
        /// It was shown, and its bill is sent for the first time. Whether it counts is unknown from here on.
        case told
        /// A node took the bill: it counts.
        case acknowledged
        /// A node refused it for good: it does not count.
        case refused
        /// The exchange gave up: it may count or not.
        case lost
    }

    public var at: Int64
    public var kind: Kind
    public var region: String
    public var campaign: String
    public var amount: Int64
    public var key: BillKey

    public init(
        at: Int64, _ kind: Kind, region: String, campaign: String, amount: Int64, key: BillKey
    ) {
        self.at = at
        self.kind = kind
        self.region = region
        self.campaign = campaign
        self.amount = amount
        self.key = key
    }

    /// As it stands in a record, with its end.
    public var line: String {
        "\(at)\t\(kind.rawValue)\t\(region)\t\(campaign)\t\(amount)\t\(key.session)\t\(key.shard)\t\(key.sequence)\n"
    }
}

/// Something that was broken on purpose, and how soon behind its end every region has to sell again.
public struct InjectedFault: Hashable, Sendable {
    public var name: String
    public var at: Int64
    /// Nil while it lasts.
    public var healed: Int64?
    public var bound: Int64

    public init(name: String, at: Int64, healed: Int64? = nil, bound: Int64 = 0) {
        (self.name, self.at, self.healed, self.bound) = (name, at, healed, bound)
    }
}

public struct BillRecord: Sendable {
    public var events: [BillEvent] = []
    public var faults: [InjectedFault] = []

    public init() {}

    public init(reading bytes: [UInt8]) throws(UnreadableLine) {
        try TabbedLines.read(bytes) { line throws(UnreadableLine) in
            let at = try line.number(0, "AT", Int64.self)
            switch try line.text(1, "what happened") {
            case "fault":
                faults.append(InjectedFault(name: try line.text(2, "NAME"), at: at))
            case "healed":
                let name = try line.text(2, "NAME")
                guard let open = faults.lastIndex(where: { $0.name == name && $0.healed == nil }) else {
                    throw line.refusal("'\(name)' is healed and was not injected")
                }
                faults[open].healed = at
                faults[open].bound = try line.number(3, "BOUND", Int64.self)
            case let word:
                guard let kind = BillEvent.Kind(rawValue: word) else {
                    throw line.refusal("'\(word)' is nothing that happens to an ad")
                }
                events.append(
                    BillEvent(
                        at: at, kind, region: try line.text(2, "REGION"),
                        campaign: try line.text(3, "CAMPAIGN"),
                        amount: try line.number(4, "MICROS", Int64.self),
                        key: BillKey(
                            session: try line.number(5, "SESSION", UInt64.self),
                            shard: try line.number(6, "SHARD", UInt32.self),
                            sequence: try line.number(7, "SEQUENCE", UInt64.self))))
            }
        }
    }
}
