// By what counters know a line item, a creative or an advertiser: a number made from its id and not its row, so that a
// new catalog goes on with the counts of the old one, on every node and after every start.
internal import Units

/// The number of a thing of a catalog. Two things with one number are counted together, which holds a cap early and
/// never late; among the things that one viewer meets that is one in some ten million.
public struct EntityNumber: Hashable, Sendable, BitwiseCopyable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public enum Kind: UInt64, Sendable {
        case lineItem = 1, creative, advertiser
    }

    /// Journals, notices and pools of nodes hold these numbers: the function must stay as it is.
    public init(_ kind: Kind, id: RawSpan) {
        self.init(kind, checksum: CRC32C.checksum(of: id))
    }

    /// The same by the CRC32C of the id, which is what notices carry.
    public init(_ kind: Kind, checksum: UInt32) {
        var mixer = SplitMix64(state: kind.rawValue << 32 | UInt64(checksum))
        let mixed = UInt32(truncatingIfNeeded: mixer.next() >> 32)
        // Zero is nothing.
        rawValue = mixed == 0 ? 1 : mixed
    }
}
