// What a leader makes of the numbers that are kept outside its database.
import Testing
import Units

@testable import Ledger

@Suite struct KeptNumbersTests {
    private func fence(_ system: UInt64, _ line: UInt32) -> NumberFence {
        NumberFence(timeline: DatabaseTimeline(system: system, line: line), epoch: Epoch(3), process: 9)
    }

    @Test func aCopyThatWasLeftIsOneOfAnEarlierLine() {
        #expect(fence(7, 1).isLeftBehind(by: fence(7, 2)))
        #expect(!fence(7, 2).isLeftBehind(by: fence(7, 2)))
        #expect(!fence(7, 3).isLeftBehind(by: fence(7, 2)))
        // Another cluster counts its timelines by itself.
        #expect(!fence(8, 1).isLeftBehind(by: fence(7, 2)))
    }

    @Test func aDatabaseIsWholeThatHasEveryNumber() {
        let kept = KeptNumbers(isSettled: true, last: [1: 10, 2: 20])
        #expect(kept.isWhole([1: 10, 2: 21, 3: 5], isNumbered: true) == true)
        #expect(kept.isWhole([1: 10, 2: 19], isNumbered: true) == false)
        #expect(kept.isWhole([1: 10], isNumbered: false) == false)
        // Some leader has kept none.
        #expect(kept.isWhole([1: 10, 2: 20], isNumbered: false) == nil)
        // The keeper has forgotten what it had.
        #expect(KeptNumbers(isSettled: false, last: [:]).isWhole([1: 10], isNumbered: true) == false)
        #expect(KeptNumbers(isSettled: false, last: [:]).isWhole([1: 10], isNumbered: false) == nil)
    }
}
