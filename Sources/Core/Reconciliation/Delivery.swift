// How long a region sold nothing while something was broken, and how soon it sold again behind it.

public struct Delivery: Hashable, Sendable {
    public struct Region: Hashable, Sendable {
        public var name: String
        /// The longest time from the fault on in which nothing was sold, or the time from the last ad to the healing.
        public var longestGap: Int64
        /// How long behind the healing the first ad was sold; nil where none was.
        public var resumed: Int64?
    }

    public var fault: InjectedFault
    public var regions: [Region]

    /// Of each fault that was healed, every region that the record knows.
    public static func all(in record: BillRecord) -> [Delivery] {
        let sold = Dictionary(grouping: record.events.filter { $0.kind == .sold }, by: \.region)
            .mapValues { $0.map(\.at).sorted() }
        return record.faults.enumerated().compactMap { index, fault in
            guard let healed = fault.healed else { return nil }
            let next = index + 1 < record.faults.count ? record.faults[index + 1].at : .max
            let regions = sold.sorted { $0.key < $1.key }.map { name, times in
                let behind = times.first { $0 >= healed && $0 < next }
                let end = behind ?? healed
                let within = [fault.at] + times.filter { $0 > fault.at && $0 < end } + [end]
                let gap = zip(within, within.dropFirst()).map { $1 - $0 }.max() ?? 0
                return Region(name: name, longestGap: gap, resumed: behind.map { $0 - healed })
            }
            return Delivery(fault: fault, regions: regions)
        }
    }

    var discrepancies: [Discrepancy] {
        regions.filter { $0.resumed.map { $0 > fault.bound } ?? true }.map {
            Discrepancy(
                .deliveryLate,
                "\(fault.name): \($0.name) sold "
                    + ($0.resumed.map { "\($0) ms behind the healing" } ?? "nothing behind the healing")
                    + ", its bound is \(fault.bound) ms")
        }
    }
}
