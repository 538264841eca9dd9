// A listening socket: turns connections into streams, and copes when there is no room for more.
public import Kernel
import Telemetry
import Units

/// Listens on one address for one reactor. Listeners of several reactors share a port; the kernel spreads
/// connections over them.
public final class Listener {
    /// How long to leave the queue alone when this process has no descriptor left. A stream that ends frees
    /// one and ends the wait as well.
    private static let exhaustedPause = Interval.milliseconds(50)
    /// Connections that the kernel keeps for us while we are busy; it cuts the number to its own limit.
    private static let backlog: Int32 = 4096

    /// Where it listens, with the port that the kernel chose where none was asked for.
    public let address: SocketAddress
    let index: Int
    private let descriptor: Descriptor
    /// A connection with a descriptor from here on is closed at once: the kernel gives the lowest that is
    /// free, so fewer than were to be left are, and others, such as the operators' listener, get them.
    private let firstLeft: Descriptor
    private unowned let reactor: Reactor
    private let make: () -> Stream?
    private var accepting = false
    private var paused = false
    private var isClosed = false

    init(
        address: SocketAddress, index: Int, leaving: Int, reactor: Reactor, _ make: @escaping () -> Stream?
    ) throws(Errno) {
        firstLeft = leaving == 0 ? .max : Descriptor(clamping: max(0, try Kernel.descriptorLimit() - leaving))
        descriptor = try Kernel.listen(on: address, backlog: Listener.backlog)
        self.address = try Kernel.localAddress(of: descriptor)
        self.index = index
        self.reactor = reactor
        self.make = make
    }

    /// Takes no more connections. Those in the kernel's queue are taken first: they were promised service.
    public func close() {
        guard !isClosed else { return }
        while true {
            let result = Kernel.accept(descriptor)
            if result < 0 { break }
            serve(Descriptor(result))
        }
        isClosed = true
        // At once, and whatever becomes of the reactor: a shard that has nothing left to do ends with this
        // turn, and what connects to a socket that still listens would wait for an answer until the process
        // ends.
        Kernel.shutdown(descriptor, .both)
        if accepting { reactor.driver.cancel(Token(.accept, index), on: descriptor) } else { closeSocket() }
    }

    func resume() {
        guard !accepting, !isClosed else { return }
        paused = false
        accepting = true
        reactor.driver.accept(descriptor, Token(.accept, index))
    }

    func complete(_ completion: Completion) {
        if !completion.more { accepting = false }
        if let failure = completion.failure {
            if isClosed { return closeSocket() }
            if failure == .cancelled { return }
            reactor.metrics.acceptFailures.add()
            if !accepting { pause() }
            return
        }
        if isClosed {
            Kernel.close(completion.result)
        } else {
            serve(completion.result)
            resume()
        }
        if isClosed, !accepting { closeSocket() }
    }

    private func serve(_ socket: Descriptor) {
        guard socket < firstLeft else {
            reactor.metrics.acceptFailures.add()
            Kernel.close(socket)
            return
        }
        guard !reactor.isFull, let stream = make() else {
            reactor.metrics.refused.add()
            Kernel.close(socket)
            return
        }
        reactor.metrics.accepted.add()
        reactor.adopt(socket, stream)
    }

    /// After a failure the kernel would answer at once with the same failure: wait a little instead of
    /// spinning.
    private func pause() {
        paused = true
        let again = reactor.timer(at: reactor.now + Listener.exhaustedPause) { [weak self] in
            guard let self, self.paused else { return }
            self.resume()
        }
        if again == nil { resume() }
    }

    private func closeSocket() { Kernel.close(descriptor) }
}
