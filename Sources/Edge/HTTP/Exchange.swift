// One request and its answer, as a handler sees them. Both live for one call only; the compiler holds
// handlers to that.
public import Kernel
import Reactor
import Tracing
public import TLS

/// Answers requests. One belongs to each shard, and is called on the shard's thread only.
public protocol Responder: AnyObject {
    func respond(to request: borrowing Request, _ response: inout Response)
    /// Whether all else that came in the same turn goes before this request.
    func yields(_ request: borrowing Request) -> Bool
}

extension Responder {
    public func yields(_ request: borrowing Request) -> Bool { false }
}

/// Which request is meant, for who answers it later. The connection may be gone by then.
public struct AnswerPlace: Equatable, Sendable {
    let stream: ConnectionPlace
    /// Counts the requests of the connection.
    let request: Int

    public static let nobody = AnswerPlace(stream: .none, request: 0)
}

/// A whole request: head and body.
public struct Request: ~Copyable, ~Escapable {
    let head: UnsafeMutablePointer<RequestHead>
    let bytes: RawSpan
    /// The whole body, chunks already joined.
    public let body: RawSpan
    /// Both this and the response live for one call of the connection that made them, which is not counted for it.
    private let connection: Unmanaged<ServerConnection>

    @_lifetime(copy bytes, copy body)
    init(head: UnsafeMutablePointer<RequestHead>, bytes: RawSpan, body: RawSpan, connection: ServerConnection)
    {
        self.head = head
        self.bytes = bytes
        self.body = body
        self.connection = .passUnretained(connection)
    }

    public var method: Method { head.pointee.method }

    /// The path as it was sent: still percent-encoded, without the query.
    public var path: RawSpan {
        @_lifetime(copy self) get { head.pointee.path.of(bytes) }
    }

    /// What follows the question mark, still percent-encoded.
    public var query: RawSpan {
        @_lifetime(copy self) get { head.pointee.query.of(bytes) }
    }

    /// The value of the first header of this name, whatever its case.
    @_lifetime(copy self)
    public func header(_ name: StaticString) -> RawSpan? {
        guard let range = head.pointee.header(name, in: bytes) else { return nil }
        return range.of(bytes)
    }

    /// What the caller says of the trace that it is in, unread: found with the head, so that asking costs nothing.
    public var traceparent: RawSpan? {
        @_lifetime(copy self) get {
            guard let range = head.pointee.traceparent else { return nil }
            return range.of(bytes)
        }
    }

    /// For those who are called on behalf of this request, recorded by this server or not; nil where its caller says of no trace.
    public var trace: CallTrace? {
        connection._withUnsafeGuaranteedRef { $0.openSpan?.trace } ?? unrecordedTrace
    }

    /// The route that answers it, for its span: the address with what varies left open.
    public func note(route: StaticString) {
        connection._withUnsafeGuaranteedRef { $0.openSpan?.record.detail = route }
    }

    /// The values of all headers of this name, as one list.
    func list(of name: StaticString) -> String? {
        var list: String?
        for index in 0..<head.pointee.headers.count
        where head.pointee.headers.name(at: index).equalsIgnoringCase(name, in: bytes) {
            let value = head.pointee.headers.value(at: index).of(bytes)
            let text = value.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            list = list.map { "\($0),\(text)" } ?? text
        }
        return list
    }

    public func pathIs(_ path: StaticString) -> Bool { head.pointee.path.equals(path, in: bytes) }

    /// Who the peer is, by a certificate that was verified; nil without one.
    public var peer: TLSPeer? { connection._withUnsafeGuaranteedRef { $0.identity } }

    /// Where the peer's connection comes from, which a proxy may have made: a system call at each question.
    public var address: SocketAddress? { connection._withUnsafeGuaranteedRef { $0.peerAddress } }

    /// For `Server.answer`, where the response is held.
    public var place: AnswerPlace { connection._withUnsafeGuaranteedRef { $0.answerPlace } }
}

/// The answer in the making. What a handler does not say is a 200 with an empty body.
public struct Response: ~Copyable {
    public var status = Status.ok
    public var contentType: StaticString = "text/plain; charset=utf-8"
    /// Ends the connection after this answer.
    public var closes = false
    /// The answer is not known yet, and is given by `Server.answer` within `ServerLimits.heldTimeout`. Until then the
    /// connection's further requests wait, so that answers keep their order; what was written here is forgotten.
    public var isHeld = false
    /// A body that is sent without a copy. It takes the place of what was written.
    public var shared: SharedBytes?

    /// Where the rest of the body comes from, in place of what was written.
    private(set) var source: BodySource?

    /// The server's, which outlives every answer; not counted.
    private let buffer: Unmanaged<ResponseBuffer>

    init(_ buffer: ResponseBuffer) {
        self.buffer = .passUnretained(buffer)
        buffer.clear()
    }

    /// Adds a header. One that is not allowed in a head, or does not fit, makes the answer a 500.
    public mutating func header(_ name: StaticString, _ value: StaticString) {
        buffer._withUnsafeGuaranteedRef { $0.header(name, value) }
    }

    /// Adds a header.
    public mutating func header(_ name: StaticString, _ value: RawSpan) {
        buffer._withUnsafeGuaranteedRef { $0.header(name, value) }
    }

    /// Appends to the body.
    public mutating func write(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { bytes in buffer._withUnsafeGuaranteedRef { $0.append(bytes) } }
    }

    /// Appends to the body.
    public mutating func write(_ text: StaticString) {
        buffer._withUnsafeGuaranteedRef { $0.append(text) }
    }

    /// Appends to the body.
    public mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { text in
            buffer._withUnsafeGuaranteedRef { $0.append(UnsafeRawBufferPointer(text)) }
        }
    }

    /// Appends to the body what a function writes into a buffer of this size; it answers how many bytes it
    /// wrote.
    public mutating func write(upTo count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
        buffer._withUnsafeGuaranteedRef { $0.append(upTo: count, body) }
    }

    /// Answers with a body that is made while it is sent, for what has no known length or is too large to be
    /// held at once. It takes the place of what was written.
    public mutating func stream(_ source: @escaping BodySource) { self.source = source }

    var body: UnsafeRawBufferPointer { buffer._withUnsafeGuaranteedRef { $0.body } }
    var headerLines: UnsafeRawBufferPointer { buffer._withUnsafeGuaranteedRef { $0.headerLines } }
    /// A header broke the rules.
    var isBroken: Bool { buffer._withUnsafeGuaranteedRef { $0.isBroken } }

    /// How long the body is so far.
    public var bodyBytes: Int { (shared?.bytes ?? body).count }

    /// What the peer gets instead of an answer that may not be sent: nothing of it, for a handler that broke
    /// its head has said of its body what no longer holds.
    mutating func replaceBroken() {
        self = Response(buffer.takeUnretainedValue())
        status = .internalServerError
        write("The answer could not be made.\n")
    }
}

/// The memory in which a shard makes its answers, or pieces of them, one after another.
final class ResponseBuffer {
    /// Grows up to here for one large answer; larger ones are a defect of the handler.
    private static let bytesMax = 64 * 1024 * 1024
    private static let headersBytes = 4096

    private var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 64)
    private var count = 0
    /// Extra header lines of the answer, ready to be copied.
    private let lines = UnsafeMutableRawBufferPointer.allocate(byteCount: headersBytes, alignment: 8)
    private var linesCount = 0
    private(set) var isBroken = false

    deinit {
        memory.deallocate()
        lines.deallocate()
    }

    var body: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }
    var headerLines: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: lines[..<linesCount]) }

    func clear() {
        count = 0
        linesCount = 0
        isBroken = false
    }

    func append(_ bytes: UnsafeRawBufferPointer) {
        append(upTo: bytes.count) { room in
            room.copyMemory(from: bytes)
            return bytes.count
        }
    }

    func append(_ text: StaticString) { text.withUTF8Buffer { append(UnsafeRawBufferPointer($0)) } }

    func append(upTo room: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
        if count + room > memory.count { grow(to: count + room) }
        let written = body(UnsafeMutableRawBufferPointer(rebasing: memory[count..<count + room]))
        precondition(written >= 0 && written <= room, "a handler wrote \(written) bytes where \(room) fit")
        count += written
    }

    /// Lends bytes that were appended before, to be filled whole.
    func overwrite(_ range: Range<Int>, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
        precondition(range.upperBound <= count)
        let written = body(UnsafeMutableRawBufferPointer(rebasing: memory[range]))
        precondition(written == range.count, "\(written) bytes were written over \(range.count)")
    }

    private func grow(to wanted: Int) {
        precondition(
            wanted <= ResponseBuffer.bytesMax, "an answer of \(wanted) bytes: stream it")
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(wanted, memory.count * 2), alignment: 64)
        larger.copyMemory(from: body)
        memory.deallocate()
        memory = larger
    }

    func header(_ name: StaticString, _ value: StaticString) {
        addLine { $0.field(name, value) }
    }

    func header(_ name: StaticString, _ value: RawSpan) {
        addLine { $0.field(name, value) }
    }

    private func addLine(_ body: (inout HeadWriter) -> Void) {
        var writer = HeadWriter(into: UnsafeMutableRawBufferPointer(rebasing: lines[linesCount...]))
        body(&writer)
        do {
            // The blank line is overwritten by the next header, or left out.
            linesCount += try writer.finish() - 2
        } catch {
            isBroken = true
        }
    }
}
