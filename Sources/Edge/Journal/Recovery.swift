// What a start finds of earlier ones: where the journal goes on, which tails were torn and cut, and what is
// damaged.
import Glibc
import Kernel
public import Units

/// A segment that is finished.
public struct FinishedSegment: Equatable, Sendable {
    public let number: UInt64
    public let bytes: Int
    /// The number of its last record.
    public let lastSequence: UInt64
    /// When its last record was written, or its file changed last where that is not known, by the wall clock.
    public let ended: Instant
}

/// What was found, and done about it.
public struct JournalRecovery: Equatable, Sendable {
    public struct Cut: Equatable, Sendable {
        public let number: UInt64
        public let bytes: Int
        /// At least so many records were not whole any more.
        public let records: UInt32
        /// Nil where the writer ended between two records.
        public let damage: SegmentRefusal?
    }

    public struct Damaged: Equatable, Sendable {
        public let number: UInt64
        public let reason: String
    }

    public internal(set) var finished: [FinishedSegment] = []
    /// Segments that had not been finished. They are now.
    public internal(set) var cut: [Cut] = []
    /// Segments that cannot be read, and stay as they are.
    public internal(set) var damaged: [Damaged] = []
    public internal(set) var nextNumber: UInt64 = 1
    public internal(set) var nextSequence: UInt64 = 1

    public var recordsCut: Int { cut.reduce(0) { $0 + Int($1.records) } }
    public var bytesCut: Int { cut.reduce(0) { $0 + $1.bytes } }

    /// Reads what is in the directory and cuts what is torn. Only the caller writes there.
    static func run(in directory: String, now wall: Instant) throws(JournalFailure) -> JournalRecovery {
        var recovery = JournalRecovery()
        let segments: [(number: UInt64, path: String)]
        do {
            segments = try SegmentFiles.segments(in: directory)
        } catch {
            throw JournalFailure(directory, "list the directory", error)
        }
        for (number, path) in segments { try recovery.take(number, path, now: wall) }
        return recovery
    }

    private mutating func take(_ number: UInt64, _ path: String, now wall: Instant) throws(JournalFailure) {
        let descriptor: Descriptor
        let size: Int
        let changed: Instant
        do {
            descriptor = try Kernel.open(path, O_RDWR)
            let stamp = try Kernel.stamp(of: path)
            size = Int(stamp.size)
            changed = Instant(nanoseconds: stamp.modifiedNanoseconds)
        } catch {
            throw JournalFailure(path, "open the segment", error)
        }
        defer { Kernel.close(descriptor) }
        if let last = try Self.lastOfSealed(descriptor, size: size, path) {
            try Self.makeDurable(descriptor, path)
            finish(number, bytes: size, last: last, ended: changed)
            return
        }
        let bytes: [UInt8]
        do {
            bytes = try Kernel.contents(of: descriptor, limit: SegmentFiles.readableBytesMax)
        } catch {
            throw JournalFailure(path, "read the segment", error)
        }
        let span = bytes.span.raw
        let summary: SegmentSummary
        do {
            summary = try SegmentSummary(span)
        } catch {
            if span.isZero(from: 0, to: span.byteCount) {
                // It was prepared, and never used. Its number is free again.
                let result = Kernel.remove(path)
                if result < 0 {
                    throw JournalFailure(path, "remove an unused segment", Errno(Int32(-result)))
                }
            } else {
                nextNumber = number + 1
                damaged.append(Damaged(number: number, reason: "\(error)"))
                // Whatever numbers it gave away are not given again.
                nextSequence += UInt64(size / RecordFrame.headBytes)
            }
            return
        }
        if case .sealed? = summary.end {
            try Self.makeDurable(descriptor, path)
            try Self.cut(descriptor, to: summary.goodBytes, path)
            finish(number, bytes: summary.goodBytes, last: summary.nextSequence - 1, ended: changed)
        } else {
            let end = try Self.seal(descriptor, summary, at: wall, path)
            cut.append(
                Cut(
                    number: number, bytes: summary.damagedBytes, records: summary.recordsBehindDamage,
                    damage: summary.damage))
            finish(number, bytes: end, last: summary.nextSequence, ended: changed)
        }
    }

    private mutating func finish(_ number: UInt64, bytes: Int, last: UInt64, ended: Instant) {
        finished.append(FinishedSegment(number: number, bytes: bytes, lastSequence: last, ended: ended))
        nextNumber = number + 1
        // Also where that is less than before: what follows a failure takes the place of what failed.
        nextSequence = last + 1
    }

    /// The number of the seal that a finished segment ends with. Spares a start to read all it has ever
    /// written.
    private static func lastOfSealed(
        _ descriptor: Descriptor, size: Int, _ path: String
    ) throws(JournalFailure) -> UInt64? {
        guard size >= SegmentHeader.byteCount + RecordFrame.sealBytes else { return nil }
        let head = try read(descriptor, SegmentHeader.byteCount, at: 0, path)
        let tail = try read(descriptor, RecordFrame.sealBytes, at: size - RecordFrame.sealBytes, path)
        guard let header = try? SegmentHeader(head.span.raw) else { return nil }
        // A segment of nothing but the seal, in the same session, says whether it is whole.
        let number: UInt64 = tail.span.raw.number(at: 8)
        guard number > 0 else { return nil }
        var alone = header
        alone.firstSequence = number
        let whole = SegmentImage(alone).bytes + tail
        guard let summary = try? SegmentSummary(whole.span.raw), case .sealed? = summary.end else {
            return nil
        }
        return number
    }

    private static func read(
        _ descriptor: Descriptor, _ count: Int, at offset: Int, _ path: String
    ) throws(JournalFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let result = bytes.withUnsafeMutableBytes {
                Kernel.read(
                    descriptor, into: UnsafeMutableRawBufferPointer(rebasing: $0[done...]),
                    at: Int64(offset + done))
            }
            if result < 0 { throw JournalFailure(path, "read the segment", Errno(Int32(-result))) }
            if result == 0 { throw JournalFailure(path, "read the segment", cause: "it got shorter") }
            done += result
        }
        return bytes
    }

    /// Ends a segment behind its last good record.
    private static func seal(
        _ descriptor: Descriptor, _ summary: SegmentSummary, at wall: Instant, _ path: String
    ) throws(JournalFailure) -> Int {
        try cut(descriptor, to: summary.goodBytes, path)
        // The header stands already; what counts is the seal behind it.
        var header = summary.header
        header.firstSequence = summary.nextSequence
        var image = SegmentImage(header)
        image.seal(
            .recovered, recordsCut: summary.recordsBehindDamage, bytesCut: UInt64(summary.damagedBytes),
            at: wall)
        let bytes = image.bytes.dropFirst(SegmentHeader.byteCount).map(\.self)
        var done = 0
        while done < bytes.count {
            let result = bytes.withUnsafeBytes {
                Kernel.write(
                    descriptor, UnsafeRawBufferPointer(rebasing: $0[done...]),
                    at: Int64(summary.goodBytes + done))
            }
            guard result > 0 else {
                throw JournalFailure(path, "seal the segment", Errno(Int32(-result)))
            }
            done += result
        }
        let result = Kernel.synchroniseWhole(descriptor)
        if result < 0 { throw JournalFailure(path, "make the seal durable", Errno(Int32(-result))) }
        return summary.goodBytes + bytes.count
    }

    /// A writer that was killed may have sealed a segment and not seen it reach the disk. What a start goes on
    /// behind must be there for good.
    private static func makeDurable(_ descriptor: Descriptor, _ path: String) throws(JournalFailure) {
        let result = Kernel.synchroniseWhole(descriptor)
        if result < 0 { throw JournalFailure(path, "make the segment durable", Errno(Int32(-result))) }
    }

    private static func cut(_ descriptor: Descriptor, to bytes: Int, _ path: String) throws(JournalFailure) {
        let result = Kernel.truncate(descriptor, to: bytes)
        if result < 0 { throw JournalFailure(path, "cut the segment", Errno(Int32(-result))) }
    }
}
