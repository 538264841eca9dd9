// Turns byte offsets of a text into the lines and columns that an editor shows.

package struct LineIndex: Sendable {
    /// The offset at which each line starts.
    private let starts: [Int]

    package init(_ bytes: [UInt8]) {
        let newline = UInt8(ascii: "\n")
        starts = [0] + bytes.indices.filter { bytes[$0] == newline }.map { $0 + 1 }
    }

    /// Both from 1, the column in bytes.
    package func place(of offset: Int) -> (line: Int, column: Int) {
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= offset { low = middle } else { high = middle }
        }
        return (low + 1, offset - starts[low] + 1)
    }
}
