// TC strings for the tests, written bit by bit by the specification's table, with what they must mean.
import Units

struct BitWriter {
    private(set) var bits: [Bool] = []

    mutating func put(_ value: Int, _ count: Int) {
        for bit in (0..<count).reversed() { bits.append(value >> bit & 1 == 1) }
    }

    /// In base64url, filled up to whole bytes, as most of those do who make such strings.
    var text: String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        var padded = bits
        while padded.count % 8 != 0 { padded.append(false) }
        while padded.count % 6 != 0 { padded.append(false) }
        return String(
            stride(from: 0, to: padded.count, by: 6).map { start in
                alphabet[padded[start..<start + 6].reduce(0) { $0 * 2 + ($1 ? 1 : 0) }]
            })
    }
}

/// What a string says, for some vendors.
struct TCString {
    var policy = 4
    var features: Set<Int> = []
    var consent: Set<Int> = []
    var interest: Set<Int> = []
    var vendors: Set<Int> = []
    var interestVendors: Set<Int> = []
    var restrictions: [(purpose: Int, type: Int, vendors: Set<Int>)] = []
    var disclosed: Set<Int>?
    var allowed: Set<Int>?
    /// Which sets are written as ranges: bit 0 the vendors, bit 1 the interests', bit 2 the segments'.
    var ranges = 0

    static func random(_ random: inout Randomness) -> TCString {
        var string = TCString()
        func some(_ highest: Int, _ percent: UInt64) -> Set<Int> {
            Set((1...highest).filter { _ in random.next(below: 100) < percent })
        }
        string.policy = random.next(in: 2...4)
        string.features = some(12, 40)
        string.consent = some(24, 60)
        string.interest = some(24, 60)
        let highest = [3, 40, 900][Int(random.next(below: 3))]
        string.vendors = some(highest, 60)
        string.interestVendors = some(highest, 40)
        for _ in 0..<random.next(in: 0...3) {
            string.restrictions.append((random.next(in: 1...24), random.next(in: 0...2), some(30, 30)))
        }
        if random.next(below: 2) == 0 { string.disclosed = some(40, 50) }
        if random.next(below: 4) == 0 { string.allowed = some(40, 50) }
        string.ranges = random.next(in: 0...7)
        return string
    }

    private static func runs(_ set: Set<Int>) -> [ClosedRange<Int>] {
        var runs: [ClosedRange<Int>] = []
        for number in set.sorted() {
            if let last = runs.last, last.upperBound + 1 == number {
                runs[runs.count - 1] = last.lowerBound...number
            } else {
                runs.append(number...number)
            }
        }
        return runs
    }

    private static func put(ranges set: Set<Int>, _ bits: inout BitWriter) {
        let runs = runs(set)
        bits.put(runs.count, 12)
        for run in runs {
            bits.put(run.count > 1 ? 1 : 0, 1)
            bits.put(run.lowerBound, 16)
            if run.count > 1 { bits.put(run.upperBound, 16) }
        }
    }

    private static func put(_ set: Set<Int>, asRanges: Bool, _ bits: inout BitWriter) {
        let highest = set.max() ?? 0
        bits.put(highest, 16)
        bits.put(asRanges ? 1 : 0, 1)
        if asRanges { return put(ranges: set, &bits) }
        if highest > 0 { for vendor in 1...highest { bits.put(set.contains(vendor) ? 1 : 0, 1) } }
    }

    var text: String {
        var core = BitWriter()
        core.put(2, 6)
        core.put(0x3_BD1E_2FFF, 36)
        core.put(0x3_BD1E_3FFF, 36)
        for (value, count) in [
            (31, 12), (640, 12), (1, 6), (4, 6), (13, 6), (126, 12), (policy, 6), (1, 1), (0, 1),
        ] {
            core.put(value, count)
        }
        for feature in 1...12 { core.put(features.contains(feature) ? 1 : 0, 1) }
        for purpose in 1...24 { core.put(consent.contains(purpose) ? 1 : 0, 1) }
        for purpose in 1...24 { core.put(interest.contains(purpose) ? 1 : 0, 1) }
        for (value, count) in [(0, 1), (3, 6), (4, 6)] { core.put(value, count) }
        Self.put(vendors, asRanges: ranges & 1 != 0, &core)
        Self.put(interestVendors, asRanges: ranges & 2 != 0, &core)
        core.put(restrictions.count, 12)
        for restriction in restrictions {
            core.put(restriction.purpose, 6)
            core.put(restriction.type, 2)
            Self.put(ranges: restriction.vendors, &core)
        }
        var text = core.text
        for (type, set) in [(1, disclosed), (2, allowed)] {
            guard let set else { continue }
            var segment = BitWriter()
            segment.put(type, 3)
            Self.put(set, asRanges: ranges & 4 != 0, &segment)
            text += "." + segment.text
        }
        return text
    }
}
