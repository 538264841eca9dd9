// `paceline runbook run`: the steps of a runbook, one by one, each after a yes; what was run and printed is recorded.
import Commands
import Kernel
import Operations

enum RunbookRun {
    static let step = Parameter.option("step", .integer(1...200), "Only this step.")
    static let dry = Parameter.flag("dry-run", "Print what would run, and run nothing.")
    static let record = Parameter.option(
        "record", WordKind.file, "Where the record goes; else a new file in this directory, which is named.")

    static let command = Command(
        "run", "Runs a runbook, step by step.",
        discussion: """
            Before each step its block is shown, and a line is read: y runs it, s skips it, anything else and the
            end of input stop. Blocks run in bash with -e -u -o pipefail; variables in capitals pass from one to
            the next. A step that fails is said, and the next one is asked about all the same. The record has
            every block that was run, when, what it printed and how it ended. Exits with 1 where a step failed.
            """,
        parameters: [RunbookFiles.name, RunbookFiles.directory, step, dry, record],
        examples: [
            Example(
                "paceline runbook run NodeDown --dry-run", "What would run.",
                prints: "Step 1 of 6, Check: Which ones, by Prometheus:"),
            Example(
                "echo no | paceline runbook run NodeDown --record kept.log", "Nobody said yes.",
                prints: "Step 1 of 6, Check: Which ones, by Prometheus:"),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let runbook = try RunbookFiles.named(call[RunbookFiles.name], in: call[RunbookFiles.directory])
        let count = runbook.steps.count
        if let only = call[step], only > count {
            throw Failure("\(runbook.name) has \(count) steps, and --step says \(only)")
        }
        let chosen = call[step].map { $0 - 1..<$0 } ?? 0..<count
        let stamp = TimeText.utc(Kernel.wallNow()).prefix(19).filter { $0 != ":" && $0 != "-" }
        var shell = RunbookShell(
            record: call[record] ?? "runbook-\(runbook.name)-\(stamp)Z.log",
            variables: runbook.steps.reduce(into: Set<String>()) { $0.formUnion($1.scan.assigned) })
        if !call[dry] { try shell.open(runbook.name) }
        defer { shell.close() }
        var outcome = Outcome.ok
        for index in chosen {
            let step = runbook.steps[index]
            output.print("Step \(index + 1) of \(count), \(step.section): \(step.saying)")
            for line in step.script.split(separator: "\n") { output.print("  \(line)") }
            if call[dry] { continue }
            output.write("Run it? [y/s/N] ")
            output.flush()
            switch Self.answer() {
            case "y", "yes":
                let status = try shell.run(step, number: index + 1)
                output.print("Step \(index + 1) ended with \(status).")
                if status != 0 { outcome = .failed }
            case "s", "skip":
                shell.note("step \(index + 1) was skipped")
                output.print("Skipped.")
            default:
                output.print("Stopped before step \(index + 1). The record is \(shell.record).")
                return outcome
            }
        }
        if !call[dry] { output.print("The record is \(shell.record).") }
        return outcome
    }

    /// One line of standard input, byte by byte, so that what follows is left to the steps themselves.
    private static func answer() -> String {
        var bytes: [UInt8] = []
        var one: [UInt8] = [0]
        while bytes.count < 80, one.withUnsafeMutableBytes({ Kernel.read(0, into: $0) }) == 1,
            one[0] != UInt8(ascii: "\n")
        {
            bytes.append(one[0])
        }
        return String(decoding: bytes, as: UTF8.self).lowercased()
    }
}
