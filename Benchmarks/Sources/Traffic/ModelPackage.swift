// Directories of models that take each other's place at once, as a deployment's rename does.
import BenchKit
import CExchange
public import Foundation

public struct ModelPackage: Sendable {
    public let served: URL
    public let next: URL

    public init(_ folder: URL) {
        served = folder.appendingPathComponent("models")
        next = folder.appendingPathComponent("models-next")
    }

    /// Two models of a hundred trees, for all campaigns, and two of ten trees that stand in for them.
    public func write(seed: UInt64, to directory: URL) throws {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        var entries: [String] = []
        for (place, goal) in ["click", "completedView"].enumerated() {
            for (tier, trees) in [("full", 100), ("distilled", 10)] {
                let text = GrownModel.text(
                    trees: trees, leaves: 31, Predicted.features, seed: 2 * seed + UInt64(place))
                let file = "\(goal)-\(tier).txt"
                try Data(text.utf8).write(to: directory.appendingPathComponent(file))
                entries.append(#"{"goal": "\#(goal)", "tier": "\#(tier)", "file": "\#(file)"}"#)
            }
        }
        try writeList(entries, to: directory)
    }

    /// Beside models for all, so many that share the campaigns out among them: `next` is these. Gives their bytes.
    public func writeLarge(_ count: Int, trees: Int, _ campaigns: [String]) throws -> Int {
        try write(seed: 3, to: next)
        var entries = ["click", "completedView"].map { #"{"goal": "\#($0)", "file": "\#($0)-full.txt"}"# }
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
    public func exchange() throws {
        guard exchange_paths(served.path, next.path) == 0 else {
            throw Impossible("two directories could not be exchanged: errno \(errno)")
        }
    }
}
