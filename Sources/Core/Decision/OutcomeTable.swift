// What became of the line items that a decision looked at. Those that it did not look at share one outcome.

/// A byte for each line item of the catalog, and a list of those that have one: a decision touches some dozens of
/// a million, and clears as many.
struct OutcomeTable: ~Copyable {
    private var outcomes: DecisionTable<LineItemOutcome>
    private var touched: DecisionTable<UInt32>
    /// How many line items have each outcome; under that of a request, how many have lost it, less than zero.
    private var counts = OutcomeCounts(repeating: 0)

    init(lineItems: Int) {
        outcomes = DecisionTable(max(lineItems, 1))
        touched = DecisionTable(max(lineItems, 1))
        // A request's outcome stands for none: it is never one line item's.
        for _ in 0..<lineItems { _ = outcomes.append(.request) }
    }

    mutating func removeAll() {
        for index in 0..<touched.count { outcomes[Int(touched[index])] = .request }
        touched.removeAll()
        counts = OutcomeCounts(repeating: 0)
    }

    /// How many line items have an outcome of their own.
    var count: Int { touched.count }

    /// Nil where the line item was not looked at.
    subscript(_ item: Int) -> LineItemOutcome? {
        let outcome = outcomes[item]
        return outcome == .request ? nil : outcome
    }

    /// The furthest of what became of the line item in several pods and creatives.
    mutating func raise(_ item: Int, to outcome: LineItemOutcome) {
        set(item, max(outcomes[item], outcome))
    }

    mutating func set(_ item: Int, _ outcome: LineItemOutcome) {
        let before = outcomes[item]
        if before == .request { _ = touched.append(UInt32(truncatingIfNeeded: item)) }
        counts[Int(before.rawValue)] &-= 1
        counts[Int(outcome.rawValue)] &+= 1
        outcomes[item] = outcome
    }

    /// Adds each line item to its outcome.
    mutating func count(into sums: inout OutcomeCounts) {
        for index in counts.indices where index != Int(LineItemOutcome.request.rawValue) {
            sums[index] += counts[index]
        }
    }
}
