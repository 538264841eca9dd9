// Writing heads into a caller's buffer. A field that would smuggle a second line (CR, LF, NUL or another
// control byte in a name or value) or that does not fit is refused: the writer remembers the first such
// failure, writes nothing more, and `finish` throws it. No half of a bad head can be sent.

public enum HeadWriteFailure: Error, Equatable, Sendable {
    /// A name, value, method or target holds a byte that it must not.
    case injection
    /// The buffer is too small for the head.
    case tooLong
}

public struct HeadWriter: ~Copyable {
    private let buffer: UnsafeMutableRawBufferPointer
    private var count = 0
    private var failure: HeadWriteFailure?

    public init(into buffer: UnsafeMutableRawBufferPointer) { self.buffer = buffer }

    /// The first line of a response.
    @inline(__always)
    public mutating func start(_ status: Status) { put(status.line) }

    /// The first line of a request. The target is what is sent: percent-encoded already.
    public mutating func start(method: StaticString, target: RawSpan) {
        check(!target.isEmpty && target.isAll { $0 > ASCII.space && $0 < ASCII.delete })
        put(method)
        put(" ")
        put(target)
        put(" HTTP/1.1\r\n")
    }

    public mutating func field(_ name: StaticString, _ value: StaticString) {
        beginField(name)
        check(value.withUTF8Buffer { $0.allSatisfy { !ASCII.isControl($0) } })
        put(value)
        put("\r\n")
    }

    public mutating func field(_ name: StaticString, _ value: RawSpan) {
        beginField(name)
        check(value.isAll { !ASCII.isControl($0) })
        put(value)
        put("\r\n")
    }

    public mutating func field(_ name: StaticString, _ number: Int) {
        beginField(name)
        put(number)
        put("\r\n")
    }

    /// Header lines, or parts of one, that are known to hold nothing else: written down in this module, or made by
    /// a writer before. Inlined, so that what stands in the source is moved by a few instructions and not by a call.
    @inline(__always)
    mutating func verbatim(_ text: StaticString) { put(text) }
    @inline(__always)
    mutating func verbatim(_ bytes: RawSpan) { put(bytes) }
    @inline(__always)
    mutating func verbatim(_ number: Int) { put(number) }

    /// What stands in the buffer, for a head that is put together of several parts.
    var written: UnsafeRawBufferPointer {
        precondition(failure == nil, "a part of a head does not fit its room or breaks the grammar")
        return UnsafeRawBufferPointer(rebasing: buffer[..<count])
    }

    /// The blank line. Returns the head's length in the buffer.
    @inline(__always)
    public mutating func finish() throws(HeadWriteFailure) -> Int {
        put("\r\n")
        if let failure { throw failure }
        return count
    }

    private mutating func beginField(_ name: StaticString) {
        check(name.utf8CodeUnitCount > 0 && name.withUTF8Buffer { $0.allSatisfy(ASCII.isToken) })
        put(name)
        put(": ")
    }

    private mutating func check(_ isClean: Bool) {
        if !isClean, failure == nil { failure = .injection }
    }

    @inline(__always)
    private mutating func put(_ text: StaticString) {
        put(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inline(__always)
    private mutating func put(_ bytes: RawSpan) { bytes.withUnsafeBytes { put($0) } }

    @inline(__always)
    private mutating func put(_ bytes: UnsafeRawBufferPointer) {
        guard failure == nil else { return }
        guard bytes.count <= buffer.count &- count else {
            failure = .tooLong
            return
        }
        if let from = bytes.baseAddress, let to = buffer.baseAddress {
            (to + count).copyMemory(from: from, byteCount: bytes.count)
        }
        count &+= bytes.count
    }

    private mutating func put(_ number: Int) {
        if number < 0 { put("-") }
        var rest = number.magnitude
        var bytes = 1
        var bound: UInt = 10
        // Nineteen digits are the most.
        while rest >= bound, bytes < 19 {
            bytes &+= 1
            bound &*= 10
        }
        guard failure == nil else { return }
        guard bytes <= buffer.count &- count else {
            failure = .tooLong
            return
        }
        let start = count
        count &+= bytes
        var position = count
        while position > start {
            position &-= 1
            buffer[position] = ASCII.zero &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }
}

extension RawSpan {
    @inline(__always)
    func isAll(_ predicate: (UInt8) -> Bool) -> Bool {
        for index in 0..<byteCount where !predicate(self[index]) { return false }
        return true
    }
}
