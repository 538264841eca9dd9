// What a daemon tells systemd: that it is ready, reloads, stops, lives. The protocol of sd_notify(3), without
// its library.
public import Kernel
public import Units

/// Why systemd could not be told.
public struct NotifyFailure: Error, CustomStringConvertible {
    public let address: String
    public let cause: Errno?

    public var description: String {
        guard let cause else {
            return "NOTIFY_SOCKET=\(address): neither an absolute path nor @name of at most 107 bytes"
        }
        return "NOTIFY_SOCKET=\(address): \(cause)"
    }
}

/// Tells the service manager how this service is. Does nothing where there is none. For the main thread: a
/// message waits up to `longestWait` for room in the manager's queue, because a lost READY would fail the
/// start.
public struct ServiceNotifier: Sendable {
    /// Shorter than any watchdog interval that makes sense, longer than a busy manager's pause.
    static let longestWait = Interval.seconds(1)

    private let address: String?

    public init(environment: (String) -> String? = Kernel.environment) {
        address = environment("NOTIFY_SOCKET").flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether anybody listens.
    public var isSupervised: Bool { address != nil }

    /// The start is complete, or a reload is.
    public func ready() throws(NotifyFailure) { try send("READY=1") }

    public func stopping() throws(NotifyFailure) { try send("STOPPING=1") }

    /// `ready` must follow. The time tells the manager which of its reload requests this answers.
    public func reloading(at monotonic: Instant) throws(NotifyFailure) {
        try send("RELOADING=1\nMONOTONIC_USEC=\(monotonic.nanoseconds / 1_000)")
    }

    /// Says that the service still does its work. To be called twice per watchdog interval.
    public func watchdog() throws(NotifyFailure) { try send("WATCHDOG=1") }

    /// One line for people, in `systemctl status`.
    public func status(_ text: String) throws(NotifyFailure) {
        var line: [UInt8] = []
        // A line feed would begin another assignment.
        line.append(visible: text, limit: 256)
        try send("STATUS=" + String(decoding: line, as: UTF8.self))
    }

    /// How often the manager wants to hear `watchdog`, or nil where it does not watch this process.
    public static func watchdogInterval(
        environment: (String) -> String? = Kernel.environment, processID: Int = Kernel.processID
    ) -> Interval? {
        if let watched = environment("WATCHDOG_PID"), Int(watched) != processID { return nil }
        guard let microseconds = environment("WATCHDOG_USEC").flatMap({ Int64($0) }), microseconds > 0,
            microseconds <= Int64.max / 1_000
        else { return nil }
        return .microseconds(microseconds)
    }

    /// One datagram from a socket of its own: messages are rare, and the manager may have been restarted
    /// between.
    private func send(_ message: String) throws(NotifyFailure) {
        guard let address else { return }
        guard let target = LocalAddress(address) else { throw NotifyFailure(address: address, cause: nil) }
        do throws(Errno) {
            let socket = try Kernel.datagramSocket(sendTimeout: Self.longestWait)
            defer { Kernel.close(socket) }
            let bytes = Array(message.utf8)
            let sent = bytes.withUnsafeBytes { Kernel.send(socket, $0, to: target) }
            if sent < 0 { throw Errno(Int32(-sent)) }
        } catch {
            throw NotifyFailure(address: address, cause: error)
        }
    }
}
