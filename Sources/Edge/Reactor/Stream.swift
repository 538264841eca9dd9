// One TCP connection: its receive, its output queue, its deadline and its end. What the bytes mean is a
// subclass's business.
import CLinux
import CURing
import Glibc
public import Kernel
public import Units

/// Why a stream ended. Each reason has a counter, so none is silent.
public enum StreamEnd: UInt8, CaseIterable, Sendable {
    /// The peer closed, or both agreed to.
    case finished
    /// The peer or the network broke it.
    case reset
    /// It could not be opened.
    case notConnected
    /// It was opened, and nothing was ever said on it.
    case silent
    /// Nobody used it for the idle time.
    case idle
    /// Nobody used it for a while, and another needed its place.
    case displaced
    /// The peer did not finish what it began to send in time.
    case slowSender
    /// The peer did not take what we sent in time, or too little of it.
    case slowReader
    /// It broke the protocol.
    case refused
    /// A limit of ours was reached: memory, output, connections.
    case overLimit
    /// We are shutting down.
    case drained
}

/// Which stream is meant, for who comes back to it later: the next one of its slot is another.
public struct ConnectionPlace: Equatable, Sendable {
    let slot: Int32
    let generation: UInt32

    /// No stream's.
    public static let none = ConnectionPlace(slot: -1, generation: 0)
}

/// A connection, served by one reactor on one thread. Subclasses override what they need; objects may be used
/// again for another connection once `released` was called.
open class Stream {
    /// What may still come in after receiving was paused: all that the kernel had buffers for.
    public static let burstBytes = Driver.receiveBuffers * Driver.receiveBufferBytes
    /// Pieces that one send may carry; more go with the next.
    static let piecesPerSend = 16

    private struct Piece {
        var bytes: UnsafeRawPointer
        var count: Int
        /// The chunk to give back when all bytes of it have left, or the owner to let go of.
        var chunk: UnsafeMutableRawPointer?
        /// Held by hand, so that a piece is moved about without counting.
        var owner: Unmanaged<AnyObject>?
    }

    /// Outlives its streams: whoever runs the reactor holds it until they have all ended. Not counted: a count up
    /// and down at each use cost more than the HTTP grammar.
    private let reactorReference: Unmanaged<Reactor>
    private let driver: Driver
    private let chunks: Unmanaged<ChunkPool>
    private(set) var descriptor: Descriptor = -1
    /// Who is at the other end: a system call at each question.
    public var peerAddress: SocketAddress? { Kernel.peerAddress(of: descriptor) }
    var slot = -1
    var generation: UInt32 = 0

    private var pieces: [Piece] = []
    private var firstPiece = 0
    /// Room at the end of the last chunk.
    private var tail: UnsafeMutableRawPointer?
    private var tailUsed = 0
    private let message: UnsafeMutablePointer<msghdr>
    private let vectors: UnsafeMutablePointer<iovec>
    private let address: UnsafeMutablePointer<SocketAddress>
    public private(set) var queuedBytes = 0

    private var receiving = false
    private var wantsReceive = false
    private var sending = false
    private var connecting = false
    private var finishing = false
    private var finishesSending = false
    private(set) var end: StreamEnd?
    /// Whether the reactor has it on its list of those to let go.
    var isNotedEnded = false
    private var deadline = Instant.distantFuture

    public init(reactor: Reactor) {
        reactorReference = .passUnretained(reactor)
        driver = reactor.driver
        chunks = .passUnretained(reactor.chunks)
        message = .allocate(capacity: 1)
        message.initialize(to: msghdr())
        vectors = .allocate(capacity: Stream.piecesPerSend)
        vectors.initialize(repeating: iovec(), count: Stream.piecesPerSend)
        address = .allocate(capacity: 1)
        message.pointee.msg_iov = vectors
        pieces.reserveCapacity(4)
    }

    deinit {
        for piece in pieces[firstPiece...] { piece.owner?.release() }
        message.deallocate()
        vectors.deallocate()
        address.deallocate()
    }

    // MARK: What a subclass hears

    /// The connection is there: accepted, or connected.
    open func opened() {}
    /// Bytes came in; they are only lent for the length of the call.
    open func received(_ bytes: UnsafeRawBufferPointer) {}
    /// The peer will send nothing more. Unless something is still on its way out, there is no use in going
    /// on.
    open func peerFinished() { finish() }
    /// The peer has taken so much of what waits for it, and more is left.
    open func progressed(_ bytes: Int) {}
    /// All queued bytes have left.
    open func drained() {}
    /// The deadline that was set has passed.
    open func deadlinePassed() { close(.idle) }
    /// The stream has ended and nothing of it is in flight any more.
    open func closed(_ reason: StreamEnd) {}
    /// The reactor has let go of the object: it may serve another connection.
    open func released() {}

    // MARK: What a subclass may do

    public var reactor: Reactor { reactorReference.takeUnretainedValue() }
    /// The time at the start of the reactor's turn.
    public var now: Instant { reactorReference._withUnsafeGuaranteedRef { $0.now } }
    public var isOpen: Bool { end == nil && slot >= 0 }
    public var isSending: Bool { queuedBytes > 0 }
    public var connectionPlace: ConnectionPlace { ConnectionPlace(slot: Int32(slot), generation: generation) }

    /// When `deadlinePassed` is to be called, unless it is moved before. Moving it later costs a store.
    public func setDeadline(_ instant: Instant) {
        deadline = instant
        if instant != .distantFuture {
            reactorReference._withUnsafeGuaranteedRef { $0.ensureDeadline(of: self, by: instant) }
        }
    }

    var currentDeadline: Instant { deadline }

    /// Lends room at the end of the output, at least `minimum` bytes of it; nil where this shard's output
    /// memory is used up or nothing so large fits. What was written there is made part of the output by
    /// `commit`.
    @inline(__always)
    public func reserve(_ minimum: Int) -> UnsafeMutableRawBufferPointer? {
        if let tail, ChunkPool.chunkBytes - tailUsed >= minimum {
            return UnsafeMutableRawBufferPointer(
                start: tail + tailUsed, count: ChunkPool.chunkBytes - tailUsed)
        }
        return reserveChunk(minimum)
    }

    private func reserveChunk(_ minimum: Int) -> UnsafeMutableRawBufferPointer? {
        guard minimum <= ChunkPool.chunkBytes, let chunk = chunks._withUnsafeGuaranteedRef({ $0.take() })
        else {
            return nil
        }
        // The chunk left behind goes back with its last piece; where it has none queued, it goes back now.
        if let tail, pieces.last?.chunk != tail { give(tail) }
        tail = chunk
        tailUsed = 0
        return UnsafeMutableRawBufferPointer(start: chunk, count: ChunkPool.chunkBytes)
    }

    @inline(__always)
    public func commit(_ count: Int) {
        guard count > 0, let tail else { return }
        let start = UnsafeRawPointer(tail + tailUsed)
        tailUsed += count
        queuedBytes += count
        let last = pieces.count - 1
        if last >= firstPiece, pieces[last].chunk == tail, pieces[last].bytes + pieces[last].count == start {
            pieces[last].count += count
        } else {
            pieces.append(Piece(bytes: start, count: count, chunk: tail, owner: nil))
        }
    }

    /// Queues a copy of the bytes; false where the shard's output memory is used up.
    public func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            guard let room = reserve(1) else { return false }
            let count = min(room.count, rest.count)
            room.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
            commit(count)
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return true
    }

    /// Queues bytes without a copy. The owner keeps them in place until they have left.
    public func write(_ bytes: UnsafeRawBufferPointer, owner: AnyObject) {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
        pieces.append(Piece(bytes: base, count: bytes.count, chunk: nil, owner: .passRetained(owner)))
        queuedBytes += bytes.count
    }

    /// Starts to send what is queued, where nothing is being sent yet.
    @inline(__always)
    public func flush() {
        guard !sending, queuedBytes > 0, isOpen, !connecting else { return }
        var count = 0
        while count < Stream.piecesPerSend, firstPiece + count < pieces.count {
            let piece = pieces[firstPiece + count]
            vectors[count] = iovec(
                iov_base: UnsafeMutableRawPointer(mutating: piece.bytes), iov_len: piece.count)
            count += 1
        }
        message.pointee.msg_iovlen = count
        sending = true
        driver.send(descriptor, message: message, token(.send))
    }

    /// Takes no more from the peer for now: what it sends waits in its own and the kernel's buffers.
    public func pauseReceiving() {
        guard wantsReceive else { return }
        wantsReceive = false
        if receiving { driver.cancel(token(.receive), on: descriptor) }
    }

    public func resumeReceiving() {
        guard isOpen, !wantsReceive else { return }
        wantsReceive = true
        if !receiving { startReceiving() }
    }

    /// Ends the stream once everything queued has left.
    public func finish() {
        guard isOpen else { return }
        finishing = true
        if queuedBytes == 0 { close(.finished) } else { flush() }
    }

    /// Says that no more will be sent, while bytes are still taken: the gentle end, by which the peer gets to
    /// read the last answer before the connection is gone.
    public func finishSending() {
        guard isOpen else { return }
        // What is queued would be refused by a socket that is shut down.
        if queuedBytes > 0 { finishesSending = true } else { Kernel.shutdown(descriptor, .sending) }
    }

    /// Ends the stream now; what is queued is lost.
    public func close(_ reason: StreamEnd) {
        guard isOpen else { return }
        end = reason
        wantsReceive = false
        if receiving || sending || connecting { driver.abandon(descriptor) }
        reactor.noteEnded(self)
    }

    // MARK: What the reactor does

    private func token(_ kind: Token.Kind) -> Token { Token(kind, slot, generation: generation) }

    var isBusy: Bool { receiving || sending || connecting }

    func attach(_ descriptor: Descriptor, slot: Int, generation: UInt32) {
        precondition(self.slot < 0, "a stream serves one connection at a time")
        self.descriptor = descriptor
        self.slot = slot
        self.generation = generation
        driver.keep(descriptor, slot: slot)
        end = nil
        finishing = false
        finishesSending = false
        deadline = .distantFuture
    }

    func start() {
        Kernel.tuneStream(descriptor)
        wantsReceive = true
        startReceiving()
        opened()
    }

    func connect(to target: SocketAddress) {
        address.initialize(to: target)
        connecting = true
        driver.connect(descriptor, address, token(.connect))
    }

    private func startReceiving() {
        receiving = true
        driver.receive(descriptor, token(.receive))
    }

    @inline(__always)
    func complete(_ completion: Completion) {
        precondition(
            generation == completion.token.generation, "a completion for an earlier stream of this slot")
        switch completion.token.kind {
        case .receive: completeReceive(completion)
        case .send: completeSend(completion.result)
        case .connect: completeConnect(completion.failure)
        default: preconditionFailure("a stream got a completion that is not for streams")
        }
        if end != nil, !isBusy { reactor.noteEnded(self) }
    }

    @inline(__always)
    private func completeReceive(_ completion: Completion) {
        if !completion.more { receiving = false }
        guard isOpen else { return }
        if completion.result > 0 {
            received(completion.bytes)
        } else if completion.result == 0 {
            wantsReceive = false
            peerFinished()
        } else if let failure = completion.failure, failure != .cancelled, failure != .noBuffers {
            close(.reset)
        }
        // Out of buffers or cancelled by a pause that is over: ask again.
        if isOpen, wantsReceive, !receiving { startReceiving() }
    }

    @inline(__always)
    private func completeSend(_ result: Int32) {
        sending = false
        guard isOpen else { return }
        if result < 0 {
            close(.reset)
            return
        }
        advance(Int(result))
        if queuedBytes > 0 {
            flush()
            progressed(Int(result))
        } else if finishing {
            close(.finished)
        } else {
            if finishesSending { Kernel.shutdown(descriptor, .sending) }
            drained()
        }
    }

    private func completeConnect(_ failure: Errno?) {
        connecting = false
        guard isOpen else { return }
        if failure != nil {
            close(.notConnected)
        } else {
            start()
            flush()
        }
    }

    /// Gives back what has left.
    @inline(__always)
    private func advance(_ count: Int) {
        var left = count
        queuedBytes -= count
        while left > 0 {
            if pieces[firstPiece].count > left {
                pieces[firstPiece].bytes += left
                pieces[firstPiece].count -= left
                break
            }
            left -= pieces[firstPiece].count
            dropFirstPiece()
        }
        if queuedBytes == 0 { releaseOutput() }
    }

    @inline(__always)
    private func dropFirstPiece() {
        let piece = pieces[firstPiece]
        piece.owner?.release()
        firstPiece += 1
        guard let chunk = piece.chunk, chunk != tail else { return }
        // Neighbouring pieces of one chunk are one piece, so another of it can only be the next but one.
        let shared = pieces[firstPiece...].contains { $0.chunk == chunk }
        if !shared { give(chunk) }
    }

    @inline(__always)
    private func releaseOutput() {
        // One after another: mostly there is a single one, and `removeAll` is made for many.
        while !pieces.isEmpty { pieces.removeLast() }
        firstPiece = 0
        if let tail { give(tail) }
        tail = nil
        tailUsed = 0
    }

    @inline(__always)
    private func give(_ chunk: UnsafeMutableRawPointer) { chunks._withUnsafeGuaranteedRef { $0.give(chunk) } }

    /// The last step: nothing is in flight, so memory and descriptor go back.
    func detach() {
        while firstPiece < pieces.count { dropFirstPiece() }
        releaseOutput()
        queuedBytes = 0
        driver.forget(slot: slot)
        Kernel.close(descriptor)
        descriptor = -1
        let reason = end ?? .finished
        slot = -1
        closed(reason)
        released()
    }
}
