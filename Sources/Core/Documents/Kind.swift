// The kinds of value that a document can hold. A kind reads a value and refuses what it does not allow, shows
// a value again, and describes itself for references and for editors.
package import Units

package struct Kind<Value: Sendable>: Sendable {
    package let shape: Shape
    /// The value, or nil after the reading was told why there is none.
    package let read: @Sendable (JSONTree, String, inout DocumentReading) -> Value?
    package let show: @Sendable (Value) -> JSONTree

    package init(
        shape: Shape, read: @escaping @Sendable (JSONTree, String, inout DocumentReading) -> Value?,
        show: @escaping @Sendable (Value) -> JSONTree
    ) {
        self.shape = shape
        self.read = read
        self.show = show
    }
}

extension Kind where Value: FixedWidthInteger {
    package static func integer(_ range: ClosedRange<Value>, unit: String? = nil) -> Kind {
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
    package static func milliseconds(_ range: ClosedRange<Int64>) -> Kind {
        Kind<Int64>.integer(range, unit: "milliseconds").mapped(Interval.milliseconds) {
            $0.wholeMilliseconds
        }
    }

    package static func microseconds(_ range: ClosedRange<Int64>) -> Kind {
        Kind<Int64>.integer(range, unit: "microseconds").mapped(Interval.microseconds) {
            $0.nanoseconds / 1_000
        }
    }

    package static func seconds(_ range: ClosedRange<Int64>) -> Kind {
        Kind<Int64>.integer(range, unit: "seconds").mapped(Interval.seconds) { $0.wholeMilliseconds / 1_000 }
    }
}

extension Kind where Value == Bool {
    package static var bool: Kind {
        Kind(
            shape: .bool,
            read: { tree, path, reading in
                guard case .bool(let value) = tree.content
                else { return reading.refuse(tree, at: path, allowed: .bool) }
                return value
            },
            show: { .bool($0) })
    }
}

extension Kind where Value == Micros {
    /// A decimal with at most six decimals, exact: it never passes through a Double.
    package static func decimal(_ range: ClosedRange<Micros>, unit: String? = nil) -> Kind {
        let shape = Shape.decimal(range, unit: unit)
        return Kind(
            shape: shape,
            read: { tree, path, reading in
                guard case .number(let digits) = tree.content, let value = try? Micros(decimal: digits),
                    range.contains(value)
                else { return reading.refuse(tree, at: path, allowed: shape) }
                return value
            },
            show: { JSONTree(.number($0.description)) })
    }
}

extension Kind where Value == Double {
    /// Any number of the range, as the nearest Double.
    package static func number(_ range: ClosedRange<Double>) -> Kind {
        let shape = Shape.number(range)
        return Kind(
            shape: shape,
            read: { tree, path, reading in
                guard case .number(let digits) = tree.content, let value = Double(digits),
                    range.contains(value)
                else { return reading.refuse(tree, at: path, allowed: shape) }
                return value
            },
            show: { JSONTree(.number("\($0)")) })
    }
}

extension Kind where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
    package static var choice: Kind {
        .words(Value.allCases.map { ($0.rawValue, $0) }) { $0.rawValue }
    }
}

extension Kind {
    /// One of some words, each standing for a value.
    package static func words(
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
    package static func text(
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
    package func mapped<Other: Sendable>(
        _ forth: @escaping @Sendable (Value) -> Other, _ back: @escaping @Sendable (Other) -> Value
    ) -> Kind<Other> {
        Kind<Other>(
            shape: shape,
            read: { tree, path, reading in read(tree, path, &reading).map(forth) },
            show: { show(back($0)) })
    }

    /// An object whose keys are data: each key of the form, each value of the kind.
    package static func map<Element>(
        keys: TextForm, isKey: @escaping @Sendable (String) -> Bool, of kind: Kind<Element>,
        count: ClosedRange<Int>
    ) -> Kind where Value == [String: Element] {
        let shape = Shape.map(keys: keys, of: kind.shape, count: count)
        return Kind(
            shape: shape,
            read: { tree, path, reading in
                guard case .object(let members) = tree.content, count.contains(members.count),
                    members.allSatisfy({ isKey($0.key) }), Set(members.map(\.key)).count == members.count
                else { return reading.refuse(tree, at: path, allowed: shape) }
                var found: [String: Element] = [:]
                for member in members {
                    let place = pathInside(path, member.step)
                    reading.note(member.value, at: place)
                    found[member.key] = kind.read(member.value, place, &reading)
                }
                return found.count == members.count ? found : nil
            },
            show: { map in
                .object(map.sorted { $0.key < $1.key }.map { .init($0.key, kind.show($0.value)) })
            })
    }

    package static func list<Element>(of kind: Kind<Element>, count: ClosedRange<Int>) -> Kind
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

extension Kind where Value: DocumentObject {
    package static var object: Kind {
        Kind(shape: .object(Value.schema.shape), read: Value.schema.read, show: Value.schema.show)
    }
}
