// Finding the end of a head in bytes that arrive in pieces. Every byte is looked at once, whatever the
// pieces, and what is wrong with the lines themselves (a bare LF, a control byte, too long, too many) is
// refused at the byte where it shows, so that a peer cannot make the server wait for the end of a head that
// is already bad.

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

    /// Whether nothing of a head has been seen yet: bytes that never make a line can be told from an idle
    /// peer.
    public var isFresh: Bool { scanned == 0 }
}

/// What a head may take. What is larger is refused at the byte that is over.
public struct HeadLimits: Equatable, Sendable {
    /// The first line with its CR LF: long enough for the longest URLs of ad tags, as large as nginx's
    /// buffer.
    public var startLineBytesMax = 8192
    /// The whole head, with the lines' ends and the blank line.
    public var headBytesMax = 16384
    /// At most `HeaderTable.capacity`.
    public var fieldCountMax = 64

    public init() {}
}

extension HeaderTable {
    /// Goes on where `progress` stands. When the blank line is there, `startLine` and `fields` hold each
    /// line.
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
        let end = min(bytes.byteCount, limits.headBytesMax)
        var unprinted = UnprintedBytes(from: Int(progress.scanned))
        var lineStart = Int(progress.lineStart)
        var lineCount = Int(progress.lineCount)
        // The start line has a bound of its own, which the others are not measured against.
        var lineEnd = lineCount == 0 ? min(end, lineStart &+ limits.startLineBytesMax) : end
        while true {
            let found = unprinted.next(in: bytes, before: end)
            guard found &+ 1 < lineEnd, bytes.isLineBreak(at: found) else {
                // A tab, or a byte beyond ASCII: a part of the line.
                if found < lineEnd, !ASCII.isControl(bytes[found]) { continue }
                let isBounded = lineCount == 0 && lineEnd == lineStart &+ limits.startLineBytesMax
                let tooLong = isBounded ? kind.startLineTooLong : .headTooLarge
                if let refusal = refusal(bytes, at: found, lineEnd: lineEnd, tooLong) {
                    return .refused(refusal)
                }
                progress.scanned = UInt32(found)
                progress.lineStart = UInt32(lineStart)
                progress.lineCount = UInt16(lineCount)
                return .incomplete
            }
            unprinted.skip(to: found &+ 2)
            let line = ByteRange(from: lineStart, to: found)
            lineStart = found &+ 2
            if lineCount == 0 {
                if line.isEmpty {
                    progress.blankLineCount += 1
                    guard progress.blankLineCount <= kind.leadingBlankLinesMax else {
                        return .refused(.leadingBlankLines)
                    }
                    lineEnd = min(end, lineStart &+ limits.startLineBytesMax)
                    continue
                }
                startLine = line
                lineEnd = end
            } else if line.isEmpty {
                fieldCount = lineCount &- 1
                return .complete(headLength: lineStart)
            } else if lineCount > limits.fieldCountMax {
                return .refused(.tooManyFields)
            } else {
                fields[lineCount &- 1].name = line
            }
            lineCount &+= 1
        }
    }

    /// What is wrong with a control byte that does not begin a line's end, or nil where only more bytes can
    /// tell.
    @inline(never)
    private func refusal(
        _ bytes: RawSpan, at control: Int, lineEnd: Int, _ tooLong: Refusal
    ) -> Refusal? {
        // The byte after a CR decides about it, and may itself be one too many.
        if control >= lineEnd || (control &+ 1 == lineEnd && bytes[control] == ASCII.carriageReturn) {
            return bytes.byteCount > lineEnd ? tooLong : nil
        }
        switch bytes[control] {
        case ASCII.carriageReturn: return .bareCarriageReturn
        case ASCII.lineFeed: return .bareLineFeed
        default: return .controlByte
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
