// Arrays give the same bits as numbers one by one, by every variant of the kernels that the machine has; and
// all of it gives what it gave on every machine before.
import CSIMD
import Numerics
import Testing
import Units

@Suite struct BatchTests {
    static let functions: [(RealFunction, TestedFunction, csimd_real_function)] = [
        (.exp, .exp, CSIMD_EXP), (.log, .log, CSIMD_LOG), (.sigmoid, .sigmoid, CSIMD_SIGMOID),
        (.tanh, .tanh, CSIMD_TANH),
    ]

    static let extremes: [Double] = [
        .nan, .infinity, -.infinity, 0, -0.0, 0x1p-1074, -0x1p-1074, 1e300, -1e300, 708, -745, 63.9, -63.9,
        21.9,
    ]

    /// Of all lengths up to several vectors, with extremes at random places.
    @Test func givesTheBitsOfOneByOne() {
        let seed = UInt64.random(in: 1...1_000_000)
        var arguments = RealArguments(seed: seed)
        var random = Randomness(seed: seed)
        for (function, tested, _) in Self.functions {
            for round in 0..<400 {
                var values = (0..<round % 41).map { _ in arguments.next(for: tested).0 }
                for index in values.indices where round % 3 > 0 && random.next(below: 12) == 0 {
                    values[index] = Self.extremes[Int(random.next(below: UInt64(Self.extremes.count)))]
                }
                var singles = values.map { Float($0) }
                let expected = values.map { tested.of($0, 0).bitPattern }
                let single = singles.map { tested.of($0, 0).bitPattern }
                var span = values.mutableSpan
                function.replace(&span)
                var singleSpan = singles.mutableSpan
                function.replace(&singleSpan)
                #expect(same(values, expected), "seed \(seed), \(function), round \(round)")
                #expect(same(singles, single), "seed \(seed), \(function) of Floats, round \(round)")
            }
        }
    }

    /// The bits of all, but for those of what is no number, which processors choose.
    private func same(_ values: [Double], _ expected: [UInt64]) -> Bool {
        zip(values, expected).allSatisfy { $0.bitPattern == $1 || ($0.isNaN && Double(bitPattern: $1).isNaN) }
    }

    private func same(_ values: [Float], _ expected: [UInt32]) -> Bool {
        zip(values, expected).allSatisfy { $0.bitPattern == $1 || ($0.isNaN && Float(bitPattern: $1).isNaN) }
    }

    @Test(arguments: [CSIMD_AVX2, CSIMD_AVX512].filter { csimd_real_runs($0) })
    func everyVariantGivesTheSame(variant: csimd_variant) {
        var arguments = RealArguments(seed: 5)
        for (function, tested, kernel) in Self.functions {
            // Within what the kernels take, so that they are seen to take all of it.
            var values: [Double] = []
            while values.count < 20_000 {
                let x = arguments.next(for: tested).0
                let isPlain =
                    switch function {
                    case .exp: x.magnitude < 700
                    case .log: x >= 0x1p-100 && x < 0x1p100
                    case .sigmoid: x.magnitude < 60
                    case .tanh: x.magnitude > 0x1p-28 && x.magnitude < 22
                    }
                if isPlain { values.append(x) }
            }
            var compared = 0
            for start in stride(from: 0, to: values.count, by: 8) {
                var vector = Array(values[start..<start + 8])
                let done = csimd_real_doubles_by(variant, kernel, &vector, 8)
                for index in 0..<done {
                    #expect(vector[index].bitPattern == tested.of(values[start + index], 0).bitPattern)
                }
                var singles = values[start..<start + 8].map { Float($0) }
                let singlesDone = csimd_real_floats_by(variant, kernel, &singles, 8)
                for index in 0..<singlesDone {
                    #expect(singles[index] == tested.of(Float(values[start + index]), 0))
                }
                compared += done + singlesDone
            }
            #expect(compared == 40_000, "\(tested): the kernel gives up where it need not")
        }
    }

    /// The checksums of many results: what they are here they are everywhere.
    @Test func neverChanges() {
        var checksums: [String: UInt32] = [:]
        for function in TestedFunction.allCases {
            // From whole numbers alone, so that the arguments owe nothing to the functions.
            var random = Randomness(seed: 1)
            var results: [UInt64] = []
            for _ in 0..<20_000 {
                let size = Double(random.next(in: -6_000_000...6_000_000)) * 0x1p-20
                let positive: [TestedFunction] = [.log, .log2, .log1p, .pow]
                let x = positive.contains(function) ? size.magnitude : size
                results.append(function.of(x, size * 3).bitPattern)
            }
            checksums[function.rawValue] = CRC32C.checksum(of: results.span.bytes)
        }
        #expect(checksums == Self.known)
    }

    static let known: [String: UInt32] = [
        "exp": 2_165_775_696, "exp2": 4_293_750_933, "expm1": 2_275_185_587, "log": 1_023_337_102,
        "log2": 1_475_722_291, "log1p": 1_444_465_212, "sigmoid": 4_030_607_531, "tanh": 514_596_630,
        "pow": 2_599_540_937, "erf": 1_564_184_906,
    ]
}
