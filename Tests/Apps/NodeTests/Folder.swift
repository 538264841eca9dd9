// A folder of its own for a test, with the certificates that it wants and a shell in it: how programs that
// nobody here wrote are run.
import Foundation
import TestCertificates

/// What a program did.
struct Outcome: Sendable {
    let status: Int32
    let output: String
    let errors: String
}

final class Folder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "paceline-node-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// Where the programs under test are: beside the test bundle.
    static let programs = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().path()

    /// Whether a program is installed.
    static func has(_ program: String) -> Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
            .contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
    }

    func path(_ name: String) -> String { url.appending(path: name).path() }

    /// Replaces the file at once, as whoever renews certificates should.
    @discardableResult
    func write(_ bytes: [UInt8], to name: String) throws -> String {
        try Data(bytes).write(to: url.appending(path: name), options: .atomic)
        return path(name)
    }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String { try write(Array(text.utf8), to: name) }

    func read(_ name: String) -> String {
        (try? Data(contentsOf: url.appending(path: name))).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Writes NAME.pem and NAME.key.
    func write(_ certificate: TestCertificate, as name: String) throws {
        try write(certificate.key, to: "\(name).key")
        try write(certificate.chain, to: "\(name).pem")
    }

    /// Runs lines in bash, in this folder, for at most so many seconds; then they are killed.
    func run(_ lines: String, seconds: Int = 120) async throws -> Outcome {
        let name = UUID().uuidString
        let status = try await start(["bash", "-c", lines], seconds: seconds, into: name).end()
        return Outcome(status: status, output: read("\(name).output"), errors: read("\(name).errors"))
    }

    /// Starts a program in this folder. What it prints goes to `name`.output and `name`.errors.
    func start(
        _ words: [String], seconds: Int, into name: String, environment more: [String: String] = [:]
    ) throws -> Running {
        let streams = try ["output", "errors"].map { ending in
            try write("", to: "\(name).\(ending)")
            return try FileHandle(forWritingTo: url.appending(path: "\(name).\(ending)"))
        }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        // Whatever becomes of the test, nothing of it runs on for long.
        process.arguments = ["timeout", "--signal=KILL", String(seconds)] + words
        process.currentDirectoryURL = url
        var environment = ProcessInfo.processInfo.environment
        environment["PATH"] = Folder.programs + ":" + (environment["PATH"] ?? "/usr/bin:/bin")
        environment["LC_ALL"] = "C.UTF-8"
        process.environment = environment.merging(more) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = streams[0]
        process.standardError = streams[1]
        return try Running(process)
    }
}

/// A program under way. Waiting for it holds no thread.
final class Running: @unchecked Sendable {
    // Process is only told what to do before it starts; afterwards it is asked, which any thread may do.
    private let process: Process
    private let ended: AsyncStream<Int32>

    fileprivate init(_ process: Process) throws {
        self.process = process
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        ended = stream
        process.terminationHandler = {
            continuation.yield(
                $0.terminationReason == .exit ? $0.terminationStatus : 128 + $0.terminationStatus)
            continuation.finish()
        }
        try process.run()
    }

    var isRunning: Bool { process.isRunning }

    /// The program itself, which runs below `timeout`.
    var pid: pid_t? {
        let above = process.processIdentifier
        let below = try? String(contentsOfFile: "/proc/\(above)/task/\(above)/children", encoding: .utf8)
        return below?.split(separator: " ").first.flatMap { pid_t($0) }
    }

    func signal(_ number: Int32) {
        if process.isRunning, let pid { kill(pid, number) }
    }

    /// Its status once it has ended. To be asked once.
    func end() async -> Int32 {
        for await status in ended { return status }
        return -1
    }
}
