// The measurements that need a fleet of processes: processes.py starts the one of Tests/Faults, and prints its samples.
import BenchKit
import Foundation
import Rig

struct Processes: Decodable {
    /// Milliseconds.
    let switches: [Double]
    /// Seconds.
    let grants: [Double]
    /// Microseconds, in pairs.
    let normal: [Double]
    let away: [Double]

    static func measured() throws -> Processes {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "processes.py")
            .path()
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["setpriv", "--pdeathsig", "TERM", "--", "python3", script, try sibling("load")]
        process.standardOutput = output
        try process.run()
        let printed = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Impossible("processes.py ended with \(process.terminationStatus)")
        }
        return try JSONDecoder().decode(Processes.self, from: printed)
    }
}
