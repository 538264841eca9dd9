// `bench [NAME] [--json] [--strict]`: runs one bench, or all in turn. Each is an executable beside this one,
// so that a bench may crash, or need another language, without taking the rest along.
import BenchKit
import Foundation

@main
enum Main {
    /// In the order in which they run.
    static let benches = [
        "json", "openrtb", "catalog", "frequency", "hydrate", "infer", "pods", "pacing", "decide", "journal",
        "http",
        "overload", "models", "fleet", "tls",
        "idle",
    ]

    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        let flags = arguments.filter { $0.hasPrefix("-") }
        let names = arguments.filter { !$0.hasPrefix("-") }
        for name in names where !benches.contains(name) {
            Bench.note("bench: \(name) is unknown; there are \(benches.joined(separator: ", "))")
            exit(2)
        }
        var worst: Int32 = 0
        for name in names.isEmpty ? benches : Array(names) {
            worst = max(worst, run(name, flags))
        }
        exit(worst)
    }

    private static func run(_ name: String, _ flags: [String]) -> Int32 {
        let process = Process()
        do {
            let here = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            process.executableURL = URL(fileURLWithPath: here).deletingLastPathComponent()
                .appendingPathComponent("bench-\(name)")
            process.arguments = flags
            try process.run()
        } catch {
            Bench.note("bench: bench-\(name) did not start: \(error)")
            return 1
        }
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : 1
    }
}
