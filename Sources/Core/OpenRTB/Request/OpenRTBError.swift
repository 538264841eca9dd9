// A refusal as the sender of a request reads it: where, what was found there, what is allowed. Made only when
// something is refused, from the bytes and the offset, so that accepting a request never pays for it.
internal import JSON

/// Why a request was refused.
public struct OpenRTBError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where in the request, as in `imp[2].video.mimes`; empty for the request as a whole.
    public var path: String
    public var found: String
    public var allowed: String
    /// In bytes from the start of the request.
    public var offset: Int

    public var description: String {
        "\(path.isEmpty ? "the request" : path): found \(found); allowed \(allowed)"
    }
}

extension OpenRTBError {
    /// What is said of values and keys is cut off here: an error is a line, whatever the sender wrote.
    private static let longestQuote = 40

    /// The request is no JSON.
    init(_ error: JSONError) {
        self.init(
            path: "", found: "\(error)", allowed: "one JSON object in UTF-8", offset: error.offset)
    }

    init(_ refused: Refused, in root: JSONValue) {
        var path = ""
        let value = Self.value(at: refused.offset, from: root, &path)
        if let missing = refused.missing { path += path.isEmpty ? "\(missing)" : ".\(missing)" }
        let found =
            switch refused.found {
            case .value: Self.description(of: value)
            case .nothing: "nothing"
            case .words(let words): "\(words)"
            case .json(let error): "\(error)"
            }
        self.init(path: path, found: found, allowed: "\(refused.allowed)", offset: refused.offset)
    }

    /// The value that stands at the offset, and the way to it.
    @_lifetime(copy root)
    private static func value(at offset: Int, from root: JSONValue, _ path: inout String) -> JSONValue {
        var value = root
        while value.offset < offset, let inner = child(of: value, holding: offset, &path) { value = inner }
        return value
    }

    @_lifetime(copy value)
    private static func child(of value: JSONValue, holding offset: Int, _ path: inout String) -> JSONValue? {
        if var fields = try? value.object() {
            while let field = fields.next() {
                guard holds(field.value, offset) else { continue }
                let key = field.key.string.copy()
                let isPlain = key.utf8.allSatisfy {
                    $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A || $0 == 0x5F || $0 &- 0x30 < 10
                }
                if isPlain {
                    path += path.isEmpty ? quote(key) : ".\(quote(key))"
                } else {
                    path += "[\"\(quote(key))\"]"
                }
                return field.value
            }
        } else if var elements = try? value.array() {
            var index = 0
            while let element = elements.next() {
                if holds(element, offset) {
                    path += "[\(index)]"
                    return element
                }
                index += 1
            }
        }
        return nil
    }

    private static func holds(_ value: JSONValue, _ offset: Int) -> Bool {
        value.offset <= offset && offset < value.offset + value.raw.byteCount
    }

    private static func description(of value: JSONValue) -> String {
        switch value.kind {
        case .object: "an object"
        case .array:
            if var elements = try? value.array(), elements.next() == nil {
                "an empty array"
            } else {
                "an array"
            }
        case .string:
            if let string = try? value.string() {
                "the string \"\(quote(string.copy()))\""
            } else {
                "a string"
            }
        case .number: "the number \(quote(text(of: value)))"
        case .bool: (try? value.bool()) == true ? "true" : "false"
        case .null: "null"
        }
    }

    private static func text(of value: JSONValue) -> String {
        unsafe value.raw.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// The text on one line and no longer than an error can bear.
    private static func quote(_ text: String) -> String {
        var quoted = ""
        for scalar in text.unicodeScalars {
            if quoted.unicodeScalars.count >= longestQuote { return quoted + "…" }
            let isVisible = scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
            quoted.unicodeScalars.append(isVisible ? scalar : "\u{FFFD}")
        }
        return quoted
    }
}
