// The io_uring driver: one ring for one thread. It turns orders into queue entries and queue entries into
// completions, and knows nothing of connections.
import CLinux
import CURing
import Glibc
import Kernel
import Units

/// One io_uring, used by the thread that made it only.
///
/// Accepts and receives are multishot: asked for once, they complete again and again. Received bytes land in
/// buffers that the kernel picks from a ring shared with it, so an idle connection holds no memory here.
final class Ring {
    /// Entries that may wait for submission. When they are full they are submitted at once, so the number
    /// bounds memory and not what can be asked for.
    private static let entries: UInt32 = 4096
    /// Completions come in bursts: every connection may have a receive and a send done in one turn.
    private static let completionEntries: UInt32 = 16384
    private static let bufferGroup: UInt16 = 0

    private let ring: UnsafeMutablePointer<io_uring>
    private let bufferRing: UnsafeMutablePointer<io_uring_buf_ring>
    private let bufferRingBytes: Int
    private let buffers: UnsafeMutableRawPointer
    private let bufferBytes: Int
    private let bufferMask: Int32

    /// The buffer of the completion that was taken last. It goes back to the kernel when the next one is
    /// taken.
    private var lentBuffer: UInt16?
    /// Outcomes that no kernel made: faults planned by a test.
    private var planned: [Completion] = []
    private var wakeCount: UnsafeMutablePointer<UInt64>
    /// The descriptor of each stream as the kernel reads it to keep the file at hand under the stream's slot: it then
    /// looks none up for a send. Nil where the kernel, or the limit of open files, does not let us.
    private var files: UnsafeMutableBufferPointer<Descriptor>?

    /// What the ring at hand can do, for the log line at start.
    private(set) var features: String

    /// - Parameters:
    ///   - buffers: receive buffers shared by all connections of the shard; a power of two.
    ///   - bufferBytes: the size of each.
    ///   - streams: how many slots for streams there are.
    init(buffers count: Int, bufferBytes: Int, streams: Int) throws(Errno) {
        precondition(
            count.nonzeroBitCount == 1 && count <= 32768, "\(count) receive buffers: not a power of two")
        ring = .allocate(capacity: 1)
        ring.initialize(to: io_uring())
        do {
            features = try Ring.start(ring)
        } catch {
            ring.deallocate()
            throw error
        }
        self.bufferBytes = bufferBytes
        bufferMask = io_uring_buf_ring_mask(UInt32(count))
        bufferRingBytes = count * MemoryLayout<io_uring_buf>.stride
        let page = sysconf(Int32(_SC_PAGESIZE))
        let rounded = (bufferRingBytes + page - 1) / page * page
        let memory = UnsafeMutableRawPointer.allocate(byteCount: rounded, alignment: page)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: rounded)
        bufferRing = memory.assumingMemoryBound(to: io_uring_buf_ring.self)
        buffers = .allocate(byteCount: count * bufferBytes, alignment: page)
        wakeCount = .allocate(capacity: 1)
        wakeCount.initialize(to: 0)

        var registration = io_uring_buf_reg()
        registration.ring_addr = UInt64(UInt(bitPattern: memory))
        registration.ring_entries = UInt32(count)
        registration.bgid = Ring.bufferGroup
        let result = Kernel.ring { Int(io_uring_register_buf_ring(ring, &registration, 0)) }
        if result < 0 {
            io_uring_queue_exit(ring)
            throw Errno(Int32(-result))
        }
        io_uring_buf_ring_init(bufferRing)
        for index in 0..<count { offer(UInt16(index), at: Int32(index)) }
        io_uring_buf_ring_advance(bufferRing, Int32(count))
        if Kernel.ring({ Int(io_uring_register_files_sparse(ring, UInt32(streams))) }) == 0 {
            let files = UnsafeMutableBufferPointer<Descriptor>.allocate(capacity: streams)
            files.initialize(repeating: -1)
            self.files = files
        }
    }

    deinit {
        io_uring_queue_exit(ring)
        ring.deallocate()
        UnsafeMutableRawPointer(bufferRing).deallocate()
        buffers.deallocate()
        wakeCount.deallocate()
        files?.deallocate()
    }

    /// Tries the fastest way of running first. Each older kernel lacks something; the plainest is still
    /// right.
    private static func start(_ ring: UnsafeMutablePointer<io_uring>) throws(Errno) -> String {
        let ways: [(UInt32, String)] = [
            (
                IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
                "single issuer, deferred task run"
            ),
            (
                IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
                "single issuer, cooperative task run"
            ),
            (IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG, "cooperative task run"),
            (0, "plain"),
        ]
        var failure = Errno.notSupported
        for (flags, name) in ways {
            var parameters = io_uring_params()
            parameters.flags = flags | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP
            parameters.cq_entries = completionEntries
            let result = Kernel.ring { Int(io_uring_queue_init_params(entries, ring, &parameters)) }
            if result >= 0 {
                // Spares the kernel a look-up at each turn; where it is not supported nothing changes.
                _ = io_uring_register_ring_fd(ring)
                return name
            }
            failure = Errno(Int32(-result))
            if failure != Errno(EINVAL) { break }
        }
        throw failure
    }

    /// Sees with its own eyes that repeating receives into provided buffers work here: kernels before 6.0
    /// take the order and fail it later.
    func probe() throws(Errno) {
        let (near, far) = try Kernel.socketPair()
        defer {
            Kernel.close(near)
            Kernel.close(far)
        }
        let token = Token(.receive, 0)
        keep(near, slot: token.index)
        defer { forget(slot: token.index) }
        receive(near, token)
        var byte: UInt8 = 42
        _ = withUnsafeBytes(of: &byte) { Kernel.write(far, $0) }
        try settle()
        guard let first = next(), first.result == 1, first.more, first.bytes.first == byte else {
            throw .notSupported
        }
        Kernel.shutdown(far, .both)
        try settle()
        guard let last = next(), !last.more else { throw .notSupported }
        guard files != nil else { return }
        if try letsGoOfFiles() {
            features += ", kept files"
        } else {
            io_uring_unregister_files(ring)
            files?.deallocate()
            files = nil
        }
    }

    /// Whether a kept file is let go of at once while another one is in use. Kernels before 6.13 wait for every
    /// earlier order, such as the receive of an idle connection: sockets that are closed would live as long.
    private func letsGoOfFiles() throws(Errno) -> Bool {
        let (idle, idleFar) = try Kernel.socketPair()
        let (near, far) = try Kernel.socketPair()
        defer { for descriptor in [idle, idleFar, far] { Kernel.close(descriptor) } }
        let token = Token(.receive, 0)
        keep(idle, slot: token.index)
        receive(idle, token)
        keep(near, slot: 1)
        try check(Int(io_uring_submit_and_get_events(ring)))
        forget(slot: 1)
        Kernel.close(near)
        try check(Int(io_uring_submit_and_get_events(ring)))
        let letsGo = Kernel.hasEnded(far)
        // What was idle ends before its file goes.
        Kernel.shutdown(idleFar, .both)
        try settle()
        guard let last = next(), !last.more else { throw .notSupported }
        forget(slot: token.index)
        try check(Int(io_uring_submit_and_get_events(ring)))
        return letsGo
    }

    private func settle() throws(Errno) {
        let now = Kernel.monotonicNow()
        try wait(until: now + Ring.probePatience, spin: .zero, from: now)
    }

    /// A byte over a socket pair takes microseconds; a second is a machine that stands still.
    private static let probePatience = Interval.seconds(1)

    // MARK: Orders

    /// A fresh entry. Where the queue is full, what is in it is submitted first.
    @inline(__always)
    private func entry() -> UnsafeMutablePointer<io_uring_sqe> {
        if let entry = io_uring_get_sqe(ring) { return entry }
        io_uring_submit(ring)
        guard let entry = io_uring_get_sqe(ring) else {
            preconditionFailure("io_uring takes no more entries right after a submission")
        }
        return entry
    }

    @inline(__always)
    private func mark(_ entry: UnsafeMutablePointer<io_uring_sqe>, _ token: Token) {
        io_uring_sqe_set_data64(entry, token.bits)
    }

    /// Whether a test wants this order to fail; if so its outcome is already queued.
    @inline(__always)
    private func failsAsPlanned(_ call: SystemCall, _ token: Token, limit: inout Int) -> Bool {
        guard Faults.armed, let fault = Faults.take(call) else { return false }
        switch fault {
        case .short(let most):
            limit = min(limit, most)
            return false
        case .late: return false
        case .fail(let error):
            planned.append(Completion(token: token, result: -error.code, more: false))
            return true
        }
    }

    func accept(_ listener: Descriptor, _ token: Token) {
        let sqe = entry()
        let flags = Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        io_uring_prep_multishot_accept(sqe, listener, nil, nil, flags)
        mark(sqe, token)
    }

    /// Keeps a stream's file at hand, from before its first order until `forget`.
    func keep(_ descriptor: Descriptor, slot: Int) { update(slot, descriptor) }

    /// Lets go of a stream's file; until then its socket lives, closed or not.
    func forget(slot: Int) { update(slot, -1) }

    /// Orders of one submission are taken in turn, so what follows meets the file that this puts there.
    private func update(_ slot: Int, _ descriptor: Descriptor) {
        guard let files, let cells = files.baseAddress else { return }
        files[slot] = descriptor
        let sqe = entry()
        io_uring_prep_files_update(sqe, cells + slot, 1, Int32(slot))
        mark(sqe, Token(.cancel, 0))
        sqe.pointee.flags |= uring_quiet_success
    }

    /// Whom the order is for: the stream's kept file, or its descriptor.
    @inline(__always)
    private func aim(_ entry: UnsafeMutablePointer<io_uring_sqe>, _ token: Token) {
        guard files != nil else { return }
        entry.pointee.fd = Int32(truncatingIfNeeded: token.index)
        entry.pointee.flags |= uring_fixed_file
    }

    func receive(_ descriptor: Descriptor, _ token: Token) {
        let sqe = entry()
        io_uring_prep_recv_multishot(sqe, descriptor, nil, 0, 0)
        aim(sqe, token)
        sqe.pointee.flags |= uring_select_buffer
        sqe.pointee.buf_group = Ring.bufferGroup
        mark(sqe, token)
    }

    func send(_ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, _ token: Token) {
        var count = bytes.count
        if failsAsPlanned(.send, token, limit: &count) { return }
        let sqe = entry()
        io_uring_prep_send(sqe, descriptor, bytes.baseAddress, count, Int32(MSG_NOSIGNAL))
        aim(sqe, token)
        mark(sqe, token)
    }

    /// The message and all it points to stay where they are until the completion.
    func send(_ descriptor: Descriptor, message: UnsafeMutablePointer<msghdr>, _ token: Token) {
        var count = Int.max
        if failsAsPlanned(.send, token, limit: &count) { return }
        if count < .max { Kernel.shorten(message, to: count) }
        let sqe = entry()
        io_uring_prep_sendmsg(sqe, descriptor, message, UInt32(MSG_NOSIGNAL))
        aim(sqe, token)
        mark(sqe, token)
    }

    /// The address stays where it is until the completion.
    func connect(
        _ descriptor: Descriptor, _ address: UnsafePointer<sockaddr>, _ length: socklen_t, _ token: Token
    ) {
        var count = 0
        if failsAsPlanned(.connect, token, limit: &count) { return }
        let sqe = entry()
        io_uring_prep_connect(sqe, descriptor, address, length)
        aim(sqe, token)
        mark(sqe, token)
    }

    func wake(_ event: Descriptor, _ token: Token) {
        let sqe = entry()
        io_uring_prep_read(sqe, event, wakeCount, 8, 0)
        mark(sqe, token)
    }

    func write(_ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64, _ token: Token) {
        var count = bytes.count
        if failsAsPlanned(.write, token, limit: &count) { return }
        let sqe = entry()
        io_uring_prep_write(sqe, descriptor, bytes.baseAddress, UInt32(count), UInt64(offset))
        mark(sqe, token)
    }

    func synchronise(_ descriptor: Descriptor, _ token: Token) {
        var count = 0
        if failsAsPlanned(.synchronise, token, limit: &count) { return }
        let sqe = entry()
        io_uring_prep_fsync(sqe, descriptor, UInt32(IORING_FSYNC_DATASYNC))
        mark(sqe, token)
    }

    /// Completes once, when one of the events has come.
    func watch(_ descriptor: Descriptor, events: UInt32, _ token: Token) {
        let sqe = entry()
        io_uring_prep_poll_add(sqe, descriptor, events)
        mark(sqe, token)
    }

    /// Ends an operation, which then completes once more, as cancelled.
    func cancel(_ operation: Token) {
        let sqe = entry()
        io_uring_prep_cancel64(sqe, operation.bits, 0)
        mark(sqe, Token(.cancel, 0))
        sqe.pointee.flags |= uring_quiet_success
    }

    // MARK: Outcomes

    /// Submits all orders and waits until something completes or the deadline comes. Looks for so long whether
    /// something does before it lets the thread sleep.
    ///
    /// - Parameter now: the time, as the caller has just read it.
    func wait(until deadline: Instant?, spin: Interval, from now: Instant) throws(Errno) {
        recycle()
        if !planned.isEmpty || uring_front(ring) != nil {
            try check(Int(io_uring_submit_and_get_events(ring)))
            return
        }
        var now = now
        if spin > .zero, try appears(before: deadline, within: spin, from: &now) { return }
        guard let deadline else {
            try check(Int(io_uring_submit_and_wait(ring, 1)))
            return
        }
        let left = max(0, (deadline - now).nanoseconds)
        var time = __kernel_timespec(tv_sec: left / 1_000_000_000, tv_nsec: left % 1_000_000_000)
        var first: UnsafeMutablePointer<io_uring_cqe>?
        try check(Int(io_uring_submit_and_wait_timeout(ring, &first, 1, &time, nil)))
    }

    /// Submits all orders, and says whether something completes before the deadline and within the time.
    private func appears(
        before deadline: Instant?, within time: Interval, from now: inout Instant
    ) throws(Errno) -> Bool {
        let end = min(now + time, deadline ?? .distantFuture)
        // Without orders a call would only ask what the look below sees for nothing.
        if io_uring_sq_ready(ring) > 0 { try check(Int(io_uring_submit_and_get_events(ring))) }
        while uring_front(ring) == nil {
            if uring_spin(ring, Ring.pausesPerLook) != 0 {
                try check(Int(io_uring_submit_and_get_events(ring)))
            } else {
                now = Kernel.monotonicNow()
                if now >= end { return false }
            }
        }
        return true
    }

    /// One to three microseconds between two looks at the clock, which costs as much as a dozen pauses.
    private static let pausesPerLook: Int32 = 32

    /// A wait that ended without a completion is no failure, and neither is a completion queue that is full
    /// for the moment: taking from it is what comes next.
    private func check(_ result: Int) throws(Errno) {
        if result >= 0 { return }
        switch Int32(-result) {
        case ETIME, EINTR, EBUSY, EAGAIN: return
        default: throw Errno(Int32(-result))
        }
    }

    /// The next outcome, or nil where all have been taken.
    @inline(__always)
    func next() -> Completion? {
        recycle()
        if !planned.isEmpty { return planned.removeFirst() }
        guard let front = uring_front(ring) else { return nil }
        let token = Token(bits: front.pointee.user_data)
        var completion = Completion(
            token: token, result: front.pointee.res, more: front.pointee.flags & uring_more != 0)
        if front.pointee.flags & uring_has_buffer != 0 {
            let buffer = UInt16(truncatingIfNeeded: front.pointee.flags >> uring_buffer_shift)
            lentBuffer = buffer
            completion.bytes = UnsafeRawBufferPointer(
                start: buffers + Int(buffer) * bufferBytes, count: Int(max(0, completion.result)))
        }
        io_uring_cq_advance(ring, 1)
        if Faults.armed { applyFaults(to: &completion) }
        return completion
    }

    /// Repeating operations meet their planned faults when they complete.
    private func applyFaults(to completion: inout Completion) {
        let call: SystemCall
        switch completion.token.kind {
        case .accept: call = .accept
        case .receive: call = .receive
        default: return
        }
        guard completion.result > 0, let fault = Faults.take(call) else { return }
        guard case .fail(let error) = fault else { return }
        if call == .accept { Kernel.close(completion.result) }
        completion.result = -error.code
        completion.bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    private func offer(_ buffer: UInt16, at offset: Int32) {
        io_uring_buf_ring_add(
            bufferRing, buffers + Int(buffer) * bufferBytes, UInt32(bufferBytes), buffer, bufferMask, offset)
    }

    @inline(__always)
    private func recycle() {
        guard let buffer = lentBuffer else { return }
        offer(buffer, at: 0)
        io_uring_buf_ring_advance(bufferRing, 1)
        lentBuffer = nil
    }
}
