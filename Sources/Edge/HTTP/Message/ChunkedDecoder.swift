// The body of a chunked message (RFC 9112 §7.1), read in pieces of any size. Strict: each line ends with CR
// LF, sizes are plain hexadecimal, extensions and trailers are checked, bounded and dropped.

/// What the decoder found next.
public enum ChunkEvent: Equatable, Sendable {
    /// So many bytes of the body, from this place in the input on.
    case data(ByteRange)
    /// The input is used up and the body is not at its end.
    case needsMore
    /// The body ended; the next message begins where the decoder stopped.
    case complete
    case refused(Refusal)
}

/// One belongs to each chunked body.
///
/// size → (extension) → line feed → data → data end → size … → trailers → complete;
/// a refusal is final, and so is the end: each is answered again on every later call.
public struct ChunkedDecoder: Sendable {
    private enum State: Equatable {
        case size, extensions, sizeLineFeed, data, dataReturn, dataLineFeed
        case trailerStart, trailerName, trailerValue, trailerLineFeed, finalLineFeed
        case complete, refused(Refusal)
    }

    /// Extensions carry nothing that is used here; without a bound on all of them together they would let a
    /// peer send much for a body of a few bytes.
    static let extensionBytesMax = 4096
    /// Trailers are dropped, so there is no reason to take many.
    static let trailerBytesMax = 4096
    /// Leading zeros are allowed, within what a 64-bit size needs.
    private static let sizeDigitsMax: UInt8 = 16

    private var state = State.size
    private var quoting = ChunkExtensionGrammar()
    private var digitCount: UInt8 = 0
    /// The current chunk's size as far as read, then what is left of it.
    private var chunkRemaining = 0
    private var bodyRemaining: Int
    private var extensionByteCount = 0
    private var trailerByteCount = 0

    /// A body larger than this is refused as soon as the size that crosses it is announced.
    public init(bodyBytesMax: Int) {
        precondition(bodyBytesMax >= 0)
        bodyRemaining = bodyBytesMax
    }

    public var isComplete: Bool { state == .complete }

    /// Reads on from `position` and moves it behind what was read. After `.data`, call again.
    public mutating func next(_ bytes: RawSpan, at position: inout Int) -> ChunkEvent {
        next(bytes, at: &position, dataBytesMax: Int.max)
    }

    /// Whether the next byte belongs to the body.
    var isInData: Bool { state == .data }

    /// The same, with no more data at once than so many bytes: with none to spare it stops before the data.
    mutating func next(_ bytes: RawSpan, at position: inout Int, dataBytesMax: Int) -> ChunkEvent {
        while true {
            switch state {
            case .complete: return .complete
            case .refused(let refusal): return .refused(refusal)
            case .data:
                let count = min(chunkRemaining, bytes.byteCount &- position, dataBytesMax)
                if count == 0 { return .needsMore }
                let data = ByteRange(start: position, count: count)
                position &+= count
                chunkRemaining &-= count
                if chunkRemaining == 0 { state = .dataReturn }
                return .data(data)
            default:
                guard position < bytes.byteCount else { return .needsMore }
                state = after(bytes[position])
                position &+= 1
            }
        }
    }

    /// The state after one byte outside the data.
    private mutating func after(_ byte: UInt8) -> State {
        switch state {
        case .size: return afterSizeByte(byte)
        case .extensions:
            extensionByteCount &+= 1
            if extensionByteCount > Self.extensionBytesMax { return .refused(.chunkExtensionsTooLong) }
            if byte == ASCII.carriageReturn {
                return quoting.canEnd ? .sizeLineFeed : .refused(.invalidChunkExtension)
            }
            return quoting.take(byte) ? .extensions : .refused(.invalidChunkExtension)
        case .sizeLineFeed:
            guard byte == ASCII.lineFeed else { return .refused(.bareCarriageReturn) }
            digitCount = 0
            return chunkRemaining == 0 ? .trailerStart : .data
        case .dataReturn: return byte == ASCII.carriageReturn ? .dataLineFeed : .refused(.invalidChunkEnd)
        case .dataLineFeed: return byte == ASCII.lineFeed ? .size : .refused(.invalidChunkEnd)
        default: return afterTrailerByte(byte)
        }
    }

    private mutating func afterSizeByte(_ byte: UInt8) -> State {
        if let digit = ASCII.hexValue(byte) {
            digitCount += 1
            guard digitCount <= Self.sizeDigitsMax else { return .refused(.invalidChunkSize) }
            // Sixteen times the limit's sixteenth, and a digit more, cannot overflow.
            guard chunkRemaining <= bodyRemaining / 16 else { return .refused(.bodyTooLarge) }
            chunkRemaining = chunkRemaining &* 16 &+ Int(digit)
            return chunkRemaining <= bodyRemaining ? .size : .refused(.bodyTooLarge)
        }
        guard digitCount > 0 else { return .refused(.invalidChunkSize) }
        bodyRemaining &-= chunkRemaining
        switch byte {
        case ASCII.carriageReturn: return .sizeLineFeed
        case ASCII.semicolon, ASCII.space, ASCII.tab:
            quoting = ChunkExtensionGrammar()
            extensionByteCount &+= 1
            return quoting.take(byte) ? .extensions : .refused(.invalidChunkExtension)
        default: return .refused(.invalidChunkSize)
        }
    }

    private mutating func afterTrailerByte(_ byte: UInt8) -> State {
        trailerByteCount &+= 1
        if trailerByteCount > Self.trailerBytesMax { return .refused(.trailersTooLong) }
        switch state {
        case .trailerStart:
            if byte == ASCII.carriageReturn { return .finalLineFeed }
            return ASCII.isToken(byte) ? .trailerName : .refused(.invalidTrailer)
        case .trailerName:
            if byte == ASCII.colon { return .trailerValue }
            return ASCII.isToken(byte) ? .trailerName : .refused(.invalidTrailer)
        case .trailerValue:
            if byte == ASCII.carriageReturn { return .trailerLineFeed }
            return ASCII.isControl(byte) ? .refused(.invalidTrailer) : .trailerValue
        case .trailerLineFeed: return byte == ASCII.lineFeed ? .trailerStart : .refused(.bareCarriageReturn)
        default: return byte == ASCII.lineFeed ? .complete : .refused(.bareCarriageReturn)
        }
    }
}

/// `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )`, byte by byte.
struct ChunkExtensionGrammar: Sendable {
    private enum Place {
        case beforeSemicolon, beforeName, name, afterName, beforeValue, value, quoted, escaped, afterQuoted
    }
    private var place = Place.beforeSemicolon

    /// Whether the line may end here. A blank after the size alone is no extension.
    var canEnd: Bool { place == .name || place == .value || place == .afterQuoted }

    /// Takes the next byte; false where the grammar has no place for it.
    mutating func take(_ byte: UInt8) -> Bool {
        switch place {
        case .beforeSemicolon:
            if byte == ASCII.semicolon { place = .beforeName } else { return ASCII.isBlank(byte) }
        case .beforeName:
            if ASCII.isToken(byte) { place = .name } else { return ASCII.isBlank(byte) }
        case .name:
            if ASCII.isToken(byte) { return true }
            return takeAfterName(byte)
        case .afterName: return takeAfterName(byte)
        case .beforeValue:
            if byte == UInt8(ascii: "\"") {
                place = .quoted
            } else if ASCII.isToken(byte) {
                place = .value
            } else {
                return ASCII.isBlank(byte)
            }
        case .value:
            if ASCII.isToken(byte) { return true }
            return takeAfterValue(byte)
        case .quoted:
            if byte == UInt8(ascii: "\\") {
                place = .escaped
            } else if byte == UInt8(ascii: "\"") {
                place = .afterQuoted
            } else {
                return !ASCII.isControl(byte)
            }
        case .escaped:
            place = .quoted
            return !ASCII.isControl(byte)
        case .afterQuoted: return takeAfterValue(byte)
        }
        return true
    }

    private mutating func takeAfterName(_ byte: UInt8) -> Bool {
        if byte == ASCII.equals {
            place = .beforeValue
            return true
        }
        place = .afterName
        if byte == ASCII.semicolon { place = .beforeName }
        return byte == ASCII.semicolon || ASCII.isBlank(byte)
    }

    private mutating func takeAfterValue(_ byte: UInt8) -> Bool {
        place = byte == ASCII.semicolon ? .beforeName : .beforeSemicolon
        return byte == ASCII.semicolon || ASCII.isBlank(byte)
    }
}
