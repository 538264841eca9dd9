// Another process of a deployment: it puts other models into the place of those that a node serves, again and again.
import Foundation
import Traffic

/// Exchanges them again and again, and tells the node each time.
final class Swapper: @unchecked Sendable {
    private let lock = NSLock()
    private var isOver = false
    private var count = 0
    private let ended = DispatchSemaphore(value: 0)

    init(_ package: ModelPackage, _ node: pid_t, every seconds: Double) {
        Thread {
            var next = Date()
            while !self.lock.withLock({ self.isOver }) {
                guard (try? package.exchange()) != nil else { break }
                kill(node, SIGHUP)
                self.lock.withLock { self.count += 1 }
                next += seconds
                Thread.sleep(until: next)
            }
            self.ended.signal()
        }.start()
    }

    /// How many there were.
    func stop() -> Int {
        lock.withLock { isOver = true }
        ended.wait()
        return lock.withLock { count }
    }
}
