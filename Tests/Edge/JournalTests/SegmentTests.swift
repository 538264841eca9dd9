// Segments as bytes: what a reader accepts, and that no cut and no flipped bit goes unseen.
import Foundation
import Journal
import JournalInvariants
import Testing
import Units

private func image(records: Int, seed: UInt64, sealed: Bool = true) -> SegmentImage {
    var randomness = Randomness(seed: seed)
    var image = SegmentImage(
        SegmentHeader(
            number: 3, firstSequence: 1_000, created: Instant(nanoseconds: 77), session: seed, shard: 2,
            followsFailure: false, writer: "node-1"))
    for index in 0..<records {
        let payload = (0..<randomness.next(in: 0...60)).map { _ in
            UInt8(truncatingIfNeeded: randomness.next())
        }
        image.append(.testing, version: 1, at: Instant(nanoseconds: Int64(index)), payload.span.raw)
    }
    if sealed { image.seal(.full, at: Instant(nanoseconds: 99)) }
    return image
}

/// Whether `verify` finds anything amiss with a segment that was sealed.
private func isWhole(_ bytes: [UInt8]) -> Bool {
    guard let summary = try? SegmentSummary(bytes.span.raw), case .sealed? = summary.end else { return false }
    return summary.damage == nil
}

@Suite struct SegmentTests {
    @Test func everyTruncationOfASealedSegmentIsFound() {
        let seed = UInt64.random(in: 1...1_000_000)
        let whole = image(records: 12, seed: seed).bytes
        #expect(isWhole(whole), "seed \(seed)")
        for count in whole.indices where isWhole(Array(whole.prefix(count))) {
            Issue.record("cut to \(count) of \(whole.count) bytes, unseen; seed \(seed)")
        }
    }

    @Test func everyFlippedBitIsFound() {
        let seed = UInt64.random(in: 1...1_000_000)
        let whole = image(records: 8, seed: seed).bytes
        var changed = whole
        for place in whole.indices {
            for bit in 0..<8 {
                changed[place] = whole[place] ^ 1 << UInt8(bit)
                if isWhole(changed) { Issue.record("bit \(bit) of byte \(place), unseen; seed \(seed)") }
            }
            changed[place] = whole[place]
        }
    }

    /// What a writer leaves behind when it stops between two bytes: a whole prefix, and the rest reported.
    @Test func everyTornTailKeepsWhatIsWhole() throws {
        let whole = image(records: 10, seed: 5, sealed: false).bytes
        var ends: [Int] = []
        var reader = try SegmentReader(whole.span.raw)
        while try reader.next() != nil { ends.append(reader.offset) }
        #expect(ends.count == 10 && ends.last == whole.count)
        for count in SegmentHeader.byteCount...whole.count {
            // Zeros to the end of the space, as in a preallocated file.
            let torn = Array(whole.prefix(count)) + [UInt8](repeating: 0, count: whole.count + 64 - count)
            let summary = try SegmentSummary(torn.span.raw)
            // A tail of zeros may have been a record's own.
            let kept = ends.filter { $0 <= count }.count
            #expect(summary.records == kept || summary.records == kept + 1, "cut at \(count)")
            #expect(summary.goodBytes == ([SegmentHeader.byteCount] + ends)[Int(summary.records)])
            let isTorn = torn[summary.goodBytes...].contains { $0 != 0 }
            #expect((summary.damage != nil) == isTorn && (summary.recordsBehindDamage > 0) == isTorn)
        }
    }

    /// A machine that stops may have written a later page and not an earlier one.
    @Test func recordsBehindAHoleAreCounted() throws {
        var bytes = image(records: 10, seed: 6, sealed: false).bytes
        var reader = try SegmentReader(bytes.span.raw)
        var entries: [RecordEntry] = []
        while let entry = try reader.next() { entries.append(entry) }
        for place in entries[3].offset..<entries[5].offset { bytes[place] = 0 }
        let summary = try SegmentSummary(bytes.span.raw)
        #expect(summary.records == 3 && summary.recordsBehindDamage == 7)
        #expect(summary.damage?.found == "zeros with other bytes behind them")
        #expect(summary.damage?.offset == entries[3].offset)
    }

    @Test func refusalsSayWhereAndWhat() throws {
        let whole = image(records: 2, seed: 7).bytes
        func refusal(_ bytes: [UInt8]) -> String {
            do {
                let summary = try SegmentSummary(bytes.span.raw)
                return summary.damage.map { "\($0)" } ?? "none"
            } catch {
                return "\(error)"
            }
        }
        func changed(_ place: Int, to byte: UInt8) -> [UInt8] {
            var bytes = whole
            bytes[place] = byte
            return bytes
        }
        #expect(refusal([]) == "at byte 0: found 0 bytes; allowed a header of 128 bytes")
        #expect(
            refusal([UInt8](repeating: 0, count: 500))
                == "at byte 0: found zeros; allowed the magic bytes PLJOURNL")
        #expect(refusal(changed(8, to: 9)) == "at byte 8: found format 9; allowed format 1")
        #expect(refusal(changed(20, to: 1)).hasPrefix("at byte 124: found the checksum "))
        #expect(refusal(changed(129, to: whole[129] ^ 1)).hasPrefix("at byte 128: found the checksum "))
        #expect(refusal(changed(134, to: 0xFF)).hasPrefix("at byte 132: found a record of "))
        #expect(refusal(whole) == "none")
    }

    /// A record is of its session and of its place in it.
    @Test func recordsOfOthersDoNotFitIn() throws {
        let one = image(records: 3, seed: 8, sealed: false).bytes
        let other = image(records: 3, seed: 9, sealed: false).bytes
        let mixed = Array(one.prefix(SegmentHeader.byteCount)) + other.dropFirst(SegmentHeader.byteCount)
        #expect(try SegmentSummary(mixed.span.raw).records == 0)
        let twice = one + one.dropFirst(SegmentHeader.byteCount)
        let summary = try SegmentSummary(twice.span.raw)
        #expect(summary.records == 3 && summary.damage?.found == "sequence number 1000")
    }

    /// A reader that follows a writer reads on where it stood, and never gets half a record.
    @Test func followsASegmentThatGrows() throws {
        let whole = image(records: 20, seed: 10).bytes
        var live = [UInt8](repeating: 0, count: whole.count + 200)
        var offset = SegmentHeader.byteCount
        var sequence: UInt64 = 1_000
        var read = 0
        var randomness = Randomness(seed: 3)
        var arrived = SegmentHeader.byteCount
        live.replaceSubrange(0..<arrived, with: whole[0..<arrived])
        while arrived < whole.count {
            let next = min(whole.count, arrived + randomness.next(in: 1...90))
            live.replaceSubrange(arrived..<next, with: whole[arrived..<next])
            arrived = next
            var reader = try SegmentReader(live.span.raw, resuming: offset, sequence: sequence)
            while let entry = try? reader.next() {
                #expect(Array(live[entry.payload]) == Array(whole[entry.payload]))
                #expect(entry.payload.upperBound <= arrived + 7)
                read += 1
            }
            offset = reader.offset
            sequence = reader.sequence
        }
        #expect(read == 21 && sequence == 1_021)
    }

    @Test func layoutsAreUniqueAndRefuseWhatIsNotTheirs() throws {
        for (index, layout) in RecordLayout.all.enumerated() {
            #expect(
                !RecordLayout.all[..<index].contains {
                    $0.kind == layout.kind && $0.version == layout.version
                })
            // A layout that ends in whatever is left refuses only what is too short, and one that is nothing else refuses nothing.
            let takesRest = layout.fields.last?.kind == .rest
            if takesRest, layout.fields.count == 1 { continue }
            for count in takesRest ? [1] : [1, 99] {
                let bytes = [UInt8](repeating: 0, count: count)
                #expect(throws: PayloadRefusal.self) { try layout.read(bytes.span.raw) }
            }
        }
        let layout = try #require(RecordLayout.of(.certificateReload, version: 1))
        var room = [UInt8](repeating: 0, count: 64)
        let count = room.withUnsafeMutableBytes { bytes in
            var writer = PayloadWriter(bytes)
            writer.put(text: "listen[0].tls")
            writer.put(UInt16(1))
            writer.put(text: "")
            return writer.count
        }
        let fields = try layout.read(room.span.raw.extracting(0..<count))
        #expect(fields.map(\.name) == ["listener", "taken", "cause"])
        #expect(fields.map(\.value) == [.text("listen[0].tls"), .natural(1), .text("")])
    }

    @Test func anyBytesKeepTheInvariants() {
        let seed = UInt64.random(in: 1...1_000_000)
        var randomness = Randomness(seed: seed)
        for round in 0..<400 {
            var bytes = image(records: randomness.next(in: 0...6), seed: 1, sealed: round % 2 == 0).bytes
            for _ in 0..<randomness.next(in: 0...3) {
                bytes[randomness.next(in: 0...bytes.count - 1)] ^= UInt8(
                    truncatingIfNeeded: randomness.next())
            }
            let violation = bytes.withUnsafeBytes { JournalInvariants.violation($0) }
            #expect(violation == nil, "seed \(seed), round \(round)")
        }
    }
}
