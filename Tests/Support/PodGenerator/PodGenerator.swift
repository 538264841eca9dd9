// Pod problems for tests and benches: what a break of connected television looks like, from a seed.
public import Auction
import Units

public struct PodGenerator {
    public enum Kind: CaseIterable, Sendable { case structured, dynamic, hybrid }

    /// What the problems are drawn from.
    public struct Shape: Sendable {
        public var slots: ClosedRange<Int>
        public var candidates: ClosedRange<Int>
        public var kinds: [Kind]
        /// Chance, in percent, that a problem has each of the rarer rules: tiers, premiums, adjacency, avoided
        /// categories, blocks and a session.
        public var rules: Int
        /// Bids are multiples of so many micros: coarse ones make ties.
        public var grain: Int64

        public init(
            slots: ClosedRange<Int>, candidates: ClosedRange<Int>, kinds: [Kind] = Kind.allCases,
            rules: Int = 30, grain: Int64 = 1
        ) {
            self.slots = slots
            self.candidates = candidates
            self.kinds = kinds
            self.rules = rules
            self.grain = grain
        }

        /// Six to eight slots and 64 candidates, as a large catalog leaves them after early ranking.
        public static let broadcast = Shape(slots: 6...8, candidates: 64...64)
    }

    public let shape: Shape
    private var random: Randomness

    public init(_ shape: Shape, seed: UInt64) {
        self.shape = shape
        random = Randomness(seed: seed)
    }

    private mutating func happens(_ percent: Int) -> Bool { random.next(in: 0...99) < percent }

    /// Durations as catalogs hold them: half are of thirty seconds, a third of fifteen.
    private mutating func duration() -> Int32 {
        switch random.next(in: 0...99) {
        case ..<50: 30
        case ..<83: 15
        case ..<89: 6
        case ..<93: 20
        case ..<97: 60
        default: 10
        }
    }

    /// Replaces a problem by the next one.
    public mutating func fill(_ problem: inout PodProblem) {
        problem.removeAll()
        let slots = random.next(in: shape.slots)
        switch shape.kinds[random.next(in: 0...shape.kinds.count - 1)] {
        case .structured: for _ in 0..<slots { add(slot(), to: &problem) }
        case .dynamic: add(dynamic(slots), to: &problem)
        case .hybrid:
            let fixed = max(1, slots / 3)
            add(slot(), to: &problem)
            if slots > fixed { add(dynamic(slots - fixed), to: &problem) }
            for _ in 1..<max(fixed, 1) { add(slot(), to: &problem) }
        }
        let count = random.next(in: shape.candidates)
        // Three candidates to an advertiser: line items of one campaign, and creatives of one line item.
        let advertisers = max(2, count / 3)
        for _ in 0..<count { precondition(problem.add(candidate(advertisers))) }
        addRules(to: &problem, advertisers)
    }

    private func add(_ segment: PodSegment, to problem: inout PodProblem) {
        precondition(problem.add(segment), "the generator made a pod that is too large")
    }

    private mutating func slot() -> PodSegment {
        var slot = PodSegment.slot(5...(happens(75) ? 30 : 60), floors: floors())
        if happens(25) { require([15, 30], in: &slot) }
        return slot
    }

    private mutating func dynamic(_ capacity: Int) -> PodSegment {
        // From tight, where time is what is short, to ample, where slots are.
        let total = Int32(capacity * random.next(in: 3...7) * 5)
        var part = PodSegment.dynamic(5...60, total: max(total, 15), capacity: capacity, floors: floors())
        if happens(25) { require([15, 30, 60], in: &part) }
        return part
    }

    private func require(_ durations: [Int32], in segment: inout PodSegment) {
        for seconds in durations { precondition(segment.require(seconds: seconds)) }
    }

    private mutating func floors() -> Floors {
        var floors = Floors(hard: Micros(Int64(random.next(in: 0...8)) * 1_000_000))
        if happens(20) { floors.perSecond = Micros(Int64(random.next(in: 50...300)) * 1_000) }
        if happens(20) {
            precondition(floors.add(DurationFloor(seconds: 0...15, price: Micros(3_000_000))))
            precondition(floors.add(DurationFloor(seconds: 16...60, price: Micros(9_000_000))))
        }
        return floors
    }

    private mutating func candidate(_ advertisers: Int) -> PodCandidate {
        let advertiser = UInt64(random.next(in: 1...advertisers))
        let seconds = duration()
        // Prices around a unit for each three seconds, between half and twice that.
        let price = Int64(seconds) * Int64(random.next(in: 170_000...660_000)) / shape.grain * shape.grain
        // What is bid is the value or, where shaded, down to seven tenths of it.
        let value = price * Int64(random.next(in: 100...140)) / 100 / shape.grain * shape.grain
        return PodCandidate(
            lineItem: UInt32(random.next(in: 1...40)), creative: advertiser * 8 + random.next(below: 4),
            advertiser: advertiser, mediaFile: advertiser * 8 + random.next(below: 3), seconds: seconds,
            value: Micros(value), price: Micros(price), tier: .open,
            // An advertiser belongs to one of twelve categories.
            categories: 1 << (advertiser &* 7 % 12))
    }

    private mutating func addRules(to problem: inout PodProblem, _ advertisers: Int) {
        let settings: [PodDedupe] = [
            .usual, .usual, [.advertiser], [.creative], [.creative, .mediaFile], [.category], [],
        ]
        problem.dedupe = settings[random.next(in: 0...settings.count - 1)]
        if happens(shape.rules) { problem.apartInPod = random.next() & 0xFFF }
        if happens(shape.rules) { problem.apartWhenAdjacent = random.next() & 0xFFF }
        if happens(shape.rules) { problem.firstPremium = Int64(random.next(in: 0...300_000)) }
        if happens(shape.rules) { problem.lastPremium = Int64(random.next(in: 0...200_000)) }
        if happens(shape.rules) {
            problem.blockedCategories = 1 << random.next(below: 12)
            precondition(problem.block(advertiser: UInt64(random.next(in: 1...advertisers))))
        }
        if happens(shape.rules) {
            for _ in 0..<random.next(in: 1...6) {
                let advertiser = UInt64(random.next(in: 1...advertisers))
                problem.session.saw(creative: advertiser * 8 + random.next(below: 4), advertiser: advertiser)
            }
            problem.seenCreative = happens(50) ? .exclude : .penalise(600_000)
            problem.seenAdvertiser = happens(30) ? .exclude : .penalise(250_000)
        }
        let tiers = happens(shape.rules)
        let avoiding = happens(shape.rules)
        let choosy = happens(shape.rules)
        for index in 0..<problem.candidateCount where tiers || avoiding || choosy {
            var candidate = problem.candidate(index)
            if tiers { candidate.tier = happens(15) ? (happens(30) ? .sponsorship : .guaranteed) : .open }
            if avoiding, happens(20) { candidate.avoids = 1 << random.next(below: 12) }
            // A quarter of the segments refuse the candidate.
            if choosy, happens(50) { candidate.segments = random.nextSet() | random.nextSet() }
            problem.replace(index, by: candidate)
        }
    }
}

extension Randomness {
    fileprivate mutating func nextSet() -> UInt32 { UInt32(truncatingIfNeeded: next()) }
}
