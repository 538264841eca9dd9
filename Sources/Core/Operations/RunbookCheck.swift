// What must hold of runbooks, as far as their texts say: the structure, one for each alert, words that are set before they
// are used, programs that are known, commands of ours that parse, links that lead somewhere.

public struct RunbookCheck {
    public struct Problem: Hashable, Sendable, CustomStringConvertible {
        public let name: String
        public let line: Int?
        public let what: String

        public init(name: String, line: Int?, what: String) {
            self.name = name
            self.line = line
            self.what = what
        }

        public var description: String { "\(name).md\(line.map { ":\($0)" } ?? ""): \(what)" }
    }

    private let alerts: [String]
    /// Why our own command line does not take these words; nil where it does.
    private let refusal: ([String]) -> String?
    /// Whether a path is there, from where the runbooks are.
    private let exists: (String) -> Bool

    public init(
        alerts: [String], refusal: @escaping ([String]) -> String?, exists: @escaping (String) -> Bool
    ) {
        self.alerts = alerts
        self.refusal = refusal
        self.exists = exists
    }

    public func problems(of runbooks: [Runbook]) -> [Problem] {
        var found: [Problem] = []
        for alert in alerts where !runbooks.contains(where: { $0.name == alert }) {
            found.append(Problem(name: alert, line: nil, what: "the alert has no runbook"))
        }
        for runbook in runbooks {
            if runbook.isForAlert, !alerts.contains(runbook.name) {
                found.append(Problem(name: runbook.name, line: nil, what: "there is no such alert"))
            }
            structure(runbook, &found)
            var known: Set<String> = []
            for step in runbook.steps { look(at: step, of: runbook.name, &known, &found) }
        }
        return found
    }

    private func structure(_ runbook: Runbook, _ found: inout [Problem]) {
        func refuse(_ line: Int?, _ what: String) {
            found.append(Problem(name: runbook.name, line: line, what: what))
        }
        if runbook.isForAlert, runbook.title != runbook.name { refuse(1, "its title is not \(runbook.name)") }
        if runbook.headings.map(\.text) != Runbook.sections {
            refuse(nil, "its sections are not: \(Runbook.sections.joined(separator: ", "))")
        }
        for section in ["Check", "Act"] where !runbook.steps.contains(where: { $0.section == section }) {
            refuse(nil, "nothing can be run under \(section)")
        }
        for (index, line) in runbook.text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            for word in Self.undone where line.contains(word) {
                refuse(index + 1, "\(word) is not done")
            }
        }
        for link in runbook.links
        where !link.target.contains("://") && !exists(String(link.target.prefix { $0 != "#" })) {
            refuse(link.line, "\(link.target) is not there")
        }
    }

    private func look(
        at step: Runbook.Step, of name: String, _ known: inout Set<String>, _ found: inout [Problem]
    ) {
        func refuse(_ what: String) { found.append(Problem(name: name, line: step.line, what: what)) }
        if step.saying.isEmpty { refuse("no sentence says what this block does") }
        if step.script.contains("<<") {
            refuse("a here-document cannot be looked into; write to a file by printf")
        }
        for variable in step.scan.needed where !known.contains(variable) {
            refuse("$\(variable) is used before a command has found it")
        }
        known.formUnion(step.scan.assigned)
        for command in step.scan.commands { look(at: command[...], refuse) }
    }

    private func look(at command: ArraySlice<ShellScan.Word>, _ refuse: (String) -> Void) {
        guard let first = command.first, !first.isOpen else { return }
        switch first.text {
        case "sudo": look(at: command.dropFirst(), refuse)
        case "ssh":
            let remote = command.dropFirst().drop { $0.text.hasPrefix("-") }.dropFirst()
            guard let script = remote.first, remote.count == 1 else { return look(at: remote, refuse) }
            for one in ShellScan(script.text).commands { look(at: one[...], refuse) }
        case "paceline":
            if let why = Self.refusal(of: Array(command.dropFirst()), refusal) { refuse(why) }
        default:
            if !Self.programs.contains(first.text) { refuse("\(first.text) is no program that runbooks use") }
        }
    }

    /// What only a shell knows is tried with a value of each kind that our parameters take.
    static func refusal(of words: [ShellScan.Word], _ refusal: ([String]) -> String?) -> String? {
        let samples = ["http://127.0.0.1:9900", "1", "00000000000000a1", "2026-11-20T18:00:00Z"]
        let open = words.indices.filter { words[$0].isOpen }
        var said: String?
        // Four are at most in one command; beyond, the first four vary and the rest are a number.
        let varied = open.prefix(4)
        for number in 0..<Int(samples.count.power(varied.count)) {
            var rest = number
            var tried = words.map { $0.isOpen ? samples[1] : $0.text }
            for index in varied {
                tried[index] = samples[rest % samples.count]
                rest /= samples.count
            }
            guard let why = refusal(tried) else { return nil }
            said = said ?? why
        }
        return said
    }

    /// Words of what is left for later; put together here, as no source of ours may have them either.
    private static let undone = ["TO" + "DO", "FIX" + "ME", "TBD"]

    /// What a host of the fleet or an operator's machine has, and what every shell has.
    private static let programs: Set<String> = [
        "amtool", "awk", "cat", "cd", "chronyc", "cp", "curl", "cut", "date", "df", "diff", "dig", "echo",
        "etcdctl",
        "exit", "false",
        "find", "git", "grep", "head", "install", "jq", "journalctl", "ls", "mkdir", "mktemp", "mv",
        "deploy", "nix", "nixos-rebuild",
        "openssl", "pg_dump", "pg_restore", "printf", "promtool", "psql", "read", "rm", "rsync", "sed", "seq",
        "set",
        "sha256sum", "shift", "sleep", "sort", "systemctl", "tail", "tar", "tee", "terraform", "test",
        "timeout", "tr",
        "true", "uniq", "wc", "xargs", "[", ":",
    ]
}

extension Int {
    fileprivate func power(_ exponent: Int) -> Int {
        (0..<exponent).reduce(1) { product, _ in product * self }
    }
}
