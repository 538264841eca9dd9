// A process of the bench's own on one core. It is ended by its id, and by the kernel should the bench die
// first.
import BenchKit
public import Foundation

/// Who runs where. The two never share a core, or one would be measured waiting for the other.
public enum Core: Int, Sendable {
    case server = 0
    case client = 1
}

public final class Child {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private let errors: Pipe
    public let name: String

    /// Starts `path` on a core, and on the other one too where it shares that with its peer. What it says on standard
    /// error is kept for the message of a failure.
    public init(_ path: String, _ arguments: [String], on core: Core, sharesOther: Bool = false) throws {
        guard ProcessInfo.processInfo.processorCount > Core.client.rawValue else {
            throw Impossible("the server and the client need a core each, and this machine has one")
        }
        Child.raiseFileLimit()
        name = URL(fileURLWithPath: path).lastPathComponent
        errors = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
        process.arguments =
            ["--pdeathsig", "KILL", "/usr/bin/taskset", "-c", sharesOther ? "0,1" : "\(core.rawValue)", path]
            + arguments
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors
        do { try process.run() } catch { throw Impossible("\(name) did not start: \(error)") }
    }

    public var pid: Int32 { process.processIdentifier }
    public var isRunning: Bool { process.isRunning }

    /// Waits for its end and gives all that it printed.
    public func wait() throws -> Data {
        let printed = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let status = process.terminationStatus
        guard process.terminationReason == .exit else {
            throw Impossible("\(name) was ended by signal \(status): \(complaint)")
        }
        guard status == 0 else { throw Impossible("\(name) ended with \(status): \(complaint)") }
        return printed
    }

    /// The first bytes of what it prints; nothing where it has ended.
    public func readSome() -> Data { output.fileHandleForReading.availableData }

    public func endInput() throws { try input.fileHandleForWriting.close() }

    /// Only for a child that has ended: before that it would wait.
    public var complaint: String {
        let said = try? errors.fileHandleForReading.readToEnd() ?? Data()
        return String(decoding: said ?? Data(), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Ends it at once: a server of a bench has nothing to save, and a drain would only take time.
    public func stop() {
        guard process.isRunning else { return }
        kill(pid, SIGKILL)
        process.waitUntilExit()
    }

    /// Children inherit it; 10,000 connections need more than the 1,024 files that a shell often allows.
    private static func raiseFileLimit() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// What the process holds in memory, in bytes.
    public func residentBytes() throws -> Double {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
            let kilobytes = Double(line.split(whereSeparator: \.isWhitespace)[1])
        else { throw Impossible("\(name) has no VmRSS in /proc/\(pid)/status") }
        return kilobytes * 1024
    }
}
