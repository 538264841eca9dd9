// Models that the original libraries trained, each with rows and the raw scores that they gave for them.
import Foundation
import Synchronization

/// The libraries, from PyPI, in the virtual environment that `./dev test` makes, or wherever python3 has
/// them.
struct ModelOracle {
    /// How many models of each library the tests try. 560 in all.
    static let counts = ["lightgbm": 300, "xgboost": 180, "catboost": 80]
    /// Another one tries other models: PACELINE_MODEL_SEED.
    static let seed = ProcessInfo.processInfo.environment["PACELINE_MODEL_SEED"] ?? "20261127"

    static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        .standardized
    private static let scripts = root.appending(path: "Tests/Support/ModelOracle")

    static let python: String? = [root.appending(path: ".build/python/bin/python3").path(), "/usr/bin/env"]
        .first {
            FileManager.default.isExecutableFile(atPath: $0)
        }

    static func has(_ module: String) -> Bool { (try? run(["-c", "import \(module)"])) == 0 }

    static func run(_ arguments: [String]) throws -> Int32 {
        guard let python else { return 127 }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            ["timeout", "300"] + (python == "/usr/bin/env" ? ["python3"] : [python]) + arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    static let hasGraphs = ["onnx", "onnxruntime", "sklearn", "skl2onnx"].allSatisfy(has)

    /// The folder with the graphs that ONNX Runtime has evaluated.
    static func graphFolder() throws -> URL {
        let scripts = root.appending(path: "Tests/Support/GraphOracle")
        return try folder("graphs", scripts, ["--seed", seed])
    }

    static func calibratorFolder() throws -> URL {
        try folder("calibrators", root.appending(path: "Tests/Support/CalibratorOracle"), ["--seed", seed])
    }

    /// The folder with one library's cases.
    static func folder(_ library: String) throws -> URL {
        let count = counts[library, default: 0]
        return try folder("\(library)-\(count)", scripts, ["--seed", seed, "--\(library)", "\(count)"])
    }

    /// One for each folder: tests run beside each other and ask for the same, which only the first one makes.
    private static let locks = Mutex<[String: NSLock]>([:])

    /// What the scripts write. It is kept under what made it, as every run tries the same.
    private static func folder(_ name: String, _ scripts: URL, _ arguments: [String]) throws -> URL {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for name in try FileManager.default.contentsOfDirectory(atPath: scripts.path()).sorted()
        where name.hasSuffix(".py") {
            for byte in try Data(contentsOf: scripts.appending(path: name)) {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
            }
        }
        let folder = root.appending(path: ".build/models/\(name)-\(seed)-\(String(hash, radix: 16))")
        let lock = locks.withLock { locks in
            let lock = locks[folder.path()] ?? NSLock()
            locks[folder.path()] = lock
            return lock
        }
        lock.lock()
        defer { lock.unlock() }
        if FileManager.default.fileExists(atPath: folder.path()) { return folder }
        print("making \(name), seed \(seed)")
        let making = folder.appendingPathExtension("part-\(ProcessInfo.processInfo.processIdentifier)")
        let script = scripts.appending(path: "generate.py").path()
        let status = try run(["-W", "ignore", script, making.path()] + arguments)
        guard status == 0 else { throw OracleFailure(what: "\(script) ended with \(status)") }
        try FileManager.default.moveItem(at: making, to: folder)
        return folder
    }
}

struct OracleFailure: Error { let what: String }

/// One model with its rows.
struct OracleCase {
    let name: String
    let model: [UInt8]
    let parameters: String
    let rows: [[Double]]
    let scores: [[Double]]

    static func all(_ library: String) throws -> [OracleCase] {
        let folder = try ModelOracle.folder(library)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted()
        return try names.filter { !$0.hasSuffix(".rows") }.map { name in
            let base = name.split(separator: ".")[0]
            return try OracleCase(
                String(name), model: folder.appending(path: name),
                rows: folder.appending(path: "\(base).rows"))
        }
    }

    private init(_ name: String, model: URL, rows: URL) throws {
        self.name = name
        self.model = [UInt8](try Data(contentsOf: model))
        let lines = String(decoding: try Data(contentsOf: rows), as: UTF8.self).split(separator: "\n")
        parameters = String(lines[0])
        var (all, scores): ([[Double]], [[Double]]) = ([], [])
        for line in lines.dropFirst() {
            let halves = line.split(separator: "|").map { half in
                half.split(separator: " ").map { word in Double(word) ?? .signalingNaN }
            }
            all.append(halves[0])
            scores.append(halves[1])
        }
        (self.rows, self.scores) = (all, scores)
    }
}
