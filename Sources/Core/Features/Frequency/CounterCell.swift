// When one viewer saw one thing, in forty bytes: the newest time whole, and before it the pauses between impressions.
// What the bytes cannot hold exactly is told too late and never too early, so that a cap is never overlooked.

/// Of up to fifteen impressions each is known, to a second and a two-thousandth of the pause after it. Of more, the
/// newest nine are; older ones are gathered in three heaps, each of which counts as seen when its newest was. The
/// number of all impressions, whatever their age, is exact.
struct CounterCell: BitwiseCopyable {
    static let byteCount = 40
    /// Impressions that are known one by one beside heaps; a cap of at most so many is always exact.
    static let exactMost = 9
    /// The same as long as there are no heaps.
    static let singlesMost = 15
    static let heaps = 3
    /// No window is longer: a year and a day, as the catalog's schema has it.
    static let longestWindow: UInt32 = 527_040 * 60

    var entity = EntityNumber(rawValue: 0)
    var newest = CountedSecond(rawValue: 0)
    /// All impressions; the top bit says that there are heaps.
    private var lifeAndForm: UInt32 = 0
    /// Pauses, the newest first. With heaps: eight pauses, and then a pause and a number for each heap.
    private(set) var words = InlineArray<14, UInt16>(repeating: Self.nothing)

    private static let heapsBit: UInt32 = 1 << 31
    private static let pausesBesideHeaps = exactMost - 1
    /// No pause has this code.
    private static let nothing = UInt16.max

    init(_ entity: EntityNumber = EntityNumber(rawValue: 0)) { self.entity = entity }

    /// As it was kept. Whatever the words are, they say some times.
    init(
        _ entity: EntityNumber, newest: CountedSecond, life: UInt32, hasHeaps: Bool,
        words: InlineArray<14, UInt16>
    ) {
        self.entity = entity
        self.newest = newest
        lifeAndForm = life & ~Self.heapsBit | (hasHeaps ? Self.heapsBit : 0)
        self.words = words
    }

    var life: UInt32 { lifeAndForm & ~Self.heapsBit }
    var hasHeaps: Bool { lifeAndForm & Self.heapsBit != 0 }

    /// Impressions from this second on.
    func count(since start: CountedSecond) -> Int {
        guard newest >= start else { return 0 }
        var count = 1
        var time = newest.rawValue
        let singles = hasHeaps ? Self.pausesBesideHeaps : words.count
        for index in 0..<singles {
            let word = words[index]
            if word == Self.nothing { return count }
            time = time &- Self.seconds(word)
            if time < start.rawValue { return count }
            count += 1
        }
        guard hasHeaps else { return count }
        for heap in 0..<Self.heaps {
            let word = words[singles + 2 * heap]
            if word == Self.nothing { return count }
            time = time &- Self.seconds(word)
            if time < start.rawValue { return count }
            count += Int(words[singles + 2 * heap + 1])
        }
        return count
    }
}

// Pauses as floating numbers: five bits of exponent, eleven of mantissa, rounded down, so that what lay before a pause
// seems to be later than it was.
extension CounterCell {
    static func code(_ seconds: UInt32) -> UInt16 {
        guard seconds >= 2_048 else { return UInt16(seconds) }
        let shift = UInt32(20 - seconds.leadingZeroBitCount)
        return UInt16((shift + 1) << 11 | (seconds >> shift - 2_048))
    }

    static func seconds(_ code: UInt16) -> UInt32 {
        let exponent = UInt32(code >> 11)
        guard exponent > 0 else { return UInt32(code) }
        return (2_048 + UInt32(code & 2_047)) << (exponent - 1)
    }
}

// Adding takes the bytes apart and puts them together again: it is not on the way of a request.
extension CounterCell {
    init(_ entity: EntityNumber, _ times: CountedTimes) {
        self.entity = entity
        lifeAndForm = times.life
        guard times.count > 0 else { return }
        newest = times[0].second
        let isSingle = times.areSingle && times.count <= Self.singlesMost
        if !isSingle { lifeAndForm |= Self.heapsBit }
        var before = newest.rawValue
        var word = 0
        for index in 1..<max(times.count, 1) {
            let code = Self.code(before - times[index].second.rawValue)
            words[word] = code
            before -= Self.seconds(code)
            word += 1
            if !isSingle, index >= Self.exactMost {
                words[word] = UInt16(times[index].number)
                word += 1
            }
        }
    }

    /// What the cell knows, as far as windows reach.
    var times: CountedTimes {
        var times = CountedTimes(life: life)
        guard life > 0 else { return times }
        var second = newest.rawValue
        times.append(newest, number: 1)
        let singles = hasHeaps ? Self.pausesBesideHeaps : words.count
        var word = 0
        // A pause that reaches before the clock's start is no pause: the words are not ours.
        while word < words.count, words[word] != Self.nothing, Self.seconds(words[word]) <= second {
            second -= Self.seconds(words[word])
            let isHeap = word >= singles
            times.append(
                CountedSecond(rawValue: second), number: isHeap ? UInt32(words[word + 1]) : 1)
            word += isHeap ? 2 : 1
        }
        return times
    }

    /// Becomes what was kept of it up to a time, with what it had counted later.
    mutating func replace(with kept: CounterCell, keepingAfter end: CountedSecond) {
        let own = times
        var all = kept.times
        for index in 0..<own.count where own[index].second > end {
            for _ in 0..<own[index].number { all.add(own[index].second) }
        }
        self = CounterCell(kept.entity, all)
    }

    mutating func add(_ second: CountedSecond) {
        var times = times
        times.add(second)
        self = CounterCell(entity, times)
    }
}
