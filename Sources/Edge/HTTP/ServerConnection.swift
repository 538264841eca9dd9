// One client's connection to the server: bytes to requests, requests to answers, in order; and the deadlines
// that keep a slow or silent peer from holding anything for long.
import Kernel
import Reactor
import TLS
import Telemetry
import Units

/// handshake → idle → head → (body | chunks) → (held) → idle …; from any of them → lingering → closed.
final class ServerConnection: Transport {
    private enum Phase {
        /// Waiting for TLS.
        case handshake
        /// Nothing of a request is here.
        case idle
        /// Some of a head is here.
        case head
        /// The head is complete; with its body the request takes this many bytes.
        case body(requestBytes: Int)
        /// The head is complete; so much of its body was decoded, in place, behind it.
        case chunks(headBytes: Int, bodyBytes: Int)
        /// A request was taken, and its answer is not known yet. What comes behind it waits.
        case held(Held)
        /// The last answer is on its way. What comes is dropped until the peer closes.
        case lingering(StreamEnd)
    }

    /// How an answer that is held is to be sent.
    private struct Held {
        let withBody: Bool
        let stays: Bool
        let says10: Bool
    }

    /// What became of the bytes at the front.
    private enum Step {
        case served(Int)
        /// The request comes again when the rest of the turn has been served.
        case yields
        case needsMore
        /// There will be no further request.
        case ended
    }

    /// Where the server keeps it among its connections.
    var place = -1
    /// It was closed to make room.
    private(set) var isDisplaced = false
    /// Outlives its connections: the server is only let go of after its reactor has ended. Not counted, as with
    /// every stream's reactor.
    private let serverReference: Unmanaged<Server>
    /// The server's memory for the head at hand.
    private let head: UnsafeMutablePointer<RequestHead>
    /// Who the peer is, by a verified certificate.
    private(set) var identity: TLSPeer?
    /// Of the request at hand, where it is recorded.
    var openSpan: OpenSpan?

    private var phase = Phase.idle
    private var phaseDeadline = Instant.distantFuture
    /// When the peer must have taken enough of what waits for it. What it sends meanwhile wins it no time.
    private var writeDeadline = Instant.distantFuture
    /// What it has taken since that deadline was set.
    private var takenBytes = 0
    private var progress = HeadProgress()
    private var decoder = ChunkedDecoder(bodyBytesMax: 0)
    private var pending: PendingRequest
    private var requests = 0
    private var hasContinued = false
    /// Requests wait until the peer has taken the answers to earlier ones.
    private var isStalled = false
    /// A request that is here whole lets the rest of the turn go before it.
    private var isYielding = false
    private var peerHasEnded = false

    init(server: Server) {
        serverReference = .passUnretained(server)
        head = server.head
        pending = PendingRequest(pool: server.pending)
        super.init(reactor: server.reactor, scratch: server.scratch)
    }

    var server: Server { serverReference.takeUnretainedValue() }
    private var limits: ServerLimits { serverReference._withUnsafeGuaranteedRef { $0.limits } }

    /// A request of the largest size and a burst of what the peer sent behind it.
    private var pendingLimit: Int { limits.head.headBytesMax + limits.bodyBytes + Stream.burstBytes }

    // MARK: The connection's life

    override func handshaking() { enter(.handshake, within: limits.handshakeTimeout) }

    override func ready() {
        if isSecure {
            server.metrics.handshakes.add()
            if isResumed { server.metrics.resumptions.add() }
            identity = peer
        }
        // Whoever was in the kernel's queue when the drain began gets the time to say what it wants.
        enter(.idle, within: server.isDraining ? limits.lingerTimeout : limits.firstByteTimeout)
    }

    override func ended() {
        peerHasEnded = true
        // Who has asked is still answered.
        if isYielding { return }
        switch phase {
        case .held: return
        case .head, .body, .chunks: if !hasOutput { close(.reset) }
        case .lingering(let reason): if !hasOutput { close(reason) }
        case .handshake, .idle: if !hasOutput { conclude() }
        }
    }

    override func closed(_ reason: StreamEnd) {
        if let tlsFailure { server.metrics.tlsFailures(tlsFailure.reason).add() }
        endSpan(nil)
        pending.clear()
        identity = nil
        phase = .idle
        progress = HeadProgress()
        requests = 0
        hasContinued = false
        isStalled = false
        isYielding = false
        peerHasEnded = false
        writeDeadline = .distantFuture
        use(nil)
    }

    override func released() {
        let wasDisplaced = isDisplaced
        isDisplaced = false
        server.released(self, wasDisplaced: wasDisplaced)
    }

    /// Ends the connection as soon as nothing is in flight.
    func drain() {
        if case .idle = phase, !hasOutput, !isYielding { linger(.drained) }
    }

    /// For how long nothing was asked and nothing is on its way; nil while something is.
    var idleTime: Interval? {
        guard case .idle = phase, isOpen, !hasOutput, !isYielding else { return nil }
        let allowed = requests == 0 ? limits.firstByteTimeout : limits.idleTimeout
        return allowed - (phaseDeadline - now)
    }

    /// Leaves its place to another connection.
    func displace() {
        isDisplaced = true
        close(.displaced)
    }

    /// Everything was answered and has left; only the peer's own end is awaited.
    var isDone: Bool {
        if case .lingering = phase { return !hasOutput }
        return false
    }

    // MARK: Deadlines

    private func enter(_ next: Phase, within time: Interval) {
        phase = next
        phaseDeadline = now + time
        refreshDeadline()
    }

    /// What the peer sends buys it no time to read what we sent.
    @inline(__always)
    private func refreshDeadline() {
        guard hasOutput else {
            writeDeadline = .distantFuture
            return setDeadline(phaseDeadline)
        }
        if writeDeadline == .distantFuture {
            writeDeadline = now + limits.writeTimeout
            takenBytes = 0
        }
        switch phase {
        case .idle, .lingering: setDeadline(writeDeadline)
        // Unread answers excuse nobody from finishing what he began to send.
        case .handshake, .head, .body, .chunks, .held: setDeadline(min(writeDeadline, phaseDeadline))
        }
    }

    override func progressed(_ bytes: Int) { takenBytes += bytes }

    override func deadlinePassed() {
        if hasOutput, writeDeadline <= now {
            guard takenBytes >= limits.writeBytesMin else { return close(.slowReader) }
            writeDeadline = .distantFuture
            return refreshDeadline()
        }
        switch phase {
        case .handshake: close(.slowSender)
        case .idle: linger(requests == 0 ? .silent : .idle)
        case .lingering(let reason): close(reason)
        case .held:
            server.metrics.expired.add()
            _ = answerHeld(answerPlace) { response in
                response.status = .serviceUnavailable
                response.header("retry-after", "1")
            }
        case .head, .body, .chunks:
            server.metrics.timeouts.add()
            refuse(.requestTimeout, "The request did not come in time.\n", .slowSender)
        }
    }

    // MARK: Bytes to requests

    override func arrived(_ bytes: UnsafeRawBufferPointer) {
        if case .lingering = phase { return }
        if pending.isEmpty, !waits {
            let used = serve(bytes)
            if used < bytes.count { keep(UnsafeRawBufferPointer(rebasing: bytes[used...])) }
            if case .chunks = phase { serveKept() }
        } else {
            keep(bytes)
            if !waits { serveKept() } else if case .held = phase { pause() }
        }
        flush()
        if isOpen { refreshDeadline() }
    }

    /// Nothing that comes is served before something else has happened.
    private var waits: Bool {
        if isStalled || isYielding { return true }
        if case .held = phase { return true }
        return false
    }

    private func keep(_ bytes: UnsafeRawBufferPointer) {
        if !pending.append(bytes, limit: pendingLimit) { close(.overLimit) }
    }

    private func serveKept() {
        guard isOpen else { return }
        pending.drop(serve(UnsafeRawBufferPointer(pending.bytes)))
    }

    /// Answers what is complete, and says how many bytes are done with.
    private func serve(_ bytes: UnsafeRawBufferPointer) -> Int {
        var used = 0
        while used < bytes.count {
            if queuedBytes >= limits.outputBytesPerConnection || isMidBody {
                isStalled = true
                pause()
                return used
            }
            switch step(UnsafeRawBufferPointer(rebasing: bytes[used...])) {
            case .served(let count):
                used += count
                if case .held = phase { return used }
            case .yields: return used
            case .needsMore: return used
            case .ended: return bytes.count
            }
        }
        return used
    }

    private func step(_ bytes: UnsafeRawBufferPointer) -> Step {
        switch phase {
        case .idle, .head: return stepHead(bytes)
        case .body(let requestBytes):
            guard bytes.count >= requestBytes else { return .needsMore }
            guard case .complete(let headBytes) = head.pointee.parse(bytes.bytes) else {
                preconditionFailure("a head that was complete is not any more")
            }
            return answer(
                bytes, headBytes: headBytes, bodyBytes: requestBytes - headBytes, used: requestBytes)
        case .chunks(let headBytes, let bodyBytes):
            return stepChunks(bytes, headBytes: headBytes, bodyBytes: bodyBytes)
        case .held: return .needsMore
        case .handshake, .lingering: return .ended
        }
    }

    private func stepHead(_ bytes: UnsafeRawBufferPointer) -> Step {
        switch head.pointee.parse(bytes.bytes, progress: &progress) {
        case .incomplete:
            if case .idle = phase { enter(.head, within: limits.headTimeout) }
            return .needsMore
        case .refused(let refusal):
            refuse(refusal)
            return .ended
        case .complete(let headBytes):
            switch head.pointee.framing {
            case .none, .untilClose:
                return answer(bytes, headBytes: headBytes, bodyBytes: 0, used: headBytes)
            case .length(let bodyBytes):
                guard bodyBytes <= limits.bodyBytes else {
                    refuse(.bodyTooLarge)
                    return .ended
                }
                if bytes.count - headBytes >= bodyBytes {
                    return answer(
                        bytes, headBytes: headBytes, bodyBytes: bodyBytes, used: headBytes + bodyBytes)
                }
                awaitBody(.body(requestBytes: headBytes + bodyBytes))
            case .chunked:
                decoder = ChunkedDecoder(bodyBytesMax: limits.bodyBytes)
                awaitBody(.chunks(headBytes: headBytes, bodyBytes: 0))
                return stepChunks(bytes, headBytes: headBytes, bodyBytes: 0)
            }
            return .needsMore
        }
    }

    private func awaitBody(_ next: Phase) {
        if head.pointee.expectsContinue, !hasContinued {
            hasContinued = true
            if !write(Status.continue.line, then: "\r\n") { return close(.overLimit) }
        }
        enter(next, within: limits.bodyTimeout)
    }

    /// Chunks are decoded in place, so this is only called with bytes that are our own.
    private func stepChunks(_ bytes: UnsafeRawBufferPointer, headBytes: Int, bodyBytes: Int) -> Step {
        guard let base = pending.bytes.baseAddress,
            bytes.baseAddress.map({ $0 >= UnsafeRawPointer(base) }) == true,
            !pending.isEmpty
        else { return .needsMore }
        let own = UnsafeMutableRawBufferPointer(mutating: bytes)
        let room = UnsafeMutableRawBufferPointer(rebasing: own[(headBytes + bodyBytes)...])
        let decoded = decoder.decode(UnsafeRawBufferPointer(room), into: room)
        let body = bodyBytes + decoded.produced
        switch decoded.state {
        case .refused(let refusal):
            refuse(refusal)
            return .ended
        case .needsMore, .outputFull:
            // All input was taken; what came out lies behind the head, and the next bytes follow it.
            phase = .chunks(headBytes: headBytes, bodyBytes: body)
            pending.shorten(to: pending.count - (decoded.consumed - decoded.produced))
            return .needsMore
        case .complete:
            guard case .complete = head.pointee.parse(bytes.bytes) else {
                preconditionFailure("a head that was complete is not any more")
            }
            return answer(
                bytes, headBytes: headBytes, bodyBytes: body, used: headBytes + bodyBytes + decoded.consumed)
        }
    }

    // MARK: Requests to answers

    private func answer(
        _ bytes: UnsafeRawBufferPointer, headBytes: Int, bodyBytes: Int, used: Int
    ) -> Step {
        let body = UnsafeRawBufferPointer(rebasing: bytes[headBytes..<headBytes + bodyBytes])
        let isWhole = head.pointee.framing != .chunked
        let stays = serverReference._withUnsafeGuaranteedRef { server -> Bool? in
            let request = Request(
                head: head, bytes: bytes.bytes, body: body.bytes, connection: self)
            // Chunks were decoded in place, and cannot be read a second time.
            if isWhole, server.yields(request) {
                isYielding = true
                server.noteYielding(self)
                return nil
            }
            requests += 1
            hasContinued = false
            if let tracer = server.tracer { openSpan = tracer.begin(request) }
            var response = Response(server.response)
            server.answer(request, &response)
            if response.isBroken { response.replaceBroken() }
            let stays =
                head.pointee.keepAlive && !response.closes && !server.isDraining
                && requests < server.limits.requestsPerConnection
                // Without chunks the connection's end is the body's.
                && (response.source == nil || head.pointee.version == .http11)
            if response.isHeld {
                enter(
                    .held(
                        Held(
                            withBody: head.pointee.method != .head, stays: stays,
                            says10: head.pointee.version == .http10)), within: server.limits.heldTimeout)
                return stays
            }
            let sent = send(
                response, by: server, withBody: head.pointee.method != .head, stays: stays,
                says10: head.pointee.version == .http10)
            server.countAnswer()
            endSpan(response.status)
            return sent ? stays : nil
        }
        if isYielding { return .yields }
        guard let stays else {
            close(.overLimit)
            return .ended
        }
        if case .held = phase { return .served(used) }
        if stays {
            phase = .idle
            phaseDeadline = now + limits.idleTimeout
            return .served(used)
        }
        linger(server.isDraining ? .drained : .finished)
        return .ended
    }

    /// The request that was taken last.
    var answerPlace: AnswerPlace { AnswerPlace(stream: connectionPlace, request: requests) }

    /// Sends the answer that was held, and goes on with what came behind its request.
    func answerHeld(_ place: AnswerPlace, _ body: (inout Response) -> Void) -> Bool {
        guard isOpen, case .held(let held) = phase, place == answerPlace else { return false }
        let server = server
        var response = Response(server.response)
        body(&response)
        if response.isBroken { response.replaceBroken() }
        let stays = held.stays && !response.closes && !server.isDraining
        guard
            send(response, by: server, withBody: held.withBody, stays: stays, says10: held.says10)
        else {
            close(.overLimit)
            return true
        }
        server.countAnswer()
        endSpan(response.status)
        guard stays else {
            linger(server.isDraining ? .drained : .finished)
            return true
        }
        phase = .idle
        phaseDeadline = now + limits.idleTimeout
        goOn()
        return true
    }

    /// What waited is served; bytes are taken again that were left with the peer.
    func goOn() {
        guard isOpen else { return }
        isYielding = false
        if !isStalled { serveKept() }
        flush()
        guard isOpen else { return }
        refreshDeadline()
        if !waits { resume() }
        if peerHasEnded, !waits, !hasOutput { ended() }
    }

    private func refuse(_ refusal: Refusal) {
        server.metrics.refusals(refusal).add()
        refuse(refusal.status, refusal.sentence, .refused)
    }

    private func refuse(_ status: Status, _ sentence: StaticString, _ reason: StreamEnd) {
        var response = Response(server.response)
        response.status = status
        response.write(sentence)
        if send(response, by: server, withBody: true, stays: false, says10: false) {
            linger(reason)
        } else {
            close(reason)
        }
    }

    /// Lets the peer read the last answer: no more is sent, and what it still sends is dropped, for a while.
    /// Closing at once would make the kernel reset the connection and the answer with it.
    private func linger(_ reason: StreamEnd) {
        guard isOpen else { return }
        if peerHasEnded, !hasOutput { return close(reason) }
        pending.clear()
        enter(.lingering(reason), within: limits.lingerTimeout)
        if hasOutput { flush() } else { endSending() }
    }

    override func sent() {
        refreshDeadline()
        if case .lingering(let reason) = phase {
            if peerHasEnded { return close(reason) }
            endSending()
            // Only from here on can it read to the end.
            enter(.lingering(reason), within: limits.lingerTimeout)
        } else if isStalled {
            isStalled = false
            serveKept()
            flush()
            // What was queued just now has its time to be read, like all that was before.
            if isOpen { refreshDeadline() }
            if !waits, isOpen { resume() }
        } else if waits {
            return
        } else if peerHasEnded {
            conclude()
        } else if server.isDraining {
            drain()
        }
    }
}
