// The goals that git holds in Benchmarks/budgets.json: one entry for each line that a bench reports.
// A line without an entry, or an entry without its line, is a failure: neither may vanish unseen.
import Foundation

public enum Direction: String, Codable, Sendable {
    case higher, lower
}

public struct Budget: Codable, Sendable {
    public var bench: String
    public var `case`: String
    /// Whom ours is compared with; absent where the goal is absolute.
    public var peer: String?
    public var unit: String
    /// Which way is better, in `unit`.
    public var better: Direction
    /// How many times better than the peer ours must be, whichever way is better.
    public var ratio: Double?
    /// The bound on ours itself, in `unit`. With neither this nor `ratio` the line is only watched.
    public var absolute: Double?
    /// Where the goal comes from.
    public var why: String

    public init(
        bench: String, case: String, peer: String?, unit: String, better: Direction, ratio: Double? = nil,
        absolute: Double? = nil, why: String
    ) {
        self.bench = bench
        self.case = `case`
        self.peer = peer
        self.unit = unit
        self.better = better
        self.ratio = ratio
        self.absolute = absolute
        self.why = why
    }
}

extension [Budget] {
    /// Reads the budgets of the checkout in which the running executable lies.
    static func load() throws -> [Budget] {
        let executable = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        var folder = URL(fileURLWithPath: executable).deletingLastPathComponent()
        while folder.path != "/" {
            let file = folder.appendingPathComponent("Benchmarks/budgets.json")
            if FileManager.default.fileExists(atPath: file.path) {
                do {
                    return try JSONDecoder().decode([Budget].self, from: Data(contentsOf: file))
                } catch {
                    throw Impossible("\(file.path): \(error)")
                }
            }
            folder.deleteLastPathComponent()
        }
        throw Impossible("no Benchmarks/budgets.json in any folder above \(executable)")
    }
}
