// Numbers for the values that requests are compared by, the same for the same catalog whatever its order.

struct ValueNumbers {
    /// In the order of their numbers: by dimension, then by the bytes of the name.
    private(set) var values: [(dimension: Dimension, name: String)] = []
    private var numbers: [[String: UInt32]] = Array(repeating: [:], count: Dimension.count)

    subscript(dimension: Dimension, name: String) -> UInt32? {
        numbers[Int(dimension.rawValue)][dimension.spelling(of: name)]
    }

    /// Takes note of a value; its number comes when all are there.
    mutating func note(_ dimension: Dimension, _ name: String) {
        numbers[Int(dimension.rawValue)][dimension.spelling(of: name)] = 0
    }

    mutating func note(_ targeting: Targeting) {
        switch targeting {
        case .all(let terms), .any(let terms): for term in terms { note(term) }
        case .not(let term): note(term)
        case .values(let dimension, let names): for name in names { note(dimension, name) }
        case .radius(let circles): for circle in circles { note(.radius, circle.valueName) }
        case .daypart: break
        }
    }

    mutating func number() {
        for dimension in Dimension.allCases {
            for name in numbers[Int(dimension.rawValue)].keys.sorted(by: {
                $0.utf8.lexicographicallyPrecedes($1.utf8)
            }) {
                numbers[Int(dimension.rawValue)][name] = UInt32(values.count)
                values.append((dimension, name))
            }
        }
    }

    /// Dayparts get their numbers behind all others, in the order of their bits.
    mutating func number(_ masks: Set<WeekMask>) -> [WeekMask: UInt32] {
        var numbers: [WeekMask: UInt32] = [:]
        for mask in masks.sorted(by: { $0.bits.lexicographicallyPrecedes($1.bits) }) {
            numbers[mask] = UInt32(values.count)
            values.append((.daypart, "daypart-\(numbers.count)"))
        }
        return numbers
    }
}

/// Every text of a catalog once.
struct StringPool {
    private var numbers: [String: UInt32] = [:]
    private var sorted: [String] = []

    mutating func note(_ text: String) { numbers[text] = 0 }

    mutating func number() {
        sorted = numbers.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        for (index, text) in sorted.enumerated() { numbers[text] = UInt32(index) }
    }

    subscript(text: String) -> UInt32 {
        guard let number = numbers[text] else { preconditionFailure("\(text) was not noted") }
        return number
    }

    subscript(text: String?) -> UInt32 { text.map { self[$0] } ?? Layout.none }

    func write(to writer: inout SnapshotWriter) {
        writer.rows(.strings, sorted.count)
        writer.set(.stringByte, writer.lists(.stringStart, sorted.map { Array($0.utf8) }))
    }
}
