// Finding the end of a head in bytes that arrive in pieces. Every byte is looked at once, whatever the pieces,
// and what is wrong with the lines themselves (a bare LF, a control byte, too long, too many) is refused at the
// byte where it shows, so that a peer cannot make the server wait for the end of a head that is already bad.

/// Where the search for a head's end stands. One belongs to each connection; after a head it is fresh again.
public struct HeadProgress: Equatable, Sendable {
    /// The bytes before this one are known to be good.
    var scanned: UInt32 = 0
    /// Where the line begins that is being read.
    var lineStart: UInt32 = 0
    /// Whole lines before it, blank ones before the start line not counted.
    var lineCount: UInt16 = 0
    var blankLineCount: UInt8 = 0

    public init() {}

    /// Whether nothing of a head has been seen yet: bytes that never make a line can be told from an idle peer.
    public var isFresh: Bool { scanned == 0 }
}

/// What a head may take. What is larger is refused at the byte that is over.
public struct HeadLimits: Equatable, Sendable {
    /// The first line with its CR LF: long enough for the longest URLs of ad tags, as large as nginx's buffer.
    public var startLineBytesMax = 8192
    /// The whole head, with the lines' ends and the blank line.
    public var headBytesMax = 16384
    /// At most `HeaderTable.capacity`.
    public var fieldCountMax = 64

    public init() {}
}

extension HeaderTable {
    /// Goes on where `progress` stands. When the blank line is there, `startLine` and `fields` hold each line.
    mutating func scan(
        _ bytes: RawSpan, _ progress: inout HeadProgress, kind: MessageKind
    ) -> HeadOutcome {
        let resumed = progress.scanned != 0
        var outcome = scanOnce(bytes, &progress, kind: kind)
        if resumed, case .complete = outcome {
            // The lines that earlier calls found may have been overwritten by other connections' heads.
            progress = HeadProgress()
            outcome = scanOnce(bytes, &progress, kind: kind)
        }
        if outcome != .incomplete { progress = HeadProgress() }
        return outcome
    }

    private mutating func scanOnce(
        _ bytes: RawSpan, _ progress: inout HeadProgress, kind: MessageKind
    ) -> HeadOutcome {
        var position = Int(progress.scanned)
        while true {
            let lineStart = Int(progress.lineStart)
            let startLineBound = progress.lineCount == 0 ? lineStart &+ limits.startLineBytesMax : Int.max
            let bound = min(limits.headBytesMax, startLineBound)
            let end = min(bytes.byteCount, bound)
            let control = bytes.firstControl(from: position, to: end)
            // The byte after a CR decides about it, and may itself be one too many.
            let isCut = control == end || (control &+ 1 == end && bytes[control] == ASCII.carriageReturn)
            if isCut {
                if bytes.byteCount > end {
                    return .refused(bound == startLineBound ? kind.startLineTooLong : .headTooLarge)
                }
                progress.scanned = UInt32(control)
                return .incomplete
            }
            guard bytes[control] == ASCII.carriageReturn else {
                return .refused(bytes[control] == ASCII.lineFeed ? .bareLineFeed : .controlByte)
            }
            guard bytes[control &+ 1] == ASCII.lineFeed else { return .refused(.bareCarriageReturn) }
            position = control &+ 2
            progress.lineStart = UInt32(position)
            if control == lineStart {
                if progress.lineCount > 0 {
                    fieldCount = Int(progress.lineCount) &- 1
                    return .complete(headLength: position)
                }
                progress.blankLineCount += 1
                if progress.blankLineCount > kind.leadingBlankLinesMax { return .refused(.leadingBlankLines) }
                continue
            }
            let line = ByteRange(from: lineStart, to: control)
            if progress.lineCount == 0 {
                startLine = line
            } else if Int(progress.lineCount) > limits.fieldCountMax {
                return .refused(.tooManyFields)
            } else {
                fields[Int(progress.lineCount) &- 1].name = line
            }
            progress.lineCount += 1
        }
    }
}

/// What differs between the heads of requests and of responses.
enum MessageKind {
    case request, response

    var startLineTooLong: Refusal { self == .request ? .requestLineTooLong : .statusLineTooLong }

    /// RFC 9112 §2.2 asks to ignore at least one blank line before a request: old clients send one after a
    /// POST's body. Responses have no such excuse.
    var leadingBlankLinesMax: UInt8 { self == .request ? 2 : 0 }
}

extension RawSpan {
    /// The first control byte (not the tab) or DEL in a range, or the range's end.
    @inline(__always)
    func firstControl(from low: Int, to high: Int) -> Int {
        precondition(low <= high && high <= byteCount)
        var index = low
        while index &+ 8 <= high {
            let word = unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
            let ones: UInt64 = 0x0101_0101_0101_0101
            // Bytes under 0x20, and bytes equal to 0x7F; a borrow can only mark bytes above a true hit.
            let under = (word &- (ones &* 0x20)) & ~word
            let flipped = word ^ (ones &* 0x7F)
            let delete = (flipped &- ones) & ~flipped
            if (under | delete) & (ones &* 0x80) != 0 { break }
            index &+= 8
        }
        while index < high, !ASCII.isControl(self[index]) { index &+= 1 }
        return index
    }
}
