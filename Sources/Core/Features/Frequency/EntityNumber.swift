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

    /// FNV-1a, mixed. Journals and pools of nodes hold these numbers: the function must stay as it is.
    public init(_ kind: Kind, id: RawSpan) {
        var state: UInt64 = 0xCBF2_9CE4_8422_2325 ^ kind.rawValue
        for at in 0..<id.byteCount {
            let byte = unsafe id.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)
            state = (state ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        var mixer = SplitMix64(state: state)
        let mixed = UInt32(truncatingIfNeeded: mixer.next() >> 32)
        // Zero is nothing.
        rawValue = mixed == 0 ? 1 : mixed
    }
}
