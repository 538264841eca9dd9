// What readiness and `/v1/node` show of something on disk that was refused; the log has all of it.
import Commands

extension Failure {
    private static let shownLines = 4
    /// First lines say where to look.
    static let describedBytes = 1_024

    var lines: [String] { message.split(separator: "\n").map(String.init) }

    /// The first lines, and how many more there are.
    var shown: String {
        let lines = lines
        let rest = lines.count - Self.shownLines
        return lines.prefix(Self.shownLines).joined(separator: "; ") + (rest > 0 ? "; and \(rest) more" : "")
    }
}
