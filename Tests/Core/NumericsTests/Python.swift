// The programs beside the tests, run by a Python that has what they need.
import Foundation

enum Python {
    /// A python that finds mpmath: that of PATH or the distribution's.
    static let withMpmath: String? = ["python3", "/usr/bin/python3"].first { python in
        (try? start([python, "-c", "import mpmath"], input: nil).wait().status) == 0
    }

    /// What the program prints.
    static func run(_ program: String, _ arguments: [String], input: String = "") throws -> String {
        guard let python = withMpmath else { throw Missing() }
        let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: program).path()
        let file = FileManager.default.temporaryDirectory.appending(path: "paceline-\(UUID().uuidString)")
        try Data(input.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let end = try start(
            ["timeout", "3600", python, path] + arguments, input: FileHandle(forReadingFrom: file)
        ).wait()
        guard end.status == 0 else { throw Failed(program: program, status: end.status) }
        return end.output
    }

    struct Missing: Error {}

    struct Failed: Error {
        var program: String
        var status: Int32
    }

    private struct Running {
        var process: Process
        var pipe: Pipe

        func wait() throws -> (status: Int32, output: String) {
            let printed = try pipe.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            return (process.terminationStatus, String(decoding: printed, as: UTF8.self))
        }
    }

    private static func start(_ words: [String], input: FileHandle?) throws -> Running {
        let running = Running(process: Process(), pipe: Pipe())
        running.process.executableURL = URL(filePath: "/usr/bin/env")
        running.process.arguments = words
        running.process.standardInput = input ?? FileHandle.nullDevice
        running.process.standardOutput = running.pipe
        running.process.standardError = FileHandle.nullDevice
        try running.process.run()
        return running
    }
}
