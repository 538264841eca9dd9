// The peers' process, which peers.py is: it trains the models once, and measures a peer when it is asked.
import BenchKit
import Foundation

final class Peers {
    private(set) var names: [String] = []
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var waiting = Data()

    init(_ folder: String) throws {
        let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let own = here.appendingPathComponent("../../../.build/python/bin/python3").standardized.path
        let hasOwn = FileManager.default.isExecutableFile(atPath: own)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            hasOwn ? own : "python3", "-W", "ignore", here.appendingPathComponent("peers.py").path, folder,
        ]
        process.standardInput = input
        process.standardOutput = output
        do { try process.run() } catch { throw Impossible("the peers did not start: \(error)") }
        while true {
            let line = try line()
            if line == "ready" { break }
            if line.hasPrefix("peer ") { names.append(String(line.dropFirst(5))) }
        }
    }

    /// Nanoseconds per row.
    func measure(_ peer: String, _ model: String, _ batch: Int) throws -> Double {
        input.fileHandleForWriting.write(Data("\(peer) \(model) \(batch)\n".utf8))
        let line = try line()
        guard let time = Double(line) else { throw Impossible("\(peer) said '\(line)'") }
        return time
    }

    private func line() throws -> String {
        while true {
            if let end = waiting.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: waiting[waiting.startIndex..<end], as: UTF8.self)
                waiting = Data(waiting[(end + 1)...])
                return line
            }
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else {
                throw Impossible("the peers ended; what they need is in `./dev help bench`")
            }
            waiting.append(more)
        }
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}
