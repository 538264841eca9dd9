// Raw scores beside those of the libraries that trained the models, to the last bit.
import Inference
import Testing

@Suite struct OracleTests {
    @Test(
        .enabled(if: ModelOracle.has("lightgbm, numpy"), "needs python3 with lightgbm and numpy, from PyPI"))
    func lightGBM() throws { try expectSame("lightgbm") }

    @Test(.enabled(if: ModelOracle.has("xgboost, numpy"), "needs python3 with xgboost and numpy, from PyPI"))
    func xgBoost() throws { try expectSame("xgboost") }

    @Test(
        .enabled(if: ModelOracle.has("catboost, numpy"), "needs python3 with catboost and numpy, from PyPI"))
    func catBoost() throws { try expectSame("catboost") }
}

private func expectSame(_ library: String) throws {
    var (models, rows) = (0, 0)
    for one in try OracleCase.all(library) {
        do throws(ModelRefused) {
            switch try ModelReader.read(one.model) {
            case .trees(let ensemble): expectSame(one, ensemble.rawScores)
            case .linear(let linear): expectSame(one, linear.rawScores)
            case .graph: Issue.record("\(one.name): a graph")
            }
        } catch { Issue.record("\(one.name), \(one.parameters): \(error)") }
        models += 1
        rows += one.rows.count
    }
    print("\(library): \(models) models, \(rows) rows")
    #expect(models >= ModelOracle.counts[library, default: 0] * 9 / 10)
}

/// The same bits. What is no number is the same whatever its bits: linear leaves make such scores of infinite
/// values, and text has one `nan`.
func isSame(_ found: [Double], _ expected: [Double]) -> Bool {
    found.count == expected.count
        && zip(found, expected).allSatisfy { $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN) }
}

/// That a model scores as its library did; the first row that differs is told.
func expectSame(_ one: OracleCase, _ score: ([Double]) -> [Double]) {
    for (row, expected) in zip(one.rows, one.scores) {
        let found = score(row)
        let isSame = zip(found, expected).allSatisfy {
            $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN)
        }
        guard isSame, found.count == expected.count else {
            Issue.record("\(one.name), \(one.parameters): \(row) gives \(found), its library \(expected)")
            return
        }
    }
}
