// What a leader makes of the numbers that are kept outside its database.
import Testing

@testable import Ledger

@Suite struct KeptNumbersTests {
    private let first = DatabaseTimeline(system: 7, line: 1)
    private let second = DatabaseTimeline(system: 7, line: 2)

    @Test func numbersAreBelievedUnderTheirOwnTimelineAlone() {
        let kept = KeptNumbers(timeline: first, last: [:])
        #expect(kept.step(on: first) == .believe)
        #expect(kept.step(on: second) == .exchange(first))
        #expect(KeptNumbers(timeline: second, last: [:]).step(on: first) == .leave(second))
        // Another cluster counts its timelines by itself.
        #expect(
            KeptNumbers(timeline: second, last: [:]).step(on: DatabaseTimeline(system: 8, line: 1))
                == .exchange(second))
        #expect(KeptNumbers(timeline: nil, last: [:]).step(on: second) == .begin)
    }

    @Test func aDatabaseIsWholeThatHasEveryNumber() {
        let kept = KeptNumbers(timeline: first, last: [1: 10, 2: 20])
        #expect(kept.isWhole([1: 10, 2: 21, 3: 5]) == true)
        #expect(kept.isWhole([1: 10, 2: 19]) == false)
        #expect(kept.isWhole([1: 10]) == false)
        #expect(KeptNumbers(timeline: nil, last: [:]).isWhole([1: 10]) == nil)
        #expect(KeptNumbers(timeline: nil, last: [1: 11]).isWhole([1: 10]) == false)
    }
}
