// Calibrators: what scikit-learn and betacal say of the same scores, and what is refused in their files.
import Documents
import Foundation
import Inference
import Testing

@Suite struct CalibratorTests {
    @Test(.enabled(if: ModelOracle.has("sklearn"), "needs python3 with scikit-learn, from PyPI"))
    func saysWhatTheFittersSay() throws {
        let folder = try ModelOracle.calibratorFolder()
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted()
        var kinds: [String: Int] = [:]
        for name in names where name.hasSuffix(".json") {
            let file = folder.appending(path: name)
            let calibrator = try Calibrator(reading: [UInt8](Data(contentsOf: file)))
            let rows = try String(
                contentsOf: file.deletingPathExtension().appendingPathExtension("rows"), encoding: .utf8)
            for row in rows.split(separator: "\n") {
                let numbers = row.split(separator: "|").compactMap { Double($0) }
                let ours = calibrator.probability(of: numbers[0])
                // Sums and logarithms of another library: a few last places.
                #expect(
                    (ours - numbers[1]).magnitude <= 4e-15,
                    "\(name): \(ours) of \(numbers[0]), not \(numbers[1])")
                kinds[String(name.prefix { $0 != "-" }), default: 0] += 1
            }
        }
        #expect(
            kinds["isotonic", default: 0] > 1_000 && kinds["platt", default: 0] > 1_000
                && kinds["binned", default: 0] > 1_000)
        print("calibrated scores compared: \(kinds.sorted { $0.key < $1.key })")
    }

    @Test func atTheEnds() {
        let isotonic = Calibrator.isotonic(scores: [0, 1, 3], probabilities: [0.1, 0.2, 0.9])
        let lines: [(Double, Double)] = [
            (-5, 0.1), (0, 0.1), (0.5, 0.15), (1, 0.2), (2, 0.55), (3, 0.9), (.infinity, 0.9),
            (-.infinity, 0.1),
        ]
        for (score, expected) in lines {
            #expect((isotonic.probability(of: score) - expected).magnitude < 1e-15)
        }
        let binned = Calibrator.binned(edges: [0, 1, 2], probabilities: [0.25, 0.75])
        let bins: [(Double, Double)] = [
            (-1, 0.25), (0, 0.25), (0.999, 0.25), (1, 0.75), (2, 0.75), (9, 0.75),
        ]
        for (score, expected) in bins {
            #expect(binned.probability(of: score) == expected)
        }
        let beta = Calibrator.beta(a: 1, b: 1, c: 0)
        #expect(beta.probability(of: 0.5) == 0.5)
        #expect(beta.probability(of: 0) < 1e-15 && beta.probability(of: 1) > 1 - 1e-15)
        for calibrator in [isotonic, binned, beta, .platt(slope: 1, intercept: 0)] {
            #expect(calibrator.probability(of: .nan).isNaN)
        }
        var scores = [0.5, .nan, 2]
        var span = scores.mutableSpan
        isotonic.replace(&span)
        #expect(
            scores[0] == isotonic.probability(of: 0.5) && scores[1].isNaN
                && scores[2] == isotonic.probability(of: 2))
    }

    @Test(arguments: [
        (#"{"kind": "platt", "slope": 1}"#, "intercept: found nothing; allowed platt: slope, intercept"),
        (
            #"{"kind": "platt", "slope": 1, "intercept": 0, "a": 1}"#,
            "a: found a key of another kind; allowed platt: slope, intercept"
        ),
        (#"{"kind": "plat", "slope": 1, "intercept": 0}"#, "did you mean 'platt'?"),
        (
            #"{"kind": "isotonic", "scores": [0, 0], "probabilities": [0, 1]}"#,
            "scores[1]: found 0.0 after 0.0"
        ),
        (
            #"{"kind": "isotonic", "scores": [0, 1], "probabilities": [0.5, 0.4]}"#,
            "probabilities[1]: found 0.4 after 0.5"
        ),
        (
            #"{"kind": "isotonic", "scores": [0, 1], "probabilities": [0.5]}"#,
            "probabilities: found 1; allowed 2"
        ),
        (#"{"kind": "isotonic", "scores": [0], "probabilities": [1.5]}"#, "allowed a number from 0.0 to 1.0"),
        (
            #"{"kind": "binned", "edges": [0, 1], "probabilities": [0.1, 0.2]}"#,
            "probabilities: found 2; allowed 1"
        ),
        (#"{"kind": "platt", "slope": 1e999, "intercept": 0}"#, "slope: found"),
        (#"{"kind": "platt", "slope": 1, "intercept": 0, "slopes": 1}"#, "found an unknown key"),
        (#"{"kind": "platt""#, "broken JSON"),
        (#"{"slope": 1, "intercept": 0}"#, "kind: found nothing"),
    ])
    func isRefused(text: String, reason: String) {
        let refused = #expect(throws: DocumentRefused.self) { try Calibrator(reading: Array(text.utf8)) }
        let lines = refused?.refusals.map(\.description) ?? []
        #expect(lines.contains { $0.hasPrefix("1:") && $0.contains(reason) }, "\(lines)")
    }
}
