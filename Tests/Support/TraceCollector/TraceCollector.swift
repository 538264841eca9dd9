// The collector of collector.py as a process beside a test, which ends with it.
import Foundation
import Glibc

public struct TraceCollectorFailure: Error, CustomStringConvertible {
    public let description: String
}

/// Answers as it is told, and keeps what has come.
public final class TraceCollector {
    private static let script = URL(filePath: #filePath).deletingLastPathComponent().appending(
        path: "collector.py"
    ).path()
    /// The Python that has OpenTelemetry's classes: the one that `./dev test` makes, or the system's.
    public static let python: String? = [
        URL(filePath: #filePath).appending(path: "../../../../.build/python/bin/python3").standardized.path(),
        "/usr/bin/python3",
    ].first {
        let process = Process()
        process.executableURL = URL(filePath: $0)
        process.arguments = ["-c", "import opentelemetry.proto.collector.trace.v1.trace_service_pb2"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    public let port: UInt16
    private let folder: URL
    private let process = Process()

    /// - Parameter answers: in turn, the last one from there on.
    public init(_ answers: String...) throws {
        guard let python = Self.python else {
            throw TraceCollectorFailure(description: "no python3 has opentelemetry-proto")
        }
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "paceline-otlp-\(UUID().uuidString)")
        self.folder = folder
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        process.executableURL = URL(filePath: python)
        process.arguments = [Self.script, folder.path()] + answers
        try process.run()
        let end = Date().addingTimeInterval(20)
        func told() -> UInt16? {
            (try? String(contentsOf: folder.appending(path: "port"), encoding: .utf8)).flatMap { UInt16($0) }
        }
        var port = told()
        while port == nil, Date() < end {
            usleep(5_000)
            port = told()
        }
        guard let port else {
            kill(process.processIdentifier, SIGKILL)
            throw TraceCollectorFailure(description: "the collector does not start")
        }
        self.port = port
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        try? FileManager.default.removeItem(at: folder)
    }

    /// What has come so far.
    public var requests: [[String: Any]] {
        let lines = (try? String(contentsOf: folder.appending(path: "requests"), encoding: .utf8)) ?? ""
        return lines.split(separator: "\n").compactMap {
            try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
    }
}
