// What pacing has to say of a decision: a campaign that is to spend slowly competes for a share of the requests, and a
// lot that follows from the decision's own seed says whether this one is among them.

/// A share of all requests, in parts of 2^32.
public struct PacingShare: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Nothing holds the campaign back, and no lot is drawn.
    public static let all = PacingShare(rawValue: .max)
    public static let none = PacingShare(rawValue: 0)

    public var fraction: Double { self == .all ? 1 : Double(rawValue) * 0x1p-32 }

    /// A campaign's lot in a decision: the same for all of its line items, since one budget pays for them. The same
    /// decision draws the same lots; those of two campaigns have nothing to do with one another.
    @inline(__always)
    static func lot(decision seed: UInt64, campaign: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: mixed(seed, campaign) >> 32)
    }

    /// Another lot, which has nothing to do with the first: for who stands at the margin of its budget's price.
    @inline(__always)
    static func marginLot(decision seed: UInt64, campaign: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: mixed(seed, campaign))
    }

    /// The finaliser of SplitMix64 over the seed, moved on by the campaign's row.
    @inline(__always)
    private static func mixed(_ seed: UInt64, _ campaign: Int) -> UInt64 {
        var mixed = seed &+ (UInt64(truncatingIfNeeded: campaign) &+ 1) &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    @inline(__always)
    func admits(_ lot: UInt32) -> Bool { self == .all || lot < rawValue }
}

/// A campaign's share and the lot that was above it.
struct DrawnLot: Sendable {
    let share: PacingShare
    let lot: UInt32

    /// To hundredths of a percent: shares below one in ten thousand are told by their reciprocal.
    var sentence: String {
        "it competes for \(Self.percent(share.rawValue)) of the requests, and drew \(Self.percent(lot))"
    }

    private static func percent(_ part: UInt32) -> String {
        let hundredths = (UInt64(part) * 10_000 + 1 << 31) >> 32
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) %"
    }
}
