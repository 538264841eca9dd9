// What a bench may report, and what it must refuse.
import Foundation
import Testing

@testable import BenchKit

@Suite struct BenchTests {
    private static func budget(
        _ name: String, peer: String? = "nginx", better: Direction = .higher, ratio: Double? = nil,
        absolute: Double? = nil
    ) -> Budget {
        Budget(
            bench: "http", case: name, peer: peer, unit: "per s", better: better, ratio: ratio,
            absolute: absolute, why: "a test")
    }

    private static func bench(_ budgets: [Budget]) -> Bench { Bench("http", budgets: budgets, asJSON: true) }

    @Test(arguments: [
        (Direction.higher, [200.0, 220, 180], [100.0, 100, 100], 2.0, true),
        (.higher, [190, 199, 180], [100, 100, 100], 2.0, false),
        (.lower, [50, 50, 50], [100, 100, 100], 2.0, true),
        (.lower, [101, 101, 101], [100, 100, 100], 1.0, false),
        // Every round is compared with itself: the machine was slower in the last, for both.
        (.higher, [200, 200, 20], [100, 100, 10], 2.0, true),
    ])
    func ratios(better: Direction, ours: [Double], peer: [Double], goal: Double, holds: Bool) throws {
        var bench = BenchTests.bench([BenchTests.budget("a", better: better, ratio: goal)])
        let line = try bench.judge("a", unit: "per s", ours: ours, peer: peer, named: "nginx")
        #expect(line.holds == holds)
        #expect(line.goal == goal)
    }

    @Test func absoluteGoals() throws {
        var bench = BenchTests.bench([
            BenchTests.budget("bytes", peer: nil, better: .lower, absolute: 10),
            BenchTests.budget("rate", peer: nil, better: .higher, absolute: 10),
        ])
        #expect(try bench.judge("bytes", unit: "per s", ours: [11]).holds == false)
        #expect(try bench.judge("rate", unit: "per s", ours: [11]).holds == true)
    }

    @Test func aLineWithoutAGoalIsOnlyWatched() throws {
        var bench = BenchTests.bench([BenchTests.budget("a")])
        #expect(try bench.judge("a", unit: "per s", ours: [1], peer: [2], named: "nginx").holds == nil)
    }

    @Test(arguments: [[], [Double.nan], [.infinity], [0], [1, -1]])
    func impossibleMeasurements(rounds: [Double]) {
        var bench = BenchTests.bench([BenchTests.budget("a", ratio: 1)])
        let good = rounds.map { _ in 1.0 }
        #expect(throws: Impossible.self) {
            try bench.judge("a", unit: "per s", ours: rounds, peer: good, named: "nginx")
        }
        #expect(throws: Impossible.self) {
            try bench.judge("a", unit: "per s", ours: good, peer: rounds, named: "nginx")
        }
    }

    @Test func aRatioNeedsItsPeerAndItsRounds() {
        var bench = BenchTests.bench([BenchTests.budget("a", peer: nil, ratio: 2), BenchTests.budget("b")])
        #expect(throws: Impossible.self) { try bench.judge("a", unit: "per s", ours: [1]) }
        #expect(throws: Impossible.self) {
            try bench.judge("b", unit: "per s", ours: [1, 2], peer: [1], named: "nginx")
        }
    }

    @Test func whatIsNotInTheBudgetsIsRefused() {
        var bench = BenchTests.bench([BenchTests.budget("a")])
        #expect(throws: Impossible.self) {
            try bench.judge("b", unit: "per s", ours: [1], peer: [1], named: "nginx")
        }
        #expect(throws: Impossible.self) {
            try bench.judge("a", unit: "per hour", ours: [1], peer: [1], named: "nginx")
        }
    }

    @Test func whatIsInTheBudgetsMustBeMeasured() throws {
        var bench = BenchTests.bench([BenchTests.budget("a"), BenchTests.budget("b")])
        _ = try bench.judge("a", unit: "per s", ours: [1], peer: [1], named: "nginx")
        #expect(throws: Impossible.self) { try bench.finish() }
        _ = try bench.judge("b", unit: "per s", ours: [1], peer: [1], named: "nginx")
        try bench.finish()
        #expect(throws: Impossible.self) {
            try bench.judge("b", unit: "per s", ours: [1], peer: [1], named: "nginx")
        }
    }

    @Test func jsonHasEveryKey() throws {
        var bench = BenchTests.bench([BenchTests.budget("say \"a\"", peer: nil, better: .lower, absolute: 10)]
        )
        let line = try bench.judge("say \"a\"", unit: "per s", ours: [2.5])
        #expect(
            line.json
                == #"{"bench":"http","case":"say \"a\"","ours":2.5,"peer":null,"peer_name":null,"#
                + #""unit":"per s","ratio":null,"goal":10,"holds":true}"#)
    }

    @Test func sidesTakeTurns() throws {
        var order = ""
        _ = try interleaved(rounds: 3, { order += "a" }, { order += "b" })
        #expect(order == "ababbaab")
    }
}
