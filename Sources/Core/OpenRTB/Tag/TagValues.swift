// A tag's query taken apart: each parameter's value, without its percent-encoding, in memory that is allocated once.
internal import Units

/// The values of one query after the other.
struct TagValues: ~Copyable {
    /// A head has 16 KiB; tags with a consent string and a page's address take two or three.
    static let bytesMost = 8 * 1024

    private var decoded = [UInt8](repeating: 0, count: bytesMost)
    /// By parameter: where its value lies; nothing was said where the start is below zero.
    private var places = [(start: Int32, end: Int32)](repeating: (-1, -1), count: TagParameter.allCases.count)
    /// Parameters by the hash of their names; −1 where there is none. A quarter full.
    private let table: [Int8]
    /// Their names, in the order of their numbers.
    private let names: [StaticString]
    private var count = 0

    private static let tableSize = 256

    init() {
        var table = [Int8](repeating: -1, count: Self.tableSize)
        for parameter in TagParameter.allCases {
            let name = parameter.form.name
            var slot = unsafe Self.hash(
                RawSpan(_unsafeStart: name.utf8Start, byteCount: name.utf8CodeUnitCount))
            while table[slot] >= 0 { slot = (slot + 1) % Self.tableSize }
            table[slot] = Int8(parameter.rawValue)
        }
        self.table = table
        names = TagParameter.allCases.map(\.form.name)
    }

    private static func hash(_ name: RawSpan) -> Int {
        var hash: UInt32 = 2_166_136_261
        for at in 0..<name.byteCount { hash = (hash ^ UInt32(name.byte(at))) &* 16_777_619 }
        return Int(hash ^ hash >> 8) % tableSize
    }

    func has(_ parameter: TagParameter) -> Bool { places[Int(parameter.rawValue)].start >= 0 }

    @_lifetime(borrow self)
    borrowing func value(of parameter: TagParameter) -> RawSpan {
        let place = places[Int(parameter.rawValue)]
        precondition(place.start >= 0, "nothing was said of it")
        return unsafe decoded.span.bytes.extracting(Int(place.start)..<Int(place.end))
    }

    /// Takes a query apart, or says what in it cannot be understood.
    mutating func read(_ query: RawSpan) throws(TagError) {
        guard query.byteCount <= Self.bytesMost else {
            throw TagError(
                parameter: "", found: "\(query.byteCount) bytes", allowed: "at most \(Self.bytesMost) bytes")
        }
        for index in places.indices { places[index] = (-1, -1) }
        count = 0
        var start = 0
        while start < query.byteCount {
            var end = start
            var equals = -1
            while end < query.byteCount, query.byte(end) != UInt8(ascii: "&") {
                if equals < 0, query.byte(end) == UInt8(ascii: "=") { equals = end }
                end += 1
            }
            // Two ampersands in a row, or one at the end, say nothing.
            if end > start {
                try take(
                    query, start..<(equals < 0 ? end : equals), equals < 0 ? end..<end : equals + 1..<end)
            }
            start = end + 1
        }
    }

    private mutating func take(_ query: RawSpan, _ name: Range<Int>, _ value: Range<Int>) throws(TagError) {
        guard let parameter = parameter(query.extracting(name)) else {
            throw Self.unknown(query.extracting(name))
        }
        let place = Int(parameter.rawValue)
        guard places[place].start < 0 else {
            throw TagError(parameter: parameter.name, found: "it twice", allowed: "each parameter once")
        }
        let first = count
        let form = parameter.form
        let bytes = query.extracting(value)
        let isMacro = bytes.isUnfilledMacro
        if !isMacro { try decode(bytes, of: parameter) }
        if first == count || isUnfilled(first..<count) {
            count = first
            // What its sender could not fill in was not said; where it protects the viewer, it was.
            guard case .guardedFlag = form.kind, !value.isEmpty else { return }
            decoded[count] = UInt8(ascii: "1")
            count += 1
        }
        places[place] = (Int32(first), Int32(count))
        try check(parameter, form.kind)
    }

    private func parameter(_ name: RawSpan) -> TagParameter? {
        var slot = Self.hash(name)
        while table[slot] >= 0 {
            let number = UInt8(table[slot])
            if name.equals(names[Int(number)]) { return TagParameter(rawValue: number) }
            slot = (slot + 1) % Self.tableSize
        }
        return nil
    }

    /// Appends the value's bytes, `%20` and `+` as what they stand for.
    private mutating func decode(_ value: RawSpan, of parameter: TagParameter) throws(TagError) {
        let first = count
        var at = 0
        while at < value.byteCount {
            var byte = value.byte(at)
            at += 1
            if byte == UInt8(ascii: "+") { byte = UInt8(ascii: " ") }
            if byte == UInt8(ascii: "%") {
                guard at + 1 < value.byteCount, let high = Self.digit(value.byte(at)),
                    let low = Self.digit(value.byte(at + 1))
                else {
                    throw TagError(
                        parameter: parameter.name, found: "a % without two hexadecimal digits",
                        allowed: "percent-encoded UTF-8")
                }
                byte = high << 4 | low
                at += 2
            }
            guard byte >= 0x20, byte != 0x7F else {
                throw TagError(
                    parameter: parameter.name, found: "a control character", allowed: parameter.allowed)
            }
            decoded[count] = byte
            count += 1
        }
        let bytes = decoded.span.extracting(first..<count)
        do { _ = try UTF8Span(validating: bytes) } catch {
            throw TagError(parameter: parameter.name, found: "bytes that are not UTF-8", allowed: "UTF-8")
        }
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// `[NAME]`, `{NAME}`, `${NAME}`, `{{NAME}}`, and `%%NAME%%` where it was percent-encoded: a macro that was left as it
    /// stands in the template.
    private func isUnfilled(_ range: Range<Int>) -> Bool {
        let (first, last) = (decoded[range.lowerBound], decoded[range.upperBound - 1])
        switch first {
        case UInt8(ascii: "["): return last == UInt8(ascii: "]")
        case UInt8(ascii: "{"), UInt8(ascii: "$"): return last == UInt8(ascii: "}")
        case UInt8(ascii: "%"): return range.count > 2 && last == first
        default: return false
        }
    }

    private func check(_ parameter: TagParameter, _ kind: TagParameter.Kind) throws(TagError) {
        let value = value(of: parameter)
        let isRight =
            switch kind {
            case .text, .texts, .ignored: true
            case .integer: TagNumber(value)?.isWhole == true
            case .pairs: Self.allParts(of: value, Self.isPair)
            case .integers: Self.allParts(of: value) { TagNumber($0)?.isWhole == true }
            case .money: TagNumber(value).map { !$0.isCut } == true
            case .degrees: TagNumber(value) != nil
            case .flag, .guardedFlag: value.equals("0") || value.equals("1")
            case .version: value.equals("3") || value.equals("4")
            }
        guard isRight else {
            throw TagError(
                parameter: parameter.name, found: Self.quoted(value), allowed: parameter.allowed)
        }
    }

    private static func isPair(_ part: RawSpan) -> Bool {
        for at in 0..<part.byteCount where part.byte(at) == UInt8(ascii: "=") { return at > 0 }
        return false
    }

    private static func allParts(of list: RawSpan, _ holds: (RawSpan) -> Bool) -> Bool {
        var parts = TagList(list)
        while let part = parts.next() { if !holds(list.extracting(part)) { return false } }
        return true
    }

    private static func unknown(_ name: RawSpan) -> TagError {
        TagError(
            parameter: "", found: "the parameter \(quoted(name))",
            allowed: TagParameter.allCases.map(\.name).joined(separator: ", "))
    }

    /// What is quoted of a value; an error is a line.
    private static let quotedBytes = 40

    private static func quoted(_ bytes: RawSpan) -> String {
        let text = unsafe bytes.withUnsafeBytes {
            unsafe String(decoding: $0.prefix(quotedBytes), as: UTF8.self)
        }
        return "\"\(text)\"" + (bytes.byteCount > quotedBytes ? "…" : "")
    }
}

/// The parts of a list, as ranges of its bytes.
struct TagList: ~Escapable {
    private let bytes: RawSpan
    private var start = 0

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan) { self.bytes = bytes }

    @_lifetime(self: copy self)
    mutating func next() -> Range<Int>? {
        guard start <= bytes.byteCount else { return nil }
        var end = start
        while end < bytes.byteCount, bytes.byte(end) != UInt8(ascii: ",") { end += 1 }
        defer { start = end + 1 }
        return start..<end
    }
}

/// A decimal number in millionths.
struct TagNumber {
    private(set) var millionths: Int64 = 0
    private(set) var isWhole = true
    /// There were more than six decimals.
    private(set) var isCut = false

    private static let digitsMost = 9
    private static let decimalsMost = 18

    init?(_ text: RawSpan) {
        var at = 0
        let isNegative = text.byteCount > 0 && text.byte(0) == UInt8(ascii: "-")
        if isNegative { at = 1 }
        var (whole, digits) = (Int64(0), 0)
        while at < text.byteCount, text.byte(at) &- UInt8(ascii: "0") < 10 {
            whole = whole * 10 + Int64(text.byte(at) - UInt8(ascii: "0"))
            digits += 1
            guard digits <= Self.digitsMost else { return nil }
            at += 1
        }
        guard digits > 0 else { return nil }
        var (part, decimals) = (Int64(0), 0)
        if at < text.byteCount {
            guard text.byte(at) == UInt8(ascii: ".") else { return nil }
            isWhole = false
            at += 1
            while at < text.byteCount {
                let digit = text.byte(at) &- UInt8(ascii: "0")
                guard digit < 10, decimals < Self.decimalsMost else { return nil }
                if decimals < 6 { part = part * 10 + Int64(digit) } else { isCut = true }
                decimals += 1
                at += 1
            }
            guard decimals > 0 else { return nil }
        }
        for _ in min(decimals, 6)..<6 { part *= 10 }
        millionths = whole * 1_000_000 + part
        if isNegative { millionths = -millionths }
    }

    var whole: Int64 { millionths / 1_000_000 }
}

extension RawSpan {
    /// `%%NAME%%`, which is no percent-encoding, whatever its letters are.
    var isUnfilledMacro: Bool {
        let percent = UInt8(ascii: "%")
        return byteCount > 4 && byte(0) == percent && byte(1) == percent && byte(byteCount - 1) == percent
            && byte(byteCount - 2) == percent
    }
}
