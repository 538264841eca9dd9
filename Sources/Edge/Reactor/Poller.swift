// The epoll driver: what the ring does, where io_uring is not allowed. Readiness becomes completions, so that
// everything above is the same code under the same tests.
import CLinux
import CURing
import Glibc
import Kernel
import Units

/// One epoll set, used by the thread that made it only.
final class Poller {
    /// Readiness taken from the kernel in one turn; more waits for the next turn.
    private static let eventsPerTurn = 512
    /// Connections taken from one listener in one turn, so that a flood of them does not starve those at
    /// hand.
    private static let acceptsPerTurn = 64

    /// What is wanted of one descriptor.
    private struct Interest {
        var reading: Token?
        var writing: Token?
        /// A message that the socket could not take yet.
        var message: UnsafeMutablePointer<msghdr>?
        var registered: UInt32 = 0

        /// Set where readiness itself is what is wanted.
        var watch: Token? {
            guard let token = reading ?? writing, token.kind == .watch else { return nil }
            return token
        }
    }

    private let set: Descriptor
    private var interests: [Interest] = []
    private let events: UnsafeMutableBufferPointer<epoll_event>
    private var eventCount = 0
    private var eventIndex = 0
    private var accepts = 0
    private var done: [Completion] = []
    private var doneIndex = 0
    private let buffer: UnsafeMutableRawBufferPointer
    private let disk: DiskThread

    init(bufferBytes: Int, wake: Descriptor) throws(Errno) {
        set = try Kernel.pollSet()
        events = .allocate(capacity: Poller.eventsPerTurn)
        buffer = .allocate(byteCount: bufferBytes, alignment: 64)
        disk = try DiskThread(wake: wake)
    }

    deinit {
        disk.stop()
        Kernel.close(set)
        events.deallocate()
        buffer.deallocate()
    }

    // MARK: Orders

    func accept(_ listener: Descriptor, _ token: Token) { read(listener, token) }

    func receive(_ descriptor: Descriptor, _ token: Token) { read(descriptor, token) }

    func wake(_ event: Descriptor, _ token: Token) { read(event, token) }

    private func read(_ descriptor: Descriptor, _ token: Token) {
        update(descriptor) { $0.reading = token }
    }

    /// The message and all it points to stay where they are until the completion.
    func send(_ descriptor: Descriptor, message: UnsafeMutablePointer<msghdr>, _ token: Token) {
        let result = Kernel.send(descriptor, message)
        if result == -Int(EAGAIN) {
            update(descriptor) {
                $0.writing = token
                $0.message = message
            }
        } else {
            complete(token, result)
        }
    }

    func connect(_ descriptor: Descriptor, _ address: SocketAddress, _ token: Token) {
        let result = Kernel.connect(descriptor, to: address)
        if result == -Int(EINPROGRESS) {
            update(descriptor) { $0.writing = token }
        } else {
            complete(token, result)
        }
    }

    func write(_ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64, _ token: Token) {
        submit(.write(descriptor, bytes, offset), as: .write, token)
    }

    func synchronise(_ descriptor: Descriptor, _ token: Token) {
        submit(.synchronise(descriptor), as: .synchronise, token)
    }

    /// Faults belong to the thread that gives the order, so they are looked for here and not where it is
    /// done.
    private func submit(_ order: DiskThread.Order, as call: SystemCall, _ token: Token) {
        var order = order
        if Faults.armed, let fault = Faults.take(call) {
            switch fault {
            case .fail(let error): return complete(token, -Int(error.code))
            case .short(let most): order.shorten(to: most)
            case .late(let time): return disk.submit(order, token, after: time)
            }
        }
        disk.submit(order, token)
    }

    /// Completes once, when the descriptor is ready in one of the ways.
    func watch(_ descriptor: Descriptor, for wanted: Readiness, _ token: Token) {
        let interest = interest(of: descriptor)
        precondition(
            interest?.reading == nil && interest?.writing == nil, "a descriptor is watched by one at a time")
        update(descriptor) {
            if wanted.contains(.readable) { $0.reading = token }
            if wanted.contains(.writable) { $0.writing = token }
        }
    }

    func unwatch(_ descriptor: Descriptor, _ token: Token) {
        guard let interest = interest(of: descriptor), interest.reading == token || interest.writing == token
        else { return }
        endWatch(descriptor)
        complete(token, -Int(ECANCELED))
    }

    private func endWatch(_ descriptor: Descriptor) {
        update(descriptor) {
            $0.reading = nil
            $0.writing = nil
        }
    }

    /// Ends a repeating operation, which completes once more, as cancelled.
    func cancel(_ operation: Token, on descriptor: Descriptor) {
        guard interest(of: descriptor)?.reading == operation else { return }
        update(descriptor) { $0.reading = nil }
        complete(operation, -Int(ECANCELED))
    }

    /// Forgets a descriptor that is about to be closed; what was wanted of it completes as cancelled.
    func forget(_ descriptor: Descriptor) {
        guard let interest = interest(of: descriptor) else { return }
        if let token = interest.reading { complete(token, -Int(ECANCELED)) }
        if let token = interest.writing { complete(token, -Int(ECANCELED)) }
        update(descriptor) { $0 = Interest(registered: $0.registered) }
    }

    private func interest(of descriptor: Descriptor) -> Interest? {
        Int(descriptor) < interests.count ? interests[Int(descriptor)] : nil
    }

    private func complete(_ token: Token, _ result: Int) {
        done.append(Completion(token: token, result: Int32(result), more: false))
    }

    /// Changes what is wanted of a descriptor and tells the kernel where that makes a difference.
    private func update(_ descriptor: Descriptor, _ change: (inout Interest) -> Void) {
        let index = Int(descriptor)
        if index >= interests.count {
            interests.append(contentsOf: repeatElement(Interest(), count: index + 1 - interests.count))
        }
        change(&interests[index])
        let wanted =
            (interests[index].reading != nil ? EPOLLIN.rawValue | EPOLLRDHUP.rawValue : 0)
            | (interests[index].writing != nil ? EPOLLOUT.rawValue : 0)
        let registered = interests[index].registered
        guard wanted != registered else { return }
        let how: Kernel.PollChange = registered == 0 ? .add : (wanted == 0 ? .remove : .modify)
        do {
            try Kernel.poll(set, how, descriptor, events: wanted, token: UInt64(index))
            interests[index].registered = wanted
        } catch {
            // What was asked for fails, and whoever asked decides.
            let interest = interests[index]
            interests[index] = Interest(registered: registered)
            if let token = interest.reading { complete(token, -Int(error.code)) }
            if let token = interest.writing, token != interest.reading { complete(token, -Int(error.code)) }
        }
    }

    // MARK: Outcomes

    /// Waits until something is ready or the deadline comes. Looks for so long whether something is before it lets
    /// the thread sleep.
    func wait(until deadline: Instant?, spin: Interval, from now: Instant) throws(Errno) {
        disk.collect { token, result in complete(token, result) }
        var milliseconds: Int32 = -1
        if doneIndex < done.count {
            milliseconds = 0
        } else if let deadline {
            // Rounded up: waking before the deadline would only turn the loop in vain.
            let left = max(0, (deadline - now).nanoseconds)
            milliseconds = Int32(min((left + 999_999) / 1_000_000, Int64(Int32.max)))
        }
        var count = 0
        if spin > .zero, milliseconds != 0 {
            let end = min(now + spin, deadline ?? .distantFuture)
            repeat {
                count = Kernel.wait(set, events, timeoutMilliseconds: 0)
            } while count == 0 && Kernel.monotonicNow() < end
        }
        if count == 0 { count = Kernel.wait(set, events, timeoutMilliseconds: milliseconds) }
        if count < 0 { throw Errno(Int32(-count)) }
        eventCount = count
        eventIndex = 0
        accepts = 0
    }

    func next() -> Completion? {
        while true {
            if doneIndex < done.count {
                defer { doneIndex += 1 }
                return done[doneIndex]
            }
            done.removeAll(keepingCapacity: true)
            doneIndex = 0
            guard eventIndex < eventCount else { return nil }
            let event = events[eventIndex]
            let descriptor = Descriptor(truncatingIfNeeded: event.data.u64)
            if let watch = interest(of: descriptor)?.watch {
                eventIndex += 1
                endWatch(descriptor)
                return Completion(token: watch, result: Int32(bitPattern: event.events), more: false)
            }
            if event.events & (EPOLLOUT.rawValue | EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 {
                continueWriting(descriptor)
            }
            guard let completion = serveReading(descriptor, event.events) else {
                eventIndex += 1
                accepts = 0
                continue
            }
            return completion
        }
    }

    private func continueWriting(_ descriptor: Descriptor) {
        guard let interest = interest(of: descriptor), let token = interest.writing else { return }
        if let message = interest.message {
            let result = Kernel.send(descriptor, message)
            if result == -Int(EAGAIN) { return }
            complete(token, result)
        } else {
            complete(token, Kernel.pendingError(of: descriptor).map { -Int($0.code) } ?? 0)
        }
        update(descriptor) {
            $0.writing = nil
            $0.message = nil
        }
    }

    /// One step of reading: nil where this event is used up. Receives are served once per turn, accepts
    /// several times.
    private func serveReading(_ descriptor: Descriptor, _ ready: UInt32) -> Completion? {
        let readable = EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue
        guard ready & readable != 0, let token = interest(of: descriptor)?.reading else { return nil }
        switch token.kind {
        case .accept:
            guard accepts < Poller.acceptsPerTurn else { return nil }
            accepts += 1
            let result = Kernel.accept(descriptor)
            if result == -Int(EAGAIN) { return nil }
            if result < 0 {
                update(descriptor) { $0.reading = nil }
                return Completion(token: token, result: Int32(result), more: false)
            }
            return Completion(token: token, result: Int32(result), more: true)
        case .wake:
            eventIndex += 1
            _ = Kernel.read(descriptor, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<8]))
            update(descriptor) { $0.reading = nil }
            return Completion(token: token, result: 8, more: false)
        default:
            eventIndex += 1
            let result = Kernel.receive(descriptor, into: buffer)
            if result == -Int(EAGAIN) { return next() }
            if result <= 0 {
                update(descriptor) { $0.reading = nil }
                return Completion(token: token, result: Int32(result), more: false)
            }
            return Completion(
                token: token, result: Int32(result), more: true,
                bytes: UnsafeRawBufferPointer(rebasing: buffer[..<result]))
        }
    }
}
