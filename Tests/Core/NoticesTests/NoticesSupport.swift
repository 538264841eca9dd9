// Keys, notices and ways to look at tokens.
import Notices
import Units

enum Sample {
    static let now = Instant(nanoseconds: 1_795_000_000_000_000_000)
    static let key = key(7)

    static func key(_ byte: UInt8, made: Int64 = 1_790_000_000) -> NoticeKey {
        let secret = (0..<32).map { byte &+ UInt8($0) }
        return NoticeKey(secret: secret.span.raw, made: Instant(nanoseconds: made * 1_000_000_000))!
    }

    static var notice: Notice {
        var notice = Notice()
        notice.session = 0x1122_3344_5566_7788
        notice.shard = 3
        notice.sequence = 123_456_789_012
        notice.mark = 42
        notice.decision = .max - 5
        notice.ad = 5
        notice.expires = Instant(nanoseconds: 1_795_000_600_000_000_000)
        notice.window = 20_785
        notice.campaign = IDHash(of: "spring".utf8Span.span.raw)
        notice.lineItem = IDHash(of: "spring-ctv".utf8Span.span.raw)
        notice.creative = IDHash(of: "spring-30".utf8Span.span.raw)
        notice.highest = Micros(12_500_000)
        notice.reserved = Micros(11_250)
        notice.viewer = 0xDEAD_BEEF_0123_4567
        notice.household = 99
        return notice
    }
}

func text(_ token: NoticeToken) -> String { String(copying: token.utf8) }

/// A change, to be written on one line.
func changed<Value>(_ value: Value, _ change: (inout Value) -> Void) -> Value {
    var value = value
    change(&value)
    return value
}

extension String {
    var raw: RawSpan { utf8Span.span.raw }
}

/// The reason for which a token is refused; nil where it is taken.
func refusal(
    _ keys: NoticeKeys, _ token: String, _ event: NoticeEvent, at now: Instant = Sample.now
) -> NoticeRefusal? {
    do throws(NoticeRefusal) {
        _ = try keys.read(token.raw, for: event, at: now)
        return nil
    } catch { return error }
}
