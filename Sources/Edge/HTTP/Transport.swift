// A stream of plain bytes, whether TLS lies under it or not. Servers and clients are both built on it.
public import Reactor
public import TLS
import Units

/// Memory that all transports of one shard share: what TLS opens is only looked at during one call.
public final class TransportScratch {
    /// Four records: a burst of them is opened in one call.
    static let bytes = 64 * 1024

    let plaintext = UnsafeMutableRawBufferPointer.allocate(byteCount: TransportScratch.bytes, alignment: 64)
    /// Where answers, and pieces of bodies that are made as they leave, are put together.
    let made = ResponseBuffer()

    public init() {}
    deinit { plaintext.deallocate() }
}

/// Bytes that never change, sent without a copy and shared by all who send them. Nobody writes to them after
/// `init`, which is why they may cross threads.
public final class SharedBytes: @unchecked Sendable {
    public let bytes: UnsafeRawBufferPointer

    public init(_ content: some Collection<UInt8>) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count, alignment: 64)
        memory.copyBytes(from: content)
        bytes = UnsafeRawBufferPointer(memory)
    }

    deinit { bytes.deallocate() }
}

open class Transport: Stream {
    /// Ciphertext made ahead of the socket: enough to keep it busy, little enough for ten thousand of them.
    static let sealedAhead = 256 * 1024

    private let scratch: TransportScratch
    private var session: TLSSession?
    private var isPaused = false
    /// What is left of a body that leaves in parts.
    private enum Rest {
        case shared(SharedBytes, sent: Int)
        case streamed(StreamedBody)
    }
    private var rest: Rest?

    /// Why TLS ended the connection, where it did.
    public var tlsFailure: TLSFailure? { session?.failure }
    public var isSecure: Bool { session != nil }
    public var isReady: Bool { session?.isEstablished ?? true }
    /// The peer by its verified certificate. Parsed at each call: ask once per connection.
    public var peer: TLSPeer? { session?.peer }

    public init(reactor: Reactor, scratch: TransportScratch) {
        self.scratch = scratch
        super.init(reactor: reactor)
    }

    /// Speaks TLS on the next connection; nil for plain bytes. Said before the connection opens.
    public final func use(_ session: TLSSession?) {
        self.session = session
        isPaused = false
        rest = nil
    }

    // MARK: What a subclass hears

    /// TLS begins; `ready` follows when it is agreed.
    open func handshaking() {}
    /// Plaintext may flow.
    open func ready() {}
    /// Plaintext came in; only lent for the length of the call.
    open func arrived(_ bytes: UnsafeRawBufferPointer) {}
    /// The peer has sent all it will send.
    open func ended() { conclude() }
    /// Everything that was sent has left.
    open func sent() {}

    // MARK: What a subclass may do

    /// A part of a body is on its way and more follows, so nothing else may be sent.
    public final var isMidBody: Bool { rest != nil }
    public final var hasOutput: Bool { isSending || isMidBody }
    public final var isResumed: Bool { session?.isResumed ?? false }

    /// Queues a copy of the bytes; false where memory for output is used up or TLS has failed.
    public final func send(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard session != nil else { return write(bytes) }
        return seal(bytes, ahead: .max) == bytes.count
    }

    /// Queues bytes without a copy. Nothing more may be sent before `sent` is heard.
    public final func send(_ shared: SharedBytes) -> Bool {
        precondition(rest == nil, "one shared body at a time")
        if session == nil {
            write(shared.bytes, owner: shared)
            return true
        }
        rest = .shared(shared, sent: 0)
        return sendRest()
    }

    /// Sends a body as it is made. Nothing more may be sent before `sent` is heard. False where memory for
    /// output is used up or TLS has failed.
    final func send(_ body: StreamedBody) -> Bool {
        precondition(rest == nil, "one streamed body at a time")
        rest = .streamed(body)
        return sendRest()
    }

    /// Leaves further bytes with the peer.
    public final func pause() {
        isPaused = true
        pauseReceiving()
    }

    /// Takes bytes again, first those that TLS holds already: were more received before they are used up, each turn
    /// would add to them.
    public final func resume() {
        guard isPaused else { return }
        isPaused = false
        if session != nil { open(UnsafeRawBufferPointer(start: nil, count: 0)) }
        if !isPaused { resumeReceiving() }
    }

    /// Announces that nothing more will be sent, and still takes what comes.
    public final func endSending() {
        announceEnd()
        finishSending()
    }

    /// Ends the connection when everything has left, TLS's word for the end included: without it the peer
    /// cannot tell the end from a cut.
    public final func conclude() {
        announceEnd()
        finish()
    }

    private func announceEnd() {
        guard let session, session.isEstablished, session.failure == nil else { return }
        withOutput { session.close(&$0) }
        flush()
    }

    // MARK: Between TLS and the stream

    public final override func opened() {
        guard let session else { return ready() }
        handshaking()
        if session.context.role == .client {
            withOutput { session.start(&$0) }
            flush()
        }
    }

    public final override func received(_ bytes: UnsafeRawBufferPointer) {
        if session == nil { arrived(bytes) } else { open(bytes) }
    }

    public final override func drained() {
        guard isOpen else { return }
        if rest != nil {
            guard sendRest() else { return close(.overLimit) }
            // All that was made ahead of the socket has left.
            progressed(Transport.sealedAhead)
            // A body may end without another byte.
            if isSending { return flush() }
        }
        sent()
    }

    public final override func peerFinished() {
        if let session, !isPaused, session.endOfInput() == .failed, !session.isEstablished {
            return close(.reset)
        }
        ended()
    }

    private func open(_ ciphertext: UnsafeRawBufferPointer) {
        guard let session else { return }
        var input = ciphertext
        while isOpen, !isPaused {
            let wasReady = session.isEstablished
            var outcome = TLSSession.ReadOutcome.outputFull
            guard read(&input, session, &outcome) else { return }
            if !wasReady, session.isEstablished { ready() }
            switch outcome {
            case .bytes(let count):
                arrived(UnsafeRawBufferPointer(rebasing: scratch.plaintext[..<count]))
            case .outputFull:
                continue
            case .wantsInput:
                flush()
                return
            case .closed:
                flush()
                return ended()
            case .failed:
                // The alert says why to the peer, then it is over.
                flush()
                return failed()
            }
        }
        if isOpen, !input.isEmpty, !session.keep(input, limit: Stream.burstBytes) { close(.overLimit) }
    }

    /// Established, a session seldom answers what it reads: no output memory is asked for before it has
    /// something to say, so that who only sends is served while that memory is used up.
    private func read(
        _ input: inout UnsafeRawBufferPointer, _ session: TLSSession, _ outcome: inout TLSSession.ReadOutcome
    ) -> Bool {
        guard session.isEstablished else {
            return withOutput { outcome = session.read(&input, into: scratch.plaintext, &$0) }
        }
        var none = TLSOutput(UnsafeMutableRawBufferPointer(start: nil, count: 0))
        outcome = session.read(&input, into: scratch.plaintext, &none)
        return !session.hasPendingOutput || withOutput { _ in }
    }

    private func failed() {
        let clean = session?.failure?.reason == .peerAlert
        if isSending { finish() } else { close(clean ? .reset : .refused) }
    }

    /// Seals as much as may be sealed ahead, and says how much that was; less than all also where it failed.
    private func seal(_ bytes: UnsafeRawBufferPointer, ahead: Int) -> Int {
        guard let session else { return 0 }
        var done = 0
        while done < bytes.count, queuedBytes < ahead {
            var outcome = TLSSession.WriteOutcome.failed
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            guard withOutput({ outcome = session.write(rest, &$0) }) else { return done }
            guard case .sealed(let count) = outcome else { return done }
            done += count
        }
        return done
    }

    /// Goes on with a body; false where that failed.
    private func sendRest() -> Bool {
        switch rest {
        case nil: return true
        case .shared(let shared, let sent): return sealRest(of: shared, from: sent)
        case .streamed(let body):
            while rest != nil, queuedBytes < body.aheadBytes {
                let piece = body.next(in: scratch.made)
                if piece.isLast { rest = nil }
                guard send(piece.bytes) else { return false }
            }
            return true
        }
    }

    private func sealRest(of shared: SharedBytes, from sent: Int) -> Bool {
        let left = UnsafeRawBufferPointer(rebasing: shared.bytes[sent...])
        let count = seal(left, ahead: Transport.sealedAhead)
        // Nothing may have been sealed because enough waits already; then it goes on when that has left.
        if count == 0, !left.isEmpty, !isOpen || !isSending { return false }
        rest = count == left.count ? nil : .shared(shared, sent: sent + count)
        return true
    }

    /// Lends the session room at the end of the output; false where there is none and the stream was closed.
    @discardableResult
    private func withOutput(_ body: (inout TLSOutput) -> Void) -> Bool {
        // Room for a record that is worth sending; smaller rests of a chunk are left.
        guard let room = reserve(Transport.roomForRecord) else {
            close(.overLimit)
            return false
        }
        var output = TLSOutput(room)
        body(&output)
        commit(output.count)
        // What found no room waits in the session, and the peer perhaps for it.
        while session?.hasPendingOutput == true {
            guard let room = reserve(Transport.roomForRecord) else {
                close(.overLimit)
                return false
            }
            var output = TLSOutput(room)
            _ = session?.flush(&output)
            commit(output.count)
        }
        return true
    }

    private static let roomForRecord = 1024
}
