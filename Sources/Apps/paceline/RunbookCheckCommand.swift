// `paceline runbook check`: whether every alert has its runbook, and whether what stands in them could be run.
import Commands
import Documents
import Kernel
import Operations

enum RunbookCheckCommand {
    static let levels = Parameter.option(
        "slo", WordKind.file, default: "nixos/observability/slo.json",
        "The service levels whose alerts are meant.")
    static let rules = Parameter.option(
        "rules", WordKind.file, default: "nixos/observability/hosts.yml",
        "Prometheus' rules that are written by hand, whose alerts are meant too.")
    static let json = Parameter.json

    static let command = Command(
        "check", "Checks all runbooks.",
        discussion: """
            Every alert has its runbook and the other way round, all have the same sections, every link leads to
            a file, every variable is set before it is used, every program is one that runbooks may use. Our own
            commands are parsed by our own parser, and every block by bash -n, which must be there. Exits with 1
            where something is wrong.
            """,
        parameters: [RunbookFiles.directory, levels, rules, json],
        examples: [
            Example("paceline runbook check", "The repository's."),
            Example(
                "mkdir none; paceline runbook check --directory none", "No alert has one there.",
                outcome: .failed),
            Example(
                "echo '- alert: Lost' > rules.yml; paceline runbook check --rules rules.yml | head -n 1",
                "Yours have pages too.", prints: "runbooks/Lost.md: the alert has no runbook"),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let directory = call[RunbookFiles.directory]
        let runbooks = try RunbookFiles.all(in: directory)
        guard let levels = try SLOCheck.read(call[levels], json: call[json], &output) else { return .failed }
        let written = try alerts(in: call[rules])
        let check = RunbookCheck(
            alerts: levels.alerts + written, refusal: { Paceline.program.refusal(of: $0) },
            exists: { (try? Kernel.stamp(of: "\(directory)/\($0)")) != nil })
        var problems = check.problems(of: runbooks)
        for runbook in runbooks {
            for step in runbook.steps {
                if try RunbookShell.parses(step.script) { continue }
                problems.append(
                    .init(name: runbook.name, line: step.line, what: "bash does not take this block"))
            }
        }
        for problem in problems {
            if call[json] {
                output.print([
                    "runbook": .string(problem.name), "line": problem.line.map { .number($0) } ?? .null,
                    "problem": .string(problem.what),
                ])
            } else {
                output.print("\(directory)/\(problem)")
            }
        }
        guard problems.isEmpty else { return .failed }
        if !call[json] {
            let steps = runbooks.reduce(0) { $0 + $1.steps.count }
            output.print("\(directory): ok, \(runbooks.count) runbooks, \(steps) steps")
        }
        return .ok
    }

    /// The names of a file of rules, each once. It is not parsed: whether it holds rules, promtool says.
    private static func alerts(in path: String) throws(Failure) -> [String] {
        let text = String(decoding: try InputFile.read(path, limit: SLOCheck.limitBytes), as: UTF8.self)
        var found: [String] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(separator: " ")
            guard words.count == 3, words[0] == "-", words[1] == "alert:" else { continue }
            let name = String(words[2])
            if !found.contains(name) { found.append(name) }
        }
        return found
    }
}
