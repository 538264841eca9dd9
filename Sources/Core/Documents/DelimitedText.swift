// Tables as text, one row a line: fields between commas (or tabs), quoted where they hold one, as RFC 4180 has it.

/// Reads rows one after the other. A field in quotes may hold separators, line breaks, and quotes written twice.
public struct DelimitedText {
    private let bytes: [UInt8]
    private let separator: UInt8
    private var at = 0
    /// The line on which the last row began, from 1.
    public private(set) var line = 0
    private var nextLine = 1

    public init(_ bytes: [UInt8], separator: UInt8 = UInt8(ascii: ",")) {
        self.bytes = bytes
        self.separator = separator
        // A mark of UTF-8 that spreadsheets write, and nobody means.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
    }

    /// The next row's fields, nil at the end; empty lines are passed over.
    public mutating func next() throws(DelimitedTextError) -> [String]? {
        while at < bytes.count, bytes[at] == UInt8(ascii: "\n") || bytes[at] == UInt8(ascii: "\r") {
            if bytes[at] == UInt8(ascii: "\n") { nextLine += 1 }
            at += 1
        }
        guard at < bytes.count else { return nil }
        line = nextLine
        var fields: [String] = []
        while true {
            fields.append(try field())
            if at < bytes.count, bytes[at] == separator {
                at += 1
                continue
            }
            if at < bytes.count, bytes[at] == UInt8(ascii: "\r") { at += 1 }
            if at < bytes.count, bytes[at] == UInt8(ascii: "\n") {
                at += 1
                nextLine += 1
            }
            return fields
        }
    }

    private mutating func field() throws(DelimitedTextError) -> String {
        guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else {
            let start = at
            while at < bytes.count, bytes[at] != separator, bytes[at] != UInt8(ascii: "\n"),
                bytes[at] != UInt8(ascii: "\r")
            {
                if bytes[at] == UInt8(ascii: "\"") { throw DelimitedTextError(nextLine, .strayQuote) }
                at += 1
            }
            return try text(bytes[start..<at])
        }
        at += 1
        var content: [UInt8] = []
        let began = nextLine
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            if byte == UInt8(ascii: "\"") {
                guard at < bytes.count, bytes[at] == byte else {
                    let isOver =
                        at == bytes.count || bytes[at] == separator || bytes[at] == UInt8(ascii: "\n")
                        || bytes[at] == UInt8(ascii: "\r")
                    guard isOver else { throw DelimitedTextError(nextLine, .strayQuote) }
                    return try text(content[...])
                }
                at += 1
            } else if byte == UInt8(ascii: "\n") {
                nextLine += 1
            }
            content.append(byte)
        }
        throw DelimitedTextError(began, .openQuote)
    }

    private func text(_ slice: ArraySlice<UInt8>) throws(DelimitedTextError) -> String {
        guard let text = String(validating: slice, as: UTF8.self) else {
            throw DelimitedTextError(nextLine, .notUTF8)
        }
        return text
    }
}

public struct DelimitedTextError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Reason: Sendable { case strayQuote, openQuote, notUTF8 }
    public let line: Int
    public let reason: Reason

    init(_ line: Int, _ reason: Reason) {
        self.line = line
        self.reason = reason
    }

    public var description: String {
        switch reason {
        case .strayQuote:
            "line \(line): found a quote inside a field; allowed: quotes around it, and each inside twice"
        case .openQuote: "line \(line): found a quote that is never closed"
        case .notUTF8: "line \(line): found bytes that are not UTF-8"
        }
    }
}
