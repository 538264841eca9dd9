// Rows of words as a table for people: each column is as wide as its widest word.

/// The first row says what the columns are: so many of them begin at the left, the others end at the right.
func aligned(_ rows: [[String]], left: Int) -> [String] {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
        let line = row.enumerated().map { column, text in
            let padding = String(repeating: " ", count: widths[column] - text.count)
            return column < left ? text + padding : padding + text
        }.joined(separator: "  ")
        let end = line.lastIndex { $0 != " " }.map { line.index(after: $0) } ?? line.startIndex
        return String(line[..<end])
    }
}
