// What the journals of earlier starts say that viewers have seen, and how far the shared stream was read.
import Features
import Journal
import Redis
import Units

/// Listens to the one pass over the journals at start.
final class FrequencyMemory: JournalListener {
    private(set) var replay: FrequencyReplay
    private(set) var sharedRead: StreamPlace?

    var impressions: Int { replay.impressions }
    var counters: Int { replay.counters }
    var subjects: Int { replay.table.tally.subjects }

    init(bytes: Int) { replay = FrequencyReplay(bytes: bytes) }

    /// Whatever retention has kept is needed: the first round of counters may be anywhere in it.
    func needs(_ segment: RememberedSegment) -> Bool { true }

    func take(_ record: RecordEntry, _ payload: RawSpan, of segment: SegmentHeader) {
        switch (record.kind, record.version) {
        case (.impression, 1): FrequencyPayload.impression(payload).map { replay.take($0) }
        case (.counter, 1): FrequencyPayload.counter(payload).map { replay.take($0) }
        case (.sharedRead, 1):
            guard payload.byteCount == 16 else { return }
            let place = StreamPlace(
                milliseconds: payload.unsafeLoadUnaligned(as: UInt64.self),
                sequence: payload.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt64.self))
            sharedRead = max(sharedRead ?? place, place)
        default: break
        }
    }
}

/// The fields of a journal's records of frequency, in their order.
enum FrequencyPayload {
    static let impressionBytes = 34
    static let counterBytes = 54

    static func put(_ event: FrequencyEvent, isShared: Bool, into writer: inout PayloadWriter) {
        writer.put(event.user)
        writer.put(event.household)
        writer.put(event.lineItem.rawValue)
        writer.put(event.creative.rawValue)
        writer.put(event.advertiser.rawValue)
        writer.put(event.at.rawValue)
        writer.put(UInt16(isShared ? 1 : 0))
    }

    static func impression(_ payload: RawSpan) -> FrequencyEvent? {
        guard payload.byteCount == impressionBytes else { return nil }
        func word(_ at: Int) -> UInt32 { payload.unsafeLoadUnaligned(fromByteOffset: at, as: UInt32.self) }
        return FrequencyEvent(
            .shown, user: payload.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self),
            household: payload.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt64.self),
            lineItem: EntityNumber(rawValue: word(16)), creative: EntityNumber(rawValue: word(20)),
            advertiser: EntityNumber(rawValue: word(24)), at: CountedSecond(rawValue: word(28)),
            until: CountedSecond(rawValue: 0), mayJournal: true)
    }

    static func put(_ counter: KeptCounter, into writer: inout PayloadWriter) {
        writer.put(counter.subject)
        writer.put(counter.entity.rawValue)
        writer.put(counter.asOf.rawValue)
        writer.put(counter.newest.rawValue)
        writer.put(counter.life)
        writer.put(UInt16(counter.hasHeaps ? 1 : 0))
        for index in counter.words.indices { writer.put(counter.words[index]) }
    }

    static func counter(_ payload: RawSpan) -> KeptCounter? {
        guard payload.byteCount == counterBytes else { return nil }
        func word(_ at: Int) -> UInt32 { payload.unsafeLoadUnaligned(fromByteOffset: at, as: UInt32.self) }
        func half(_ at: Int) -> UInt16 { payload.unsafeLoadUnaligned(fromByteOffset: at, as: UInt16.self) }
        var words = InlineArray<14, UInt16>(repeating: 0)
        for index in words.indices { words[index] = half(26 + 2 * index) }
        return KeptCounter(
            subject: payload.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self),
            entity: EntityNumber(rawValue: word(8)), asOf: CountedSecond(rawValue: word(12)),
            newest: CountedSecond(rawValue: word(16)), life: word(20), hasHeaps: half(24) & 1 == 1,
            words: words)
    }
}
