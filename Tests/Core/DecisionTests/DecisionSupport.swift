// The demo catalog and the sample break of the repository, and ways to change the request.
import Auction
import Catalog
import Decision
import Foundation
import Units

let repository = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardized

enum Demo {
    static let snapshot = orEnd { try snapshot { $0 } }

    /// Its catalog with the files' texts changed.
    static func snapshot(_ change: (String) -> String) throws -> CatalogSnapshot {
        let folder = repository.appending(path: "Examples/catalog")
        var reading = CatalogReading()
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted() {
            let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            reading.add(name, Array(change(text).utf8))
        }
        return try CatalogSnapshot(copying: CatalogCompiler.compile(reading.finish()))
    }

    static let request = orEnd {
        try String(contentsOf: repository.appending(path: "Examples/ctv-pod.json"), encoding: .utf8)
    }

    /// Without the repository's own files no test here says anything.
    private static func orEnd<Value>(_ body: () throws -> Value) -> Value {
        do { return try body() } catch { fatalError("\(error)") }
    }

    /// A Friday at half past eight in the evening in New York.
    static let evening = Timestamp.read("2026-11-20T20:30:00-05:00")!
}

/// What one decision gave.
struct Decided {
    var decision: Decision
    var answer: String
    var report: DecisionReport

    /// Line items in the pods, in their order.
    var winners: [String] {
        report.pods.flatMap { pod -> [String] in
            var placed: [Int: String] = [:]
            for one in pod.candidates {
                if case .placed(let position) = one.outcome { placed[position] = one.lineItem }
            }
            return placed.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    func reason(_ lineItem: String) -> String? { report.lineItems.first { $0.id == lineItem }?.reason }
}

func decide(
    _ request: String, at now: Instant = Demo.evening, seed: UInt64 = 1, format: AnswerFormat = .openrtb,
    settings: DecisionSettings = DecisionSettings(), snapshot: CatalogSnapshot = Demo.snapshot
) throws -> Decided {
    var decider = Decider(snapshot, settings: settings)
    let bytes = Array(request.utf8)
    let decision = try decider.decide(bytes.span.bytes, at: now, seed: seed, format: format, explains: true)
    let answer = decider.answer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    return Decided(decision: decision, answer: answer, report: decider.report!)
}
