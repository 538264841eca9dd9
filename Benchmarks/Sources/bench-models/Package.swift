// Directories of models that take each other's place at once, as a deployment's rename does.
import BenchKit
import Foundation
import Traffic

struct Package {
    let served: URL
    let next: URL

    init(_ folder: URL) {
        served = folder.appendingPathComponent("models")
        next = folder.appendingPathComponent("models-next")
    }

    /// Two models of a hundred trees, for all campaigns.
    func write(seed: UInt64, to directory: URL) throws {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        var entries: [String] = []
        for (place, goal) in ["click", "completedView"].enumerated() {
            let text = GrownModel.text(
                trees: 100, leaves: 31, Predicted.features, seed: 2 * seed + UInt64(place))
            try Data(text.utf8).write(to: directory.appendingPathComponent("\(goal).txt"))
            entries.append(#"{"goal": "\#(goal)", "file": "\#(goal).txt"}"#)
        }
        try writeList(entries, to: directory)
    }

    /// Beside models for all, so many that share the campaigns out among them: `next` is these. Gives their bytes.
    func writeLarge(_ count: Int, trees: Int, _ campaigns: [String]) throws -> Int {
        try write(seed: 3, to: next)
        var entries = ["click", "completedView"].map { #"{"goal": "\#($0)", "file": "\#($0).txt"}"# }
        var bytes = 0
        // A tree of each is its own, and with it all that is made of the file; to grow all of them would take longer
        // than to load them.
        let grown = (0..<4).map {
            GrownModel.text(trees: trees, leaves: 64, Predicted.features, seed: 100 + UInt64($0))
        }
        for number in 0..<count {
            let text = grown[number % grown.count]
            guard let leaf = text.range(of: "leaf_value=") else { throw Impossible("a model without leaves") }
            let file = "own-\(number).txt"
            let own = text.replacingCharacters(in: leaf, with: "leaf_value=0.000\(number + 1) ")
            // A leaf more than there are: the last one goes.
            let line = own.range(of: "\nleaf_weight")?.lowerBound ?? own.endIndex
            let last = own[..<line].lastIndex(of: " ") ?? line
            let data = Data((own[..<last] + own[line...]).utf8)
            bytes += data.count
            try data.write(to: next.appendingPathComponent(file))
            let names = stride(from: number, to: campaigns.count, by: count).map { "\"\(campaigns[$0])\"" }
            guard !names.isEmpty else { continue }
            let list = names.joined(separator: ", ")
            // Campaigns by turns pay for clicks and for views; models of an odd number are of those.
            let goal = number % 2 == 0 ? "click" : "completedView"
            entries.append(#"{"goal": "\#(goal)", "file": "\#(file)", "campaigns": [\#(list)]}"#)
        }
        try writeList(entries, to: next)
        return bytes
    }

    private func writeList(_ entries: [String], to directory: URL) throws {
        try Data(Predicted.schema.utf8).write(to: directory.appendingPathComponent("features.json"))
        let list =
            #"{"schema": "paceline/models/1", "features": "features.json", "models": ["#
            + entries.joined(separator: ",\n") + "]}"
        try Data(list.utf8).write(to: directory.appendingPathComponent("models.json"))
    }

    /// Each takes the other's place, at once.
    func exchange() throws {
        guard renameat2(AT_FDCWD, served.path, AT_FDCWD, next.path, UInt32(RENAME_EXCHANGE)) == 0 else {
            throw Impossible("two directories could not be exchanged: errno \(errno)")
        }
    }
}

/// Exchanges them again and again, and tells the node each time.
final class Swapper: @unchecked Sendable {
    private let lock = NSLock()
    private var isOver = false
    private var count = 0
    private let ended = DispatchSemaphore(value: 0)

    init(_ package: Package, _ node: pid_t, every seconds: Double) {
        Thread {
            var next = Date()
            while !self.lock.withLock({ self.isOver }) {
                guard (try? package.exchange()) != nil else { break }
                kill(node, SIGHUP)
                self.lock.withLock { self.count += 1 }
                next += seconds
                Thread.sleep(until: next)
            }
            self.ended.signal()
        }.start()
    }

    /// How many there were.
    func stop() -> Int {
        lock.withLock { isOver = true }
        ended.wait()
        return lock.withLock { count }
    }
}
