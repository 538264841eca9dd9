// What was predicted of ads that were shown is held against what happened; and what a canary's nodes count against what all others do.
import Decision
import Testing
import Units

private func second(_ number: Int) -> Instant { Instant(nanoseconds: Int64(number) * 1_000_000_000) }

@Suite struct CalibrationMemoryTests {
    @Test func anAdIsCountedWhenItsTimeIsOver() {
        var memory = CalibrationMemory(patience: .seconds(10), ads: 8)
        memory.sold(1, AdPrediction(goal: .completedView, probability: 0.75), at: second(0))
        memory.sold(2, AdPrediction(goal: .completedView, probability: 0.5), at: second(0))
        memory.sold(3, AdPrediction(goal: .click, probability: 0.25), at: second(0))
        memory.shown(1)
        memory.shown(3)
        // Told before it was shown, of another goal, and of an ad that is not shown.
        memory.happened(.completedView, 1)
        memory.happened(.completedView, 3)
        memory.happened(.completedView, 2)
        memory.countOver(at: second(10), most: 8)
        #expect(memory.counted(.completedView) == CalibrationCount())
        memory.countOver(at: second(11), most: 8)
        #expect(memory.counted(.completedView) == CalibrationCount(shown: 1, expected: 0.75, happened: 1))
        #expect(memory.counted(.click) == CalibrationCount(shown: 1, expected: 0.25, happened: 0))
        // Too late.
        memory.happened(.click, 3)
        #expect(memory.counted(.click).happened == 0)
    }

    @Test func whatOtherModelsPredictedIsForgotten() {
        var memory = CalibrationMemory(patience: .seconds(10), ads: 8)
        memory.sold(1, AdPrediction(goal: .click, probability: 0.5), at: second(0))
        memory.shown(1)
        memory.forget()
        memory.countOver(at: second(100), most: 8)
        #expect(memory.counted(.click) == CalibrationCount())
    }

    /// Beyond its room the oldest is not counted, and nothing is counted twice.
    @Test func moreAdsThanThereIsRoomFor() {
        var memory = CalibrationMemory(patience: .seconds(10), ads: 4)
        for number in 0..<10 {
            memory.sold(UInt64(number), AdPrediction(goal: .click, probability: 0.5), at: second(0))
            memory.shown(UInt64(number))
            memory.shown(UInt64(number))
            memory.happened(.click, UInt64(number))
        }
        memory.shown(2)
        memory.countOver(at: second(60), most: 100)
        #expect(memory.counted(.click) == CalibrationCount(shown: 4, expected: 2, happened: 4))
    }
}

@Suite struct CanaryJudgeTests {
    private static func tally(
        _ candidates: UInt64, full: UInt64, shown: UInt64 = 0, expected: Double = 0, happened: UInt64 = 0
    ) -> GoalTally {
        GoalTally(
            goal: .completedView, candidates: candidates, full: full,
            calibration: CalibrationCount(shown: shown, expected: expected, happened: happened))
    }

    @Test(
        arguments: [
            // Too few, as many as the others, and hardly more than them.
            (tally(499, full: 0), tally(10_000, full: 10_000), nil),
            (tally(1_000, full: 500), tally(10_000, full: 5_000), nil),
            (tally(1_000, full: 960), tally(10_000, full: 10_000), nil),
            (
                tally(1_000, full: 940), tally(10_000, full: 10_000),
                "6 % of its 1000 candidates fell below the full tier"
            ),
            (tally(1_000, full: 0), nil, "100 % of its 1000 candidates fell"),
            // Chance, all is well, and other things happen: more, or fewer.
            (tally(600, full: 600, shown: 30, expected: 19, happened: 0), nil, nil),
            (tally(600, full: 600, shown: 300, expected: 200, happened: 210), nil, nil),
            (
                tally(600, full: 600, shown: 300, expected: 200, happened: 80), nil,
                "200.0 were predicted and 80 happened"
            ),
            (
                tally(600, full: 600, shown: 300, expected: 100, happened: 200), nil,
                "100.0 were predicted and 200 happened"
            ),
            // What is so for everybody is not the package's doing: notices are lost on the way.
            (
                tally(600, full: 600, shown: 300, expected: 200, happened: 90),
                tally(9_000, full: 9_000, shown: 3_000, expected: 2_000, happened: 900), nil
            ),
            // Few ads: by a fifth off, and still chance.
            (tally(600, full: 600, shown: 40, expected: 25, happened: 16), nil, nil),
        ] as [(GoalTally, GoalTally?, String?)])
    func aCanaryIsJudgedByWhatAllOthersDo(_ canary: GoalTally, _ others: GoalTally?, _ said: String?) {
        let objection = CanaryJudge.objection(to: canary, beside: others)
        #expect((objection == nil) == (said == nil), "\(objection ?? "nothing")")
        if let said { #expect(objection?.contains(said) == true, "\(objection ?? "nothing")") }
    }

    @Test func whatWasCountedBeforeIsLeftOut() {
        let since =
            Self.tally(10, full: 8, shown: 5, expected: 4, happened: 3)
            - Self.tally(4, full: 4, shown: 6, expected: 1, happened: 1)
        #expect(since == Self.tally(6, full: 4, shown: 0, expected: 3, happened: 2))
    }
}
