// A second opinion: RFC 8259 as a recursive reader over an array, in as few lines as it can be written. It
// shares nothing with the code under test.

struct Reference {
    private let bytes: [UInt8]
    private var at = 0
    private struct Wrong: Error {}

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    static func accepts(_ bytes: [UInt8], depth: Int = 64) -> Bool {
        // The standard library knows UTF-8.
        guard String(validating: bytes, as: UTF8.self) != nil else { return false }
        var reader = Reference(bytes)
        do {
            try reader.value(depth)
            return reader.at == bytes.count
        } catch {
            return false
        }
    }

    private func peek() -> Character { at < bytes.count ? Character(Unicode.Scalar(bytes[at])) : "\u{FF}" }
    private mutating func take(_ characters: String) -> Bool {
        guard at < bytes.count, characters.contains(peek()) else { return false }
        at += 1
        return true
    }
    private mutating func need(_ characters: String) throws { guard take(characters) else { throw Wrong() } }
    private mutating func space() {
        while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
    }

    private mutating func value(_ depth: Int) throws {
        space()
        if take("{") {
            guard depth > 0 else { throw Wrong() }
            space()
            if !take("}") {
                repeat {
                    space()
                    try string()
                    space()
                    try need(":")
                    try value(depth - 1)
                } while take(",")
                try need("}")
            }
        } else if take("[") {
            guard depth > 0 else { throw Wrong() }
            space()
            if !take("]") {
                repeat { try value(depth - 1) } while take(",")
                try need("]")
            }
        } else if peek() == "\"" {
            try string()
        } else if "-0123456789".contains(peek()) {
            _ = take("-")
            if !take("0") { try digits() }
            if take(".") { try digits() }
            if take("eE") {
                _ = take("+-")
                try digits()
            }
        } else {
            guard let word = ["true", "false", "null"].first(where: { bytes[at...].starts(with: $0.utf8) })
            else { throw Wrong() }
            at += word.utf8.count
        }
        space()
    }

    private mutating func digits() throws {
        try need("0123456789")
        while take("0123456789") {}
    }

    private mutating func string() throws {
        try need("\"")
        while !take("\"") {
            guard at < bytes.count, bytes[at] >= 0x20 else { throw Wrong() }
            at += 1
            guard bytes[at - 1] == 0x5C, !take("\"\\/bfnrt") else { continue }
            let unit = try codeUnit()
            guard !(0xDC00...0xDFFF).contains(unit) else { throw Wrong() }
            guard (0xD800...0xDBFF).contains(unit) else { continue }
            try need("\\")
            guard (0xDC00...0xDFFF).contains(try codeUnit()) else { throw Wrong() }
        }
    }

    private mutating func codeUnit() throws -> Int {
        try need("u")
        let start = at
        for _ in 0..<4 { try need("0123456789abcdefABCDEF") }
        return Int(String(decoding: bytes[start..<at], as: UTF8.self), radix: 16) ?? 0
    }
}
