// Every evaluator beside the plain walk over the ensemble as it was read: all instruction sets, masks and
// steps, rows as Doubles and Floats, with and without features of the request. All give the same bits.
import Testing

@testable import Inference

@Suite struct EvaluatorTests {
    @Test(
        .enabled(if: ModelOracle.has("lightgbm, numpy"), "needs python3 with lightgbm and numpy, from PyPI"))
    func lightGBM() throws { try compare("lightgbm") }

    @Test(.enabled(if: ModelOracle.has("xgboost, numpy"), "needs python3 with xgboost and numpy, from PyPI"))
    func xgBoost() throws { try compare("xgboost") }

    @Test(
        .enabled(if: ModelOracle.has("catboost, numpy"), "needs python3 with catboost and numpy, from PyPI"))
    func catBoost() throws { try compare("catboost") }
}

private func compare(_ library: String) throws {
    var kinds: [String: Int] = [:]
    for one in try OracleCase.all(library) {
        let content = try ModelReader.read(one.model)
        var compiled = [try Model(copying: ModelCompiler.compile(content))]
        if case .trees(let ensemble) = content {
            compiled.append(try Model(copying: ModelCompiler.compile(ensemble, walking: true)))
        }
        let expected = Expected(one, content)
        for model in compiled {
            kinds[model.evaluator, default: 0] += 1
            for variant in KernelVariant.allCases where variant.runs { expected.check(model, variant) }
        }
    }
    print("\(library): \(kinds)")
}

/// What the plain walk says of one model's rows in three forms.
private struct Expected {
    let one: OracleCase
    /// Every other feature is the request's: all rows have those of the first.
    let shared: Set<Int>
    let rows: [[Double]]
    let scores: [[Double]]
    /// The same rows as Floats, and what is said of those.
    let narrow: [[Float]]
    let narrowScores: [[Double]]

    init(_ one: OracleCase, _ content: ModelContent) {
        self.one = one
        let shared = Set(stride(from: 0, to: one.rows[0].count, by: 2))
        self.shared = shared
        rows = one.rows.map { row in row.indices.map { shared.contains($0) ? one.rows[0][$0] : row[$0] } }
        scores = rows.map(content.rawScores)
        narrow = rows.map { $0.map { Float($0) } }
        narrowScores = narrow.map { content.rawScores($0.map(Double.init)) }
    }

    func check(_ model: Model, _ variant: KernelVariant) {
        let tried = [
            ("doubles", difference(score(model, one.rows, shared: [], variant), one.scores)),
            ("shared", difference(score(model, rows, shared: shared, variant), scores)),
            ("floats", difference(score(model, narrow, shared: shared, variant), narrowScores)),
        ]
        for (what, difference) in tried {
            guard let (row, found, expected) = difference else { continue }
            Issue.record(
                "\(one.name), \(model.evaluator), \(variant), \(what): row \(row), \(one.rows[row]) gives \(found), not \(expected)"
            )
            return
        }
    }
}

private func difference(_ found: [[Double]], _ expected: [[Double]]) -> (Int, [Double], [Double])? {
    for (row, (found, expected)) in zip(found, expected).enumerated() where !isSame(found, expected) {
        return (row, found, expected)
    }
    return nil
}

extension ModelContent {
    func rawScores(_ row: [Double]) -> [Double] {
        switch self {
        case .trees(let ensemble): ensemble.rawScores(row)
        case .linear(let linear): linear.rawScores(row)
        case .graph: []
        }
    }
}

extension Model {
    var evaluator: String {
        switch body {
        case .trees(let view): view.isWalk ? "walk" : "masks of \(8 * view.maskBytes)"
        case .linear: "linear"
        case .graph: "graph"
        }
    }
}

/// Scores through the face; what a row has of shared features is hidden from it.
func score(_ model: Model, _ rows: [[Double]], shared: Set<Int>, _ variant: KernelVariant = .best)
    -> [[Double]]
{
    var scratch = ModelScratch(for: model, shared: shared, variant: variant)
    let request = rows[0]
    if !shared.isEmpty { model.prepare(request.span, &scratch) }
    let values = rows.flatMap { row in row.indices.map { shared.contains($0) ? 1e300 : row[$0] } }
    var scores = [Double](repeating: 0, count: rows.count * model.outputCount)
    var target = scores.mutableSpan
    model.score(values.span, into: &target, &scratch)
    return rows.indices.map { Array(scores[$0 * model.outputCount..<($0 + 1) * model.outputCount]) }
}

func score(_ model: Model, _ rows: [[Float]], shared: Set<Int>, _ variant: KernelVariant = .best)
    -> [[Double]]
{
    var scratch = ModelScratch(for: model, shared: shared, variant: variant)
    let request = rows[0]
    if !shared.isEmpty { model.prepare(request.span, &scratch) }
    let values = rows.flatMap { row in row.indices.map { shared.contains($0) ? 1e30 : row[$0] } }
    var scores = [Double](repeating: 0, count: rows.count * model.outputCount)
    var target = scores.mutableSpan
    model.score(values.span, into: &target, &scratch)
    return rows.indices.map { Array(scores[$0 * model.outputCount..<($0 + 1) * model.outputCount]) }
}
