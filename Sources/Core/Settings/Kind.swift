// The kinds of value that a setting can have. A kind reads a value and refuses what it does not allow, shows
// a value again, and describes itself for the reference and for editors.
import Units

struct Kind<Value: Sendable>: Sendable {
    let shape: Shape
    /// The value, or nil after the reading was told why there is none.
    let read: @Sendable (JSONTree, String, inout SettingsReading) -> Value?
    let show: @Sendable (Value) -> JSONTree
}

extension Kind where Value: FixedWidthInteger {
    static func integer(_ range: ClosedRange<Value>, unit: String? = nil) -> Kind {
        let shape = Shape.integer(Int(range.lowerBound)...Int(range.upperBound), unit: unit)
        return Kind(
            shape: shape,
            read: { tree, path, reading in
                guard case .number(let digits) = tree.content, let value = Value(digits),
                    range.contains(value)
                else { return reading.refuse(tree, at: path, allowed: shape) }
                return value
            },
            show: { .number($0) })
    }
}

extension Kind where Value == Interval {
    /// A length of time. The key says the unit, as every key of a measured value does.
    static func milliseconds(_ range: ClosedRange<Int64>) -> Kind {
        Kind<Int64>.integer(range, unit: "milliseconds").mapped(Interval.milliseconds) {
            $0.wholeMilliseconds
        }
    }

    static func microseconds(_ range: ClosedRange<Int64>) -> Kind {
        Kind<Int64>.integer(range, unit: "microseconds").mapped(Interval.microseconds) {
            $0.nanoseconds / 1_000
        }
    }

    static func seconds(_ range: ClosedRange<Int64>) -> Kind {
        Kind<Int64>.integer(range, unit: "seconds").mapped(Interval.seconds) { $0.wholeMilliseconds / 1_000 }
    }
}

extension Kind where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
    static var choice: Kind {
        .words(Value.allCases.map { ($0.rawValue, $0) }) { $0.rawValue }
    }
}

extension Kind {
    /// One of some words, each standing for a value.
    static func words(
        _ words: [(String, Value)], word: @escaping @Sendable (Value) -> String
    ) -> Kind {
        let shape = Shape.choice(words.map(\.0))
        return Kind(
            shape: shape,
            read: { tree, path, reading in
                guard case .string(let found) = tree.content,
                    let match = words.first(where: { $0.0 == found })
                else { return reading.refuse(tree, at: path, allowed: shape) }
                return match.1
            },
            show: { .string(word($0)) })
    }

    /// A string in a form of its own.
    static func text(
        _ form: TextForm, read: @escaping @Sendable (String) -> Value?,
        show: @escaping @Sendable (Value) -> String
    ) -> Kind {
        let shape = Shape.text(form)
        return Kind(
            shape: shape,
            read: { tree, path, reading in
                guard case .string(let found) = tree.content, let value = read(found)
                else { return reading.refuse(tree, at: path, allowed: shape) }
                return value
            },
            show: { .string(show($0)) })
    }

    /// Another type for the same values in the file.
    private func mapped<Other: Sendable>(
        _ forth: @escaping @Sendable (Value) -> Other, _ back: @escaping @Sendable (Other) -> Value
    ) -> Kind<Other> {
        Kind<Other>(
            shape: shape,
            read: { tree, path, reading in read(tree, path, &reading).map(forth) },
            show: { show(back($0)) })
    }

    static func list<Element>(of kind: Kind<Element>, count: ClosedRange<Int>) -> Kind
    where Value == [Element] {
        let shape = Shape.list(of: kind.shape, count: count)
        return Kind(
            shape: shape,
            read: { tree, path, reading in
                guard case .array(let elements) = tree.content, count.contains(elements.count)
                else { return reading.refuse(tree, at: path, allowed: shape) }
                let values = elements.enumerated().map { index, element -> Element? in
                    let place = "\(path)[\(index)]"
                    reading.note(element, at: place)
                    return kind.read(element, place, &reading)
                }
                return values.contains { $0 == nil } ? nil : values.compactMap { $0 }
            },
            show: { .array($0.map(kind.show)) })
    }
}

extension Kind where Value: SettingsObject {
    static var object: Kind {
        Kind(shape: .object(Value.schema.shape), read: Value.schema.read, show: Value.schema.show)
    }
}

extension Kind where Value == String {
    /// A name that can stand in a host name, a metric's label and a file's name without quoting.
    static var name: Kind {
        let form = TextForm(
            name: "1 to 63 of a-z, 0-9 and -, starting and ending with a letter or a digit",
            pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
        return .text(form, read: { isName($0) ? $0 : nil }, show: { $0 })
    }

    /// The path of a file. It must be absolute, since a daemon's working directory is nobody's choice.
    static var absolutePath: Kind {
        // The kernel takes paths of at most 4,096 bytes with the NUL at their end.
        let longest = 4095
        let form = TextForm(name: "an absolute path", pattern: "^/[^\\u0000]+$")
        return .text(
            form,
            read: { path in
                let bytes = path.utf8
                return bytes.first == UInt8(ascii: "/") && (2...longest).contains(bytes.count)
                    && !bytes.contains(0)
                    ? path : nil
            }, show: { $0 })
    }
}

extension Kind where Value == IPAddress {
    static var address: Kind {
        .text(
            TextForm(name: "an IPv4 or IPv6 address, written as a literal", pattern: "^[0-9a-fA-F:.]+$"),
            read: { IPAddress($0) }, show: { $0.description })
    }
}

private func isName(_ text: String) -> Bool {
    let hyphen = UInt8(ascii: "-")
    let bytes = text.utf8
    guard (1...63).contains(bytes.count), bytes.first != hyphen, bytes.last != hyphen else { return false }
    return bytes.allSatisfy { byte in
        byte == hyphen || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
