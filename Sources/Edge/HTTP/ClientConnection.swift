// One connection of a client: at most one call at a time, its request out and its answer in.
import Kernel
import Reactor
import TLS
import Units

/// connecting → idle ⇄ busy; from any of them → closed.
final class ClientConnection: Transport {
    let endpoint: Endpoint
    /// It has served a call before.
    private(set) var wasReused = false

    private unowned let client: Client
    private var call: Call?
    private var served = 0
    private var incoming: [UInt8] = []
    private var progress = HeadProgress()
    private var answer: ClientResponse?
    /// Where the body at hand goes; nil where it stays in the answer.
    private var sink: BodySink?
    /// How much of it has gone there.
    private var passedOn = 0
    private var framing = BodyFraming.none
    private var staysOpen = false
    private var decoder = ChunkedDecoder(bodyBytesMax: 0)
    private var failure: ClientFailure?
    private var isConcluding = false

    init(client: Client, endpoint: Endpoint) {
        self.client = client
        self.endpoint = endpoint
        super.init(reactor: client.reactor, scratch: client.scratch)
    }

    /// It may carry a call.
    var isUsable: Bool { isOpen && !isConcluding }

    /// Nothing of the answer has come yet.
    var isAnswerUntouched: Bool { answer == nil && incoming.isEmpty }

    func begin(_ call: Call) {
        self.call = call
        wasReused = served > 0
        answer = nil
        incoming.removeAll(keepingCapacity: true)
        setDeadline(call.deadline)
        if served > 0 { sendRequest() }
    }

    // MARK: What the transport tells

    override func ready() { if call != nil { sendRequest() } }

    override func arrived(_ bytes: UnsafeRawBufferPointer) {
        guard let call else { return close(.refused) }  // an answer that nobody asked for
        // What a sink takes is here for one call, as much as comes at once.
        let passing = call.request.sink == nil ? 0 : Stream.burstBytes
        guard
            incoming.count + bytes.count
                <= client.limits.responseBytes + client.limits.head.headBytesMax + passing
        else {
            return fail(.refused(endpoint, .bodyTooLarge), .overLimit)
        }
        incoming.append(contentsOf: bytes)
        read()
    }

    override func ended() {
        // Over TLS the end must be the server's own word: anybody could have cut the connection.
        if answer != nil, framing == .untilClose, tlsFailure == nil {
            return complete(sink == nil ? incoming : [])
        }
        if call == nil { conclude() } else { close(.finished) }
    }

    override func deadlinePassed() {
        guard call == nil, !isConcluding else { return fail(.timedOut(endpoint), .idle) }
        retire()
    }

    /// Ends a connection that is not in use.
    func retire() {
        isConcluding = true
        setDeadline(reactor.now + ClientConnection.farewell)
        conclude()
    }

    /// For TLS's last word to leave: it fits any buffer that is not stuck.
    private static let farewell = Interval.seconds(1)

    override func closed(_ reason: StreamEnd) {
        let why: ClientFailure =
            failure ?? tlsFailure.map { .tls(endpoint, $0.description) }
            ?? (reason == .notConnected ? .notConnected(endpoint) : .cut(endpoint))
        let lost = call
        call = nil
        client.gone(self, lost, why)
    }

    private func fail(_ failure: ClientFailure, _ end: StreamEnd) {
        self.failure = failure
        close(end)
    }

    // MARK: The request

    private func sendRequest() {
        guard let request = call?.request else { return }
        served += 1
        let room = UnsafeMutableRawBufferPointer.allocate(
            byteCount: client.limits.head.headBytesMax, alignment: 8)
        defer { room.deallocate() }
        do {
            let count = try writeHead(request, into: room)
            let sent = send(UnsafeRawBufferPointer(rebasing: room[..<count])) && sendBody(of: request)
            if !sent { return fail(.busy(endpoint), .overLimit) }
            flush()
        } catch {
            fail(.unsendable(endpoint), .refused)
        }
    }

    private func sendBody(of request: ClientRequest) -> Bool {
        guard let stream = request.stream else { return request.body.withUnsafeBytes(send) }
        return send(
            StreamedBody(source: stream(), isChunked: true, aheadBytes: ClientConnection.streamedAhead))
    }

    /// Enough to keep the socket busy.
    private static let streamedAhead = 64 * 1024

    private func writeHead(
        _ request: ClientRequest, into room: UnsafeMutableRawBufferPointer
    ) throws(HeadWriteFailure) -> Int {
        var writer = HeadWriter(into: room)
        var target = request.target
        target.withUTF8 {
            writer.start(method: request.method.token, target: UnsafeRawBufferPointer($0).bytes)
        }
        var host = endpoint.authority
        host.withUTF8 { writer.field("host", UnsafeRawBufferPointer($0).bytes) }
        for header in request.headers {
            var value = header.value
            value.withUTF8 { writer.field(header.name, UnsafeRawBufferPointer($0).bytes) }
        }
        if request.stream != nil {
            writer.field("transfer-encoding", "chunked")
        } else if !request.body.isEmpty || request.method == .post || request.method == .put {
            writer.field("content-length", request.body.count)
        }
        return try writer.finish()
    }

    // MARK: The answer

    private func read() {
        while call != nil {
            if answer == nil {
                guard readHead() else { return }
            } else {
                return readBody()
            }
        }
    }

    /// False while the head is not complete, or where it was refused.
    private func readHead() -> Bool {
        guard let call else { return false }
        let outcome = incoming.withUnsafeBytes {
            client.head.pointee.parse($0.bytes, progress: &progress, answering: call.request.method)
        }
        switch outcome {
        case .incomplete: return false
        case .refused(let refusal):
            fail(.refused(endpoint, refusal), .refused)
            return false
        case .complete(let headBytes):
            if !client.head.pointee.isInterim {
                answer = response()
                framing = client.head.pointee.framing
                staysOpen = client.head.pointee.keepAlive
                sink = answer?.status == 200 ? call.request.sink : nil
                passedOn = 0
                decoder = ChunkedDecoder(bodyBytesMax: sink == nil ? client.limits.responseBytes : .max)
            }
            incoming.removeFirst(headBytes)
            return true
        }
    }

    private func response() -> ClientResponse {
        var headers: [(name: String, value: String)] = []
        func text(_ range: ByteRange) -> String { String(decoding: incoming[range.indices], as: UTF8.self) }
        for index in 0..<client.head.pointee.headers.count {
            headers.append(
                (
                    text(client.head.pointee.headers.name(at: index)),
                    text(client.head.pointee.headers.value(at: index))
                ))
        }
        return ClientResponse(status: Int(client.head.pointee.code), headers: headers, body: [])
    }

    private func readBody() {
        switch framing {
        case .none:
            staysOpen = staysOpen && incoming.isEmpty
            complete([])
        case .untilClose:
            guard sink != nil, passOn(incoming.count) else { return }
            incoming.removeAll(keepingCapacity: true)
        case .length(let count):
            if sink != nil { return passOn(of: count) }
            if count > client.limits.responseBytes {
                return fail(.refused(endpoint, .bodyTooLarge), .overLimit)
            }
            guard incoming.count >= count else { return }
            let body = Array(incoming[..<count])
            staysOpen = staysOpen && incoming.count == count
            complete(body)
        case .chunked: readChunks()
        }
    }

    /// Hands the sink what is here of a body of so many bytes.
    private func passOn(of length: Int) {
        let count = min(incoming.count, length - passedOn)
        guard passOn(count) else { return }
        incoming.removeFirst(count)
        guard passedOn == length else { return }
        staysOpen = staysOpen && incoming.isEmpty
        complete([])
    }

    /// Hands the sink the first bytes, where there is a sink; false where it wants no more.
    private func passOn(_ count: Int) -> Bool {
        guard let sink, count > 0 else { return true }
        passedOn += count
        let isWanted = incoming.withUnsafeBytes { sink(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        if !isWanted { fail(.unwanted(endpoint), .refused) }
        return isWanted
    }

    private func readChunks() {
        // In place: what comes out is never longer than what carried it.
        let step = incoming.withUnsafeMutableBytes { decoder.decode(UnsafeRawBufferPointer($0), into: $0) }
        switch step.state {
        case .refused(let refusal): fail(.refused(endpoint, refusal), .refused)
        case .needsMore, .outputFull:
            guard passOn(step.produced) else { return }
            if sink == nil { answer?.body += incoming[..<step.produced] }
            incoming.removeFirst(step.consumed)
        case .complete:
            staysOpen = staysOpen && step.consumed == incoming.count
            guard passOn(step.produced) else { return }
            complete(sink == nil ? (answer?.body ?? []) + incoming[..<step.produced] : [])
        }
    }

    private func complete(_ body: [UInt8]) {
        guard let call, var answer else { return }
        answer.body = body
        self.call = nil
        self.answer = nil
        sink = nil
        incoming.removeAll(keepingCapacity: true)
        // An answer to half a request leaves the other half in the way of the next one.
        if staysOpen, isOpen, !isMidBody {
            setDeadline(reactor.now + client.limits.idleTimeout)
            client.idle(self)
        } else {
            retire()
        }
        call.finish(.success(answer))
    }
}
