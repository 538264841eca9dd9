// A length of time as Prometheus writes it: 90s, 5m, 3d. Whole milliseconds, and never two units at once.
internal import Units

public struct PromDuration: Hashable, Sendable, CustomStringConvertible {
    public let milliseconds: Int

    public init(milliseconds: Int) {
        precondition(milliseconds > 0, "a window of \(milliseconds) ms measures nothing")
        self.milliseconds = milliseconds
    }

    private static let units: [(name: String, milliseconds: Int)] = [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000),
    ]
    /// A year: nothing here looks back further, and no product overflows.
    private static let most = 366 * 86_400_000

    /// Nil where it is no number with one unit, or nothing, or more than a year.
    public init?(_ text: some StringProtocol) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count)
        guard let count = Int(digits), let found = Self.units.first(where: { $0.name == unit }) else {
            return nil
        }
        let (product, overflow) = count.multipliedReportingOverflow(by: found.milliseconds)
        guard !overflow, (1...Self.most).contains(product) else { return nil }
        milliseconds = product
    }

    /// The same divided, at least a millisecond.
    public func divided(by scale: Int) -> PromDuration {
        PromDuration(milliseconds: max(milliseconds / scale, 1))
    }

    /// In the largest unit that divides it, but weeks, which nobody reads.
    public var description: String {
        for unit in Self.units.dropLast().reversed() where milliseconds % unit.milliseconds == 0 {
            return "\(milliseconds / unit.milliseconds)\(unit.name)"
        }
        return "\(milliseconds)ms"
    }
}
