// Numbers for the values that requests are compared by, the same for the same catalog whatever its order.

struct ValueNumbers: ~Copyable {
    /// In the order of their numbers: by dimension, then by the bytes of the name.
    private(set) var values: [(dimension: Dimension, name: String)] = []
    /// Each value as somebody wrote it, a dimension being a kind.
    private var texts = TextTable()
    /// By text, the one that it is compared as.
    private var spellings: [UInt32] = []
    /// By text, once all are numbered.
    private var numbers: [UInt32] = []

    subscript(dimension: Dimension, name: String) -> UInt32? {
        if let text = texts.find(name, kind: dimension.rawValue) { return numbers[Int(text)] }
        guard dimension.ignoresCase else { return nil }
        return texts.find(dimension.spelling(of: name), kind: dimension.rawValue).map { numbers[Int($0)] }
    }

    /// Takes note of a value; its number comes when all are there.
    mutating func note(_ dimension: Dimension, _ name: String) {
        let text = texts.number(name, kind: dimension.rawValue)
        guard text == spellings.count else { return }
        spellings.append(text)
        guard dimension.ignoresCase else { return }
        let spelling = texts.number(dimension.spelling(of: name), kind: dimension.rawValue)
        if spelling == spellings.count { spellings.append(spelling) }
        spellings[Int(text)] = spelling
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
        numbers = Array(repeating: Layout.none, count: texts.count)
        let order = texts.sorted().filter { spellings[Int($0)] == $0 }
        for dimension in Dimension.allCases {
            for text in order where texts.kind(of: text) == dimension.rawValue {
                numbers[Int(text)] = UInt32(values.count)
                values.append((dimension, texts[text]))
            }
        }
        for text in spellings.indices { numbers[text] = numbers[Int(spellings[text])] }
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
