// Blocks of a runbook in bash, one process each: variables pass through a file, and what happens goes into a record.
import Commands
import Glibc
import Kernel
import Operations
import Units

struct RunbookShell {
    let record: String
    /// What passes from one block to the next.
    private let variables: [String]
    private var state = ""
    private var log: Descriptor?

    init(record: String, variables: Set<String>) {
        self.record = record
        self.variables = variables.sorted()
    }

    /// Whether bash takes a block. It reads it and runs nothing.
    static func parses(_ script: String) throws(Failure) -> Bool {
        try bash(["-n", "-c", script]) == 0
    }

    mutating func open(_ name: String) throws(Failure) {
        do {
            log = try Kernel.open(record, O_WRONLY | O_CREAT | O_APPEND, mode: 0o600)
        } catch {
            throw Failure("\(record): the record could not be opened, so nothing is run: \(error)")
        }
        // Beside the record, and only ours: values may be secrets. Bash looks for a name without a slash in PATH.
        state = "\(record.contains("/") ? "" : "./")\(record).variables"
        do {
            try Kernel.replace(state, with: [], mode: 0o600)
        } catch {
            throw Failure("\(error)")
        }
        note("runbook \(name)")
    }

    mutating func close() {
        guard let log else { return }
        Kernel.close(log)
        _ = Kernel.remove(state)
        self.log = nil
    }

    /// One line of the record, with its time.
    func note(_ text: String) {
        guard let log else { return }
        let bytes = Array("\(TimeText.utc(Kernel.wallNow())) \(text)\n".utf8)
        _ = bytes.withUnsafeBytes { Kernel.write(log, $0) }
    }

    func run(_ step: Runbook.Step, number: Int) throws(Failure) -> Int32 {
        note("step \(number), \(step.section)")
        for line in step.script.split(separator: "\n") { note("  \(line)") }
        // The block runs in a shell of its own, whose variables are kept even where it fails half way; what it prints is
        // seen and recorded.
        let script = """
            set -euo pipefail
            state=$1 record=$2; shift 2
            {
              source "$state"
              keep() { for name in "$@"; do [ -z "${!name+set}" ] || declare -p "$name"; done; }
              trap 'keep \(variables.joined(separator: " ")) > "$state"' EXIT
              \(step.script)
            } 2>&1 | tee -a "$record"
            """
        let status = try Self.bash(["-c", script, "runbook", state, record])
        note("step \(number) ended with \(status)")
        return status
    }

    private static func bash(_ arguments: [String]) throws(Failure) -> Int32 {
        do {
            return try Kernel.run("bash", arguments)
        } catch {
            throw Failure("bash could not be started: \(error)")
        }
    }
}
