// The fields of one head, and what they say about the framing. Requests and responses share all of it, so
// both sides refuse the same tricks.

/// One header line: where its name and its value lie.
struct Field: Sendable {
    var name: ByteRange
    var value: ByteRange
}

/// The table lives as long as its server and is filled again for every head: nothing is allocated for a
/// request.
public struct HeaderTable: ~Copyable, Sendable {
    /// More than any client that behaves sends; `HeadLimits.fieldCountMax` is usually lower.
    static let capacity = 100

    let limits: HeadLimits
    var fields: InlineArray<100, Field>
    var fieldCount = 0
    var startLine = ByteRange.empty

    var host = ByteRange.empty
    var hostCount = 0
    /// The announced length, or -1.
    var contentLength = -1
    var isChunked = false
    var saysClose = false
    var saysKeepAlive = false
    var expectationCount = 0
    var continueCount = 0
    /// In which trace the caller is; empty where it says nothing, or says it twice.
    var traceparent = ByteRange.empty
    var traceparentCount = 0

    init(limits: HeadLimits) {
        precondition(limits.fieldCountMax <= Self.capacity, "the header table is smaller than its limit")
        precondition(limits.headBytesMax <= Int(Int32.max) && limits.startLineBytesMax > 0)
        self.limits = limits
        fields = InlineArray(repeating: Field(name: .empty, value: .empty))
    }

    public var count: Int { fieldCount }
    public func name(at index: Int) -> ByteRange {
        precondition(index < fieldCount)
        return fields[index].name
    }
    public func value(at index: Int) -> ByteRange {
        precondition(index < fieldCount)
        return fields[index].value
    }

    /// The value of the first header of this name, upper and lower case being the same. Mutating, though it changes
    /// nothing: for a call that only borrows it Swift 6.3 copies the whole of the table, sixteen hundred bytes.
    mutating func value(of name: StaticString, in bytes: RawSpan) -> ByteRange? {
        for index in 0..<fieldCount where fields[index].name.equalsIgnoringCase(name, in: bytes) {
            return fields[index].value
        }
        return nil
    }

    /// Splits the lines found by `scan` and reads the fields that matter for framing.
    mutating func parseFields(_ bytes: RawSpan, version: Version) -> Refusal? {
        host = .empty
        hostCount = 0
        contentLength = -1
        isChunked = false
        saysClose = false
        saysKeepAlive = false
        expectationCount = 0
        continueCount = 0
        traceparentCount = 0
        for index in 0..<fieldCount {
            if let refusal = parseField(at: index, bytes) { return refusal }
        }
        guard isChunked else { return nil }
        if version == .http10 { return .transferEncodingInHTTP10 }
        return contentLength >= 0 ? .transferEncodingWithContentLength : nil
    }

    @inline(__always)
    private mutating func parseField(at index: Int, _ bytes: RawSpan) -> Refusal? {
        let line = fields[index].name
        let start = Int(line.start)
        let colon = bytes.firstUnplain(from: start, to: line.end)
        guard colon < line.end, colon > start, bytes[colon] == ASCII.colon else {
            return parseRareField(at: index, bytes)
        }
        return split(at: colon, index, bytes)
    }

    /// A field whose name holds more than letters, digits, dashes and dots, or that is none.
    @inline(never)
    private mutating func parseRareField(at index: Int, _ bytes: RawSpan) -> Refusal? {
        let line = fields[index].name
        let start = Int(line.start)
        let colon = bytes.tokenEnd(from: start, to: line.end)
        guard colon < line.end else { return .missingColon }
        guard bytes[colon] == ASCII.colon, colon > start else {
            return Self.nameRefusal(bytes[colon], isFirst: colon == start)
        }
        return split(at: colon, index, bytes)
    }

    @inline(__always)
    private mutating func split(at colon: Int, _ index: Int, _ bytes: RawSpan) -> Refusal? {
        let line = fields[index].name
        let name = ByteRange(from: Int(line.start), to: colon)
        let value = bytes.trimmed(from: colon &+ 1, to: line.end)
        fields[index] = Field(name: name, value: value)
        return note(name, value, bytes)
    }

    /// What is wrong with a name that ends at this byte.
    private static func nameRefusal(_ byte: UInt8, isFirst: Bool) -> Refusal {
        if ASCII.isBlank(byte) { return isFirst ? .foldedLine : .spaceBeforeColon }
        return byte == ASCII.colon ? .emptyFieldName : .invalidFieldName
    }

    /// Keeps what the field says, where the field is one that this layer acts upon.
    @inline(__always)
    private mutating func note(_ name: ByteRange, _ value: ByteRange, _ bytes: RawSpan) -> Refusal? {
        switch name.count {
        case 4 where name.isName("host", in: bytes):
            host = value
            hostCount += 1
        case 6 where name.isName("expect", in: bytes):
            expectationCount += 1
            if value.isName("100-continue", in: bytes) { continueCount += 1 }
        case 10 where name.isName("connection", in: bytes):
            noteConnection(value, bytes)
        case 11 where name.isName("traceparent", in: bytes):
            traceparent = value
            traceparentCount += 1
        case 14 where name.isName("content-length", in: bytes):
            if contentLength >= 0 { return .repeatedContentLength }
            guard let length = Self.length(value, bytes) else { return .invalidContentLength }
            contentLength = length
        case 17 where name.isName("transfer-encoding", in: bytes):
            if isChunked { return .repeatedTransferEncoding }
            guard value.isName("chunked", in: bytes) else {
                return Self.codingRefusal(value, bytes)
            }
            isChunked = true
        default: break
        }
        return nil
    }

    // Out of line, like `codingRefusal` and `parseRareField`: the loop over the fields is a tenth faster without them.
    @inline(never)
    private mutating func noteConnection(_ value: ByteRange, _ bytes: RawSpan) {
        var list = ListElements(value)
        while let option = list.next(in: bytes) {
            if option.isName("close", in: bytes) { saysClose = true }
            if option.isName("keep-alive", in: bytes) { saysKeepAlive = true }
        }
    }

    /// `1*DIGIT` without sign, list or overflow; leading zeros are digits like any other.
    @inline(never)
    private static func length(_ value: ByteRange, _ bytes: RawSpan) -> Int? {
        if value.isEmpty { return nil }
        return value.of(bytes).withUnsafeBytes { text in
            var length = 0
            for byte in text {
                let digit = byte &- ASCII.zero
                // Up to here one more digit at most reaches the sign.
                guard digit < 10, length <= Int.max / 10 else { return nil }
                length = length &* 10 &+ Int(digit)
                if length < 0 { return nil }
            }
            return length
        }
    }

    /// A coding that is only unknown (`gzip, chunked`) is told from a trick: without `chunked` at the end,
    /// once, nobody can say where the message ends (RFC 9112 §6.3), and parameters or `identity` are not
    /// codings.
    @inline(never)
    private static func codingRefusal(_ value: ByteRange, _ bytes: RawSpan) -> Refusal {
        var list = ListElements(value)
        var endsChunked = false
        while let coding = list.next(in: bytes) {
            if endsChunked || coding.isEmpty || coding.isName("identity", in: bytes) {
                return .invalidTransferEncoding
            }
            for index in coding.indices where !ASCII.isToken(bytes[index]) { return .invalidTransferEncoding }
            endsChunked = coding.isName("chunked", in: bytes)
        }
        return endsChunked ? .unsupportedTransferCoding : .invalidTransferEncoding
    }
}

/// The elements of a comma-separated list, without the blanks around them. Empty elements are handed out too.
struct ListElements {
    private var position: Int
    private let end: Int

    init(_ list: ByteRange) {
        position = Int(list.start)
        end = list.end
    }

    mutating func next(in bytes: RawSpan) -> ByteRange? {
        guard position <= end else { return nil }
        let start = position
        while position < end, bytes[position] != ASCII.comma { position &+= 1 }
        let element = bytes.trimmed(from: start, to: position)
        position &+= 1
        return element
    }
}
