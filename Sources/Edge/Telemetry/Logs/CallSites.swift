// The rate limit of each place in the code that logs. No lock: a shard never waits for another thread here.
import Synchronization
public import Units

/// How often one call site may log: a burst, then one line per interval.
public struct LogRate: Sendable {
    public var burst: Int
    public var interval: Interval

    public init(burst: Int = 10, interval: Interval = .seconds(1)) {
        precondition(burst > 0 && interval >= .zero, "a call site may log at least one line")
        self.burst = burst
        self.interval = interval
    }
}

/// A token bucket per call site, kept as the one instant at which the bucket would be full again.
final class CallSites: @unchecked Sendable {
    /// Far more than this code has places that log. Sites that find no slot share the last one, and its rate.
    static let slotsMost = 1_024
    /// Slots looked at before a site counts as not placed.
    private static let probesMost = 16

    private struct Slot: ~Copyable {
        let site = Atomic<UInt64>(0)
        let fullAt = Atomic<Int64>(.min)
        let suppressed = Atomic<UInt64>(0)
    }

    enum Verdict: Equatable {
        /// The line may pass; so many were kept back before it.
        case passes(suppressed: UInt64)
        case suppressed
    }

    private let slots: UnsafeMutablePointer<Slot>
    private let rate: LogRate

    init(rate: LogRate) {
        self.rate = rate
        slots = .allocate(capacity: Self.slotsMost)
        for index in 0..<Self.slotsMost { (slots + index).initialize(to: Slot()) }
    }

    deinit {
        slots.deinitialize(count: Self.slotsMost)
        slots.deallocate()
    }

    func ask(_ file: StaticString, _ line: UInt, at now: Instant) -> Verdict {
        let slot = slot(of: Self.key(file, line))
        let slack = rate.interval.nanoseconds.multipliedReportingOverflow(by: Int64(rate.burst - 1))
        let tolerance = slack.overflow ? Int64.max : slack.partialValue
        while true {
            let fullAt = slot.pointee.fullAt.load(ordering: .relaxed)
            let start = max(fullAt, now.nanoseconds)
            if start - now.nanoseconds > tolerance {
                slot.pointee.suppressed.wrappingAdd(1, ordering: .relaxed)
                return .suppressed
            }
            // Fails only where another thread has just passed, and the bucket lets only so many do that.
            let next = (Instant(nanoseconds: start) + rate.interval).nanoseconds
            let (won, _) = slot.pointee.fullAt.compareExchange(
                expected: fullAt, desired: next, ordering: .relaxed)
            if won {
                return .passes(suppressed: slot.pointee.suppressed.exchange(0, ordering: .relaxed))
            }
        }
    }

    private func slot(of site: UInt64) -> UnsafeMutablePointer<Slot> {
        let own = Self.slotsMost - 1
        for probe in 0..<Self.probesMost {
            let slot = slots + Int((site &+ UInt64(probe)) % UInt64(own))
            let (placed, found) = slot.pointee.site.compareExchange(
                expected: 0, desired: site, ordering: .relaxed)
            if placed || found == site { return slot }
        }
        return slots + own
    }

    /// FNV-1a over the file's name and the line: the same site in every run.
    private static func key(_ file: StaticString, _ line: UInt) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in UnsafeBufferPointer(start: file.utf8Start, count: file.utf8CodeUnitCount) {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
        hash = (hash ^ UInt64(line)) &* 0x0000_0100_0000_01B3
        return hash == 0 ? 1 : hash
    }
}
