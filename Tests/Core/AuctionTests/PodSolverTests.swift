// The pods that the solver gives are feasible, the best there are, and bounded truly where it had to stop.
import AllocationCounter
import Auction
import Foundation
import PodGenerator
import Testing
import Units

private let isLong = ProcessInfo.processInfo.environment["PACELINE_LONG"] == "1"

/// Enough steps that no problem of these tests stops early.
private let unlimited = 50_000_000

/// What anybody may look at: an optimiser would leave out a block that nobody sees.
nonisolated(unsafe) var escaped: UnsafeMutableRawPointer?

@Suite struct PodSolverTests {
    /// Small enough for every pod to be tried, with every kind of rule.
    @Test(arguments: [
        (PodGenerator.Shape(slots: 1...3, candidates: 0...12, rules: 60), UInt64(1), 400),
        (PodGenerator.Shape(slots: 2...5, candidates: 4...8, rules: 60), 2, 400),
        (PodGenerator.Shape(slots: 4...8, candidates: 3...7, rules: 60), 3, 400),
        (PodGenerator.Shape(slots: 2...4, candidates: 6...10, rules: 60, grain: 1_000_000), 4, 200),
    ])
    func findsTheBestOfAllPods(_ shape: PodGenerator.Shape, _ seed: UInt64, _ count: Int) {
        var generator = PodGenerator(shape, seed: seed)
        var problem = PodProblem()
        var solver = PodSolver()
        for round in 0..<(isLong ? 20 * count : count) {
            generator.fill(&problem)
            let solution = solver.solve(problem, steps: unlimited)
            let copy = PodCopy(problem)
            let found = copy.problem(with: solution)
            #expect(found == nil, "seed \(seed), round \(round)")
            let best = PodExhaustive.best(problem)
            #expect(solution.score == best, "seed \(seed), round \(round)")
            #expect(solution.isProven)
        }
    }

    /// However early it stops: feasible, not above the best, not below what was claimed to be out of reach.
    @Test(arguments: [0, 1, 2, 5, 20, 100, 500]) func stopsWhereItIsTold(_ limit: Int) {
        var generator = PodGenerator(
            PodGenerator.Shape(slots: 4...8, candidates: 20...64, rules: 50), seed: UInt64(limit + 10))
        var problem = PodProblem()
        var solver = PodSolver()
        var stopped = 0
        for round in 0..<60 {
            generator.fill(&problem)
            let best = solver.solve(problem, steps: 200_000)
            let early = solver.solve(problem, steps: limit)
            let found = PodCopy(problem).problem(with: early)
            #expect(found == nil, "limit \(limit), round \(round)")
            #expect(early.steps <= limit)
            #expect(early.score <= best.score && best.score <= early.bound, "limit \(limit), round \(round)")
            #expect(best.bound <= early.bound, "limit \(limit), round \(round)")
            if !early.isProven { stopped += 1 }
        }
        #expect(stopped > 0 || limit > 100)
    }

    /// More of anything that is wanted never makes a pod worse.
    @Test func isMonotonous() {
        var generator = PodGenerator(
            PodGenerator.Shape(slots: 3...6, candidates: 6...14, rules: 40), seed: 77)
        var random = Randomness(seed: 78)
        var problem = PodProblem()
        var solver = PodSolver()
        for round in 0..<300 {
            generator.fill(&problem)
            let before = solver.solve(problem, steps: unlimited).score
            let index = random.next(in: 0...problem.candidateCount - 1)
            var candidate = problem.candidate(index)
            switch round % 4 {
            case 0: candidate.value += Micros(Int64(random.next(in: 1...5_000_000)))
            case 1: candidate.price += Micros(Int64(random.next(in: 1...5_000_000)))
            case 2: candidate.avoids = 0
            default: problem.apartWhenAdjacent = 0
            }
            problem.replace(index, by: candidate)
            let after = solver.solve(problem, steps: unlimited).score
            #expect(after >= before, "round \(round)")
        }
    }

    @Test func isTheSameEveryTime() {
        var generator = PodGenerator(.broadcast, seed: 5)
        var problem = PodProblem()
        var used = PodSolver()
        for _ in 0..<20 {
            generator.fill(&problem)
            let a = used.solve(problem)
            var fresh = PodSolver()
            let b = fresh.solve(problem)
            #expect(a.score == b.score && a.bound == b.bound && a.steps == b.steps && a.count == b.count)
            for i in 0..<min(a.count, b.count) { #expect(a[i] == b[i]) }
        }
    }

    @Test func allocatesNothing() {
        var generator = PodGenerator(.broadcast, seed: 6)
        var problem = PodProblem()
        var solver = PodSolver()
        let start = allocations_of_thread()
        escaped = malloc(8)
        free(escaped)
        #expect(allocations_of_thread() == start + 1, "allocations are not counted")
        for _ in 0..<20 {
            generator.fill(&problem)
            _ = solver.solve(problem)
            let before = allocations_of_thread()
            let solution = solver.solve(problem)
            let after = allocations_of_thread()
            #expect(after == before)
            #expect(solution.count > 0)
        }
    }

    /// An earlier tier is worth more than any amount of a later one.
    @Test func tiersComeBeforeValue() {
        var problem = PodProblem()
        expectTrue(problem.add(.dynamic(5...60, total: 60, capacity: 4)))
        for tier in [PriorityTier.open, .guaranteed, .sponsorship] {
            for i in 1...4 as ClosedRange<UInt64> {
                let value = Micros(tier == .open ? 60_000_000_000 : tier == .guaranteed ? 9_000_000 : 1)
                expectTrue(
                    problem.add(
                        PodCandidate(
                            advertiser: UInt64(tier.rawValue) * 10 + i, seconds: i == 1 ? 60 : 20,
                            value: value,
                            price: value, tier: tier)))
            }
        }
        var solver = PodSolver()
        let solution = solver.solve(problem)
        #expect(solution.score == PodScore(sponsorship: Micros(3)))
        #expect(solution.isProven && solution.count == 3)
    }

    /// The largest values, premiums and pods that there can be do not overflow.
    @Test func holdsTheLargestNumbers() {
        var problem = PodProblem()
        problem.dedupe = []
        (problem.firstPremium, problem.lastPremium) = (.max, .max)
        expectTrue(!problem.add(.dynamic(1...Int32.max, total: .max, capacity: .max)))
        for i in 0..<64 {
            let tier: PriorityTier = i % 3 == 0 ? .sponsorship : i % 3 == 1 ? .guaranteed : .open
            expectTrue(problem.add(PodCandidate(seconds: 86_400, value: .max, price: .max, tier: tier)))
        }
        expectTrue(!problem.add(PodCandidate(seconds: 1, value: .max, price: .max)))
        var solver = PodSolver()
        let solution = solver.solve(problem)
        let highest = PodLimits.value.rawValue
        #expect(solution.score.sponsorship == Micros(highest * (14 + 2 * 4)))
        #expect(solution.count == 16)
    }

    @Test func answersNothingWithNothing() {
        var solver = PodSolver()
        var problem = PodProblem()
        expectTrue(solver.solve(problem).count == 0)
        expectTrue(problem.add(PodCandidate(seconds: 30, value: Micros(1), price: Micros(1))))
        expectTrue(solver.solve(problem).count == 0)
        problem.removeAll()
        expectTrue(problem.add(.slot(15...30)))
        expectTrue(solver.solve(problem).isProven)
        for (seconds, value) in [(Int32(0), Int64(5)), (-4, 5), (30, 0), (30, -7), (.max, 5), (.min, .min)] {
            expectTrue(
                problem.add(PodCandidate(seconds: seconds, value: Micros(value), price: Micros(1_000_000))))
        }
        let solution = solver.solve(problem)
        #expect(solution.count == 0 && solution.isProven)
    }

    /// Several ways to fill one place: the best ad of the best of them, as if each were asked alone; everybody else has no
    /// slot, and the next one is the winner's rival, whichever way it would take.
    @Test func aPlaceHoldsOneAd() {
        var random = Randomness(seed: 91)
        var placed = 0
        for round in 0..<500 {
            let ways = (0..<random.next(in: 1...3)).map { _ in
                let least = Int32(random.next(in: 1...30))
                return PodSegment.slot(
                    least...(least + Int32(random.next(in: 0...30))),
                    floors: Floors(hard: Micros(Int64(random.next(in: 0...6)))))
            }
            let ads = (0..<random.next(in: 0...8)).map { _ in
                let value = Micros(Int64(random.next(in: 1...9)))
                var ad = PodCandidate(
                    lineItem: UInt32(random.next(in: 1...99)), creative: UInt64(random.next(in: 1...99)),
                    advertiser: UInt64(random.next(in: 1...99)), seconds: Int32(random.next(in: 1...40)),
                    value: value, price: value, tier: PriorityTier(rawValue: UInt8(random.next(in: 1...2)))!)
                ad.segments = UInt32(random.next(in: 0...7))
                return ad
            }
            func solve(_ ways: [PodSegment], _ ads: [PodCandidate]) -> PodSolution {
                var problem = PodProblem()
                var solver = PodSolver()
                problem.removeAll(isOnePlace: true)
                for way in ways { expectTrue(problem.add(way)) }
                for ad in ads { expectTrue(problem.add(ad)) }
                let solution = solver.solve(problem)
                #expect(solution.count <= 1 && solution.isProven && problem.positionCount <= 1)
                guard solution.count == 1 else { return solution }
                placed += 1
                let winner = solution[0].candidate
                for index in ads.indices {
                    switch problem.outcome(of: index, in: solution) {
                    case .placed: #expect(index == winner)
                    case .noSlot, .excluded: #expect(index != winner)
                    case let other: Issue.record("round \(round): \(other)")
                    }
                }
                let rival = problem.rival(of: 0, in: solution)
                let others = ads.indices.filter {
                    ads[$0].advertiser != ads[winner].advertiser && ads[$0].lineItem != ads[winner].lineItem
                        && problem.exclusion(of: $0) == nil
                }
                #expect(rival.map { ads[$0].value } == others.map { ads[$0].value }.max(), "round \(round)")
                return solution
            }
            let together = solve(ways, ads)
            let alone = ways.indices.map { way in
                solve(
                    [ways[way]],
                    ads.map { ad in
                        var ad = ad
                        ad.segments = ad.segments >> UInt32(way) & 1
                        return ad
                    })
            }
            #expect(together.score == (alone.map(\.score).max() ?? together.score), "round \(round)")
        }
        #expect(placed > 500)
    }
}
