// Caps and counters as a decision uses them: one viewer looked up among a hundred thousand, what each line item's
// question costs then, and what counting an impression costs, off the way of a request.
import BenchKit
import Catalog
import Features
import Units

@main
enum Main {
    static let viewers = 100_000
    static let lineItems = 10_000
    static let rounds = 15
    /// Enough that a clock's step is nothing.
    static let lookups = 20_000

    static func main() {
        Bench.run("frequency") { bench in
            let numbers = try numbers()
            var counters = FrequencyCounters(options())
            var random = Randomness(seed: 1)
            let keys = (0..<viewers).map { _ in random.next() | 1 }
            fill(&counters, keys, numbers, &random)
            let tally = counters.shown.tally
            Bench.note(
                "\(tally.subjects) subjects, \(tally.blocksUsed) of \(tally.blocks) blocks, "
                    + "\(tally.subjectsForgotten) forgotten")
            var (begins, questions, counts): ([Double], [Double], [Double]) = ([], [], [])
            for round in 0...rounds {
                let begin = begin(&counters, keys, &random)
                let question = question(&counters, keys, numbers, &random)
                let count = count(&counters, keys, numbers, &random)
                // The first round warms up.
                guard round > 0 else { continue }
                begins.append(begin)
                questions.append(question)
                counts.append(count)
            }
            try bench.measure("look a viewer and a household up", unit: "ns", ours: begins)
            try bench.measure("ask about one line item", unit: "ns", ours: questions)
            try bench.measure("count one impression", unit: "ns", ours: counts)
        }
    }

    private static func options() -> FrequencyOptions {
        var options = FrequencyOptions()
        options.bytes = 512 << 20
        return options
    }

    /// A generated catalog, in which every line item has a cap by user.
    private static func numbers() throws -> EntityNumbers {
        var generator = CatalogGenerator(lineItems: lineItems, seed: 7)
        var source = generator.source()
        for index in source.lineItems.indices {
            var cap = FrequencyCap()
            (cap.by, cap.impressions, cap.windowMinutes) = (.user, 3, 1_440)
            source.lineItems[index].frequencyCaps = [cap]
        }
        return EntityNumbers(try CatalogSnapshot(copying: CatalogCompiler.compile(source)))
    }

    private static func event(
        _ key: UInt64, _ row: Int, _ second: UInt32, _ numbers: EntityNumbers
    ) -> FrequencyEvent {
        let item = numbers.snapshot.lineItemRow(row)
        return FrequencyEvent(
            .shown, user: key, household: key >> 8 | 1, lineItem: numbers.lineItem(row),
            creative: numbers.creative(numbers.snapshot.creative(inList: item.creatives.lowerBound)),
            advertiser: numbers.advertiser(numbers.snapshot.campaignRow(item.campaign).advertiser),
            at: CountedSecond(rawValue: second), until: CountedSecond(rawValue: 0), mayJournal: true)
    }

    /// Ten impressions for each viewer: counters of some thirty things.
    private static func fill(
        _ counters: inout FrequencyCounters, _ keys: [UInt64], _ numbers: EntityNumbers,
        _ random: inout Randomness
    ) {
        for turn in UInt32(0)..<10 {
            for key in keys {
                let row = random.next(in: 0...lineItems - 1)
                counters.take(event(key, row, 1_700_000_000 + turn * 600, numbers))
            }
        }
    }

    private static func nanoseconds(_ count: Int, _ body: () -> Void) -> Double {
        ContinuousClock().measure(body) / .nanoseconds(1) / Double(count)
    }

    private static func begin(
        _ counters: inout FrequencyCounters, _ keys: [UInt64], _ random: inout Randomness
    ) -> Double {
        let chosen = (0..<lookups).map { _ in keys[random.next(in: 0...viewers - 1)] }
        let now = Instant(nanoseconds: 1_700_010_000_000_000_000)
        return nanoseconds(lookups) {
            for key in chosen {
                counters.begin(user: key, household: key >> 8 | 1, mayJournal: true, at: now)
            }
        }
    }

    /// Two hundred line items of one request; one in twenty is known to the viewer.
    private static func question(
        _ counters: inout FrequencyCounters, _ keys: [UInt64], _ numbers: EntityNumbers,
        _ random: inout Randomness
    ) -> Double {
        let rows = (0..<200).map { _ in random.next(in: 0...lineItems - 1) }
        let now = Instant(nanoseconds: 1_700_010_000_000_000_000)
        let key = keys[random.next(in: 0...viewers - 1)]
        for row in rows.prefix(10) { counters.take(event(key, row, 1_700_009_000, numbers)) }
        counters.begin(user: key, household: nil, mayJournal: true, at: now)
        var held = 0
        let time = nanoseconds(lookups) {
            for _ in 0..<lookups / rows.count {
                for row in rows where counters.heldCap(ofLineItem: row, numbers) != nil { held += 1 }
            }
        }
        precondition(held <= lookups)
        return time
    }

    private static func count(
        _ counters: inout FrequencyCounters, _ keys: [UInt64], _ numbers: EntityNumbers,
        _ random: inout Randomness
    ) -> Double {
        let events = (0..<lookups).map { _ in
            event(
                keys[random.next(in: 0...viewers - 1)], random.next(in: 0...lineItems - 1), 1_700_010_000,
                numbers)
        }
        return nanoseconds(lookups) { for event in events { counters.take(event) } }
    }
}
