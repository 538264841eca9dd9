// The kinds of value that a schema of features is made of.
import Documents
import Units

extension Kind where Value == String {
    /// A name that stands in files and commands unquoted.
    static var featureWord: Kind {
        .text(
            TextForm(
                name: "1 to 128 letters, digits and -_.: without spaces", pattern: "^[A-Za-z0-9_.:-]{1,128}$"),
            read: { text in
                let marks = Array("-_.:".utf8)
                return (1...128).contains(text.utf8.count)
                    && text.utf8.allSatisfy { byte in
                        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                            || marks.contains(byte)
                    } ? text : nil
            }, show: { $0 })
    }
}

/// A number of a schema, as the file writes it and as models are given it.
public struct FeatureNumber: Equatable, Sendable {
    public let digits: String
    public let value: Float
}

extension Kind where Value == FeatureNumber {
    static var featureNumber: Kind {
        let shape = Shape.decimal(
            Micros(-1_000_000_000 * Micros.perUnit)...Micros(1_000_000_000 * Micros.perUnit), unit: nil)
        return Kind(
            shape: shape,
            read: { tree, path, reading in
                guard case .number(let digits) = tree.content, let exact = try? Micros(decimal: digits),
                    exact.rawValue.magnitude <= 1_000_000_000 * UInt64(Micros.perUnit),
                    let value = Float(digits)
                else { return reading.refuse(tree, at: path, allowed: shape) }
                return FeatureNumber(digits: digits, value: value)
            },
            show: { JSONTree(.number($0.digits)) })
    }
}
