// How far a feed was read whose changes are in a file of profiles: in the file itself, so that both are lost or kept
// together.
import Kernel
import Units

/// Two numbers that grow together, as a shared stream counts its entries.
public struct FeedPlace: Comparable, Sendable {
    public var milliseconds: UInt64
    public var sequence: UInt64

    public static let start = FeedPlace(milliseconds: 0, sequence: 0)

    public init(milliseconds: UInt64, sequence: UInt64) {
        (self.milliseconds, self.sequence) = (milliseconds, sequence)
    }

    public static func < (a: FeedPlace, b: FeedPlace) -> Bool {
        (a.milliseconds, a.sequence) < (b.milliseconds, b.sequence)
    }
}

/// The two places in a file's head that are written in turns: a process that dies while it writes one leaves the other.
struct FeedNotes {
    /// Behind the head's own words.
    private static let start = 128
    private static let stride = 64
    private static let words = 16

    let head: UnsafeMutableRawPointer

    private func note(_ index: Int) -> FeedPlace? {
        let note = UnsafeRawBufferPointer(
            start: head + Self.start + index * Self.stride, count: Self.words + 4)
        let place = FeedPlace(
            milliseconds: note.load(as: UInt64.self), sequence: note.load(fromByteOffset: 8, as: UInt64.self))
        let sum = CRC32C.checksum(
            of: RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: note[..<Self.words])))
        return place > .start && sum == note.load(fromByteOffset: Self.words, as: UInt32.self) ? place : nil
    }

    var place: FeedPlace { max(note(0) ?? .start, note(1) ?? .start) }

    func write(_ place: FeedPlace) {
        let older = (note(0) ?? .start) <= (note(1) ?? .start) ? 0 : 1
        let note = UnsafeMutableRawBufferPointer(
            start: head + Self.start + older * Self.stride, count: Self.words + 4)
        note.storeBytes(of: place.milliseconds, as: UInt64.self)
        note.storeBytes(of: place.sequence, toByteOffset: 8, as: UInt64.self)
        let words = UnsafeRawBufferPointer(rebasing: note[..<Self.words])
        note.storeBytes(
            of: CRC32C.checksum(of: RawSpan(_unsafeBytes: words)), toByteOffset: Self.words, as: UInt32.self)
    }
}
