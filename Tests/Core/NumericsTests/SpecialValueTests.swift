// What IEEE 754 says of zeros, infinities and what is no number, and the values that are exact.
import Numerics
import Testing

@Suite struct SpecialValueTests {
    private static let inf = Double.infinity

    /// Arguments and results; what is no number stays so everywhere.
    private static let cases: [TestedFunction: [(Double, Double)]] = [
        .exp: [(-inf, 0.0), (inf, inf), (0, 1), (-0.0, 1), (710, inf), (-746, 0)],
        .exp2: [(-inf, 0), (inf, inf), (0, 1), (10, 1024), (-1074, 0x1p-1074), (-1076, 0), (1024, inf)],
        .expm1: [(-inf, -1), (inf, inf), (0, 0), (-0.0, -0.0), (-50, -1), (710, inf)],
        .log: [(0, -inf), (-0.0, -inf), (inf, inf), (1, 0), (-1, .nan), (-inf, .nan)],
        .log2: [(0, -inf), (inf, inf), (1, 0), (8, 3), (0x1p-140, -140), (0x1p127, 127), (-1, .nan)],
        .log1p: [(-1, -inf), (inf, inf), (0, 0), (-0.0, -0.0), (-2, .nan), (-inf, .nan)],
        .sigmoid: [(-inf, 0), (inf, 1), (0, 0.5), (-0.0, 0.5), (100, 1), (-746, 0)],
        .tanh: [(-inf, -1), (inf, 1), (0, 0), (-0.0, -0.0), (30, 1), (-30, -1)],
        .erf: [(-inf, -1), (inf, 1), (0, 0), (-0.0, -0.0), (7, 1), (-7, -1)],
    ]

    @Test(arguments: Array(cases.keys))
    func ofOne(function: TestedFunction) throws {
        let cases = try #require(Self.cases[function])
        for (x, expected) in cases + [(Double.nan, Double.nan)] {
            let result = function.of(x, 0)
            #expect(same(result, expected), "\(function)(\(x)) is \(result), not \(expected)")
            let single = function.of(Float(x), 0)
            #expect(
                same(Double(single), Double(Float(expected))), "\(function)(\(x)) is \(single) as a Float")
        }
    }

    /// All that C's annex F lists of pow.
    @Test func ofPow() {
        let inf = Double.infinity
        let cases: [(Double, Double, Double)] = [
            (0, 0, 1), (.nan, 0, 1), (inf, 0, 1), (1, .nan, 1), (1, inf, 1), (1, -inf, 1), (-1, inf, 1),
            (-1, -inf, 1),
            (.nan, 1, .nan), (2, .nan, .nan),
            (0, 3, 0), (-0.0, 3, -0.0), (0, 2, 0), (-0.0, 2, 0), (-0.0, 0.5, 0), (0, -1, inf),
            (-0.0, -1, -inf),
            (-0.0, -2, inf), (-0.0, -0.5, inf), (0, inf, 0), (0, -inf, inf),
            (inf, 2, inf), (inf, -2, 0), (-inf, 3, -inf), (-inf, 2, inf), (-inf, 0.5, inf), (-inf, -3, -0.0),
            (-inf, -2, 0), (-inf, inf, inf), (-inf, -inf, 0),
            (0.5, inf, 0), (0.5, -inf, inf), (2, inf, inf), (2, -inf, 0), (-0.5, inf, 0), (-2, inf, inf),
            (-2, 0.5, .nan), (-8, 1 / 3.0, .nan), (-2, 3, -8), (-2, 2, 4), (-2, -1, -0.5),
            (-2, 0x1p53, inf), (-2, 0x1p53 - 1, -inf), (2, 10, 1024), (10, 2, 100), (10, 22, 1e22), (7, 1, 7),
            (3, 20, 3_486_784_401),
            (2, -1074, 0x1p-1074), (2, -1075, 0), (1.5, 1e300, inf), (0.5, 1e300, 0), (1.5, -1e300, 0),
            (1.5, 1e-300, 1), (.greatestFiniteMagnitude, 1, .greatestFiniteMagnitude),
        ]
        for (x, y, expected) in cases {
            #expect(same(Double.pow(x, y), expected), "\(x) to \(y) is \(Double.pow(x, y)), not \(expected)")
        }
    }

    private func same(_ a: Double, _ b: Double) -> Bool {
        a.isNaN ? b.isNaN : a == b && a.sign == b.sign
    }
}
