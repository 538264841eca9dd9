// One pass over a segment's file, a piece at a time: what it takes of memory does not grow with the segment.
import Glibc
public import Kernel

/// Why a pass ended early.
public enum SegmentTrouble: Error, CustomStringConvertible {
    case unreadable(Errno)
    case refused(SegmentRefusal)

    public var description: String {
        switch self {
        case .unreadable(let error): "could not be read: \(error)"
        case .refused(let refusal): "\(refusal)"
        }
    }
}

/// Reads a segment as `SegmentReader` does, and refuses what that refuses.
public struct SegmentPass: ~Copyable {
    /// Some hundred records, which stay in a core's own cache between being read and being checked, beside what a shard on
    /// the same core has there. A record that is larger gets what it needs.
    static let pieceBytes = 1 << 18
    /// A longer record is none: a length of this size is damage.
    static let recordBytesMax = 64 << 20

    /// Of a segment that has one: not of a file that was prepared and never used.
    public private(set) var header: SegmentHeader?
    /// The number that the next record has.
    public private(set) var sequence: UInt64 = 0
    public private(set) var bytesRead = 0

    private let descriptor: Descriptor
    /// The header, and behind it the piece of the file that starts at `base`.
    private var memory: UnsafeMutableRawBufferPointer
    private var filled = SegmentHeader.byteCount
    private var base = SegmentHeader.byteCount
    private var isAtEnd = false

    public init(of path: String) throws(SegmentTrouble) {
        try self.init(of: path, pieceBytes: Self.pieceBytes)
    }

    init(of path: String, pieceBytes: Int) throws(SegmentTrouble) {
        do {
            descriptor = try Kernel.open(path, O_RDONLY)
        } catch { throw .unreadable(error) }
        memory = .allocate(byteCount: SegmentHeader.byteCount + pieceBytes, alignment: 4096)
    }

    deinit {
        memory.deallocate()
        Kernel.close(descriptor)
    }

    /// Calls a function with each record and its payload, up to the segment's end, or until it answers false.
    public mutating func run(
        _ each: (SegmentHeader, RecordEntry, RawSpan) -> Bool
    ) throws(SegmentTrouble) {
        guard let header = try readHeader() else { return }
        self.header = header
        sequence = header.firstSequence
        while true {
            try fill(from: SegmentHeader.byteCount)
            let offset: Int
            do throws(SegmentRefusal) {
                guard let next = try takePiece(header, each) else { return }
                offset = next
            } catch {
                throw .refused(error.moved(by: base - SegmentHeader.byteCount))
            }
            try fill(from: offset)
        }
    }

    /// Only the header, for who asks what follows another segment; nil where nothing was written yet.
    public mutating func readHeader() throws(SegmentTrouble) -> SegmentHeader? {
        let room = UnsafeMutableRawBufferPointer(rebasing: memory[..<SegmentHeader.byteCount])
        let count = try read(into: room, at: 0)
        let head = UnsafeRawBufferPointer(rebasing: room[..<count]).bytes
        if SegmentHeader.isBlank(head) { return nil }
        do {
            return try SegmentHeader(head)
        } catch { throw .refused(error) }
    }

    /// Hands out the whole records of a piece. Answers where the rest of it starts, or nil where nothing follows.
    private mutating func takePiece(
        _ header: SegmentHeader, _ each: (SegmentHeader, RecordEntry, RawSpan) -> Bool
    ) throws(SegmentRefusal) -> Int? {
        let bytes = UnsafeRawBufferPointer(rebasing: memory[..<filled]).bytes
        let start = SegmentHeader.byteCount
        let moved = base - start
        var reader = try SegmentReader(bytes, resuming: start, sequence: sequence)
        while isAtEnd || reader.offset + wholeRecord(bytes, at: reader.offset) <= filled {
            guard let record = try reader.next() else { break }
            sequence = reader.sequence
            guard each(header, record.moved(by: moved), reader.payload(of: record)) else { return nil }
        }
        guard reader.end != nil else { return reader.offset }
        // Nothing but zeros may follow.
        guard !isAtEnd, let other = restIsOther() else { return nil }
        throw SegmentRefusal(
            other - moved, found: "other bytes behind the end", allowed: "none, or zeros")
    }

    /// How long the record is that starts here; what is too long to be one is for the reader to refuse.
    private func wholeRecord(_ bytes: RawSpan, at offset: Int) -> Int {
        guard offset + RecordFrame.headBytes <= bytes.byteCount else { return RecordFrame.headBytes }
        let length: UInt32 = bytes.number(at: offset + 4)
        guard Int(length) <= Self.recordBytesMax else { return RecordFrame.headBytes }
        return RecordFrame.byteCount(payload: Int(length))
    }

    /// Moves what is left of the piece to the front, and reads on behind it: to the end of the memory, which has room
    /// for the next record whole.
    private mutating func fill(from offset: Int) throws(SegmentTrouble) {
        let start = SegmentHeader.byteCount
        let left = filled - offset
        let bytes = UnsafeRawBufferPointer(rebasing: memory[..<filled]).bytes
        let needed = start + wholeRecord(bytes, at: offset)
        if needed > memory.count {
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: needed, alignment: 4096)
            larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<filled]))
            memory.deallocate()
            memory = larger
        }
        if offset > start, left > 0, let first = memory.baseAddress {
            (first + start).copyMemory(from: first + offset, byteCount: left)
        }
        base += offset - start
        filled = start + left
        while filled < memory.count, !isAtEnd {
            let room = UnsafeMutableRawBufferPointer(rebasing: memory[filled...])
            let count = try read(into: room, at: base + filled - start)
            if count == 0 { isAtEnd = true }
            filled += count
        }
    }

    /// Where in the file another byte than zero follows the piece; nil where none does.
    private mutating func restIsOther() -> Int? {
        var place = base + filled - SegmentHeader.byteCount
        while true {
            let room = UnsafeMutableRawBufferPointer(rebasing: memory[SegmentHeader.byteCount...])
            // What cannot be read may hold anything.
            guard let count = try? read(into: room, at: place) else { return place }
            if count == 0 { return nil }
            let piece = UnsafeRawBufferPointer(rebasing: room[..<count]).bytes
            if !piece.isZero(from: 0, to: count) { return place }
            place += count
        }
    }

    private mutating func read(
        into room: UnsafeMutableRawBufferPointer, at place: Int
    ) throws(SegmentTrouble) -> Int {
        var count = 0
        while count < room.count {
            let result = Kernel.read(
                descriptor, into: UnsafeMutableRawBufferPointer(rebasing: room[count...]),
                at: Int64(place + count))
            if result < 0 { throw .unreadable(Errno(Int32(-result))) }
            if result == 0 { break }
            count += result
        }
        bytesRead += count
        return count
    }
}

extension RecordEntry {
    fileprivate func moved(by bytes: Int) -> RecordEntry {
        RecordEntry(
            offset: offset + bytes, sequence: sequence, time: time, kind: kind, version: version,
            payload: payload.lowerBound + bytes..<payload.upperBound + bytes)
    }
}

extension SegmentRefusal {
    fileprivate func moved(by bytes: Int) -> SegmentRefusal {
        SegmentRefusal(offset + bytes, found: found, allowed: allowed)
    }
}
