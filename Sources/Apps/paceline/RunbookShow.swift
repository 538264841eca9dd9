// `paceline runbook list` and `runbook show`: which there are, and what one says.
import Commands
import Operations

enum RunbookShow {
    static let list = Command(
        "list", "Lists the runbooks.",
        discussion: "Those of alerts first, then procedures, each with what it is about.",
        parameters: [RunbookFiles.directory],
        examples: [
            Example("paceline runbook list", "All of them.")
        ],
        run: { call, output throws(Failure) in
            for runbook in try RunbookFiles.all(in: call[RunbookFiles.directory]) {
                let name = runbook.name + String(repeating: " ", count: max(25 - runbook.name.count, 0))
                output.print("\(name) \(runbook.steps.count) steps  \(runbook.opening)")
            }
            return .ok
        })

    static let show = Command(
        "show", "Shows a runbook, its steps numbered.",
        parameters: [RunbookFiles.name, RunbookFiles.directory],
        examples: [
            Example("paceline runbook show NodeDown", "As it is read at night.", prints: "# NodeDown")
        ],
        run: { call, output throws(Failure) in
            let runbook = try RunbookFiles.named(call[RunbookFiles.name], in: call[RunbookFiles.directory])
            var next = 0
            for (index, line) in runbook.text.split(separator: "\n", omittingEmptySubsequences: false)
                .enumerated()
            {
                if next < runbook.steps.count, index + 2 == runbook.steps[next].line {
                    next += 1
                    output.print("Step \(next):")
                }
                output.print(String(line))
            }
            return .ok
        })
}
