// What the heads of a shard's answers begin with: status line, date, type, and the name of the field that says how long
// the body is. It is the same for nearly all answers of one second, so it is put together once and then copied.

/// A few beginnings, each kept until another one needs its place or the date is another.
struct HeadBeginnings: ~Copyable {
    /// What a head takes beside the handler's own lines and this beginning: a length, and what becomes of the connection.
    static let restBytes = 64
    /// Status line, date and type; the longest of ours take a third of it.
    static let bytesMax = 448
    /// The common answers, one with a body and one without, fall into different ones.
    private static let places = 8

    private struct Beginning {
        let key: Key
        let bytes: UnsafeRawBufferPointer
    }

    /// What all heads with one beginning have in common.
    private struct Key: Equatable {
        let code: UInt16
        let framing: Framing
        /// Where the type's text lies: two texts at one place are one.
        let contentType: UnsafePointer<UInt8>
        let contentTypeBytes: Int
        let second: Int64
    }

    /// How the body ends, without how long it is.
    enum Framing {
        /// No body, and not a word about one; or one of no bytes, whose type would say nothing.
        case none, empty
        case length, chunked, untilClose

        init(_ framing: BodyFraming) {
            switch framing {
            case .none: self = .none
            case .length(0): self = .empty
            case .length: self = .length
            case .chunked: self = .chunked
            case .untilClose: self = .untilClose
            }
        }
    }

    private let memory = UnsafeMutableRawBufferPointer.allocate(
        byteCount: HeadBeginnings.places * HeadBeginnings.bytesMax, alignment: 64)
    private var kept: InlineArray<8, Beginning?> = InlineArray(repeating: nil)

    deinit { memory.deallocate() }

    /// The beginning of an answer's head. Only lent until the next call.
    ///
    /// - Parameter date: the text of `second`.
    mutating func of(
        _ status: Status, _ contentType: StaticString, _ framing: Framing, second: Int64,
        date: UnsafeRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        let key = Key(
            code: status.code, framing: framing, contentType: contentType.utf8Start,
            contentTypeBytes: contentType.utf8CodeUnitCount, second: second)
        let place = Int(status.code) % HeadBeginnings.places
        if let beginning = kept[place], beginning.key == key { return beginning.bytes }
        let room = UnsafeMutableRawBufferPointer(
            rebasing: memory[place * HeadBeginnings.bytesMax..<(place + 1) * HeadBeginnings.bytesMax])
        let bytes = write(status, contentType, framing, date, into: room)
        kept[place] = Beginning(key: key, bytes: bytes)
        return bytes
    }

    @inline(never)
    private func write(
        _ status: Status, _ contentType: StaticString, _ framing: Framing, _ date: UnsafeRawBufferPointer,
        into room: UnsafeMutableRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        var writer = HeadWriter(into: room)
        writer.start(status)
        writer.verbatim("date: ")
        writer.verbatim(date.bytes)
        if framing != .none, framing != .empty {
            writer.verbatim("\r\ncontent-type: ")
            writer.verbatim(contentType)
        }
        switch framing {
        case .length, .empty: writer.verbatim("\r\ncontent-length: ")
        case .chunked: writer.verbatim("\r\ntransfer-encoding: chunked")
        case .none, .untilClose: break
        }
        return writer.written
    }
}
