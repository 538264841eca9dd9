// The rate limit under a clock that stands: bursts, refill, sites apart from each other, threads together.
import Dispatch
import Synchronization
import Testing
import Units

@testable import Telemetry

@Suite struct CallSiteTests {
    private func passed(_ sites: CallSites, _ line: UInt, at second: Double, times: Int) -> Int {
        (0..<times).count { _ in
            sites.ask("A.swift", line, at: Instant(nanoseconds: Int64(second * 1e9))) != .suppressed
        }
    }

    @Test func aBurstPassesThenOneLinePerInterval() {
        let sites = CallSites(rate: LogRate(burst: 3, interval: .seconds(1)))
        #expect(passed(sites, 1, at: 0, times: 10) == 3)
        #expect(passed(sites, 1, at: 0.999, times: 10) == 0)
        #expect(passed(sites, 1, at: 1, times: 10) == 1)
        #expect(passed(sites, 1, at: 3, times: 10) == 2)
        #expect(passed(sites, 1, at: 1_000, times: 10) == 3)
    }

    @Test func whatWasKeptBackIsToldOnce() {
        let sites = CallSites(rate: LogRate(burst: 1, interval: .seconds(1)))
        func ask(_ second: Int64) -> CallSites.Verdict {
            sites.ask("A.swift", 1, at: Instant(nanoseconds: second * 1_000_000_000))
        }
        #expect(ask(0) == .passes(suppressed: 0))
        #expect(ask(0) == .suppressed)
        #expect(ask(0) == .suppressed)
        #expect(ask(1) == .passes(suppressed: 2))
        #expect(ask(2) == .passes(suppressed: 0))
    }

    @Test func sitesDoNotShareTheirRate() {
        let sites = CallSites(rate: LogRate(burst: 1, interval: .seconds(1)))
        for line in 1...200 as ClosedRange<UInt> { #expect(passed(sites, line, at: 0, times: 3) == 1) }
        #expect(sites.ask("B.swift", 1, at: Instant(nanoseconds: 0)) == .passes(suppressed: 0))
    }

    @Test func moreSitesThanSlotsShareOne() {
        let sites = CallSites(rate: LogRate(burst: 1, interval: .seconds(1)))
        let total = (1...5_000 as ClosedRange<UInt>).reduce(0) { $0 + passed(sites, $1, at: 0, times: 1) }
        #expect(total <= CallSites.slotsMost)
        #expect(total > CallSites.slotsMost / 2)
        #expect(passed(sites, 1, at: 1, times: 2) == 1, "the first still has its own")
    }

    @Test func noIntervalIsNoLimit() {
        let sites = CallSites(rate: LogRate(burst: 1, interval: .zero))
        #expect(passed(sites, 1, at: 0, times: 100) == 100)
    }

    @Test func threadsTogetherPassNoMoreThanTheBurst() {
        let sites = CallSites(rate: LogRate(burst: 50, interval: .seconds(1)))
        let counts = SharedCounter(cell: SharedCell())
        let kept = SharedCounter(cell: SharedCell())
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            for _ in 0..<5_000 {
                switch sites.ask("A.swift", 1, at: Instant(nanoseconds: 0)) {
                case .passes(let suppressed):
                    counts.add()
                    kept.add(Int(suppressed))
                case .suppressed: break
                }
            }
        }
        #expect(counts.cell.bits.load(ordering: .relaxed) == 50)
        guard case .passes(let rest) = sites.ask("A.swift", 1, at: Instant(nanoseconds: 1_000_000_000)) else {
            Issue.record("the bucket did not refill")
            return
        }
        #expect(kept.cell.bits.load(ordering: .relaxed) + rest == 4 * 5_000 - 50, "none is forgotten")
    }
}
