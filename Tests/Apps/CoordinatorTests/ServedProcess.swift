// A daemon of ours that a test has started, as seen from outside.
import Foundation
import Glibc

protocol ServedProcess: AnyObject {
    var process: Process { get }
    var admin: UInt16 { get }
}

extension ServedProcess {
    var isRunning: Bool { process.isRunning }

    func kill(_ signal: Int32) {
        guard process.isRunning else { return }
        Glibc.kill(process.processIdentifier, signal)
    }

    func end() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Nil where it does not answer, or has no such metric.
    func metric(_ name: String) -> Double? {
        let line = ask(admin, "GET /metrics")?.body.split(whereSeparator: \.isNewline)
            .first { $0.hasPrefix(name + " ") }
        return line.flatMap { Double($0.dropFirst(name.count + 1)) }
    }
}
