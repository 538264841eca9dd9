// The help page of a command, from its declaration.

extension Command {
    /// Lines are at most this wide, so that they fit a terminal that nobody made larger.
    private static var width: Int { 80 }

    /// The page that `--help` prints. `path` leads to this command: `paceline json check`.
    func help(path: String, isProgram: Bool) -> String {
        var page = "\(path): \(summary)\n"
        page += section("USAGE", usage(path: path))
        if !discussion.isEmpty { page += "\n" + paragraphs(discussion) }
        page += section("SUBCOMMANDS", table(subcommands.map { ($0.name, $0.summary) }))
        page += section("ARGUMENTS", table(arguments.map { ($0.usage, $0.explanation) }))
        var rows = options.map { ($0.usage, $0.explanation) }
        rows.append(("-h, --help", "Print this page."))
        if isProgram { rows.append(("--version", "Print the version.")) }
        page += section("OPTIONS", table(rows))
        page += section("EXAMPLES", examples.flatMap(lines))
        return page
    }

    /// The form of a call, on as many lines as it takes.
    private func usage(path: String) -> [String] {
        var parts = ["SUBCOMMAND"]
        if case .leaf = body {
            parts =
                (options + arguments).map { $0.isRequired ? $0.usage : "[\($0.usage)]" }
        }
        return columns(path, packed(parts, to: Self.width - path.count - 3), at: path.count + 3)
    }

    private func section(_ title: String, _ lines: [String]) -> String {
        lines.isEmpty ? "" : "\n\(title)\n" + lines.joined(separator: "\n") + "\n"
    }

    private func table(_ rows: [(String, String)]) -> [String] {
        let column = (rows.map(\.0.count).max() ?? 0) + 4
        return rows.flatMap { left, right in
            columns(left, wrapped(right, to: Self.width - column), at: column)
        }
    }

    /// A word, and lines that stand to the right of it.
    private func columns(_ left: String, _ lines: [String], at column: Int) -> [String] {
        lines.enumerated().map { index, line in
            let margin = index == 0 ? "  \(left)" : ""
            return margin + String(repeating: " ", count: column - margin.count) + line
        }
    }

    private func lines(_ example: Example) -> [String] {
        let end = example.outcome == .ok ? "" : " (Exits with \(example.outcome.rawValue).)"
        let told = wrapped(example.summary + end, to: Self.width - 4).map { "  # \($0)" }
        return told + ["  \(example.line)"] + (example.prints.map { ["  → \($0)"] } ?? [])
    }

    private func paragraphs(_ text: String) -> String {
        text.split(separator: "\n\n").map {
            wrapped(String($0), to: Self.width).joined(separator: "\n") + "\n"
        }
        .joined(separator: "\n")
    }
}

extension ParameterShape {
    /// As it stands in a usage line: `--schema DAEMON`, `FILE...`.
    var usage: String {
        let value = placeholder.isEmpty || role == .argument ? "" : " \(placeholder)"
        return spelling + value + (repeats ? "..." : "")
    }

    var explanation: String {
        var text = summary
        if case .words(let words) = completion { text += " One of: \(words.joined(separator: ", "))." }
        if let defaultWord { text += " Default: \(defaultWord)." }
        return text
    }
}

/// Text broken at spaces into lines of at most `width` characters.
private func wrapped(_ text: String, to width: Int) -> [String] {
    packed(text.split(whereSeparator: \.isWhitespace).map(String.init), to: width)
}

/// Parts put on lines of at most `width` characters; a longer part stands alone, and there is always a line.
private func packed(_ parts: [String], to width: Int) -> [String] {
    var lines = [""]
    for part in parts {
        let line = lines[lines.count - 1]
        if line.isEmpty || line.count + 1 + part.count <= width {
            lines[lines.count - 1] += (line.isEmpty ? "" : " ") + part
        } else {
            lines.append(part)
        }
    }
    return lines
}
