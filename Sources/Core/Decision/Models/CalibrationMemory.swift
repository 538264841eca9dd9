// What was predicted for ads that were sold, and whether it happened: held until it can be told no more, and then counted. Memory of a fixed
// size: it allocates when it is made, and never again.
public import Units

/// What stood behind an ad's worth.
public struct AdPrediction: Hashable, Sendable {
    public let goal: PredictedGoal
    public let probability: Double

    public init(goal: PredictedGoal, probability: Double) {
        (self.goal, self.probability) = (goal, probability)
    }
}

/// Ads that were shown, what was predicted of them, and of how many it happened.
public struct CalibrationCount: Equatable, Sendable {
    public var shown: UInt64 = 0
    /// The sum of their predictions.
    public var expected = 0.0
    public var happened: UInt64 = 0

    public init(shown: UInt64 = 0, expected: Double = 0, happened: UInt64 = 0) {
        (self.shown, self.expected, self.happened) = (shown, expected, happened)
    }
}

/// Every ad that was shown is counted once, when its time is over and not before: what happens is told later than that an ad is shown.
public struct CalibrationMemory: ~Copyable {
    private struct Waiting {
        var number: UInt64 = 0
        var at = Instant(nanoseconds: 0)
        var probability = 0.0
        var goal = PredictedGoal.click
        var isUsed = false
        var isShown = false
        var happened = false
    }

    /// Ads of two hundred a second for a minute and more. Beyond them the oldest is not counted.
    public static let adsMost = 16_384
    /// Ads whose time is over that one new ad has counted: more than come, so that none waits for long.
    private static let countedAtOnce = 4

    private let patience: Interval
    /// In the order in which they were sold, in a ring; an ad is found by where its number says.
    private var waiting: [Waiting]
    private var places: [UInt32]
    private var first = 0
    private var count = 0
    /// By goal.
    private var counts = InlineArray<3, CalibrationCount>(repeating: CalibrationCount())

    /// - Parameter patience: how long after a sale it is waited for what happens.
    public init(patience: Interval, ads: Int = Self.adsMost) {
        precondition(ads > 0 && ads < 1 << 28, "a memory has room")
        self.patience = patience
        waiting = Array(repeating: Waiting(), count: ads)
        places = Array(repeating: 0, count: 4 * ads)
    }

    /// An ad is on its way.
    public mutating func sold(_ number: UInt64, _ prediction: AdPrediction, at now: Instant) {
        countOver(at: now, most: Self.countedAtOnce)
        if count == waiting.count { removeFirst() }
        let place = (first + count) % waiting.count
        waiting[place] = Waiting(
            number: number, at: now, probability: prediction.probability, goal: prediction.goal, isUsed: true)
        places[slot(of: number)] = UInt32(place)
        count += 1
    }

    /// Ads whose time is not over are not counted.
    public mutating func forget() { while count > 0 { removeFirst() } }

    public mutating func shown(_ number: UInt64) {
        if let place = place(of: number) { waiting[place].isShown = true }
    }

    /// What a goal waits for was told of an ad.
    public mutating func happened(_ goal: PredictedGoal, _ number: UInt64) {
        if let place = place(of: number), waiting[place].goal == goal { waiting[place].happened = true }
    }

    /// Counts ads whose time is over.
    public mutating func countOver(at now: Instant, most: Int) {
        for _ in 0..<most where count > 0 && now - waiting[first].at > patience {
            let ad = waiting[first]
            if ad.isShown {
                let goal = Int(ad.goal.rawValue)
                counts[goal].shown += 1
                counts[goal].expected += ad.probability
                if ad.happened { counts[goal].happened += 1 }
            }
            removeFirst()
        }
    }

    public func counted(_ goal: PredictedGoal) -> CalibrationCount { counts[Int(goal.rawValue)] }

    private func slot(of number: UInt64) -> Int { Int(number % UInt64(places.count)) }

    /// Nil for one that is counted already, or whose slot another one has taken since: then it is not counted as having happened, and one in
    /// some thousand is so at most, as there are four times as many slots as ads.
    private func place(of number: UInt64) -> Int? {
        let place = Int(places[slot(of: number)])
        return waiting[place].isUsed && waiting[place].number == number ? place : nil
    }

    private mutating func removeFirst() {
        waiting[first].isUsed = false
        first = (first + 1) % waiting.count
        count -= 1
    }
}
