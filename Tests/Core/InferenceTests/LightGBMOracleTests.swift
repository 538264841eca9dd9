// Raw scores beside LightGBM's own, to the last bit.
import Inference
import Testing

private let hasLibrary = ModelOracle.has("lightgbm, numpy")

@Suite(.enabled(if: hasLibrary, "needs python3 with lightgbm and numpy, from PyPI"))
struct LightGBMOracleTests {
    @Test func scoresAreEqual() throws {
        var rows = 0
        for one in try OracleCase.all("lightgbm") {
            let ensemble = try LightGBMReader.read(one.model)
            rows += one.rows.count
            expectSame(one, ensemble.rawScores)
        }
        #expect(rows > 10_000)
    }
}

/// That a model scores as its library did; the first row that differs is told. What is no number is the same whatever its bits: linear
/// leaves make such scores of infinite values, and text has one `nan`.
func expectSame(_ one: OracleCase, _ score: ([Double]) -> [Double]) {
    for (row, expected) in zip(one.rows, one.scores) {
        let found = score(row)
        let isSame = zip(found, expected).allSatisfy { $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN) }
        guard isSame, found.count == expected.count else {
            Issue.record("\(one.name), \(one.parameters): \(row) gives \(found), its library \(expected)")
            return
        }
    }
}
