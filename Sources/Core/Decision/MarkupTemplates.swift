// Markup that was written before. All of an ad's markup is what the catalog says of its creative, but for the ad's own
// number and its token: so the bytes that were written once are kept as they stand in an answer, with the places of
// these two, and the next answer with the same creative for the same kind of device is a few copies.
//
// What is kept changes no byte of any answer: a decision that finds nothing writes the same. So whatever else comes to
// decide markup belongs into `MarkupKey`, and a test holds deciders that kept much against ones that kept nothing.
internal import OpenRTB
internal import Units

/// What decides markup beside the number and the token of an ad; settings and the catalog are the decider's.
struct MarkupKey: Equatable {
    var lineItem = UInt32.max
    var creative = UInt32.max
    var version = VASTVersion.v4_2
    var needsHTTPS = false
    var device = VASTDevice()

    init() {}

    init(_ win: borrowing Win) {
        lineItem = UInt32(truncatingIfNeeded: win.candidate.lineItem)
        creative = UInt32(truncatingIfNeeded: win.candidate.creative)
        (version, needsHTTPS, device) = (win.version, win.needsHTTPS, win.device)
    }
}

/// What stands at a place of a template.
struct MarkupHole {
    enum Kind: UInt8 { case number, token }

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
    /// A number and nine addresses; markup with more of them is written anew each time.
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

    /// Keeps markup as it stands in an answer, if it has few enough places for the ad's number and token.
    mutating func keep(
        _ range: Range<Int>, of answer: borrowing DecisionBytes, _ key: MarkupKey, number: HexNumber,
        _ notices: borrowing NoticeWriting
    ) {
        keep(
            answer.first(range.upperBound).extracting(range), key, number: number.utf8.span.raw,
            token: notices.playerToken)
    }

    private mutating func keep(_ markup: RawSpan, _ key: MarkupKey, number: RawSpan, token: RawSpan?) {
        guard markup.byteCount > 0, markup.byteCount <= text.capacity / 4 else { return }
        let index = oldest(Self.first(key))
        templates[index].length = 0
        var found = 0
        var at = 0
        while at < markup.byteCount {
            var hole: MarkupHole?
            if markup.has(number, at: at) {
                hole = MarkupHole(offset: UInt32(truncatingIfNeeded: at), kind: .number)
                at += number.byteCount
            } else if let token, markup.has(token, at: at) {
                hole = MarkupHole(offset: UInt32(truncatingIfNeeded: at), kind: .token)
                at += token.byteCount
            } else {
                at += 1
            }
            guard let hole else { continue }
            guard found < Self.holesMost else { return }
            holes[index * Self.holesMost + found] = hole
            found += 1
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
        let number = number.utf8.span.raw
        let start = Int(templates[index].start % UInt64(text.capacity))
        let all = text.first(start + templates[index].length)
        var at = start
        for place in index * Self.holesMost..<index * Self.holesMost + templates[index].holes {
            let hole = start + Int(holes[place].offset)
            writer.escaped(all.extracting(at..<hole))
            switch holes[place].kind {
            case .number:
                writer.escaped(number)
                at = hole + number.byteCount
            case .token:
                guard let token = notices.playerToken else {
                    preconditionFailure("all ads of a decider are signed, or none")
                }
                writer.escaped(token)
                at = hole + token.byteCount
            }
        }
        writer.escaped(all.extracting(at..<start + templates[index].length))
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
