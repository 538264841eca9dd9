// What a model has to show before it serves: the scores that it must have on golden rows, predictions that are
// probabilities, and what it takes on this machine.
import Commands
import Decision
import Features
import Inference
import Kernel
import Units

struct ModelProof {
    private let model: Model
    private let calibrator: Calibrator?
    private let rows: [[Float]]
    /// What one candidate takes, of `batch` at once.
    private(set) var cost: Interval?

    /// As many candidates as a pod has.
    private static let batch = 64
    /// The least of so many runs: what a busy machine adds is not the model's.
    private static let runs = 9
    /// How far a graph's score may be from another library's: Floats added in another order.
    static let graphTolerance = 1e-5

    init(_ model: Model, _ calibrator: Calibrator?, _ features: CompiledFeatures) {
        (self.model, self.calibrator) = (model, calibrator)
        rows = Self.drawn(model, features)
    }

    /// Rows of values that the schema lets through: each feature missing now and then, categories one of theirs.
    private static func drawn(_ model: Model, _ features: CompiledFeatures) -> [[Float]] {
        var random = SplitMix64(state: 7)
        let names = model.head.featureNames
        let kinds = (0..<model.featureCount).map { feature -> Feature? in
            let column = names.isEmpty ? feature : features.column(names[feature])
            return column.flatMap {
                features.schema.features.indices.contains($0) ? features.schema.features[$0] : nil
            }
        }
        return (0..<batch).map { _ in
            kinds.map { kind in
                let draw = random.next()
                if draw % 8 == 0 { return kind?.standIn?.value ?? .nan }
                switch kind?.kind {
                case .flag: return Float(draw >> 8 & 1)
                case .category: return Float((draw >> 8) % UInt64(max(kind?.categories.count ?? 1, 1)))
                case .number, nil: return Float(Double((draw >> 8) % 200_001) / 1_000 - 50)
                }
            }
        }
    }

    private func raw(_ rows: [[Float]]) -> [Double] {
        var scratch = ModelScratch(for: model)
        var scores = [Double](repeating: 0, count: rows.count * model.outputCount)
        let flat = rows.flatMap { $0 }
        var span = scores.mutableSpan
        model.score(flat.span, into: &span, &scratch)
        return scores
    }

    // MARK: Golden rows

    /// Before the rows that `paceline model pack` has written.
    static let mark = "# by paceline model pack"

    /// A line for each drawn row, with its raw score behind it.
    var golden: String {
        let names =
            model.head.featureNames.isEmpty
            ? (0..<model.featureCount).map { "\($0)" } : model.head.featureNames
        let scores = raw(rows)
        let lines = zip(rows, scores).map { row, score in
            (row.map { $0.isNaN ? "nan" : "\($0)" } + ["\(score)"]).joined(separator: "\t")
        }
        return ([Self.mark, (names + ["raw"]).joined(separator: "\t")] + lines).joined(separator: "\n") + "\n"
    }

    /// Every row must have the score that stands beside it: to the last bit, or for a graph nearly so; and its
    /// prediction must be a probability.
    func check(_ bytes: [UInt8], _ path: String) throws(Failure) {
        var lines = String(decoding: bytes, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty ?? false { lines.removeLast() }
        let first = lines.first?.hasPrefix("#") ?? false ? 1 : 0
        guard lines.count > first + 1 else {
            throw Failure("\(path): found no row; allowed: a line of names and at least one row")
        }
        var (rows, expected): ([[Float]], [Double]) = ([], [])
        for (index, line) in lines.enumerated().dropFirst(first + 1) {
            let words = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard words.count == model.featureCount + 1 else {
                throw Failure(
                    "\(path):\(index + 1): found \(words.count) columns; allowed: \(model.featureCount) features and the raw score"
                )
            }
            var numbers: [Double] = []
            for word in words {
                guard let number = DecimalText.double(ArraySlice(word.utf8)) else {
                    throw Failure(
                        "\(path):\(index + 1): found '\(word.prefix(40))'; allowed: a number, or nan")
                }
                numbers.append(number)
            }
            expected.append(numbers.removeLast())
            rows.append(numbers.map { Float($0) })
        }
        let scores = raw(rows)
        for (index, (found, wanted)) in zip(scores, expected).enumerated() {
            let isSame =
                model.kind == .graph
                ? abs(found - wanted) <= Self.graphTolerance * max(1, abs(wanted))
                : found == wanted
            guard isSame else {
                throw Failure(
                    "\(path):\(index + first + 2): the model gives \(found); the row says \(wanted)")
            }
            var one = [found]
            var span = one.mutableSpan
            model.head.predict(&span)
            calibrator?.replace(&span)
            guard one[0] >= 0, one[0] <= 1 else {
                throw Failure(
                    "\(path):\(index + first + 2): the prediction is \(one[0]); allowed: a probability")
            }
        }
    }

    // MARK: Time

    /// Scores a pod's candidates a few times, which also brings the model into memory.
    mutating func measure(most: Double?, _ path: String) throws(Failure) {
        var scratch = ModelScratch(for: model)
        let flat = rows.flatMap { $0 }
        var scores = [Double](repeating: 0, count: rows.count * model.outputCount)
        var least = Int64.max
        for _ in 0..<Self.runs {
            let start = Kernel.monotonicNow()
            var span = scores.mutableSpan
            model.score(flat.span, into: &span, &scratch)
            least = min(least, (Kernel.monotonicNow() - start).nanoseconds)
        }
        let one = max(least / Int64(Self.batch), 1)
        cost = Interval(nanoseconds: one)
        if let most, Double(one) > most * 1_000 {
            throw Failure(
                "\(path): takes \(Double(one) / 1_000) µs a candidate here; allowed: \(most), as microsecondsPerCandidate says"
            )
        }
    }
}
