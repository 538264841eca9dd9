// A broker that no coordinator answers passes on no old word of its region.
import Fleet
import Serving
import Testing
import Units

@testable import LedgerWire

@Suite struct RegionMemoryTests {
    @Test func anOldWordIsNotPassedOn() {
        var (memory, now) = (RegionMemory(), Instant(nanoseconds: 0))
        #expect(memory.word(at: now) == nil)
        let isFirstNews = memory.hear(.ordinary, at: now)
        #expect(isFirstNews)
        now = now + .seconds(2)
        let isNews = memory.hear(.ordinary, at: now)
        #expect(!isNews)
        now = now + .seconds(3)
        #expect(memory.word(at: now) == .ordinary)
        now = now + .milliseconds(1)
        #expect(memory.word(at: now) == nil)
    }
}
