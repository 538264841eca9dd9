// The lines of a LightGBM model: `key=value`, a bare key, or nothing. Whoever reads them knows at each step
// which line it is, so that what is refused can be found.

struct ModelLines {
    private let bytes: [UInt8]
    private var offset = 0
    /// The line that was read last, from 1.
    private(set) var number = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    struct Line {
        let key: String
        /// Nil for a bare key.
        let value: ArraySlice<UInt8>?
        let number: Int
    }

    /// The next line that holds something, or nil at the end.
    mutating func next() -> Line? {
        while offset < bytes.count {
            let end = bytes[offset...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            var line = bytes[offset..<end]
            offset = min(end + 1, bytes.count)
            number += 1
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            guard !line.isEmpty else { continue }
            let equals = line.firstIndex(of: UInt8(ascii: "="))
            // A key that long is none of ours; only its start is ever shown.
            let key = line[..<(equals ?? line.endIndex)].prefix(64)
            return Line(
                key: String(decoding: key, as: UTF8.self), value: equals.map { line[($0 + 1)...] },
                number: number)
        }
        return nil
    }
}

extension ModelLines.Line {
    /// Where it is, for a refusal.
    var place: String { "line \(number), \(key)" }

    /// The words of the value; between two there may be several blanks.
    var words: [ArraySlice<UInt8>] { (value ?? []).split(separator: UInt8(ascii: " ")) }

    var text: String { String(decoding: value ?? [], as: UTF8.self) }

    func refused(_ found: String, _ allowed: String) -> ModelRefused {
        ModelRefused(place, found: found, allowed: allowed)
    }

    /// The value as one whole number.
    func whole(_ range: ClosedRange<Int>) throws(ModelRefused) -> Int {
        let words = words
        guard words.count == 1, let value = Self.whole(words[0]), range.contains(value) else {
            throw refused(
                words.isEmpty ? "nothing" : "'\(text.prefix(40))'",
                "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// The value as so many whole numbers.
    func wholes(_ count: Int, _ range: ClosedRange<Int>) throws(ModelRefused) -> [Int] {
        try list(count, "whole numbers from \(range.lowerBound) to \(range.upperBound)") {
            Self.whole($0).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// The value as so many numbers; infinite ones are numbers, NaN is one only where the caller takes it.
    func numbers(_ count: Int) throws(ModelRefused) -> [Double] {
        try list(count, "numbers", DecimalText.double)
    }

    private func list<Element>(
        _ count: Int, _ what: String, _ read: (ArraySlice<UInt8>) -> Element?
    ) throws(ModelRefused) -> [Element] {
        let words = words
        guard words.count == count else { throw refused("\(words.count) values", "\(count) \(what)") }
        var all: [Element] = []
        all.reserveCapacity(count)
        for (index, word) in words.enumerated() {
            guard let element = read(word) else {
                let shown = String(decoding: word.prefix(40), as: UTF8.self)
                throw refused("'\(shown)' as value \(index)", what)
            }
            all.append(element)
        }
        return all
    }

    private static func whole(_ word: ArraySlice<UInt8>) -> Int? {
        let isNegative = word.first == UInt8(ascii: "-")
        let digits = isNegative ? word.dropFirst() : word
        guard !digits.isEmpty, digits.count <= 18 else { return nil }
        var value = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return isNegative ? -value : value
    }
}
