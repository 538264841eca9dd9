// Rows with what a model must say of them, from whoever trained it: one JSON object a line. A model that says
// something else of them is not the one that was meant, or not on this machine.
public import Documents

public struct GoldenRow: DocumentObject, Equatable {
    /// The model's features in their order; NaN where a value is missing.
    public var row: [Double] = []
    /// The raw scores, as many as the model has outputs.
    public var raw: [Double] = []
    /// Of one output, after the transform and the calibrator.
    public var prediction: Double?

    public init() {}

    package static let schema = Schema<Self>(
        "golden row",
        [
            .required(
                "row", \.row, .list(of: .numberOrNull, count: 1...EnsembleLimits.features),
                "The model's features in their order; null is a missing value."),
            .required(
                "raw", \.raw, .list(of: .number(-1e300...1e300), count: 1...EnsembleLimits.outputs),
                "The raw scores, as the model's library gives them."),
            .optional(
                "prediction", \.prediction, .number(-1e300...1e300),
                "What becomes of the raw score by the transform and the calibrator."),
        ])

    /// As a line of a file, exact to the last bit.
    public var line: String { Self.schema.show(self).line }
}

/// Why golden rows are refused, or the model that they are of.
public struct GoldenRowsRefused: Error, Equatable, Sendable, CustomStringConvertible {
    /// From 1.
    public let line: Int
    public let reason: String

    public var description: String { "\(line): \(reason)" }
}

public struct GoldenRows: Equatable, Sendable {
    public var rows: [GoldenRow]

    /// More say nothing more, and every load asks the model about all of them.
    public static let most = 4_096

    /// What a graph's raw score may be away from its library's: docs/onnx.md says where that comes from.
    static let graphShare = 2e-5
    static let graphLeast = 5e-6
    /// Libraries give predictions in single precision, and calibrators have their own exp.
    static let predictionShare = 1e-6

    public init(reading bytes: [UInt8]) throws(GoldenRowsRefused) {
        rows = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (number, line) in lines.enumerated() where !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) {
            guard rows.count < Self.most else {
                throw GoldenRowsRefused(
                    line: number + 1, reason: "found another row; allowed: up to \(Self.most)")
            }
            rows.append(try Self.row(Array(line), number + 1))
        }
        guard !rows.isEmpty else {
            throw GoldenRowsRefused(line: 1, reason: "found no row; allowed: 1 to \(Self.most)")
        }
    }

    private static func row(_ line: [UInt8], _ number: Int) throws(GoldenRowsRefused) -> GoldenRow {
        let refusal: DocumentRefusal?
        do {
            return try document(line)
        } catch { refusal = error.refusals.first }
        throw GoldenRowsRefused(
            line: number,
            reason: refusal.map {
                "\($0.column): " + ($0.path.isEmpty ? "" : "\($0.path): ")
                    + "found \($0.found); allowed \($0.allowed)"
            } ?? "found no row")
    }

    private static func document(_ line: [UInt8]) throws(DocumentRefused) -> GoldenRow {
        var reading = DocumentReading(line)
        let tree = try reading.tree(of: line)
        guard let row = GoldenRow.schema.read(tree, "", &reading) else { throw reading.refused }
        return row
    }

    /// What a model says of rows now.
    public init(of model: Model, _ calibrator: Calibrator?, rows values: [Double]) {
        rows = []
        let (scores, predictions) = Self.scores(of: model, calibrator, values)
        for index in 0..<values.count / model.featureCount {
            var row = GoldenRow()
            row.row = Array(values[index * model.featureCount..<(index + 1) * model.featureCount])
            row.raw = Array(scores[index * model.outputCount..<(index + 1) * model.outputCount])
            if model.outputCount == 1 { row.prediction = predictions[index] }
            rows.append(row)
        }
    }

    /// Whether a model says of every row what it must: trees and weights to the last bit.
    public func check(_ model: Model, _ calibrator: Calibrator?) throws(GoldenRowsRefused) {
        for (index, row) in rows.enumerated() {
            guard row.row.count == model.featureCount, row.raw.count == model.outputCount else {
                throw GoldenRowsRefused(
                    line: index + 1,
                    reason: "found \(row.row.count) features and \(row.raw.count) scores; "
                        + "allowed: the model's \(model.featureCount) and \(model.outputCount)")
            }
        }
        let (scores, predictions) = Self.scores(of: model, calibrator, rows.flatMap(\.row))
        for (index, row) in rows.enumerated() {
            for output in 0..<model.outputCount {
                let score = scores[index * model.outputCount + output]
                let isRight =
                    model.kind == .graph
                    ? abs(score - row.raw[output])
                        <= max(Self.graphShare * abs(row.raw[output]), Self.graphLeast)
                    : score == row.raw[output]
                guard isRight, score.isFinite else {
                    throw GoldenRowsRefused(
                        line: index + 1, reason: "found the raw score \(score); allowed: \(row.raw[output])")
                }
            }
            guard let expected = row.prediction, model.outputCount == 1 else { continue }
            let found = predictions[index]
            guard abs(found - expected) <= Self.predictionShare * max(abs(expected), 1e-6) else {
                throw GoldenRowsRefused(
                    line: index + 1, reason: "found the prediction \(found); allowed: \(expected)")
            }
        }
    }

    private static func scores(
        of model: Model, _ calibrator: Calibrator?, _ values: [Double]
    ) -> ([Double], [Double]) {
        var scratch = ModelScratch(for: model)
        let count = values.count / model.featureCount
        var scores = [Double](repeating: 0, count: count * model.outputCount)
        var all = scores.mutableSpan
        model.score(values.span, into: &all, &scratch)
        // A transform is of one row's outputs.
        var predictions = scores
        for row in 0..<count {
            var one = Array(scores[row * model.outputCount..<(row + 1) * model.outputCount])
            var span = one.mutableSpan
            model.head.predict(&span)
            calibrator?.replace(&span)
            predictions.replaceSubrange(row * model.outputCount..<(row + 1) * model.outputCount, with: one)
        }
        return (scores, predictions)
    }
}

extension Kind where Value == Double {
    fileprivate static var numberOrNull: Kind {
        let number = Kind<Double>.number(-1e300...1e300)
        return Kind(
            shape: number.shape,
            read: { tree, path, reading in
                if case .null = tree.content { return .nan }
                return number.read(tree, path, &reading)
            }, show: { $0.isNaN ? .null : number.show($0) })
    }
}
