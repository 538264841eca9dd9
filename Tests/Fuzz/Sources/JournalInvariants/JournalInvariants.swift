// What must hold of a segment's reader for any bytes. The input is taken three times: as it is, behind a good
// header, and as payloads that are framed well, then damaged where the input says.
import Journal
import Ledger
import Units

public enum JournalInvariants {
    /// What is broken, or nil.
    public static func violation(_ input: UnsafeRawBufferPointer) -> String? {
        let bytes = Array(input)
        let header = SegmentHeader(
            number: 7, firstSequence: 100, created: Instant(nanoseconds: 5), session: 9, shard: 1,
            followsFailure: false, writer: "fuzz")
        return check(bytes) ?? check(encoded(header) + bytes) ?? checkWritten(header, bytes)
    }

    private static func encoded(_ header: SegmentHeader) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: SegmentHeader.byteCount)
        bytes.withUnsafeMutableBytes { header.write(into: $0) }
        return bytes
    }

    /// The reader ends or refuses within the bytes, in order, and says the same twice and when it resumes.
    private static func check(_ bytes: [UInt8]) -> String? {
        guard let whole = entries(bytes) else { return nil }
        if entries(bytes) != whole { return "two readings differ" }
        var last = SegmentHeader.byteCount
        for (index, entry) in whole.records.enumerated() {
            if entry.offset != last { return "record \(index) is at \(entry.offset), not at \(last)" }
            if entry.payload.upperBound > bytes.count { return "a payload ends outside of the segment" }
            last = (entry.payload.upperBound + 7) / 8 * 8
            let span = bytes.span.raw
            _ = RecordLayout.of(entry.kind, version: entry.version)
                .map { layout in try? layout.read(span.extracting(entry.payload)) }
            let payload = span.extracting(entry.payload)
            if let record = LedgerRecord(entry.kind, version: entry.version, payload),
                let found = differing(record, payload)
            {
                return found
            }
            if let claim = Claim(entry.kind, version: entry.version, payload),
                let found = differing(claim, payload)
            {
                return found
            }
        }
        if last != whole.offset { return "the reader stands at \(whole.offset), its records end at \(last)" }
        for entry in whole.records {
            guard
                let rest = try? collected(
                    SegmentReader(bytes.span.raw, resuming: entry.offset, sequence: entry.sequence))
            else { return "a reader does not resume at \(entry.offset)" }
            if rest.offset != whole.offset || rest.refusal != whole.refusal { return "resuming differs" }
        }
        guard let summary = try? SegmentSummary(bytes.span.raw) else { return "a summary refuses a header" }
        let seals: UInt64 = if case .sealed? = summary.end { 1 } else { 0 }
        if summary.records + seals != UInt64(whole.records.count) { return "the summary counts otherwise" }
        if (summary.damage == nil) != (whole.refusal == nil) { return "the summary finds other damage" }
        if summary.damage != nil, summary.recordsBehindDamage == 0 { return "damage without a record lost" }
        return nil
    }

    /// A ledger's record that is accepted is written as it was.
    private static func differing(_ record: LedgerRecord, _ payload: RawSpan) -> String? {
        withUnsafeTemporaryAllocation(byteCount: LedgerRecord.payloadBytesMost, alignment: 8) { room in
            var writer = PayloadWriter(room)
            record.write(into: &writer)
            let isSame = payload.withUnsafeBytes { $0.elementsEqual(room[..<writer.count]) }
            return isSame ? nil : "a ledger's record is written otherwise"
        }
    }

    private static func differing(_ claim: Claim, _ payload: RawSpan) -> String? {
        withUnsafeTemporaryAllocation(byteCount: LedgerRecord.payloadBytesMost, alignment: 8) { room in
            var writer = PayloadWriter(room)
            claim.write(into: &writer)
            let isSame = payload.withUnsafeBytes { $0.elementsEqual(room[..<writer.count]) }
            return isSame ? nil : "a claim is written otherwise"
        }
    }

    private struct Reading: Equatable {
        var records: [RecordEntry] = []
        var offset = 0
        var refusal: SegmentRefusal?
    }

    private static func entries(_ bytes: [UInt8]) -> Reading? {
        guard let reader = try? SegmentReader(bytes.span.raw) else { return nil }
        return collected(reader)
    }

    private static func collected(_ reader: consuming SegmentReader) -> Reading {
        var reading = Reading()
        var reader = reader
        do {
            while let entry = try reader.next() { reading.records.append(entry) }
        } catch {
            reading.refusal = error
        }
        reading.offset = reader.offset
        return reading
    }

    /// Records cut from the input come out as they went in; one changed byte anywhere is found.
    private static func checkWritten(_ header: SegmentHeader, _ bytes: [UInt8]) -> String? {
        guard bytes.count >= 4 else { return nil }
        var image = SegmentImage(header)
        var payloads: [[UInt8]] = []
        var rest = bytes.dropFirst(4)
        while !rest.isEmpty, payloads.count < 16 {
            let length = min(Int(rest[rest.startIndex]), rest.count - 1)
            rest = rest.dropFirst()
            payloads.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        for (index, payload) in payloads.enumerated() {
            image.append(
                RecordKind(rawValue: UInt16(16 + index)), version: 1, at: Instant(nanoseconds: Int64(index)),
                payload.span.raw)
        }
        image.seal(.closed, at: Instant(nanoseconds: 0))
        guard let reading = entries(image.bytes), reading.refusal == nil else {
            return "what was written is refused"
        }
        let found = reading.records.dropLast().map { Array(image.bytes[$0.payload]) }
        if found != payloads { return "payloads come out otherwise" }
        let change = bytes[3]
        guard change != 0 else { return nil }
        var damaged = image.bytes
        let place = (Int(bytes[0]) | Int(bytes[1]) << 8 | Int(bytes[2]) << 16) % damaged.count
        damaged[place] ^= change
        guard let summary = try? SegmentSummary(damaged.span.raw) else { return nil }
        return summary.damage == nil ? "byte \(place) changed by \(change), and nobody saw it" : nil
    }
}
