// A pass over a file in pieces sees what a reader of the whole segment sees, whatever the pieces and the damage.
import Foundation
import Testing
import Units

@testable import Journal

@Suite struct SegmentPassTests {
    private struct Seen: Equatable {
        var records: [RecordEntry] = []
        var payloads: [[UInt8]] = []
        var sequence: UInt64 = 0
        var isRefused = false
    }

    /// By the reader, with the segment in memory. It hands out no seal with other bytes behind it.
    private func whole(_ bytes: [UInt8]) -> Seen {
        var seen = Seen()
        do {
            var reader = try SegmentReader(bytes.span.raw)
            seen.sequence = reader.sequence
            do {
                while let record = try reader.next() {
                    if record.kind != .sealed {
                        seen.records.append(record)
                        seen.payloads.append(reader.payload(of: record).withUnsafeBytes { Array($0) })
                    }
                    seen.sequence = reader.sequence
                }
            } catch { seen.isRefused = true }
        } catch { seen.isRefused = true }
        return seen
    }

    private func inPieces(_ bytes: [UInt8], of size: Int) throws -> Seen {
        let path = NSTemporaryDirectory() + "paceline-pass-\(UUID().uuidString)"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        var seen = Seen()
        var pass = try SegmentPass(of: path, pieceBytes: size)
        do {
            try pass.run { _, record, payload in
                if record.kind != .sealed {
                    seen.records.append(record)
                    seen.payloads.append(payload.withUnsafeBytes { Array($0) })
                }
                return true
            }
        } catch { seen.isRefused = true }
        seen.sequence = pass.sequence
        return seen
    }

    @Test func piecesMakeNoDifference() throws {
        let seed = UInt64.random(in: 1...1_000_000)
        var randomness = Randomness(seed: seed)
        for round in 0..<400 {
            var image = SegmentImage(
                SegmentHeader(
                    number: 3, firstSequence: 1_000, created: Instant(nanoseconds: 77), session: seed,
                    shard: 2,
                    followsFailure: false, writer: "node-1"))
            let longest = [60, 600, 6_000][Int(randomness.next(below: 3))]
            for index in 0..<randomness.next(in: 0...60) {
                let payload = (0..<randomness.next(in: 0...longest)).map { _ in
                    UInt8(truncatingIfNeeded: randomness.next())
                }
                image.append(
                    RecordKind(rawValue: 9_000), version: 1, at: Instant(nanoseconds: Int64(index)),
                    payload.span.raw)
            }
            if round % 2 == 0 { image.seal(.full, at: Instant(nanoseconds: 99)) }
            var bytes = image.bytes
            let zeros = [UInt8](repeating: 0, count: Int(randomness.next(below: 5_000)))
            switch randomness.next(below: 6) {
            case 0: bytes += zeros
            case 1: bytes += zeros + [1]
            case 2: bytes.removeLast(Int(randomness.next(below: UInt64(bytes.count))))
            case 3:
                let at = Int(randomness.next(below: UInt64(bytes.count)))
                bytes[at] ^= 1 << UInt8(randomness.next(below: 8))
            case 4: bytes = Array(bytes.prefix(Int(randomness.next(below: UInt64(bytes.count))))) + zeros
            default: break
            }
            let expected = whole(bytes)
            let size = randomness.next(in: 64...4_000)
            let seen = try inPieces(bytes, of: size)
            #expect(
                seen.records == expected.records && seen.payloads == expected.payloads,
                "seed \(seed), \(round)")
            // Of a file that holds nothing at all there is nothing to refuse.
            if bytes.contains(where: { $0 != 0 }) {
                #expect(
                    seen.isRefused == expected.isRefused, "seed \(seed), round \(round), pieces of \(size)")
            }
        }
    }

    @Test func itStopsWhereItIsTold() throws {
        var image = SegmentImage(
            SegmentHeader(
                number: 1, firstSequence: 5, created: Instant(nanoseconds: 0), session: 1, shard: 0,
                followsFailure: false, writer: "node"))
        for _ in 0..<10 {
            image.append(
                RecordKind(rawValue: 9_000), version: 1, at: Instant(nanoseconds: 0), [1, 2, 3].span.raw)
        }
        let path = NSTemporaryDirectory() + "paceline-pass-\(UUID().uuidString)"
        try Data(image.bytes).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        var pass = try SegmentPass(of: path)
        var numbers: [UInt64] = []
        try pass.run { header, record, _ in
            #expect(header.firstSequence == 5)
            numbers.append(record.sequence)
            return record.sequence < 8
        }
        #expect(numbers == [5, 6, 7, 8])
        #expect(throws: SegmentTrouble.self) { _ = try SegmentPass(of: path + "-not-there") }
    }
}
