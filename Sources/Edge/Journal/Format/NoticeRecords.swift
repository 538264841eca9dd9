// The record of a notice that counted: what it was about, written and read. Whom it was shown to is not in it.
public import Notices
import Units

extension RecordKind {
    /// The first notice of its event for its ad.
    public static let notice = RecordKind(rawValue: 30)
    /// The same of an ad that answered a test: nothing is billed, and it is no impression.
    public static let testNotice = RecordKind(rawValue: 31)
}

extension RecordLayout {
    static let notices: [RecordLayout] = [("notice", .notice), ("test-notice", .testNotice)].map {
        RecordLayout(
            $0, $1, version: 1,
            [
                ("event", .u16), ("session", .u64), ("shard", .u32), ("sequence", .u64), ("ad", .u16),
                ("decision", .u64), ("expiresSeconds", .u32), ("priceBasis", .u16), ("askedMicros", .i64),
                ("reason", .u32), ("campaign", .text), ("lineItem", .text), ("creative", .text),
            ])
    }
}

/// What is needed to know the same notice again.
public struct CountedNotice: Equatable, Sendable {
    public let event: NoticeEvent
    /// Whose fields are set that name an ad, and its expiry.
    public let notice: Notice

    public init(_ event: NoticeEvent, of notice: Notice) {
        self.event = event
        self.notice = notice
    }

    /// Nil for a record of another kind or version, or one that is not as its kind is.
    public init?(_ kind: RecordKind, version: UInt16, _ payload: RawSpan) {
        guard kind == .notice || kind == .testNotice, version == 1, payload.byteCount >= 50 else {
            return nil
        }
        let number: UInt16 = payload.number(at: 0)
        guard let event = NoticeEvent(rawValue: UInt8(clamping: number)) else { return nil }
        var notice = Notice()
        notice.session = payload.number(at: 2)
        let shard: UInt32 = payload.number(at: 10)
        notice.shard = UInt8(truncatingIfNeeded: shard)
        notice.sequence = payload.number(at: 14)
        let ad: UInt16 = payload.number(at: 22)
        notice.ad = UInt8(truncatingIfNeeded: ad)
        notice.decision = payload.number(at: 24)
        let seconds: UInt32 = payload.number(at: 32)
        notice.expires = Instant(nanoseconds: Int64(seconds) * 1_000_000_000)
        self.init(event, of: notice)
    }

    /// All but the three texts, which follow.
    public func write(_ price: NoticePrice, reason: UInt32, into writer: inout PayloadWriter) {
        writer.put(UInt16(event.rawValue))
        writer.put(notice.session)
        writer.put(UInt32(notice.shard))
        writer.put(notice.sequence)
        writer.put(UInt16(notice.ad))
        writer.put(notice.decision)
        writer.put(UInt32(clamping: notice.expires.nanoseconds / 1_000_000_000))
        writer.put(UInt16(price.basis.rawValue))
        writer.put(price.asked.rawValue)
        writer.put(reason)
    }
}
