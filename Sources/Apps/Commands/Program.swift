// A program: a tree of commands and its version, run against one command line.
import Glibc
import Kernel

public struct Program: Sendable {
    public let root: Command
    public let version: String

    public init(_ root: Command, version: String) {
        self.root = root
        self.version = version
    }

    /// Runs the command line of this process and ends it.
    public func main() -> Never {
        // A reader that went away is seen where the bytes are written; the signal would end the process
        // unexplained.
        signal(SIGPIPE, SIG_IGN)
        var output = Output(standardOutput: STDOUT_FILENO, standardError: STDERR_FILENO)
        exit(run(Array(CommandLine.arguments.dropFirst()), &output).rawValue)
    }

    public func run(_ words: [String], _ output: inout Output) -> Outcome {
        let outcome = answer(words, &output)
        output.flush()
        // Whoever closes the pipe has read enough (`… | head`): that is no failure of ours. A full disk is.
        guard let failure = output.failure, failure != .brokenPipe else { return outcome }
        output.complain("\(root.name): could not write to standard output: \(failure)")
        return .failed
    }

    /// Why these words after the program's name would not be understood; nil where they would. Nothing is run.
    public func refusal(of words: [String]) -> String? {
        do {
            _ = try root.parse(words)
            return nil
        } catch {
            return "\(error.path): \(error.message)"
        }
    }

    private func answer(_ words: [String], _ output: inout Output) -> Outcome {
        let request: Request
        do {
            request = try root.parse(words)
        } catch {
            return refuse(error.path, error.message, .usage, &output)
        }
        switch request {
        case .help(let command, let path):
            output.write(command.help(path: path, isProgram: path == root.name))
            return .ok
        case .version:
            output.print("\(root.name) \(version)")
            return .ok
        case .run(let call):
            guard case .leaf(let action) = call.command.body else {
                preconditionFailure("parsing ended at the group '\(call.path)'")
            }
            do {
                return try action(call, &output)
            } catch {
                return refuse(call.path, error.message, error.outcome, &output)
            }
        }
    }

    private func refuse(_ path: String, _ message: String, _ outcome: Outcome, _ output: inout Output)
        -> Outcome
    {
        output.complain("\(path): \(message)")
        if outcome == .usage { output.complain("See '\(path) --help'.") }
        return outcome
    }
}
