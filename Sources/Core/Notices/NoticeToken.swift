// A notice as 128 characters in an address: what it names in clear, prices and viewers sealed, and a code that
// only the key's owner can make.
//
//     0  format, 1     20  ad, 1          50  highest, 6            sealed
//     1  key, 4        21  mark, 4        56  reserved, 6           sealed
//     5  session, 8    25  expires, 4     62  window, 4             sealed
//     13 sequence, 6   29  decision, 8    66  viewer, 8             sealed
//     19 shard, 1      37  campaign, 4    74  household, 8          sealed
//                      41  line item, 4   82  code, 14
//                      45  creative, 4
//                      49  flags, 1
//
// Numbers stand with their highest byte first. The seal is a pad by a key of its own over the clear part, which
// no two ads share: so players and publishers do not read what was bid. The code is over all bytes before it.
// Its first bytes make the player's token and others the exchange's: who has one cannot tell the other.
internal import Digests
internal import Units

/// The text of a token.
public struct NoticeToken: Sendable {
    public static let characters = 128
    static let bytes = 96
    static let format: UInt8 = 1
    static let clear = 50
    /// The viewer and the household, within what is sealed.
    static let sealedViewer = 66
    static let signed = 82
    static let code = 14

    private var text = InlineArray<128, UInt8>(repeating: 0)

    init(_ bytes: InlineArray<96, UInt8>) { write(bytes.span.raw, from: 0) }

    /// The token of the other sender: of all characters only the last ones differ.
    init(_ other: NoticeToken, code bytes: InlineArray<96, UInt8>) {
        text = other.text
        let same = Self.signed / 3
        write(bytes.span.raw.extracting(3 * same..<Self.bytes), from: 4 * same)
    }

    private mutating func write(_ bytes: RawSpan, from start: Int) {
        var room = text.mutableSpan
        let count = Base64URL.encode(bytes, into: &room, from: start)
        precondition(start + count == Self.characters, "a token has one length")
    }

    public var utf8: UTF8Span {
        @_lifetime(borrow self) borrowing get { unsafe UTF8Span(unchecked: text.span) }
    }

    /// The reservation that a token names, which anybody may read: its ledger calls a settlement by it. Nil for what is no
    /// token; whether it is a node's own only its key can say.
    public static func reservation(
        in token: RawSpan
    ) -> (session: UInt64, shard: UInt8, sequence: UInt64)? {
        var bytes = InlineArray<96, UInt8>(repeating: 0)
        var room = bytes.mutableSpan
        guard token.byteCount == characters, Base64URL.decode(token, into: &room) == Self.bytes,
            bytes[0] == format
        else { return nil }
        let clear = bytes.span
        var at = 5
        let session = clear.take(8, &at)
        let sequence = clear.take(6, &at)
        return (session, UInt8(clear.take(1, &at)), sequence)
    }
}

/// What a key made of a notice; the tokens are its two spellings.
public struct SignedNotice: Sendable {
    private let bytes: InlineArray<96, UInt8>
    private let code: SHA256Digest

    init(_ bytes: InlineArray<96, UInt8>, _ code: SHA256Digest) {
        self.bytes = bytes
        self.code = code
    }

    /// Whom it names, as it stands in the tokens.
    public var sealedViewer: SealedViewer {
        var at = NoticeToken.sealedViewer
        return SealedViewer(user: bytes.span.take(8, &at), household: bytes.span.take(8, &at))
    }

    public func token(for sender: NoticeSender) -> NoticeToken { NoticeToken(coded(for: sender)) }

    /// Both at once, which takes little longer than one.
    public var tokens: (player: NoticeToken, exchange: NoticeToken) {
        let player = token(for: .player)
        return (player, NoticeToken(player, code: coded(for: .exchange)))
    }

    private func coded(for sender: NoticeSender) -> InlineArray<96, UInt8> {
        var all = bytes
        var span = all.mutableSpan
        var room = span.mutableRaw
        let part = code.raw.extracting(sender.codeStart..<sender.codeStart + NoticeToken.code)
        unsafe room.withUnsafeMutableBytes { room in
            unsafe part.withUnsafeBytes { part in
                unsafe UnsafeMutableRawBufferPointer(rebasing: room[NoticeToken.signed...]).copyMemory(
                    from: part)
            }
        }
        return all
    }
}

/// Whom a notice names, under the seal of its own token: nobody without the key reads it, and no two ads say it alike.
public struct SealedViewer: Hashable, Sendable {
    public let user: UInt64
    public let household: UInt64

    public init(user: UInt64, household: UInt64) { (self.user, self.household) = (user, household) }
}

extension NoticeSender {
    /// Where its part of the code starts.
    var codeStart: Int { self == .player ? 0 : SHA256Digest.byteCount / 2 }
}

extension NoticeKey {
    /// Nil where a field does not fit: whoever bids it does without notices, or does not bid.
    ///
    /// - Parameter viewer: whom it names, where that is known as an earlier token with the same clear part had it.
    public func sign(_ notice: Notice, viewer: SealedViewer? = nil) -> SignedNotice? {
        guard notice.fits else { return nil }
        var bytes = InlineArray<96, UInt8>(repeating: 0)
        var span = bytes.mutableSpan
        var room = span.mutableRaw
        var at = 0
        room.put(UInt64(NoticeToken.format), 1, &at)
        room.put(UInt64(id), 4, &at)
        room.put(notice.session, 8, &at)
        room.put(notice.sequence, 6, &at)
        room.put(UInt64(notice.shard), 1, &at)
        room.put(UInt64(notice.ad), 1, &at)
        room.put(UInt64(notice.mark), 4, &at)
        room.put(UInt64(notice.expires.nanoseconds / 1_000_000_000), 4, &at)
        room.put(notice.decision, 8, &at)
        room.put(UInt64(notice.campaign.rawValue), 4, &at)
        room.put(UInt64(notice.lineItem.rawValue), 4, &at)
        room.put(UInt64(notice.creative.rawValue), 4, &at)
        room.put(notice.flags, 1, &at)
        precondition(at == NoticeToken.clear, "the layout and its sizes agree")
        room.put(UInt64(notice.highest.rawValue), 6, &at)
        room.put(UInt64(notice.reserved.rawValue), 6, &at)
        room.put(UInt64(notice.window), 4, &at)
        precondition(at == NoticeToken.sealedViewer, "the layout and its sizes agree")
        room.put(notice.viewer, 8, &at)
        room.put(notice.household, 8, &at)
        precondition(at == NoticeToken.signed, "the layout and its sizes agree")
        seal(&bytes)
        if let viewer { Self.put(viewer, into: &bytes) }
        return SignedNotice(bytes, code.code(of: bytes.span.raw.extracting(0..<NoticeToken.signed)))
    }

    private static func put(_ viewer: SealedViewer, into bytes: inout InlineArray<96, UInt8>) {
        var span = bytes.mutableSpan
        var room = span.mutableRaw
        var at = NoticeToken.sealedViewer
        room.put(viewer.user, 8, &at)
        room.put(viewer.household, 8, &at)
    }

    /// Seals what is open, and opens what is sealed.
    private func seal(_ bytes: inout InlineArray<96, UInt8>) {
        let code = sealing.code(of: bytes.span.raw.extracting(0..<NoticeToken.clear))
        let pad = code.raw
        var span = bytes.mutableSpan
        var room = span.mutableRaw
        for at in stride(from: 0, to: NoticeToken.signed - NoticeToken.clear, by: 8) {
            let place = NoticeToken.clear + at
            unsafe room.storeBytes(
                of: room.unsafeLoadUnaligned(fromByteOffset: place, as: UInt64.self)
                    ^ pad.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self),
                toByteOffset: place, as: UInt64.self)
        }
    }

    /// The notice and who may send it; nil where this key did not sign the bytes.
    func open(_ token: InlineArray<96, UInt8>) -> (notice: Notice, sender: NoticeSender)? {
        let expected = code.code(of: token.span.raw.extracting(0..<NoticeToken.signed))
        // Every byte is looked at, so that the time says nothing of how many were right.
        var (player, exchange) = (UInt8(0), UInt8(0))
        for at in 0..<NoticeToken.code {
            let byte = token[NoticeToken.signed + at]
            player |= byte ^ expected[NoticeSender.player.codeStart + at]
            exchange |= byte ^ expected[NoticeSender.exchange.codeStart + at]
        }
        guard player == 0 || exchange == 0 else { return nil }
        var bytes = token
        seal(&bytes)
        return (Notice(bytes), player == 0 ? .player : .exchange)
    }
}

extension Notice {
    fileprivate var flags: UInt64 {
        (isBilledByImpression ? 1 : 0) | (mayJournal ? 2 : 0) | (isTest ? 4 : 0)
    }

    fileprivate init(_ token: InlineArray<96, UInt8>) {
        let bytes = token.span
        // Behind the format and the key's id.
        var at = 5
        session = bytes.take(8, &at)
        sequence = bytes.take(6, &at)
        shard = UInt8(bytes.take(1, &at))
        ad = UInt8(bytes.take(1, &at))
        mark = UInt32(bytes.take(4, &at))
        expires = Instant(nanoseconds: Int64(bytes.take(4, &at)) * 1_000_000_000)
        decision = bytes.take(8, &at)
        campaign = IDHash(UInt32(bytes.take(4, &at)))
        lineItem = IDHash(UInt32(bytes.take(4, &at)))
        creative = IDHash(UInt32(bytes.take(4, &at)))
        let flags = bytes.take(1, &at)
        (isBilledByImpression, mayJournal, isTest) = (flags & 1 == 1, flags & 2 == 2, flags & 4 == 4)
        highest = Micros(Int64(bytes.take(6, &at)))
        reserved = Micros(Int64(bytes.take(6, &at)))
        window = UInt32(bytes.take(4, &at))
        viewer = bytes.take(8, &at)
        household = bytes.take(8, &at)
    }
}

extension MutableRawSpan {
    /// Writes eight bytes, of which the next number takes back what is not this one's: behind the last there is room
    /// for the code.
    @_lifetime(self: copy self)
    @inline(__always)
    fileprivate mutating func put(_ number: UInt64, _ bytes: Int, _ at: inout Int) {
        let first = number << UInt64(64 - 8 * bytes)
        storeBytes(of: first.bigEndian, toByteOffset: at, as: UInt64.self)
        at += bytes
    }
}

extension Span where Element == UInt8 {
    fileprivate func take(_ bytes: Int, _ at: inout Int) -> UInt64 {
        var number: UInt64 = 0
        for place in 0..<bytes { number = number << 8 | UInt64(self[at + place]) }
        at += bytes
        return number
    }
}
