// Every function beside mpmath at 250 bits, on random arguments of every size and on those that are hard:
// near the places where a result overflows, vanishes, cancels, or a table changes its row.
import Foundation
import Numerics
import Testing
import Units

private let isLong = ProcessInfo.processInfo.environment["PACELINE_LONG"] == "1"

@Suite(.enabled(if: Python.withMpmath != nil, "needs python3 with mpmath (Debian: python3-mpmath)"))
struct OracleTests {
    /// What is said in the documentation: no error was ever found above these, in units of the last place.
    static let claims: [String: Double] = [
        "exp": 0.5002, "exp2": 0.5002, "expm1": 0.5005, "log": 0.5002, "log2": 0.5002, "log1p": 0.5002,
        "sigmoid": 0.5005, "tanh": 0.5005, "pow": 0.5005, "erf": 0.5005,
    ]

    @Test func everyResultIsWithinAHairOfTheNearest() throws {
        let seed = isLong ? UInt64.random(in: 1...1_000_000) : 35
        var arguments = RealArguments(seed: seed)
        var lines: [String] = []
        for _ in 0..<(isLong ? 400_000 : 11_000) {
            for function in TestedFunction.allCases {
                let (x, y) = arguments.next(for: function)
                lines.append(function.line(x, y))
            }
        }
        for function in TestedFunction.allCases {
            for (x, y) in RealArguments.hard(for: function) { lines.append(function.line(x, y)) }
        }
        let told = try Python.run("oracle.py", [], input: lines.joined(separator: "\n") + "\n")
        let rows = told.split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
        try #require(rows.count == TestedFunction.allCases.count)
        for row in rows {
            let claim = try #require(Self.claims[row[0]])
            let error = try #require(Double(row[3]))
            print("seed \(seed): \(row[0]): \(row[1]) points, \(row[2]) not the nearest, worst \(row[3])")
            #expect(error <= claim, "seed \(seed): \(row[0]) is \(error) off: \(row[4])")
        }
    }

    /// What the tables hold is what the program beside this file makes of it.
    @Test(arguments: ["real", "erf"])
    func tablesAreWhatTheirProgramWrites(name: String) throws {
        let header = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Sources/System/CSIMD/include/\(name)_tables.h")
        let text = try String(contentsOf: header, encoding: .utf8)
        #expect(try Python.run("tables.py", [name]) == text)
    }
}

/// The functions by name.
enum TestedFunction: String, CaseIterable {
    case exp, exp2, expm1, log, log2, log1p, sigmoid, tanh, pow, erf

    func of(_ x: Double, _ y: Double) -> Double {
        switch self {
        case .exp: .exp(x)
        case .exp2: .exp2(x)
        case .expm1: .expm1(x)
        case .log: .log(x)
        case .log2: .log2(x)
        case .log1p: .log1p(x)
        case .sigmoid: .sigmoid(x)
        case .tanh: .tanh(x)
        case .pow: .pow(x, y)
        case .erf: .erf(x)
        }
    }

    func of(_ x: Float, _ y: Float) -> Float {
        switch self {
        case .exp: .exp(x)
        case .exp2: .exp2(x)
        case .expm1: .expm1(x)
        case .log: .log(x)
        case .log2: .log2(x)
        case .log1p: .log1p(x)
        case .sigmoid: .sigmoid(x)
        case .tanh: .tanh(x)
        case .pow: .pow(x, y)
        case .erf: .erf(x)
        }
    }

    /// What the oracle reads.
    func line(_ x: Double, _ y: Double) -> String {
        func digits(_ value: Double) -> String {
            let text = String(value.bitPattern, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
        let arguments = self == .pow ? "\(digits(x)) \(digits(y))" : digits(x)
        return "\(rawValue) \(arguments) \(digits(of(x, y)))"
    }
}
