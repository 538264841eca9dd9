// From JSON to a model's tree. What the scanner accepts is JSON to the last byte.
import JSON
import Units

extension ModelValue {
    /// Reads a whole document.
    /// - Parameter singles: whether its numbers are Floats: a decimal is then rounded to the nearest Float once.
    init(json bytes: [UInt8], singles: Bool) throws(ModelRefused) {
        guard bytes.count <= JSONScratch.largestMaximumBytes else {
            throw ModelRefused(
                "", found: "\(bytes.count) bytes", allowed: "up to \(JSONScratch.largestMaximumBytes)")
        }
        do throws(JSONError) {
            var scratch = JSONScratch(maximumBytes: bytes.count)
            let document = try JSONDocument(bytes.span.raw, scratch: &scratch)
            try self.init(document.root, singles)
        } catch {
            let place = error.location(in: bytes.span.raw)
            throw ModelRefused(
                "line \(place.line), column \(place.column)", found: "\(error.reason)", allowed: "valid JSON")
        }
    }

    /// Recursion is bounded by the depth that a document may have.
    private init(_ value: JSONValue, _ singles: Bool) throws(JSONError) {
        let content: Content
        switch value.kind {
        case .object:
            var members: [(key: String, value: ModelValue)] = []
            var fields = try value.object()
            while let field = fields.next() {
                members.append((field.key.string.copy(), try ModelValue(field.value, singles)))
            }
            content = .object(members)
        case .array: content = try Self.list(value, singles)
        case .string: content = .text(try value.string().copy())
        case .number: content = .number(try Self.number(value, singles))
        case .bool: content = .flag(try value.bool())
        case .null: content = .null
        }
        self.init(content, at: value.offset)
    }

    private static func list(_ value: JSONValue, _ singles: Bool) throws(JSONError) -> Content {
        var values = try value.array()
        var numbers: [Double] = []
        var elements: [ModelValue] = []
        while let element = values.next() {
            switch element.kind {
            case .number where elements.isEmpty: numbers.append(try number(element, singles))
            case .bool where elements.isEmpty: numbers.append(try element.bool() ? 1 : 0)
            default:
                if !numbers.isEmpty {
                    // Numbers among other things: the place of each of them is the list's.
                    elements = numbers.map { ModelValue(.number($0), at: value.offset) }
                    numbers = []
                }
                elements.append(try ModelValue(element, singles))
            }
        }
        return elements.isEmpty && !numbers.isEmpty ? .numbers(numbers) : .array(elements)
    }

    private static func number(_ value: JSONValue, _ singles: Bool) throws(JSONError) -> Double {
        let double = try value.double()
        guard singles else { return double }
        // Whole numbers are places as well as values: they are rounded where they are used.
        if double == double.rounded(.towardZero), double.magnitude < 0x1p53 { return double }
        // A Double in the middle of two Floats may have been rounded to there: only the decimal itself can
        // tell.
        guard double.bitPattern & 0x1FFF_FFFF == 0x1000_0000 else { return Double(Float(double)) }
        let text = unsafe value.raw.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
        return Float(text).map(Double.init) ?? Double(Float(double))
    }
}
