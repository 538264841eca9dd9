// Lines of columns with tabs between them, which is how both files come. A last line without its end is what a writer was
// about to say when it was killed: it is left out.

/// Which line says what it should not.
public struct UnreadableLine: Error, Hashable, Sendable, CustomStringConvertible {
    public var line: Int
    public var problem: String

    public var description: String { "line \(line): \(problem)" }
}

struct TabbedLine {
    let number: Int
    let columns: [String]

    func text(_ column: Int, _ name: String) throws(UnreadableLine) -> String {
        guard column < columns.count, !columns[column].isEmpty else {
            throw refusal("column \(column + 1), \(name), is not there")
        }
        return columns[column]
    }

    func number<Number: FixedWidthInteger>(
        _ column: Int, _ name: String, _ type: Number.Type
    ) throws(UnreadableLine) -> Number {
        let text = try text(column, name)
        guard let number = Number(text) else {
            throw refusal("column \(column + 1), \(name), is '\(text)' and no number of its range")
        }
        return number
    }

    func refusal(_ problem: String) -> UnreadableLine { UnreadableLine(line: number, problem: problem) }
}

enum TabbedLines {
    private static let newline = UInt8(ascii: "\n")
    private static let tab = UInt8(ascii: "\t")

    static func read(
        _ bytes: [UInt8], _ body: (TabbedLine) throws(UnreadableLine) -> Void
    ) throws(UnreadableLine) {
        let end = bytes.lastIndex(of: newline) ?? bytes.startIndex
        for (index, line) in bytes[..<end].split(separator: newline, omittingEmptySubsequences: false)
            .enumerated()
        where !line.isEmpty {
            let columns = line.split(separator: tab, omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
            try body(TabbedLine(number: index + 1, columns: columns))
        }
    }
}
