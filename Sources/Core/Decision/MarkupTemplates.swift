// Bids that were written before. Nearly all of a bid is what the catalog says of its creative, in markup and beside it,
// but for the ad's own number and its tokens: so the bytes that were written once are kept as they stand in an answer,
// with the places of these, and the next bid with the same creative for the same kind of device is one copy in which
// they are written over.
//
// What is kept changes no byte of any answer: a decision that finds nothing writes the same. So whatever else comes to
// decide these fields belongs into `MarkupKey`, and a test holds deciders that kept much against ones that kept nothing.
internal import Notices
internal import OpenRTB
internal import Units

/// What decides a bid's fields from `adm` to `dur`, beside the number and the tokens of the ad; settings and the catalog
/// are the decider's.
struct MarkupKey: Equatable {
    var lineItem = UInt32.max
    var creative = UInt32.max
    var version = VASTVersion.v4_2
    var needsHTTPS = false
    var medium: UInt8 = 0
    var seconds: Int32 = 0
    var device = VASTDevice()

    init() {}

    init(_ win: borrowing Win) {
        lineItem = UInt32(truncatingIfNeeded: win.candidate.lineItem)
        creative = UInt32(truncatingIfNeeded: win.candidate.creative)
        (version, needsHTTPS, device) = (win.version, win.needsHTTPS, win.device)
        (medium, seconds) = (win.medium, win.candidate.seconds)
    }
}

/// What stands at a place of a template.
struct MarkupHole {
    enum Kind: UInt8 { case number, player, exchange }

    var offset: UInt32 = 0
    var kind = Kind.number
}

struct MarkupTemplate {
    var key = MarkupKey()
    /// Where its bytes start, counted from the first byte that was ever kept.
    var start: UInt64 = 0
    var length = 0
    var holes = 0
}

/// One for each decider. The bytes are a ring: what was kept longest ago makes room.
struct MarkupTemplates: ~Copyable {
    /// Ads of one creative, for as many kinds of devices, share a set.
    private static let ways = 4
    private static let sets = 1_024
    /// A number, nine addresses for players and three for the exchange; what has more of them than this is written anew
    /// each time.
    static let holesMost = 24

    private var templates = DecisionTable<MarkupTemplate>(Self.sets * Self.ways)
    private var holes = DecisionTable<MarkupHole>(Self.sets * Self.ways * Self.holesMost)
    private var text: DecisionBytes
    /// How many bytes were ever kept.
    private var end: UInt64 = 0

    init(bytes: Int) {
        text = DecisionBytes(bytes)
        for _ in 0..<templates.capacity { _ = templates.append(MarkupTemplate()) }
        for _ in 0..<holes.capacity { _ = holes.append(MarkupHole()) }
    }

    private static func first(_ key: MarkupKey) -> Int {
        let mixed = (UInt64(key.lineItem) << 32 | UInt64(key.creative)) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed >> 54) * ways
    }

    mutating func find(_ key: MarkupKey) -> Int? {
        let first = Self.first(key)
        for index in first..<first + Self.ways
        where templates[index].key.creative == key.creative && isThere(index) && templates[index].key == key {
            return index
        }
        return nil
    }

    /// Its bytes were not written over.
    private mutating func isThere(_ index: Int) -> Bool {
        templates[index].length > 0 && end - templates[index].start <= UInt64(text.capacity)
    }

    /// Keeps fields as they stand in an answer, if they have few enough places for the ad's number and tokens.
    mutating func keep(
        _ range: Range<Int>, of answer: borrowing DecisionBytes, _ key: MarkupKey, number: HexNumber,
        _ notices: borrowing NoticeWriting
    ) {
        keep(answer.first(range.upperBound).extracting(range), key, number: number.utf8.span.raw, notices)
    }

    private mutating func keep(
        _ markup: RawSpan, _ key: MarkupKey, number: RawSpan, _ notices: borrowing NoticeWriting
    ) {
        guard markup.byteCount > 0, markup.byteCount <= text.capacity / 4 else { return }
        let index = oldest(Self.first(key))
        templates[index].length = 0
        var found = 0
        var at = 0
        while at < markup.byteCount {
            let kind: MarkupHole.Kind
            if markup.has(number, at: at) {
                kind = .number
            } else if let player = notices.token(for: .player), markup.has(player, at: at) {
                kind = .player
            } else if let exchange = notices.token(for: .exchange), markup.has(exchange, at: at) {
                kind = .exchange
            } else {
                at += 1
                continue
            }
            guard found < Self.holesMost else { return }
            holes[index * Self.holesMost + found] = MarkupHole(
                offset: UInt32(truncatingIfNeeded: at), kind: kind)
            found += 1
            at += kind == .number ? number.byteCount : NoticeWriting.tokenBytes
        }
        let place = Int(end % UInt64(text.capacity))
        // A template lies in one piece.
        if place + markup.byteCount > text.capacity { end += UInt64(text.capacity - place) }
        templates[index].key = key
        templates[index].start = end
        templates[index].length = markup.byteCount
        templates[index].holes = found
        text.copy(markup, to: Int(end % UInt64(text.capacity)))
        end += UInt64(markup.byteCount)
    }

    /// Of a set, the template that was kept first.
    private mutating func oldest(_ first: Int) -> Int {
        var oldest = first
        for index in first..<first + Self.ways {
            if templates[index].length == 0 { return index }
            if templates[index].start < templates[oldest].start { oldest = index }
        }
        return oldest
    }

    /// Writes a template that was found, for another ad.
    @_lifetime(writer: copy writer)
    func write(
        _ index: Int, number: HexNumber, _ notices: borrowing NoticeWriting,
        to writer: inout BidResponseWriter
    ) {
        let template = templates[index]
        let start = Int(template.start % UInt64(text.capacity))
        let before = writer.byteCount
        writer.copied(text.first(start + template.length).extracting(start..<start + template.length))
        for place in index * Self.holesMost..<index * Self.holesMost + template.holes {
            let hole = holes[place]
            let at = before + Int(hole.offset)
            switch hole.kind {
            case .number: writer.overwrite(number.utf8.span.raw, at: at)
            case .player: write(.player, notices, to: &writer, at: at)
            case .exchange: write(.exchange, notices, to: &writer, at: at)
            }
        }
    }

    @_lifetime(writer: copy writer)
    private func write(
        _ sender: NoticeSender, _ notices: borrowing NoticeWriting, to writer: inout BidResponseWriter,
        at start: Int
    ) {
        guard let token = notices.token(for: sender) else {
            preconditionFailure("all ads of a decider are signed, or none")
        }
        writer.overwrite(token, at: start)
    }
}

extension RawSpan {
    /// Whether these bytes, of which there are eight at least, stand at this place.
    @inline(__always)
    fileprivate func has(_ bytes: RawSpan, at start: Int) -> Bool {
        guard start &+ bytes.byteCount <= byteCount,
            unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: start, as: UInt64.self)
                == bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: 0, as: UInt64.self)
        else { return false }
        for at in 8..<bytes.byteCount where byte(start + at) != bytes.byte(at) { return false }
        return true
    }
}
