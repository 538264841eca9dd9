// A runbook: one page of Markdown with a fixed structure, whose blocks of shell are steps that a program can run.

public struct Runbook: Sendable {
    /// A block of shell, with what the page says before it.
    public struct Step: Sendable {
        public let section: String
        public let saying: String
        public let script: String
        public let line: Int
        public let scan: ShellScan
    }

    public struct Link: Sendable {
        public let target: String
        public let line: Int
    }

    /// The sections of each, in their order.
    public static let sections = [
        "What it means", "Impact", "Check", "Decide", "Act", "Undo", "Escalate", "Afterwards",
    ]

    /// Its file's name without the ending.
    public let name: String
    public private(set) var title = ""
    /// Each second heading with its line, as the page has them.
    public private(set) var headings: [(text: String, line: Int)] = []
    public private(set) var steps: [Step] = []
    public private(set) var links: [Link] = []
    public let text: String

    /// Alerts' runbooks have the alert's name; procedures are written small.
    public var isForAlert: Bool { name.utf8.first.map { (65...90).contains($0) } ?? false }

    public init(_ name: String, _ text: String) {
        self.name = name
        self.text = text
        var saying: [Substring] = []
        var isSaid = false
        var block: (script: [Substring], line: Int)?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix("```") {
                if let whole = block {
                    let script = whole.script.joined(separator: "\n")
                    steps.append(
                        Step(
                            section: headings.last?.text ?? "", saying: saying.joined(separator: " "),
                            script: script,
                            line: whole.line, scan: ShellScan(script)))
                    block = nil
                    saying = []
                } else {
                    block = ([], index + 2)
                }
            } else if block != nil {
                block?.script.append(line)
            } else if line.hasPrefix("## ") {
                headings.append((String(line.dropFirst(3)), index + 1))
                saying = []
            } else if line.hasPrefix("# "), title.isEmpty {
                title = String(line.dropFirst(2))
            } else if line.isEmpty {
                isSaid = true
            } else {
                if isSaid { saying = [] }
                isSaid = false
                saying.append(line)
            }
            if block == nil { links += Self.links(in: line, index + 1) }
        }
    }

    /// What its steps ask Prometheus, with the line of the step.
    public var queries: [(text: String, line: Int)] {
        steps.flatMap { step in
            step.scan.commands.compactMap { words in
                guard words.count > 4, words.prefix(3).map(\.text) == ["promtool", "query", "instant"] else {
                    return nil
                }
                return (words[4].text, step.line)
            }
        }
    }

    /// The first paragraph of the page.
    public var opening: String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let body = lines.drop { $0.isEmpty || $0.hasPrefix("#") }
        return body.prefix { !$0.isEmpty }.joined(separator: " ")
    }

    /// The targets of `[text](target)`.
    private static func links(in line: Substring, _ number: Int) -> [Link] {
        line.split(separator: "](", omittingEmptySubsequences: false).dropFirst().compactMap { part in
            guard let end = part.firstIndex(of: ")") else { return nil }
            return Link(target: String(part[..<end]), line: number)
        }
    }
}
