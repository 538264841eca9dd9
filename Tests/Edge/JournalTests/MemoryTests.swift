// What a pass over a node's journals finds: records in their order, each once, to where a crash has torn the tail.
import Foundation
import Journal
import Ledger
import Testing
import Units

/// Keeps what it is given.
private final class Collector: JournalListener {
    var texts: [String] = []
    var finished: [String] = []
    var since: UInt64 = 0

    func needs(_ segment: RememberedSegment) -> Bool { segment.number >= since }
    func take(_ record: RecordEntry, _ payload: RawSpan, of segment: SegmentHeader) {
        guard record.kind != .sealed else { return }
        texts.append("\(segment.shard):\(payload.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })")
    }
    func finished(_ segment: RememberedSegment, upTo next: UInt64) {
        finished.append("\(segment.journal)/\(segment.number) to \(next)")
    }
}

@Suite struct MemoryTests {
    private let now = Instant(nanoseconds: 1)

    private func image(
        shard: UInt32, number: UInt64, from first: UInt64, followsFailure: Bool = false, _ texts: [String],
        sealed: Bool = true
    ) -> [UInt8] {
        var image = SegmentImage(
            SegmentHeader(
                number: number, firstSequence: first, created: now, session: 5, shard: shard,
                followsFailure: followsFailure, writer: "n"))
        for text in texts { image.append(.testing, version: 1, at: now, Array(text.utf8).span.bytes) }
        if sealed { image.seal(.full, at: now) }
        return image.bytes
    }

    private func write(_ bytes: [UInt8], _ folder: JournalFolder, _ shard: Int, _ number: UInt64) throws {
        let directory = "\(folder.path)/shard-\(shard)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(filePath: "\(directory)/\(SegmentFiles.name(number))"))
    }

    @Test func readsEachRecordOnceAndPassesTornTails() throws {
        let folder = try JournalFolder()
        try write(image(shard: 0, number: 1, from: 1, ["a", "b"]), folder, 0, 1)
        // It failed after `c`; what it holds from `d` on stands again in the next.
        try write(image(shard: 0, number: 2, from: 4, ["c", "d"], sealed: false), folder, 0, 2)
        var torn = image(shard: 0, number: 3, from: 5, followsFailure: true, ["d", "e", "f"], sealed: false)
        torn[torn.count - 40] ^= 1
        try write(torn + [UInt8](repeating: 0, count: 4096), folder, 0, 3)
        try write([UInt8](repeating: 0, count: 4096), folder, 0, 4)
        try write(image(shard: 10, number: 1, from: 1, ["z"]), folder, 10, 1)
        try write(image(shard: 2, number: 1, from: 1, ["y"]), folder, 2, 1)
        let collector = Collector()
        let memory = JournalMemory(of: folder.path, for: [collector])
        #expect(collector.texts == ["0:a", "0:b", "0:c", "0:d", "0:e", "2:y", "10:z"])
        #expect(
            collector.finished == [
                "shard-0/1 to 4", "shard-0/2 to 5", "shard-0/3 to 7", "shard-2/1 to 3", "shard-10/1 to 3",
            ])
        #expect(memory.segments == 6)
        // A torn tail is how a crash leaves a journal: a fourth segment was prepared behind it, and not used.
        #expect(memory.troubles.isEmpty)
        collector.texts = []
        collector.since = 2
        _ = JournalMemory(of: folder.path, for: [collector])
        #expect(collector.texts == ["0:c", "0:d", "0:e"])
        #expect(JournalMemory(of: folder.path + "/nowhere", for: [collector]).troubles.isEmpty)
    }

    @Test func damageInTheMiddleIsTold() throws {
        let folder = try JournalFolder()
        var damaged = image(shard: 0, number: 1, from: 1, ["a", "b"])
        damaged[130] ^= 1
        try write(damaged, folder, 0, 1)
        try write(image(shard: 0, number: 2, from: 4, ["c"]), folder, 0, 2)
        let collector = Collector()
        let memory = JournalMemory(of: folder.path, for: [collector])
        #expect(memory.troubles.count == 1 && memory.troubles[0].path.hasSuffix("/000000000001.journal"))
        #expect(collector.texts == ["0:c"])
    }

    /// The same bill in two shards' journals is one, and what the issuer has heard is forgotten.
    @Test func billsOfOtherNodesAdsComeBackAsTheyWere() throws {
        let key = ReservationKey(session: LedgerSession(1 << 60), shard: 3, sequence: 1 << 40)
        let claim = Claim(
            key: key, account: AccountIndex(4_095), currency: .usd, reserved: Micros(40_000),
            amount: Micros(Int64.max))
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
        defer { room.deallocate() }
        var writer = PayloadWriter(room)
        claim.write(into: &writer)
        let payload = UnsafeRawBufferPointer(rebasing: room[..<writer.count]).bytes
        #expect(Claim(.claimed, version: 1, payload) == claim)
        #expect(Claim(.claimed, version: 2, payload) == nil && Claim(.settled, version: 1, payload) == nil)
        let layout = try #require(RecordLayout.of(.claimed, version: 1))
        #expect(try layout.read(payload).map(\.name).last == "amountMicros")

        let folder = try JournalFolder()
        for shard in 0..<2 {
            var image = SegmentImage(
                SegmentHeader(
                    number: 1, firstSequence: 1, created: now, session: 5, shard: UInt32(shard),
                    followsFailure: false, writer: "n"))
            image.append(.claimed, version: 1, at: now + .seconds(Int64(1 + shard)), payload)
            image.seal(.full, at: now)
            try write(image.bytes, folder, shard, 1)
        }
        let listener = LedgerListener(Balances())
        _ = JournalMemory(of: folder.path, for: [listener])
        #expect(listener.unknown == 0)
        #expect(listener.balances.replay.elsewhere == [key: TakenClaim(claim, at: now + .seconds(1))])
        #expect(listener.forget(claims: [key]) == [] && listener.balances.replay.elsewhere.isEmpty)
    }

    @Test func ledgerRecordsComeBackAsTheyWere() throws {
        let key = ReservationKey(session: LedgerSession(1 << 60), shard: 3, sequence: 1 << 40)
        let account = AccountIndex(9)
        let records: [LedgerRecord] = [
            .mark(DrawMark(account: account, number: 2, amount: Micros(3), drawn: Micros(.max))),
            .reserved(
                Reservation(key: key, account: account, mark: 4, amount: Micros(5), expires: now)),
            .settled(
                SettlementRecord(
                    key: key, account: account, reserved: Micros(6), paid: Micros(7), late: Micros(8))),
            .released(ReleaseRecord(key: key, account: account, amount: Micros(9), cause: .expired)),
            .closed(ClosingRecord(account: account, unused: Micros(10))),
            .presumed(
                PresumedRecord(
                    doubt: DoubtKey(session: key.session, shard: 3, account: account), amount: Micros(11))),
        ]
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 256, alignment: 8)
        defer { room.deallocate() }
        for record in records {
            var writer = PayloadWriter(room)
            record.write(into: &writer)
            #expect(writer.count <= LedgerRecord.payloadBytesMost)
            let payload = UnsafeRawBufferPointer(rebasing: room[..<writer.count]).bytes
            #expect(LedgerRecord(record.kind, version: 1, payload) == record)
            #expect(LedgerRecord(record.kind, version: 2, payload) == nil)
            #expect(LedgerRecord(record.kind, version: 1, payload.extracting(first: 5)) == nil)
            let layout = try #require(RecordLayout.of(record.kind, version: 1))
            #expect(throws: Never.self) { try layout.read(payload) }
        }
        for day in [nil, BudgetDay(number: -3)] {
            let opening = AccountOpening(account: account, name: AccountName(campaign: "käse", day: day))
            var writer = PayloadWriter(room)
            opening.write(into: &writer)
            let payload = UnsafeRawBufferPointer(rebasing: room[..<writer.count]).bytes
            #expect(AccountOpening(.accountOpened, version: 1, payload) == opening)
        }
    }
}
