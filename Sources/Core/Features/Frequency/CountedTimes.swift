// A counter's impressions taken apart, to add some.

/// The newest first; the older ones in heaps, each of which is as old as the newest in it.
struct CountedTimes {
    private(set) var count = 0
    private(set) var life: UInt32
    // One more than a cell holds, before heaps are joined.
    private var seconds = InlineArray<16, UInt32>(repeating: 0)
    private var numbers = InlineArray<16, UInt32>(repeating: 0)

    /// The top bit of a cell's number is taken.
    private static let lifeMost: UInt32 = 1 << 31 - 1

    init(life: UInt32 = 0) { self.life = life }

    subscript(_ index: Int) -> (second: CountedSecond, number: UInt32) {
        (CountedSecond(rawValue: seconds[index]), numbers[index])
    }

    var areSingle: Bool {
        for index in 0..<count where numbers[index] != 1 { return false }
        return true
    }

    /// At the end, as a cell has it.
    mutating func append(_ second: CountedSecond, number: UInt32) {
        seconds[count] = second.rawValue
        numbers[count] = number
        count += 1
    }

    /// Adds an impression in its place. What no window reaches any more is forgotten, but for the number of all.
    mutating func add(_ second: CountedSecond) {
        life = min(life + 1, Self.lifeMost)
        let newest = max(second.rawValue, count > 0 ? seconds[0] : 0)
        let oldest = CountedSecond(rawValue: newest).earlier(by: CounterCell.longestWindow).rawValue
        while count > 0, seconds[count - 1] < oldest { count -= 1 }
        guard second.rawValue >= oldest else { return }
        var at = count
        while at > 0, seconds[at - 1] < second.rawValue {
            seconds[at] = seconds[at - 1]
            numbers[at] = numbers[at - 1]
            at -= 1
        }
        seconds[at] = second.rawValue
        numbers[at] = 1
        count += 1
        if !areSingle || count > CounterCell.singlesMost {
            joinHeaps(to: CounterCell.exactMost + CounterCell.heaps)
        }
    }

    /// Joins heaps until so many entries are left: each time the two that lie closest for their age, since an error
    /// of a minute is nothing in a month and much in an hour.
    private mutating func joinHeaps(to most: Int) {
        while count > most {
            var best = CounterCell.exactMost
            for index in CounterCell.exactMost..<count - 1 where isCloser(index, best) { best = index }
            numbers[best] = min(numbers[best] + numbers[best + 1], UInt32(UInt16.max))
            for index in best + 1..<count - 1 {
                seconds[index] = seconds[index + 1]
                numbers[index] = numbers[index + 1]
            }
            count -= 1
        }
    }

    /// Whether the pause behind `a` is smaller than the one behind `b`, each as a part of the older one's age.
    private func isCloser(_ a: Int, _ b: Int) -> Bool {
        func part(_ index: Int) -> (pause: UInt64, age: UInt64) {
            (UInt64(seconds[index] - seconds[index + 1]), UInt64(seconds[0] - seconds[index + 1]) + 1)
        }
        let (one, other) = (part(a), part(b))
        return one.pause * other.age < other.pause * one.age
    }
}
